//! Handing in for approval: a draft that is there, or a write that becomes one.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::{NetworkName, RecordName};
use duikou_proto::v1::{Listing, Opportunity};
use prost::Message;

use super::change::{Key, Refusal};
use super::fact::{self, DraftFact, State};
use crate::engine::approval::Digest;
use crate::engine::{Change, Command, Content, Weight, Work, Write, Written, facts};
use crate::feed::{listing_of, readable};
use crate::store::StoreError;
use crate::time::{micros, timestamp};

/// Hands in a draft.
pub(crate) struct Submit {
    pub(crate) key: Key,
    /// The version of which `write` was made.
    pub(crate) version: u64,
    /// Who hands it in.
    pub(crate) account: String,
    /// What it is to become: content.
    pub(crate) write: Write,
}

#[async_trait]
impl Command for Submit {
    type Output = Result<DraftFact, Refusal>;

    fn names(&self) -> Vec<RecordName> {
        self.write.names()
    }

    fn bytes(&self) -> usize {
        4 * self.write.bytes()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { key, version, account, write } = self;
        let Some(mut fact) = fact::load(work, &key.member, &key.id).await? else { return Ok(Err(Refusal::NoSuch)) };
        if fact.version != version {
            return Ok(Err(fact.changed()));
        }
        let (digest, expires, held) = match write.weigh(work).await? {
            Ok(Some(Weight::Change { digest, expires, held, .. })) => (digest.to_hex(), expires, held),
            Ok(Some(Weight::Same(_)) | None) => return Ok(Err(Refusal::Nothing)),
            Err(refused) => return Ok(Err(refused.into())),
        };
        if fact.state == State::Submitted && fact.digest.as_ref() == Some(&digest) && fact.base == held {
            return Ok(Ok(fact));
        }
        if let Change::Put(_, content) = &write.change {
            fact.set_content(&listing(content, expires, &work.identity.network));
        }
        hand_in(&mut fact, digest, held, &account, work.now);
        fact::keep(work, &key.member, &fact);
        Ok(Ok(fact))
    }
}

/// Hands in what would be written. What needs no approval, whatever the policy, is written at once.
pub(crate) struct Hand {
    /// Content for a name.
    pub(crate) write: Write,
    /// Who hands it in.
    pub(crate) account: String,
    /// The import that it belongs to, or nothing.
    pub(crate) batch: String,
    /// The id of the draft, should one be made.
    pub(crate) id: String,
}

/// What handing in came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Handed {
    /// It needed no approval.
    Written(Written),
    /// A draft waits for an approval.
    Waits {
        /// The draft, in a box because it is large.
        draft: Box<DraftFact>,
        /// Whether it waited already and said the same.
        unchanged: bool,
        /// Of a trial: what was there under the name, the draft before the listing.
        before: Option<Box<Listing>>,
    },
}

#[async_trait]
impl Command for Hand {
    type Output = Result<Handed, Refusal>;

    fn names(&self) -> Vec<RecordName> {
        self.write.names()
    }

    fn bytes(&self) -> usize {
        4 * self.write.bytes()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { write, account, batch, id } = self;
        let (digest, expires, held) = match write.weigh(work).await? {
            Ok(Some(Weight::Change { more: true, digest, expires, held })) => (digest.to_hex(), expires, held),
            Ok(Some(Weight::Same(part))) => return Ok(Ok(Handed::Written(Written::Unchanged(part)))),
            Ok(Some(Weight::Change { more: false, .. }) | None) => {
                return Ok(write.carry_out(None, work).await?.map(Handed::Written).map_err(Refusal::from));
            }
            Err(refused) => return Ok(Err(refused.into())),
        };
        let Change::Put(_, content) = &write.change else { return Ok(Err(Refusal::Nothing)) };
        let says = listing(content, expires, &work.identity.network);
        let member = write.name.origin();
        let waits = |draft: DraftFact, unchanged, before: Option<Listing>| {
            let before = before.map(Box::new).filter(|_| write.dry_run);
            Ok(Ok(Handed::Waits { draft: Box::new(draft), unchanged, before }))
        };
        let open = match work.fact::<String>(&facts::draft_of(&write.name)).await? {
            Some(id) => fact::load(work, &member, &id).await?,
            None => None,
        };
        let Some(mut draft) = open else {
            let mut draft = DraftFact::new(id, &write.name, &says, account.clone(), batch);
            draft.create_time = work.now;
            hand_in(&mut draft, digest, held, &account, work.now);
            let added = write.dry_run || fact::add(work, &member, &write.name, &draft).await?;
            let row = work.row(&write.name).await?;
            let before = row.as_ref().and_then(|row| row.record.as_ref());
            let before = before.and_then(|part| Some(listing_of(part, readable(part)?, &work.identity.network)));
            return if added { waits(draft, false, before) } else { Ok(Err(Refusal::Full)) };
        };
        // A date that the writer leaves open would be another with each repetition: the one that waits stays.
        let before = draft.content()?;
        let date = before.expire_time.as_ref().and_then(micros);
        let date = date.filter(|date| content.expire_time.is_none() && *date > work.now);
        let again = date.map_or_else(|| digest.clone(), |date| Digest::of(content, date).to_hex());
        if draft.state == State::Submitted && draft.digest == Some(again) && draft.base == held {
            return waits(draft, true, Some(before));
        }
        if !draft.is_only_by(&account) {
            return Ok(Err(Refusal::Taken(Key { member, id: draft.id }.name())));
        }
        if !write.dry_run {
            fact::leave_batch(work, &member, &draft);
        }
        draft.batch = batch;
        draft.set_content(&says);
        hand_in(&mut draft, digest, held, &account, work.now);
        if !write.dry_run {
            fact::keep(work, &member, &draft);
        }
        waits(draft, false, Some(before))
    }
}

fn hand_in(fact: &mut DraftFact, digest: String, held: i64, account: &str, now: Micros) {
    fact.state = State::Submitted;
    // Whatever was open has been decided by what is handed in.
    fact.typed.clear();
    fact.return_reason.clear();
    fact.digest = Some(digest);
    fact.base = held;
    fact.submit_time = Some(now);
    fact.touch(account, now);
}

/// What is to be approved, as a listing: with the date on which it expires, which a draft may have left open.
fn listing(content: &Content, expires: Micros, network: &NetworkName) -> Listing {
    Listing {
        scopes: content.scopes.iter().map(|scope| scope.short(network)).collect(),
        publish_time: content.publish_time.map(timestamp),
        expire_time: Some(timestamp(expires)),
        // It was encoded when it was checked.
        listing: Some(Opportunity::decode(content.body.clone()).unwrap_or_default()),
        ..Listing::default()
    }
}
