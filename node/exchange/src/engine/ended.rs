//! The last content of listings of members here that have ended, for their own people: what was taken back can be looked at
//! and written anew. No other reader, link or index learns of it.
//!
//! It is kept in the transaction in which the listing ends, for [`limits::ENDED_KEPT`] and up to [`limits::ENDED`] of a
//! member, and leaves the store with its member. What is deleted is kept nowhere.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::WithdrawalReason;
use serde::{Deserialize, Serialize};

use super::departed::Piece;
use super::heads::Counted;
use super::{Engine, Work, facts};
use crate::limits;
use crate::store::{Found, GoneReason, Read, Row, StoreError};

/// Entries that are forgotten at most with each that is kept, so that the number of those that are too many sinks.
const FORGOTTEN: usize = 3;
/// Entries that are read in one statement.
const STEP: usize = 256;
/// Entries that are looked at for one page.
const LOOKED: usize = 4_096;

/// What is kept of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    /// [`WithdrawalReason`].
    reason: i32,
    /// When it ended.
    time: Micros,
    /// The signed record that was in force; base64.
    record: String,
}

/// A listing that has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// What it said at last.
    pub record: Part,
    /// Why it ended.
    pub reason: WithdrawalReason,
    /// When.
    pub time: Micros,
}

/// Where the entries of a member lie.
fn of_member(member: &str) -> String {
    format!("{}{member}/", facts::ENDED)
}

fn key(name: &RecordName) -> String {
    format!("{}{}", of_member(name.origin_str()), name.id())
}

/// Where the entries of a member lie by the time of their end.
fn by_time(member: &str) -> String {
    format!("{}{member}/", facts::ENDED_BY_TIME)
}

fn count(member: &str) -> String {
    format!("{}{member}", facts::ENDED_COUNT)
}

/// What became of a listing whose row is `row` by now.
enum End {
    /// It has ended, for this reason and at this time.
    Kept(WithdrawalReason, Micros),
    /// For good: nothing of it stays.
    Deleted,
    /// It is here no longer, or goes on.
    Other,
}

fn end_of(old: &Part, row: Option<&Row>, now: Micros) -> End {
    let Some(row) = row.filter(|row| row.record.is_none()) else { return End::Other };
    if let Some(end) = row.withdrawal.as_ref().filter(|end| end.revision() >= old.revision()) {
        return match end.reason() {
            Some(reason @ (WithdrawalReason::Withdrawn | WithdrawalReason::Filled | WithdrawalReason::Expired)) => {
                End::Kept(reason, end.revision())
            }
            Some(WithdrawalReason::Deleted) => End::Deleted,
            Some(WithdrawalReason::Narrowed | WithdrawalReason::Unspecified) | None => End::Other,
        };
    }
    match row.gone {
        Some((GoneReason::Withdrawn, _)) => End::Kept(WithdrawalReason::Withdrawn, now),
        Some((GoneReason::Expired, _)) => End::Kept(WithdrawalReason::Expired, now),
        Some((GoneReason::Filled, _)) => End::Kept(WithdrawalReason::Filled, now),
        Some((GoneReason::Deleted, _)) => End::Deleted,
        Some((GoneReason::ScopeLost | GoneReason::Removed, _)) | None => End::Other,
    }
}

impl Work<'_> {
    /// Keeps what a listing of a member here said, where it has ended.
    pub(super) async fn keep_ended(&mut self, old: &Part, row: Option<&Row>) -> Result<(), StoreError> {
        let (name, member) = (old.name().clone(), old.name().origin_str().to_owned());
        let (reason, time) = match end_of(old, row, self.now) {
            End::Kept(reason, time) => (reason, time),
            End::Deleted => {
                self.forget_ended(&name);
                return Ok(());
            }
            End::Other => return Ok(()),
        };
        let record = BASE64_STANDARD_NO_PAD.encode(old.bytes());
        self.put_fact(key(&name), &Fact { reason: reason.into(), time, record });
        let by_time = by_time(&member);
        self.put_fact(format!("{by_time}{time:020}/{}", name.id()), &name.as_str());
        let mut held = self.fact::<usize>(&count(&member)).await?.unwrap_or(0) + 1;
        let oldest = format!("{by_time}{:020}", self.now - limits::ENDED_KEPT.as_micros() as Micros);
        let (first, _) = self.facts_after(&by_time, "", FORGOTTEN).await?;
        for (place, value) in first {
            if held <= limits::ENDED && place >= oldest {
                break;
            }
            let name = name_in(&place, &value)?;
            let kept = self.fact::<Fact>(&key(&name)).await?;
            // It may have been published again since, and have ended again.
            if kept.is_some_and(|kept| place.starts_with(&format!("{by_time}{:020}/", kept.time))) {
                self.remove_fact(key(&name));
            }
            self.remove_fact(place);
            held = held.saturating_sub(1);
        }
        self.put_fact(count(&member), &held);
        Ok(())
    }

    /// Whether a row that was `before` is one of which something may be to be kept.
    pub(super) fn may_have_ended(&self, before: &Counted, row: Option<&Row>) -> bool {
        before.record().is_some_and(|old| old.kind().is_listing() && self.is_own(old.name()))
            && row.is_some_and(|row| row.record.is_none())
    }

    /// Of a member that leaves this store nothing of it stays. It is kept where everything is that leaves with it.
    pub(super) async fn ended_depart(&mut self, member: &MemberId) -> Result<(), StoreError> {
        let (prefix, mut after, mut first) = (of_member(member.as_str()), Some(String::new()), true);
        while let Some(last) = after {
            let (found, more) = self.facts_after(&prefix, &last, STEP).await?;
            // One that cannot be read is no reason to keep a member here.
            let parts: Vec<Part> = found.iter().filter_map(|(key, value)| signed(key, value).ok()).collect();
            if !parts.is_empty() {
                self.keep_departed(member, first, Piece::Ended(&parts))?;
                first = false;
            }
            found.into_iter().for_each(|(key, _)| self.remove_fact(key));
            after = more;
        }
        let (prefix, mut after) = (by_time(member.as_str()), Some(String::new()));
        while let Some(last) = after {
            let (found, more) = self.facts_after(&prefix, &last, STEP).await?;
            found.into_iter().for_each(|(key, _)| self.remove_fact(key));
            after = more;
        }
        self.remove_fact(count(member.as_str()));
        Ok(())
    }

    /// Forgets what a listing said that has ended.
    pub(super) fn forget_ended(&mut self, name: &RecordName) {
        // Its place by time points to nothing from now on, and is forgotten with the oldest.
        self.remove_fact(key(name));
    }
}

fn name_in(place: &str, value: &[u8]) -> Result<RecordName, StoreError> {
    let text: String = facts::decode(place, value)?;
    let inconsistent =
        || StoreError::Inconsistent { table: "facts", row: place.to_owned(), detail: "it names no listing".to_owned() };
    text.parse().map_err(|_| inconsistent())
}

/// The record in an entry.
fn signed(key: &str, value: &[u8]) -> Result<Part, StoreError> {
    let Fact { record, .. } = facts::decode(key, value)?;
    let part = BASE64_STANDARD_NO_PAD.decode(&record).ok();
    let part = part.and_then(|bytes| Part::parse(&bytes).ok());
    let detail = "its record cannot be read".to_owned();
    part.ok_or_else(|| StoreError::Inconsistent { table: "facts", row: key.to_owned(), detail })
}

impl Engine {
    /// What a listing of a member here said at last; None where it goes on, was deleted, or ended too long ago.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn ended(&self, name: &RecordName) -> Result<Option<Ended>, StoreError> {
        let mut read = self.store().read().await?;
        ended(&mut *read, name).await
    }

    /// Those of a member that ended for `reason` and that `wanted` takes, the last of them first, before the place `before`
    /// (empty: all); and the place before which to go on, where there may be more.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn all_ended(
        &self,
        member: &MemberId,
        reason: WithdrawalReason,
        before: &str,
        limit: usize,
        wanted: impl Fn(&Ended) -> bool + Send,
    ) -> Result<(Vec<Ended>, Option<String>), StoreError> {
        let mut read = self.store().read().await?;
        let place = by_time(member.as_str());
        let mut last = if before.is_empty() { String::new() } else { format!("{place}{before}") };
        let (mut found, mut looked) = (Vec::new(), 0);
        loop {
            let entries = read.facts_before(&place, &last, STEP).await?;
            let more = entries.len() == STEP;
            for (entry, value) in entries {
                let name = name_in(&entry, &value)?;
                looked += 1;
                last = entry;
                // It may have been published again since, and have ended again.
                let here =
                    |kept: &Ended| kept.reason == reason && last.starts_with(&format!("{place}{:020}/", kept.time));
                found.extend(ended(&mut *read, &name).await?.filter(here).filter(&wanted));
                if found.len() == limit || looked == LOOKED {
                    return Ok((found, last.strip_prefix(&place).map(str::to_owned)));
                }
            }
            if !more {
                return Ok((found, None));
            }
        }
    }
}

async fn ended(read: &mut dyn Read, name: &RecordName) -> Result<Option<Ended>, StoreError> {
    let key = key(name);
    let Some(value) = read.fact(&key).await? else { return Ok(None) };
    let Found { rows, damaged } = read.rows(std::slice::from_ref(name)).await?;
    // Of one that cannot be read nobody knows whether it goes on.
    if !damaged.is_empty() || rows.iter().any(|row| row.record.is_some()) {
        return Ok(None);
    }
    let Fact { reason, time, .. } = facts::decode(&key, &value)?;
    let record = signed(&key, &value)?;
    let reason = WithdrawalReason::try_from(reason).unwrap_or(WithdrawalReason::Unspecified);
    Ok(Some(Ended { record, reason, time }))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use duikou_proto::federation::Host;
    use duikou_proto::federation::directory_entry::Action;

    use super::*;
    use crate::feed::model::{World, id};

    #[tokio::test]
    async fn what_a_member_took_back_leaves_the_store_with_it() {
        let mut world = World::new().await;
        for member in ["a", "b"] {
            for number in 0..3 {
                world.put(member, number, &["public"], true, 0).await;
            }
            world.end(member, 1).await;
        }
        let kept: Arc<Mutex<Vec<(bool, RecordName)>>> = Arc::default();
        let keeping = kept.clone();
        world.engine.keep_departed_with(Box::new(move |_, _, first, piece| {
            if let Piece::Ended(parts) = piece {
                keeping.lock().unwrap().extend(parts.iter().map(|part| (first, part.name().clone())));
            }
            Ok(())
        }));
        let (leaves, stays) = (World::name("a", 1), World::name("b", 1));
        assert!(world.engine.ended(&leaves).await.unwrap().is_some());
        let (member, node) = (id("a").to_string(), id("elsewhere").to_string());
        world.act(Action::Host(Host { member, node, announced: false })).await;
        assert_eq!(*kept.lock().unwrap(), [(true, leaves.clone())]);
        assert!(world.engine.ended(&leaves).await.unwrap().is_none());
        assert!(world.engine.ended(&stays).await.unwrap().is_some());
        for prefix in [facts::ENDED, facts::ENDED_BY_TIME, facts::ENDED_COUNT] {
            let left = world.engine.facts::<serde_json::Value>(prefix, 10).await.unwrap();
            assert_eq!(left.len(), 1, "{prefix}");
            assert!(left[0].0.contains(id("b").as_str()));
        }
    }
}
