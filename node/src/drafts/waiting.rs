//! What is noted of drafts that wait for somebody, handed in or given back: who has had a hand in each, and of what import
//! it is. Work lists count by that, and lists find by it what they want, however many drafts lie around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};

use super::fact::{self, DraftFact, State};
use super::read::STEP;
use crate::engine::{Command, Engine, Work, WriteError, facts};
use crate::store::StoreError;

/// Where drafts wait for somebody.
const WAITING: [State; 2] = [State::Submitted, State::Returned];

/// What is noted of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {
    /// The account that made it.
    pub(crate) author: String,
    /// The accounts that have changed it beside that.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) editors: BTreeSet<String>,
    /// The import that it belongs to, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) batch: String,
}

impl Noted {
    /// Whether `account` has had a hand in what it says.
    pub(crate) fn is_by(&self, account: &str) -> bool {
        self.author == account || self.editors.contains(account)
    }
}

/// Begins the ids of those drafts of `member` that wait where `state` says; None: nobody waits there.
pub(super) fn place(member: &MemberId, state: State) -> Option<String> {
    let word = match state {
        State::Submitted => "submitted",
        State::Returned => "returned",
        State::Draft | State::Approved => return None,
    };
    Some(format!("{}{word}/", facts::drafts_waiting(member)))
}

/// Notes where a draft stands now.
pub(super) fn note(work: &mut Work<'_>, member: &MemberId, fact: &DraftFact) {
    let noted = Noted { author: fact.author.clone(), editors: fact.editors.clone(), batch: fact.batch.clone() };
    for state in WAITING {
        let Some(place) = place(member, state) else { continue };
        let key = format!("{place}{}", fact.id);
        if state == fact.state { work.put_fact(key, &noted) } else { work.remove_fact(key) }
    }
}

/// Strikes out what is noted of a draft.
pub(super) fn strike(work: &mut Work<'_>, member: &MemberId, fact: &DraftFact) {
    for place in WAITING.into_iter().filter_map(|state| place(member, state)) {
        work.remove_fact(format!("{place}{}", fact.id));
    }
}

/// Goes through the drafts of `member` that wait where `state` says, those that were made last first; [`note_all`] comes
/// before.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn each_waiting(
    engine: &Engine,
    member: &MemberId,
    state: State,
    mut each: impl FnMut(&str, &Noted) + Send,
) -> Result<(), StoreError> {
    let Some(place) = place(member, state) else { return Ok(()) };
    let mut read = engine.store().read().await?;
    let mut last = String::new();
    loop {
        let found = read.facts_before(&place, &last, STEP).await?;
        let more = found.len() == STEP;
        for (key, value) in found {
            each(key.strip_prefix(place.as_str()).unwrap_or_default(), &facts::decode(&key, &value)?);
            last = key;
        }
        if !more {
            return Ok(());
        }
    }
}

/// Notes those of `member` that were kept by a version that did not note them, once.
///
/// # Errors
/// Where the store cannot be read, or written.
pub(crate) async fn note_all(engine: &Engine, member: &MemberId) -> Result<(), WriteError> {
    let unread = |error: StoreError| WriteError::Store(Arc::new(error));
    let known = engine.fact::<bool>(&all_noted(member)).await.map_err(unread)?.is_some();
    if known || engine.fact::<usize>(&facts::draft_count(member)).await.map_err(unread)?.unwrap_or(0) == 0 {
        return Ok(());
    }
    let place = facts::drafts(member);
    let mut last = String::new();
    loop {
        let mut read = engine.store().read().await.map_err(unread)?;
        let found = read.facts(&place, &last, STEP).await.map_err(unread)?;
        drop(read);
        let more = found.len() == STEP;
        let ids = found.iter().filter_map(|(key, _)| key.strip_prefix(place.as_str()).map(str::to_owned)).collect();
        last = found.into_iter().next_back().map(|(key, _)| key).unwrap_or_default();
        engine.submit(NoteThem { member: member.clone(), ids, last: !more }).await?;
        if !more {
            return Ok(());
        }
    }
}

/// Where it is kept that all of `member`'s are noted.
pub(super) fn all_noted(member: &MemberId) -> String {
    format!("{}noted", facts::drafts_waiting(member))
}

struct NoteThem {
    member: MemberId,
    ids: Vec<String>,
    /// There are no more.
    last: bool,
}

#[async_trait]
impl Command for NoteThem {
    type Output = ();

    fn bytes(&self) -> usize {
        512 + self.ids.iter().map(|id| id.len() + 256).sum::<usize>()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for id in &self.ids {
            // As it is now: it may have changed since it was found.
            if let Some(fact) = fact::load(work, &self.member, id).await? {
                note(work, &self.member, &fact);
            }
        }
        if self.last {
            work.put_fact(all_noted(&self.member), &true);
        }
        Ok(())
    }
}
