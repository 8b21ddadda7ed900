//! What is kept of a draft: a fact of its member's node.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::name::{MemberId, RecordName, is_label};
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Listing, Opportunity};
use prost::Message;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Refusal, waiting};
use crate::engine::{Work, facts};
use crate::limits;
use crate::sheets::fields::Field;
use crate::store::StoreError;

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    /// Somebody writes it.
    Draft,
    /// It waits for an approval.
    Submitted,
    /// It was given back.
    Returned,
    /// It was published; what it said is kept with the listing.
    Approved,
}

/// What was given back last, until the draft is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Returned {
    /// What the draft said; as there.
    content: String,
    pub(crate) reason: String,
    /// The account that gave it back.
    pub(crate) by: String,
    pub(crate) time: Micros,
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftFact {
    pub(crate) id: String,
    /// The full name of the listing that it is to become.
    pub(crate) listing: String,
    /// The encoded listing, without its name and what servers write; base64. Once it was approved, what it is called by.
    content: String,
    /// What a form holds that is no value yet, by the name of the field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) typed: BTreeMap<String, String>,
    pub(crate) state: State,
    pub(crate) return_reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) returned: Option<Returned>,
    /// The account that made it.
    pub(crate) author: String,
    /// The accounts that have changed it beside that.
    pub(crate) editors: BTreeSet<String>,
    /// The account that did the last thing to it.
    pub(crate) updater: String,
    pub(crate) version: u64,
    /// The import that it belongs to, or nothing.
    pub(crate) batch: String,
    pub(crate) create_time: Micros,
    pub(crate) update_time: Micros,
    pub(crate) submit_time: Option<Micros>,
    /// While it is submitted, and afterwards: the hash of what an approval is for.
    pub(crate) digest: Option<String>,
    /// The listing's revision when it was submitted; 0: there was none.
    pub(crate) base: Revision,
    pub(crate) approver: String,
    pub(crate) approve_time: Option<Micros>,
    /// The revision that it became.
    pub(crate) revision: Revision,
}

impl DraftFact {
    /// A new one.
    pub(crate) fn new(id: String, listing: &RecordName, content: &Listing, author: String, batch: String) -> Self {
        Self {
            id,
            listing: listing.to_string(),
            content: encode(content),
            typed: BTreeMap::new(),
            state: State::Draft,
            return_reason: String::new(),
            returned: None,
            updater: author.clone(),
            author,
            editors: BTreeSet::new(),
            version: 1,
            batch,
            create_time: 0,
            update_time: 0,
            submit_time: None,
            digest: None,
            base: 0,
            approver: String::new(),
            approve_time: None,
            revision: 0,
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        let member = self.listing.split('/').nth(1).unwrap_or_default();
        format!("members/{member}/drafts/{}", self.id)
    }

    /// What it is to become, with the name.
    ///
    /// # Errors
    /// Where the store holds something else.
    pub(crate) fn content(&self) -> Result<Listing, StoreError> {
        let listing = decode(&self.content).ok_or_else(|| self.inconsistent("content"))?;
        Ok(Listing { name: self.listing.clone(), ..listing })
    }

    /// What it said when it was given back last, with the name.
    ///
    /// # Errors
    /// Where the store holds something else.
    pub(crate) fn returned_content(&self, returned: &Returned) -> Result<Listing, StoreError> {
        let listing = decode(&returned.content).ok_or_else(|| self.inconsistent("returned content"))?;
        Ok(Listing { name: self.listing.clone(), ..listing })
    }

    /// Gives it back, for a reason.
    pub(super) fn give_back(&mut self, account: &str, reason: String, now: Micros) {
        self.state = State::Returned;
        let (content, by) = (self.content.clone(), account.to_owned());
        self.returned = Some(Returned { content, reason: reason.clone(), by, time: now });
        self.return_reason = reason;
        self.digest = None;
        self.touch(account, now);
    }

    /// Whether it says just this.
    pub(crate) fn says(&self, content: &Listing) -> bool {
        self.content == encode(content)
    }

    /// The name of the listing.
    ///
    /// # Errors
    /// Where the store holds something else.
    pub(crate) fn listing_name(&self) -> Result<RecordName, StoreError> {
        self.listing.parse().map_err(|_| self.inconsistent("listing"))
    }

    fn inconsistent(&self, what: &str) -> StoreError {
        let detail = format!("its {what} cannot be read");
        StoreError::Inconsistent { table: "facts", row: format!("draft/…/{}", self.id), detail }
    }

    /// Whether it can be a draft, wherever it comes from.
    pub(crate) fn is_sound(&self) -> bool {
        Uuid::try_parse(&self.id).is_ok()
            && self.content().is_ok()
            && self.content.len() <= limits::DRAFT_BYTES.div_ceil(3) * 4
            && self.typed.len() <= limits::DRAFT_TEXTS
            && self.typed.keys().all(|key| Field::parse(key).is_some_and(|field| field.info().id == key))
            && (self.batch.is_empty() || is_label(&self.batch))
            && self.return_reason.chars().count() <= limits::RETURN_REASON_CHARS
            && self.state != State::Approved
    }

    /// It comes from another node, whose people are nobody here, by the hand of `account`.
    pub(super) fn arrive(&mut self, account: &str, now: Micros) {
        if self.state == State::Submitted {
            self.state = State::Draft;
        }
        account.clone_into(&mut self.author);
        self.editors.clear();
        (self.version, self.base, self.revision) = (0, 0, 0);
        (self.digest, self.submit_time, self.approve_time) = (None, None, None);
        self.approver.clear();
        self.returned = None;
        self.touch(account, now);
    }

    /// Changes with every change.
    pub(crate) fn etag(&self) -> String {
        format!("{:x}", self.version)
    }

    /// Whether `account` has had a hand in what it says.
    pub(crate) fn is_by(&self, account: &str) -> bool {
        self.author == account || self.editors.contains(account)
    }

    /// Whether nobody but `account` has.
    pub(crate) fn is_only_by(&self, account: &str) -> bool {
        self.author == account && self.editors.is_empty()
    }

    /// That it has changed since somebody looked.
    pub(super) fn changed(&self) -> Refusal {
        Refusal::Changed { by: self.updater.clone(), time: self.update_time }
    }

    pub(super) fn set_content(&mut self, content: &Listing) {
        self.content = encode(content);
    }

    /// Notes who did something to it, and when.
    pub(super) fn touch(&mut self, account: &str, now: Micros) {
        account.clone_into(&mut self.updater);
        self.update_time = now;
        self.version += 1;
    }
}

/// `listing` as a draft keeps it: its name stands beside it, and what servers write is none of its business.
fn encode(listing: &Listing) -> String {
    let kept = Listing {
        name: String::new(),
        update_time: None,
        revision: 0,
        etag: String::new(),
        draft: String::new(),
        ..listing.clone()
    };
    BASE64_STANDARD_NO_PAD.encode(kept.encode_to_vec())
}

fn decode(content: &str) -> Option<Listing> {
    Listing::decode(&*BASE64_STANDARD_NO_PAD.decode(content).ok()?).ok()
}

fn key(member: &MemberId, id: &str) -> String {
    format!("{}{id}", facts::drafts(member))
}

/// A draft as this transaction finds it.
pub(super) async fn load(work: &mut Work<'_>, member: &MemberId, id: &str) -> Result<Option<DraftFact>, StoreError> {
    work.fact(&key(member, id)).await
}

/// The account of a draft that was approved.
pub(super) async fn load_ended(
    work: &mut Work<'_>,
    member: &MemberId,
    id: &str,
) -> Result<Option<DraftFact>, StoreError> {
    work.fact(&format!("{}{id}", facts::drafts_ended(member))).await
}

/// Keeps a draft, beside its import what an approval of it is for, and whether it waits for somebody.
pub(super) fn keep(work: &mut Work<'_>, member: &MemberId, fact: &DraftFact) {
    if !fact.batch.is_empty() {
        let submitted = fact.digest.clone().filter(|_| fact.state == State::Submitted);
        work.put_fact(format!("{}{}", facts::draft_batch(member, &fact.batch), fact.id), &submitted);
    }
    waiting::note(work, member, fact);
    work.put_fact(key(member, &fact.id), fact);
}

/// Keeps one more draft; false where there are as many as there may be.
pub(super) async fn add(
    work: &mut Work<'_>,
    member: &MemberId,
    name: &RecordName,
    fact: &DraftFact,
) -> Result<bool, StoreError> {
    let count = work.fact::<usize>(&facts::draft_count(member)).await?.unwrap_or(0);
    if count >= limits::DRAFTS {
        return Ok(false);
    }
    if count == 0 {
        // None is older than what is noted of them.
        work.put_fact(waiting::all_noted(member), &true);
    }
    work.put_fact(facts::draft_count(member), &(count + 1));
    work.put_fact(facts::draft_of(name), &fact.id);
    keep(work, member, fact);
    Ok(true)
}

/// Takes a draft away.
pub(super) async fn forget(work: &mut Work<'_>, member: &MemberId, fact: &DraftFact) -> Result<(), StoreError> {
    let count = work.fact::<usize>(&facts::draft_count(member)).await?.unwrap_or(0);
    work.put_fact(facts::draft_count(member), &count.saturating_sub(1));
    work.remove_fact(facts::draft_of(&fact.listing_name()?));
    leave_batch(work, member, fact);
    waiting::strike(work, member, fact);
    work.remove_fact(key(member, &fact.id));
    Ok(())
}

/// Takes a draft out of its import.
pub(super) fn leave_batch(work: &mut Work<'_>, member: &MemberId, fact: &DraftFact) {
    if !fact.batch.is_empty() {
        work.remove_fact(format!("{}{}", facts::draft_batch(member, &fact.batch), fact.id));
    }
}

/// What is left of a listing that was approved: by what people know it, however soon it ends.
fn called(listing: &Listing) -> Listing {
    let said = listing.listing.clone().unwrap_or_default();
    let details = said.details.map(|details| match details {
        Details::Project(_) => Details::Project(Default::default()),
        Details::Technology(_) => Details::Technology(Default::default()),
        Details::Talent(_) => Details::Talent(Default::default()),
        Details::Capital(_) => Details::Capital(Default::default()),
        Details::Event(_) => Details::Event(Default::default()),
    });
    let (title, language, direction) = (said.title, said.language, said.direction);
    let kept = Opportunity { title, language, direction, details, ..Opportunity::default() };
    Listing { listing: Some(kept), ..Listing::default() }
}

/// Keeps the account of a draft that was approved, and forgets a few that are old.
pub(super) async fn keep_account(work: &mut Work<'_>, member: &MemberId, fact: DraftFact) -> Result<(), StoreError> {
    let (accounts, by_time) = (facts::drafts_ended(member), facts::drafts_ended_by_time(member));
    let oldest = format!("{by_time}{:020}", work.now - limits::DRAFT_ACCOUNT_KEPT.as_micros() as Micros);
    for (key, id) in work.facts::<String>(&by_time, limits::DRAFT_ACCOUNTS_FORGOTTEN).await? {
        if key < oldest {
            work.remove_fact(key);
            work.remove_fact(format!("{accounts}{id}"));
        }
    }
    work.put_fact(format!("{by_time}{:020}/{}", work.now, fact.id), &fact.id);
    let content = encode(&called(&fact.content()?));
    let kept = DraftFact { content, typed: BTreeMap::new(), returned: None, ..fact };
    work.put_fact(format!("{accounts}{}", kept.id), &kept);
    Ok(())
}
