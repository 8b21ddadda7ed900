//! What writers do to drafts: make one, change it, throw it away.

use std::collections::BTreeMap;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::v1::Listing;
use thiserror::Error;

use super::fact::{self, DraftFact, State};
use crate::engine::{Command, Refused, Work, facts};
use crate::limits;
use crate::store::StoreError;

/// Which draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Whose.
    pub(crate) member: MemberId,
    /// The last part of its name.
    pub(crate) id: String,
}

impl Key {
    /// Its name.
    pub(crate) fn name(&self) -> String {
        format!("members/{}/drafts/{}", self.member, self.id)
    }
}

/// Why nothing was done to a draft.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// There is none.
    #[error("there is no such draft")]
    NoSuch,
    /// The member has as many as it may have.
    #[error("the member has as many drafts as it may have")]
    Full,
    /// The listing has a draft already.
    #[error("{0} is a draft of the same listing")]
    Taken(String),
    /// It is no longer what was looked at.
    #[error("{by} has changed it")]
    Changed {
        /// The account that did the last thing to it.
        by: String,
        /// When.
        time: Micros,
    },
    /// It is not in the state for this.
    #[error("it is {0:?}")]
    State(State),
    /// It says what is published already.
    #[error("it says what is published already")]
    Nothing,
    /// As many people have changed it as may.
    #[error("as many people have changed it as may")]
    Editors,
    /// Only a reviewer may do this.
    #[error("this is for reviewers")]
    NotReviewer,
    /// Whoever has had a hand in it may not approve it.
    #[error("whoever has had a hand in it may not approve it")]
    OwnHand,
    /// The listing would not be written.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Makes a draft.
pub(crate) struct Make {
    /// Whose.
    pub(crate) member: MemberId,
    /// The draft; its times are set.
    pub(crate) fact: DraftFact,
}

#[async_trait]
impl Command for Make {
    type Output = Result<DraftFact, Refusal>;

    fn bytes(&self) -> usize {
        2 * limits::DRAFT_BYTES
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let name = self.fact.listing_name()?;
        if let Some(id) = work.fact::<String>(&facts::draft_of(&name)).await? {
            return Ok(Err(Refusal::Taken(Key { member: self.member, id }.name())));
        }
        let mut fact = self.fact;
        (fact.create_time, fact.update_time) = (work.now, work.now);
        Ok(if fact::add(work, &self.member, &name, &fact).await? { Ok(fact) } else { Err(Refusal::Full) })
    }
}

/// Changes what a draft says.
pub(crate) struct Edit {
    pub(crate) key: Key,
    /// The version that the editor has seen.
    pub(crate) version: u64,
    /// The editor's account.
    pub(crate) editor: String,
    pub(crate) content: Listing,
    /// What the editor's form holds that is no value yet.
    pub(crate) typed: BTreeMap<String, String>,
}

#[async_trait]
impl Command for Edit {
    type Output = Result<DraftFact, Refusal>;

    fn bytes(&self) -> usize {
        2 * limits::DRAFT_BYTES
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { key, version, editor, content, typed } = self;
        let Some(mut fact) = fact::load(work, &key.member, &key.id).await? else { return Ok(Err(Refusal::NoSuch)) };
        if fact.version != version {
            return Ok(Err(fact.changed()));
        }
        if fact.says(&content) && fact.typed == typed {
            return Ok(Ok(fact));
        }
        if !fact.is_by(&editor) {
            if fact.editors.len() >= limits::DRAFT_EDITORS {
                return Ok(Err(Refusal::Editors));
            }
            fact.editors.insert(editor.clone());
        }
        fact.set_content(&content);
        fact.typed = typed;
        if fact.state == State::Submitted {
            fact.state = State::Draft;
        }
        fact.digest = None;
        fact.touch(&editor, work.now);
        fact::keep(work, &key.member, &fact);
        Ok(Ok(fact))
    }
}

/// Throws a draft away.
pub(crate) struct End {
    pub(crate) key: Key,
    /// The version that its end is for; None: any.
    pub(crate) version: Option<u64>,
}

#[async_trait]
impl Command for End {
    type Output = Result<(), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { key, version } = self;
        let Some(fact) = fact::load(work, &key.member, &key.id).await? else { return Ok(Err(Refusal::NoSuch)) };
        if version.is_some_and(|version| version != fact.version) {
            return Ok(Err(fact.changed()));
        }
        fact::forget(work, &key.member, &fact).await?;
        Ok(Ok(()))
    }
}
