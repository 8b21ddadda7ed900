//! The directory grows: what an entry changes in this store is done in the transaction that keeps it.

use async_trait::async_trait;
use bytes::Bytes;
use duikou_proto::directory::{self, DirectoryError, MemberState};
use duikou_proto::envelope::Micros;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::key::Purpose;
use duikou_proto::federation::{Key, Remove, Restore, Resume, Suspend};
use duikou_proto::limits as contract;
use duikou_proto::name::{MemberId, NodeId, RecordName};
use duikou_proto::scope::ScopeSet;
use duikou_proto::sign::Signer;
use duikou_proto::v1::Lane;
use serde::{Deserialize, Serialize};

use super::audit::of_entry;
use super::departed::Piece;
use super::sweep::Sweep;
use super::work::Work;
use super::writer::{Command, WriteError};
use super::{Engine, facts, hides};
use crate::audit::{Actor, Event};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{GoneReason, StoreError, Stretch};

/// Rows that are looked at in one statement.
const PAGE: usize = 512;
/// Entries taken at a time.
pub(crate) const ENTRIES: usize = 4096;

impl Engine {
    /// Takes in directory entries that came with the enrolment.
    ///
    /// # Errors
    /// Where nothing could be written; inside, where they do not continue the directory.
    pub async fn follow(&self, entries: Vec<Bytes>) -> Result<Result<(), DirectoryError>, WriteError> {
        self.submit(Follow(entries)).await
    }

    /// Makes directory entries, all or none: the gateway's right. The audit trail is told that `by` wanted them; None:
    /// it is not.
    ///
    /// # Errors
    /// Where nothing could be written; inside, where an entry would contradict those before.
    pub async fn make_entries(
        &self,
        by: Option<Actor>,
        signer: Signer,
        actions: Vec<Action>,
    ) -> Result<Result<(), DirectoryError>, WriteError> {
        self.submit(Make { by, signer, actions }).await
    }
}

/// Takes in entries that came from elsewhere. Those that are here already are passed over.
pub struct Follow(pub Vec<Bytes>);

#[async_trait]
impl Command for Follow {
    type Output = Result<(), DirectoryError>;

    fn bytes(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let mut followed = Ok(());
        for entry in self.0 {
            followed = follow(work, entry).await?;
            if followed.is_err() {
                break;
            }
        }
        settle(work).await?;
        Ok(followed)
    }
}

/// What entries change beyond themselves, once for all that one command takes in: each name in the store is looked at, and
/// rows as many as a transaction may.
async fn settle(work: &mut Work<'_>) -> Result<(), StoreError> {
    hides::compare(work).await?;
    work.sweep(false).await.map(drop)
}

async fn follow(work: &mut Work<'_>, bytes: Bytes) -> Result<Result<(), DirectoryError>, StoreError> {
    let read = match directory::read(&bytes) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let (here, index) = (&work.memory.directory, read.entry.index);
    if index > here.index() {
        return append(work, bytes, read).await;
    }
    let forked = index == here.index() && read.hash != here.link().hash;
    Ok(if forked { Err(DirectoryError::Fork { index }) } else { Ok(()) })
}

/// The gateway makes entries, each from the directory as the one before left it.
struct Make {
    by: Option<Actor>,
    signer: Signer,
    actions: Vec<Action>,
}

#[async_trait]
impl Command for Make {
    type Output = Result<(), DirectoryError>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        // All or none: a trial first.
        let mut trial = (*work.memory.directory).clone();
        let mut entries = Vec::with_capacity(self.actions.len());
        let events: Vec<Event> = self.actions.iter().map(of_entry).collect();
        for action in self.actions {
            let entry = directory::next(trial.link(), &self.signer, work.now, action);
            if let Err(error) = trial.apply(&entry) {
                return Ok(Err(error));
            }
            entries.push(entry);
        }
        for entry in entries {
            if let Err(error) = follow(work, entry).await? {
                return Ok(Err(error));
            }
        }
        settle(work).await?;
        if let Some(by) = self.by {
            for event in events {
                work.audit(&by, event).await?;
            }
        }
        Ok(Ok(()))
    }
}

/// A scope that is read alone until it reaches the common position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUpFact {
    pub(crate) scope: String,
    /// The entry that opened it.
    pub(crate) since: i64,
    /// Sealed by the source; empty at the beginning.
    pub(crate) position: Vec<u8>,
}

impl CatchUpFact {
    pub(crate) fn key(&self, peer: &NodeId, lane: Lane) -> String {
        format!("{}{}/{}", facts::catch_ups(peer, lane), self.scope, self.since)
    }
}

/// What an entry finds.
struct Before {
    scopes: ScopeSet,
    /// Of the member that it names.
    state: Option<MemberState>,
    /// Where that one lived.
    node: Option<NodeId>,
    /// What it shows again.
    hidden: Vec<RecordName>,
}

impl Before {
    fn of(work: &Work<'_>, action: Option<&Action>) -> Self {
        let directory = &work.memory.directory;
        let named = match action {
            Some(Action::Remove(Remove { member, .. }) | Action::Restore(Restore { member })) => member.as_str(),
            Some(Action::Suspend(Suspend { member, .. }) | Action::Resume(Resume { member })) => member.as_str(),
            Some(Action::Host(host)) => host.member.as_str(),
            _ => "",
        };
        let member = directory.member_by_text(named);
        let hidden = match action {
            Some(Action::Show(show)) => directory.hidden_as(&show.name_hash),
            _ => Vec::new(),
        };
        Self {
            scopes: directory.node_scopes(&work.identity.node),
            state: member.map(|member| member.state),
            node: member.map(|member| member.node.clone()),
            hidden,
        }
    }
}

async fn append(
    work: &mut Work<'_>,
    bytes: Bytes,
    read: directory::Read,
) -> Result<Result<(), DirectoryError>, StoreError> {
    let before = Before::of(work, read.entry.action.as_ref());
    let entry = match work.append_entry(bytes, read) {
        Ok(entry) => entry,
        Err(error) => return Ok(Err(error)),
    };
    match &entry.action {
        Some(
            Action::Suspend(Suspend { member, .. })
            | Action::Resume(Resume { member })
            | Action::Remove(Remove { member, .. })
            | Action::Restore(Restore { member }),
        ) => {
            Sweep::Touch.begin(work, member);
            if may_be_gone(before.state, entry.time) && (work.identity.carrier || hosts(work, member)) {
                Sweep::HandOut.begin(work, member);
            }
        }
        Some(Action::Show(_)) => {
            for name in &before.hidden {
                hides::touch(work, name).await?;
            }
        }
        Some(Action::Key(key)) => key_introduced(work, key),
        Some(Action::Host(host)) if !host.announced => {
            if let Ok(member) = host.member.parse::<MemberId>() {
                let here = host.node == work.identity.node.as_str();
                moved(work, &member, before.node.as_ref(), here).await?;
            }
        }
        _ => {}
    }
    let (held, holds) = (before.scopes, work.memory.directory.node_scopes(&work.identity.node));
    if !work.identity.carrier && held != holds {
        if !defects::on(Defect::ScopeNotForgotten) {
            open_scopes(work, entry.index, &holds.without(&held)).await?;
        }
        if !defects::on(Defect::ScopeKept) {
            close_scopes(work, &held.without(&holds)).await?;
        }
    }
    Ok(Ok(()))
}

/// Whether a member that is no longer removed at `time` may have lost its rows in any store.
fn may_be_gone(before: Option<MemberState>, time: Micros) -> bool {
    let slack = limits::REMOVAL_SLACK.as_micros() as Micros;
    matches!(before, Some(MemberState::Removed(until)) if until <= time.saturating_add(slack))
}

fn hosts(work: &Work<'_>, member: &str) -> bool {
    work.memory.directory.member_by_text(member).is_some_and(|held| held.node == work.identity.node)
}

fn key_introduced(work: &mut Work<'_>, key: &Key) {
    work.resign |= key.purpose() == Purpose::Signing;
    // A directory that is read for the first time tells of the past.
    let recent = work.now - contract::KEY_GRACE.as_micros() as i64;
    if key.by_root && key.valid_from > recent {
        tracing::warn!(
            alarm = "KEY_BY_ROOT",
            member.id = key.member,
            key.number = key.number,
            "the root has given a member new keys in place of lost ones"
        );
    }
}

/// A member came to this node, or left it.
async fn moved(work: &mut Work<'_>, member: &MemberId, was: Option<&NodeId>, comes: bool) -> Result<(), StoreError> {
    let here = was == Some(&work.identity.node);
    // What was refused of it came from a node where it lives no longer; its new one hands out everything anew.
    let its_own = format!("/members/{member}/");
    for prefix in [facts::REJECTIONS, facts::REFUSALS] {
        let mut after = Some(String::new());
        while let Some(last) = after {
            let (found, next) = work.facts_after(prefix, &last, limits::REJECTIONS).await?;
            for (key, _) in found.into_iter().filter(|(key, _)| key.contains(&its_own)) {
                work.remove_fact(key);
            }
            after = next;
        }
    }
    if comes && was.is_some() && !here && !defects::on(Defect::MovedUnrecovered) {
        work.memory.unrecovered.insert(member.clone());
        work.put_fact(facts::unrecovered(member), &true);
    }
    if here && !comes {
        work.memory.unrecovered.remove(member);
        work.remove_fact(facts::unrecovered(member));
        work.remove_fact(facts::ahead(member));
        keep_departed(work, member).await?;
        work.ended_depart(member).await?;
        keep_typed(work, member).await?;
        drop_departed(work, member).await?;
        for (key, _) in work.facts::<serde_json::Value>(facts::POSITIONS, 1024).await? {
            work.remove_fact(key);
        }
        work.renew_feed();
    }
    Ok(())
}

/// What never left this node, or did not arrive, is all that there is of it.
async fn keep_departed(work: &mut Work<'_>, member: &MemberId) -> Result<(), StoreError> {
    let prefix = format!("members/{member}/");
    let (mut after, mut first) = (Some(String::new()), true);
    while let Some(from) = after {
        let Stretch { rows, next, .. } = work.range(&prefix, &from, PAGE).await?;
        after = next;
        if !rows.is_empty() {
            work.keep_departed(member, first, Piece::Rows(&rows))?;
            first = false;
        }
    }
    Ok(())
}

/// In the transaction that kept it: there is no moment at which it is in neither place, or at which another node may write
/// for the member and this one holds rows of it as its own.
async fn drop_departed(work: &mut Work<'_>, member: &MemberId) -> Result<(), StoreError> {
    let prefix = format!("members/{member}/");
    let mut after = Some(String::new());
    while let Some(from) = after {
        let Stretch { rows, damaged, next } = work.range(&prefix, &from, PAGE).await?;
        after = next;
        for row in rows {
            work.drop_row(row, GoneReason::ScopeLost, true);
        }
        // Nobody can say whether it is one of those that may stay.
        work.drop_damaged(damaged);
    }
    Ok(())
}

/// What its office has typed leaves with it. It is kept in pieces, and nothing of it stays here for whoever comes next.
async fn keep_typed(work: &mut Work<'_>, member: &MemberId) -> Result<(), StoreError> {
    let mut first = true;
    for prefix in [facts::policy(member), facts::mappings(member), facts::drafts(member)] {
        let mut after = Some(String::new());
        while let Some(last) = after {
            let (piece, more) = work.facts_after(&prefix, &last, PAGE).await?;
            if !piece.is_empty() {
                work.keep_departed(member, first, Piece::Typed(&piece))?;
                first = false;
            }
            piece.into_iter().for_each(|(key, _)| work.remove_fact(key));
            after = more;
        }
    }
    work.remove_fact(facts::draft_count(member));
    let beside = [
        facts::drafts_of(member),
        facts::draft_batches(member),
        facts::drafts_waiting(member),
        facts::drafts_ended(member),
        facts::drafts_ended_by_time(member),
    ];
    for prefix in beside {
        let mut after = Some(String::new());
        while let Some(last) = after {
            let (found, more) = work.facts_after(&prefix, &last, PAGE).await?;
            found.into_iter().for_each(|(key, _)| work.remove_fact(key));
            after = more;
        }
    }
    Ok(())
}

/// Scopes that are new here are read alone from the beginning, on every feed that is already under way.
async fn open_scopes(work: &mut Work<'_>, since: i64, opened: &ScopeSet) -> Result<(), StoreError> {
    for (peer, lane) in peers(work).await? {
        for scope in opened.iter() {
            let fact = CatchUpFact { scope: scope.to_string(), since, position: Vec::new() };
            work.put_fact(fact.key(&peer, lane), &fact);
        }
    }
    Ok(())
}

/// Scopes that are lost here take their progress and everything with them that no other scope covers.
async fn close_scopes(work: &mut Work<'_>, closed: &ScopeSet) -> Result<(), StoreError> {
    if closed.is_empty() {
        return Ok(());
    }
    for (peer, lane) in peers(work).await? {
        for (key, fact) in work.facts::<CatchUpFact>(&facts::catch_ups(&peer, lane), 1024).await? {
            if closed.iter().any(|scope| scope.as_str() == fact.scope) {
                work.remove_fact(key);
            }
        }
    }
    Sweep::Close.begin(work, "");
    Ok(())
}

/// The feeds on which this store has a position.
async fn peers(work: &mut Work<'_>) -> Result<Vec<(NodeId, Lane)>, StoreError> {
    let positions = work.facts::<serde_json::Value>(facts::POSITIONS, 1024).await?;
    Ok(positions
        .iter()
        .filter_map(|(key, _)| {
            let (peer, lane) = key.strip_prefix(facts::POSITIONS)?.rsplit_once('/')?;
            let lane = if lane == "prompt" { Lane::Prompt } else { Lane::Bulk };
            Some((peer.parse().ok()?, lane))
        })
        .collect())
}
