//! What reviewers do: give a draft back, or approve it, which publishes it.

use async_trait::async_trait;
use duikou_proto::name::RecordName;

use super::change::{Key, Refusal};
use super::fact::{self, DraftFact, State};
use super::policy::{Approver, check_approver, check_reviewer};
use crate::engine::approval::Digest;
use crate::engine::{Change, Command, Foresight, Refused, Work, Write, Written};
use crate::store::StoreError;

/// Gives a submitted draft back.
pub(crate) struct Return {
    pub(crate) key: Key,
    /// The version that was seen; None: any.
    pub(crate) version: Option<u64>,
    pub(crate) reviewer: Approver,
    pub(crate) reason: String,
}

#[async_trait]
impl Command for Return {
    type Output = Result<DraftFact, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { key, version, reviewer, reason } = self;
        let Some(mut fact) = fact::load(work, &key.member, &key.id).await? else { return Ok(Err(Refusal::NoSuch)) };
        if let Err(refusal) = check_reviewer(work, &key.member, &reviewer).await? {
            return Ok(Err(refusal));
        }
        if version.is_some_and(|version| version != fact.version) {
            return Ok(Err(fact.changed()));
        }
        if fact.state != State::Submitted {
            return Ok(Err(Refusal::State(fact.state)));
        }
        fact.give_back(&reviewer.account, reason, work.now);
        fact::keep(work, &key.member, &fact);
        Ok(Ok(fact))
    }
}

/// Approves a submitted draft: the listing is written and the draft ends, or neither.
pub(crate) struct Approve {
    pub(crate) key: Key,
    /// The hash of what the approver has seen.
    pub(crate) seen: String,
    pub(crate) approver: Approver,
    /// What the draft says, as content for its listing.
    pub(crate) write: Write,
}

/// A draft that was approved, and the write in which it ended; None: that was before.
pub(crate) type Approved = (DraftFact, Option<Written>);

impl Approve {
    fn digest(&self) -> Option<Digest> {
        match &self.write.change {
            // Handing in has given it a date.
            Change::Put(_, content) => Some(Digest::of(content, content.expire_time?)),
            Change::End(_) => None,
        }
    }
}

#[async_trait]
impl Command for Approve {
    type Output = Result<Approved, Refusal>;

    fn names(&self) -> Vec<RecordName> {
        self.write.names()
    }

    fn foresee(&self, ahead: &mut Foresight<'_>) {
        self.write.foresee_as(self.digest(), ahead);
    }

    fn bytes(&self) -> usize {
        4 * self.write.bytes()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let member = self.key.member.clone();
        let digest = self.digest();
        let Self { key, seen, approver, mut write } = self;
        let Some(mut fact) = fact::load(work, &member, &key.id).await? else {
            let account = fact::load_ended(work, &member, &key.id).await?;
            return Ok(match account {
                None => Err(Refusal::NoSuch),
                // The same approval once more.
                Some(account) if account.digest.as_ref() == Some(&seen) => Ok((account, None)),
                Some(account) => Err(account.changed()),
            });
        };
        if let Err(refusal) = check_approver(work, &member, &fact, &approver).await? {
            return Ok(Err(refusal));
        }
        let Some(digest) = digest.filter(|digest| {
            fact.state == State::Submitted && fact.digest.as_ref() == Some(&seen) && digest.to_hex() == seen
        }) else {
            return Ok(Err(fact.changed()));
        };
        // Whatever has been written since it was handed in was not in the difference that was shown.
        write.expected = Some(fact.base);
        let written = match write.carry_out(Some(digest), work).await? {
            Ok(written) => written,
            Err(Refused::Unapproved(_)) => return Ok(Err(fact.changed())),
            Err(refused) => return Ok(Err(refused.into())),
        };
        fact.revision = match &written {
            Written::Created(part) | Written::Updated(part) | Written::Unchanged(part) => part.revision(),
            Written::Ended(revision) | Written::Over(revision) => *revision,
        };
        fact::forget(work, &member, &fact).await?;
        fact.state = State::Approved;
        fact.touch(&approver.account, work.now);
        fact.approver = approver.account;
        fact.approve_time = Some(work.now);
        fact::keep_account(work, &member, fact.clone()).await?;
        Ok(Ok((fact, Some(written))))
    }
}
