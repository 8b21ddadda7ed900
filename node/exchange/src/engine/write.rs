//! The origin writes: publish, change, narrow, withdraw. Every state that a member signs is made here.

use async_trait::async_trait;
use bytes::Bytes;
use duikou_proto::directory::MemberState;
use duikou_proto::envelope::{Malformed, Micros, Part, Revision, Statement};
use duikou_proto::limits::WITHDRAWAL_SCOPES;
use duikou_proto::name::{Kind, MemberId, RecordName};
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::{Lane, WithdrawalReason};
use thiserror::Error;

use super::approval::{Digest, Gate, is_more};
use super::dated;
use super::foresight::Foresight;
use super::halt::Halt;
use super::next_state::{Next, state, statements};
use super::work::{Ground, Work};
use super::writer::Command;
use crate::store::{GoneReason, Row, StoreError};

/// What a member wants a name to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Fixed for the life of a name.
    pub kind: Kind,
    /// How it travels.
    pub lane: Lane,
    /// Who may see it.
    pub scopes: ScopeSet,
    /// The kind's own message.
    pub body: Bytes,
    /// None: what it was, else now.
    pub publish_time: Option<Micros>,
    /// None: what it was, else `expire_default`.
    pub expire_time: Option<Micros>,
    /// For a new name.
    pub expire_default: Micros,
}

/// Whether the name must be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It must not hold other content.
    Create,
    /// It must be there.
    Update,
    /// Either.
    Upsert,
}

/// A change that a member makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// New content.
    Put(Mode, Content),
    /// An end.
    End(WithdrawalReason),
}

/// A member's change of one of its names.
#[derive(Debug, Clone)]
pub struct Write {
    /// Whose and what.
    pub name: RecordName,
    /// What becomes of it.
    pub change: Change,
    /// The revision that the writer knows; another one is a conflict.
    pub expected: Option<Revision>,
    /// Decide, and write nothing.
    pub dry_run: bool,
}

/// What a write came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A new name (or one that had been withdrawn).
    Created(Part),
    /// New content.
    Updated(Part),
    /// The same content: nothing was made.
    Unchanged(Part),
    /// It has ended; 0 where nobody else could ever see it.
    Ended(Revision),
    /// It had ended before, at this revision: nothing was made.
    Over(Revision),
}

/// Why the engine does not write.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Another node's member.
    #[error("this node does not host {0}")]
    NotHosted(MemberId),
    /// The member is suspended or has left.
    #[error("{0} is suspended or has left the network")]
    Suspended(MemberId),
    /// Own records must be taken back from the gateway first.
    #[error("{0} must first take its records back from the gateway")]
    Unrecovered(MemberId),
    /// Its newest signing key lies elsewhere, or nowhere.
    #[error("the newest signing key of {0} is not here")]
    NoKey(MemberId),
    /// It is being moved to another node.
    #[error("{0} is being moved to another node")]
    Moving(MemberId),
    /// It has other content.
    #[error("{0} exists with other content")]
    Exists(RecordName),
    /// There is none.
    #[error("{0} does not exist")]
    Missing(RecordName),
    /// More scopes, over time, than a withdrawal can name: it could not be ended for all of them.
    #[error("{name} has been for too many scopes, {limit} over time are allowed")]
    Scopes {
        /// Which.
        name: RecordName,
        /// How many.
        limit: usize,
    },
    /// Deleted for good.
    #[error("{0} was deleted, and a deleted name is never used again")]
    Deleted(RecordName),
    /// Changed since it was read.
    #[error("{0} has changed since it was read")]
    Conflict(RecordName),
    /// What is kept of it cannot be read: who could see it, and whether it was deleted for good, is not known.
    #[error("what is kept of {0} is damaged")]
    Damaged(RecordName),
    /// Another kind than before.
    #[error("{0} is of another kind, and the kind of a name never changes")]
    Kind(RecordName),
    /// Too many.
    #[error("{member} has {limit} live listings, the most that this network allows")]
    Limit {
        /// Whose.
        member: MemberId,
        /// How many.
        limit: usize,
    },
    /// The result has not the form of a record.
    #[error("{0}")]
    Malformed(Malformed),
    /// Its member's policy asks for an approval of this.
    #[error("{0} needs an approval before it is published")]
    Unapproved(RecordName),
    /// This node writes nothing now.
    #[error("this node writes nothing: {0}")]
    Halted(Halt),
}

/// What a write of content would come to, whatever the member's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weight {
    /// Nothing: that is what is there.
    Same(Part),
    /// A change.
    Change {
        /// Whether it is one that a policy may ask an approval for; what ends or narrows never waits.
        more: bool,
        /// What is to be approved.
        digest: Digest,
        /// When it expires.
        expires: Micros,
        /// The revision upon which it is to be written.
        held: Revision,
    },
}

#[async_trait]
impl Command for Write {
    type Output = Result<Written, Refused>;

    fn names(&self) -> Vec<RecordName> {
        vec![self.name.clone()]
    }

    fn bytes(&self) -> usize {
        512 + match &self.change {
            Change::Put(_, content) => content.body.len(),
            Change::End(_) => 0,
        }
    }

    fn foresee(&self, ahead: &mut Foresight<'_>) {
        self.foresee_as(None, ahead);
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        self.carry_out(None, work).await
    }
}

impl Write {
    /// Tells what it will sign, with the approval that it has.
    pub fn foresee_as(&self, approved: Option<Digest>, ahead: &mut Foresight<'_>) {
        if self.dry_run {
            return;
        }
        let (ground, member) = (ahead.ground(), self.name.origin());
        let Ok(gate) = Gate::known(ground.memory, &member, approved) else { return };
        let Some(row) = ahead.row(&self.name) else { return };
        if let Ok(Step::Sign(next)) = decide(self, row, gate, &ground) {
            ahead.sign(&member, &self.name, |revision| statements(ground.now, row, &self.name, &next, revision));
        }
    }

    /// Does it in this transaction, with the approval that it has.
    ///
    /// # Errors
    /// Where the store cannot be read; inside, why it is not done.
    pub async fn carry_out(
        &self,
        approved: Option<Digest>,
        work: &mut Work<'_>,
    ) -> Result<Result<Written, Refused>, StoreError> {
        let row = work.row(&self.name).await?;
        let gate = Gate::of(work, &self.name.origin(), approved)?;
        let step = match decide(self, row.as_ref(), gate, &work.ground()) {
            Ok(step) => step,
            Err(refused) => return Ok(Err(refused)),
        };
        if matches!(self.change, Change::End(WithdrawalReason::Deleted)) && !self.dry_run {
            work.forget_ended(&self.name);
        }
        match step {
            Step::Done(written) => Ok(Ok(written)),
            Step::Drop(reason) => {
                if let Some(row) = row.filter(|_| !self.dry_run) {
                    work.drop_row(row, reason, false);
                }
                Ok(Ok(Written::Ended(0)))
            }
            Step::Sign(next) => {
                let created = row.as_ref().is_none_or(|row| row.record.is_none());
                match state(work, row.as_ref(), &self.name, &next, self.dry_run).await? {
                    Err(malformed) => Ok(Err(Refused::Malformed(malformed))),
                    Ok(parts) => Ok(Ok(match parts.into_iter().next() {
                        Some(part) if !part.is_record() => Written::Ended(part.revision()),
                        Some(part) if created => Written::Created(part),
                        Some(part) => Written::Updated(part),
                        None => Written::Ended(0),
                    })),
                }
            }
        }
    }

    /// Tells what the content would come to in this transaction, whatever the member's policy; None where it is an end.
    ///
    /// # Errors
    /// Where the store cannot be read; inside, why it would not be done even with an approval.
    pub async fn weigh(&self, work: &mut Work<'_>) -> Result<Result<Option<Weight>, Refused>, StoreError> {
        let row = work.row(&self.name).await?;
        let Change::Put(_, content) = &self.change else { return Ok(Ok(None)) };
        let more = match decide(self, row.as_ref(), Gate::Closed, &work.ground()) {
            Ok(Step::Done(Written::Unchanged(part))) => return Ok(Ok(Some(Weight::Same(part)))),
            Ok(_) => false,
            Err(Refused::Unapproved(_)) => true,
            Err(refused) => return Ok(Err(refused)),
        };
        let expires = content.expires(row.as_ref().and_then(|row| row.record.as_ref()));
        let held = row.as_ref().map(Row::revision).unwrap_or_default();
        Ok(Ok(Some(Weight::Change { more, digest: Digest::of(content, expires), expires, held })))
    }
}

impl Content {
    /// When it expires, where `before` is what was there.
    fn expires(&self, before: Option<&Part>) -> Micros {
        let held = before.filter(|part| part.is_record()).map(Part::expire_time);
        self.expire_time.or(held).unwrap_or(self.expire_default)
    }
}

enum Step {
    Done(Written),
    Drop(GoneReason),
    Sign(Next),
}

fn decide(write: &Write, row: Option<&Row>, gate: Gate, ground: &Ground<'_>) -> Result<Step, Refused> {
    let name = &write.name;
    let member = name.origin();
    let directory = &ground.memory.directory;
    let Some(entry) = directory.member(&member).filter(|entry| entry.node == ground.identity.node) else {
        return Err(Refused::NotHosted(member));
    };
    if entry.state != MemberState::Active {
        return Err(Refused::Suspended(member));
    }
    if ground.memory.unrecovered.contains(&member) {
        return Err(Refused::Unrecovered(member));
    }
    if entry.moving.is_some() {
        return Err(Refused::Moving(member));
    }
    if ground.signer(&member).is_none() {
        return Err(Refused::NoKey(member));
    }
    if ground.memory.damage.holds(name) {
        return Err(Refused::Damaged(name.clone()));
    }
    let record = row.and_then(|row| row.record.as_ref());
    let held = row.map(Row::revision).unwrap_or_default();
    if write.expected.is_some_and(|expected| expected != held) {
        return Err(Refused::Conflict(name.clone()));
    }
    match &write.change {
        Change::End(reason) => match (record, row) {
            (None, None) => Err(Refused::Missing(name.clone())),
            (None, Some(row)) => Ok(over(row, *reason)),
            (Some(_), Some(row)) if row.exposed.is_empty() => Ok(Step::Drop(match reason {
                WithdrawalReason::Deleted => GoneReason::Deleted,
                WithdrawalReason::Filled => GoneReason::Filled,
                WithdrawalReason::Expired => GoneReason::Expired,
                WithdrawalReason::Withdrawn | WithdrawalReason::Narrowed | WithdrawalReason::Unspecified => {
                    GoneReason::Withdrawn
                }
            })),
            (Some(record), _) => Ok(Step::Sign(Next {
                kind: record.kind().clone(),
                lane: record.lane(),
                content: Err(*reason),
                owed: false,
            })),
        },
        Change::Put(mode, content) => {
            if row.is_some_and(is_deleted) {
                return Err(Refused::Deleted(name.clone()));
            }
            if row.is_some_and(|r| r.record.iter().chain(&r.withdrawal).any(|part| *part.kind() != content.kind)) {
                return Err(Refused::Kind(name.clone()));
            }
            // An end names everybody who could ever see it, and has room for so many.
            let (exposed, limit) = (row.map(|row| row.exposed.clone()).unwrap_or_default(), WITHDRAWAL_SCOPES);
            let more = content.scopes.without(&exposed);
            if !more.is_empty() && exposed.len() + more.len() > limit {
                return Err(Refused::Scopes { name: name.clone(), limit });
            }
            let limit = directory.listings_per_member();
            let live = ground.count(member.as_str()).records;
            if record.is_none() && content.kind.is_listing() && live >= limit as i64 {
                return Err(Refused::Limit { member, limit });
            }
            let before = record.map(Part::statement);
            let held = match before {
                Some(Statement::Record { publish_time, .. }) => Some(*publish_time),
                Some(Statement::Withdrawal { .. }) | None => None,
            };
            let published = dated::published(content.publish_time, held, ground.now);
            let expires = content.expires(record);
            if let (Some(record), Some(Statement::Record { publish_time, expire_time, body, .. })) = (record, before) {
                let same = *record.scopes() == content.scopes
                    && *body == content.body
                    && (*publish_time, *expire_time) == (published, expires);
                if same {
                    return Ok(Step::Done(Written::Unchanged(record.clone())));
                }
                if *mode == Mode::Create {
                    return Err(Refused::Exists(name.clone()));
                }
            } else if *mode == Mode::Update {
                return Err(Refused::Missing(name.clone()));
            }
            if content.kind.is_listing() && is_more(record, content, expires) && !gate.lets(content, expires) {
                return Err(Refused::Unapproved(name.clone()));
            }
            Ok(Step::Sign(Next {
                kind: content.kind.clone(),
                lane: content.lane,
                content: Ok((content.scopes.clone(), content.body.clone(), published, expires)),
                owed: false,
            }))
        }
    }
}

/// Whether a name was deleted for good.
fn is_deleted(row: &Row) -> bool {
    let ended = row.withdrawal.as_ref().filter(|_| row.record.is_none());
    ended.and_then(Part::reason) == Some(WithdrawalReason::Deleted)
        || matches!(row.gone, Some((GoneReason::Deleted, _)))
}

/// What an end makes of a name that is over already: nothing, but that it can be deleted for good. Others have to know that,
/// since whoever loses this store takes it back from them.
fn over(row: &Row, reason: WithdrawalReason) -> Step {
    let ended = row.withdrawal.as_ref();
    if reason != WithdrawalReason::Deleted || is_deleted(row) {
        return Step::Done(Written::Over(ended.map(Part::revision).unwrap_or_default()));
    }
    ended.map_or(Step::Drop(GoneReason::Deleted), |ended| {
        let (kind, lane) = (ended.kind().clone(), ended.lane());
        Step::Sign(Next { kind, lane, content: Err(reason), owed: false })
    })
}

#[cfg(test)]
mod tests;
