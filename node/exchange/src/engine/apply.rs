//! A sink takes in a batch: each part is checked, applied or refused, and the position stored, in one transaction.

use std::collections::HashMap;

use async_trait::async_trait;
use duikou_proto::directory::MemberState;
use duikou_proto::envelope::{EXPIRE_SLACK_MICROS, Part, Revision};
use duikou_proto::federation::rejected::Code;
use duikou_proto::federation::{Rejected, Wanted};
use duikou_proto::limits as contract;
use duikou_proto::name::{NodeId, RecordName};
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::Lane;
use serde::{Deserialize, Serialize};

use super::accept::Ranking;
use super::dated;
use super::entries::CatchUpFact;
use super::facts;
use super::stand_in::{Refused, RefusedRecord};
use super::work::Work;
use super::writer::Command;
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{Count, Row, StoreError};

/// On which side of a link the sink is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// A node that reads from its gateway; with the scopes that its members held when the stream began.
    Below(ScopeSet),
    /// A gateway that reads from a node.
    Above,
}

/// Progress that a batch brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The common position.
    Common {
        /// The source's feed, as text.
        feed: String,
        /// Sealed by the source.
        position: Vec<u8>,
    },
    /// A scope that catches up, and whether it has arrived.
    CatchUp {
        /// How far it is.
        fact: CatchUpFact,
        /// Whether it is now read with all others.
        joined: bool,
    },
    /// None: answers to what was wanted again.
    Again,
}

/// Where a sink stands on a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionFact {
    pub(crate) feed: String,
    /// Sealed by the source.
    pub(crate) position: Vec<u8>,
}

/// A state that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectionFact {
    /// Of the state that was refused.
    pub revision: Revision,
    /// Of the key that signed it.
    pub key_number: i32,
    /// Why, by the contract's number.
    pub code: i32,
    /// Why, for people.
    pub detail: String,
    /// The directory's entry by which it was judged.
    pub directory: i64,
    /// Whom refused withdrawals would have told, as text of their scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// Of the newest withdrawal that was refused; 0: none was.
    #[serde(default, skip_serializing_if = "none_was")]
    pub told_by: Revision,
    /// The newest record that was refused, where heads count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RefusedRecord>,
}

fn none_was(revision: &Revision) -> bool {
    *revision == 0
}

/// A state of which parts were taken.
struct Taken<'a> {
    parts: &'a [Part],
    /// The newest revision that was here before.
    before: Revision,
    /// What is here now, and verifies.
    record: Option<Part>,
    withdrawal: Option<Part>,
    /// Whether all is here that its origin has of the name.
    whole: bool,
}

impl RejectionFact {
    /// What is refused now, of a name of which `before` was.
    fn new(part: &Part, (code, detail): (Code, String), directory: i64, before: Option<&Self>) -> Self {
        let mut told = before.and_then(Self::told);
        let mut told_by = before.map_or(0, |before| before.told_by);
        if !part.is_record() {
            told.get_or_insert_default().extend(part.scopes());
            told_by = told_by.max(part.revision());
        }
        // What was ahead of time comes again as a smaller revision.
        let ahead = before.is_some_and(|before| before.code == i32::from(Code::Future));
        let kept = before.and_then(|before| before.record.clone());
        let kept = kept.filter(|kept| !part.is_record() || !ahead && kept.revision > part.revision());
        // Its origin ends what is past its date, and counts it no longer.
        let counts = || RefusedRecord::of(part).filter(|_| code != Code::Expired);
        Self {
            revision: part.revision(),
            key_number: part.key_number(),
            code: code.into(),
            detail,
            directory,
            told: told.map(|told| told.to_text()),
            told_by,
            record: kept.or_else(counts),
        }
    }

    /// The newest revision that was refused.
    pub fn newest(&self) -> Revision {
        self.record.as_ref().map_or(0, |record| record.revision).max(self.revision).max(self.told_by)
    }

    /// Whether what is here of the name is no older than what was refused.
    pub(crate) fn is_past(&self, record: Option<&Part>, withdrawal: Option<&Part>) -> bool {
        let (record, withdrawal) = (record.map(Part::revision), withdrawal.map(Part::revision));
        // A withdrawal ends what is older than itself, not the record that was signed with it.
        let replaces = |revision| record >= Some(revision) || withdrawal > Some(revision);
        record.max(withdrawal) >= Some(self.revision) && self.record.as_ref().is_none_or(|old| replaces(old.revision))
    }

    /// What of it counts in comparisons; None where it came from a node that does not host its origin, which says nothing of
    /// what is held.
    pub(crate) fn refused(&self) -> Option<Refused> {
        (self.code != i32::from(Code::Host)).then(|| Refused {
            record: self.record.as_ref().and_then(RefusedRecord::read),
            told: self.told().unwrap_or_default(),
            told_by: self.told_by,
        })
    }

    fn told(&self) -> Option<ScopeSet> {
        self.told.as_ref().and_then(|text| ScopeSet::from_text(text).ok())
    }

    /// Whether nothing of what was refused is still wanted. Signed anew, a record and its withdrawal come each for itself:
    /// they settle it together.
    fn is_settled(&self, taken: &Taken<'_>) -> bool {
        if defects::on(Defect::RefusalsSettleEarly) {
            return true;
        }
        let Taken { parts, before, record, withdrawal, whole } = taken;
        // A revision that was ahead of time comes again as a smaller one; what is here already is not it.
        let ahead = self.code == i32::from(Code::Future);
        let anew = ahead && parts.iter().any(|part| part.revision() > *before);
        if !anew && !self.is_past(record.as_ref(), withdrawal.as_ref()) {
            return false;
        }
        // A later record replaces an earlier one, and no withdrawal but for those who see it.
        let replaced = withdrawal.iter().filter(|withdrawal| ahead || withdrawal.revision() >= self.told_by);
        let mut heard = ScopeSet::new();
        record.iter().chain(replaced).for_each(|part| heard.extend(part.scopes()));
        *whole || self.told().is_none_or(|told| told.is_within(&heard))
    }
}

/// A batch to apply.
pub struct Apply {
    pub(crate) peer: NodeId,
    pub(crate) lane: Lane,
    pub(crate) side: Side,
    /// Each with whether its signature verifies; None where its key is not known.
    pub(crate) parts: Vec<(Part, Option<bool>)>,
    /// Parts that could not be read at all.
    pub(crate) malformed: Vec<String>,
    pub(crate) progress: Progress,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is on disk.
    Done {
        /// What was refused.
        rejected: Vec<Rejected>,
        /// What had been asked for again, and was accepted.
        accepted: Vec<Wanted>,
        /// How many rows are others than before.
        changed: usize,
    },
    /// The node's scopes are others than when the stream began: it must begin anew.
    Stale,
}

#[async_trait]
impl Command for Apply {
    type Output = Applied;

    fn names(&self) -> Vec<RecordName> {
        self.parts.iter().map(|(part, _)| part.name().clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.parts.iter().map(|(part, _)| part.bytes().len() + 256).sum()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Applied, StoreError> {
        if let Side::Below(scopes) = &self.side
            && !defects::on(Defect::ScopesOfTheBeginning)
            && *scopes != work.memory.directory.node_scopes(&work.identity.node)
        {
            return Ok(Applied::Stale);
        }
        let mut known: HashMap<String, RejectionFact> =
            work.facts(&facts::rejected(&self.peer), limits::REJECTIONS).await?.into_iter().collect();
        let (mut rejected, mut accepted, mut changed) = (Vec::new(), Vec::new(), 0);
        for text in &self.malformed {
            rejected.push(refusal("", 0, Code::Malformed, text));
        }
        let came = Came { side: &self.side, peer: &self.peer, lane: self.lane };
        let mut parts = self.parts.into_iter().peekable();
        while let Some((part, verifies)) = parts.next() {
            let mut state = vec![(part, verifies)];
            while let Some(next) = parts.next_if(|(next, _)| next.name() == state[0].0.name()) {
                state.push(next);
            }
            let mut good = Vec::with_capacity(2);
            let row = work.row(state[0].0.name()).await?;
            let held = row.as_ref().map_or(0, Row::revision);
            let key = facts::rejection(&self.peer, state[0].0.name());
            let mut whole = matches!(self.progress, Progress::Again);
            for (part, verifies) in state {
                let verdict = match judge(work, &came, &part, verifies) {
                    Verdict::Take if self.side == Side::Above => room(work, &part, row.as_ref()),
                    other => other,
                };
                match verdict {
                    Verdict::Drop => {}
                    Verdict::Refuse(code, detail) => {
                        whole = false;
                        rejected.push(refusal(part.name().as_str(), part.revision(), code, &detail));
                        if known.len() < limits::REJECTIONS {
                            let directory = work.memory.directory.index();
                            let fact = RejectionFact::new(&part, (code, detail), directory, known.get(&key));
                            work.put_fact(key.clone(), &fact);
                            known.insert(key.clone(), fact);
                            work.receipts = true;
                        }
                    }
                    Verdict::Take => good.push(part),
                }
            }
            changed += usize::from(work.accept(&good).await?);
            let (Some(fact), Some(first)) = (known.get(&key), good.first()) else { continue };
            let (name, revision) = (first.name().clone(), fact.revision);
            let row = work.row(&name).await?;
            let ranking = Ranking { directory: &work.memory.directory, now: work.now };
            let sound = |part: &Part| ranking.verifies(part);
            let (record, withdrawal) = row.map(|row| (row.record, row.withdrawal)).unwrap_or_default();
            let (record, withdrawal) = (record.filter(sound), withdrawal.filter(sound));
            if fact.is_settled(&Taken { parts: &good, before: held, record, withdrawal, whole }) {
                let name = name.to_string();
                // Refused a moment ago, beside it: it is settled before its origin hears of it.
                rejected.retain(|refused: &Rejected| refused.name != name);
                accepted.push(Wanted { name, revision });
                known.remove(&key);
                work.remove_fact(key);
            }
        }
        match self.progress {
            Progress::Common { feed, position } => {
                work.put_fact(facts::position(&self.peer, self.lane), &PositionFact { feed, position });
            }
            Progress::CatchUp { fact, joined } => {
                let key = fact.key(&self.peer, self.lane);
                // Gone where the scope was lost, or lost and opened anew, since: then it begins anew.
                if work.fact::<CatchUpFact>(&key).await?.is_some() {
                    if joined { work.remove_fact(key) } else { work.put_fact(key, &fact) }
                }
            }
            Progress::Again => {}
        }
        Ok(Applied::Done { rejected, accepted, changed })
    }
}

fn refusal(name: &str, revision: Revision, code: Code, detail: &str) -> Rejected {
    Rejected { name: name.to_owned(), revision, code: code.into(), detail: detail.to_owned() }
}

enum Verdict {
    Take,
    Drop,
    Refuse(Code, String),
}

/// How a part came.
struct Came<'a> {
    side: &'a Side,
    peer: &'a NodeId,
    lane: Lane,
}

/// Whether its origin may have one more.
fn room(work: &Work<'_>, part: &Part, row: Option<&Row>) -> Verdict {
    let origin = part.name().origin_str();
    let limit = i64::try_from(work.memory.directory.listings_per_member()).unwrap_or(i64::MAX);
    let Count { records: live, withdrawals, statements } = work.ground().count(origin);
    if part.is_record() && part.kind().is_listing() && row.is_none_or(|row| row.record.is_none()) && live >= limit {
        return Verdict::Refuse(Code::Limit, format!("{origin} has {live} live listings, {limit} are allowed"));
    }
    let rows = live + withdrawals + statements;
    let most = limit.saturating_mul(contract::ROWS_PER_LISTING as i64) + contract::ROWS_BESIDE as i64;
    if row.is_none() && rows >= most {
        return Verdict::Refuse(Code::Limit, format!("{origin} has {rows} names, {most} are allowed"));
    }
    Verdict::Take
}

fn judge(work: &Work<'_>, came: &Came<'_>, part: &Part, verifies: Option<bool>) -> Verdict {
    let Came { side, peer, lane } = came;
    let directory = &work.memory.directory;
    let origin = part.name().origin_str();
    let refuse = |code, detail: String| Verdict::Refuse(code, detail);
    if let Side::Below(scopes) = side
        && !part.scopes().meets(scopes)
    {
        return Verdict::Drop;
    }
    if part.lane() != *lane {
        return refuse(Code::Malformed, "it travels in another lane than it says".to_owned());
    }
    if **side == Side::Above && part.is_record() && part.scopes().is_empty() {
        return refuse(Code::Malformed, "it is on request, and never leaves its origin's node".to_owned());
    }
    let Some(member) = directory.member_by_text(origin) else {
        return refuse(Code::Foreign, format!("{origin} is no member of {}", work.identity.network));
    };
    match side {
        // Own records come back through recovery alone.
        Side::Below(_) if member.node == work.identity.node => return Verdict::Drop,
        Side::Above if member.node != **peer => {
            return refuse(Code::Host, format!("{origin} lives on {}, not on {peer}", member.node));
        }
        _ => {}
    }
    if member.keys.verifying(part.key_number(), work.now).is_none() {
        return refuse(Code::Key, format!("key {} of {origin} is not known, or no longer good", part.key_number()));
    }
    match verifies {
        Some(true) => {}
        Some(false) => {
            return refuse(Code::BadSignature, format!("not signed by key {} of {origin}", part.key_number()));
        }
        None => return refuse(Code::Key, format!("key {} of {origin} came after the record", part.key_number())),
    }
    match (&member.state, side) {
        (MemberState::Active, _) | (MemberState::Suspended, Side::Below(_)) => {}
        _ => return refuse(Code::Suspended, format!("{origin} is suspended or has left the network")),
    }
    if part.is_record() && work.now > part.expire_time() + EXPIRE_SLACK_MICROS {
        return refuse(Code::Expired, "its date has passed".to_owned());
    }
    // Taking it in would be forgetting it, and every reader that is behind would begin anew.
    if **side == Side::Above && work.now > part.expire_time() + 2 * EXPIRE_SLACK_MICROS {
        return refuse(Code::Expired, "the time until which it is kept has passed".to_owned());
    }
    if let Some(detail) = dated::ahead(part, side, work.now) {
        return refuse(Code::Future, detail.to_owned());
    }
    let latest = work.now + contract::EXPIRE_TAKEN.as_micros() as i64;
    if **side == Side::Above && part.expire_time() > latest {
        return refuse(Code::Limit, "its date lies more than 18 months ahead".to_owned());
    }
    Verdict::Take
}
