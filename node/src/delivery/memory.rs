//! What a subscriber had: one small fact for each name, gone when the name leaves. It makes "only to those who had it" and
//! "never an older revision after a newer" true across restarts, resets and changes of the filter.
//!
//! A name is noted before it is sent for the first time and confirmed afterwards. Of what lies between, the receiver may
//! have it: it is sent again under the same id, and where the name leaves meanwhile the receiver is told. That it is gone
//! is noted in the same two steps.

use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::name::RecordName;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::Details;
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, facts};
use crate::limits;
use crate::store::StoreError;

/// What a subscriber had of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HadFact {
    /// Which coming of a name to this subscription it was.
    #[serde(rename = "e")]
    pub(crate) entry: u64,
    /// The newest revision that was sent, or was about to be.
    #[serde(rename = "o")]
    pub(crate) offered: Revision,
    /// The newest that has certainly arrived; 0: none.
    #[serde(rename = "c")]
    pub(crate) confirmed: Revision,
    /// Whether the newest that was offered was told as new: that does not change where it is told again.
    #[serde(rename = "n", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) new: bool,
    /// Whether it was about to be told that it is gone, so that the receiver may know: should it be there after all, it
    /// comes anew.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) leaving: bool,
    /// Grows with each change and each coming: what calendars call so.
    #[serde(rename = "s")]
    pub(crate) sequence: u32,
    /// When its origin wrote it.
    #[serde(rename = "t")]
    pub(crate) time: Micros,
    /// When it takes place, where it is an event.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<When>,
}

/// When an event takes place; seconds since 1970. It stays known when the event is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct When {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Until when one may register.
    pub(crate) deadline: Option<i64>,
    /// Until when one could, where the event has no such end any longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dropped: Option<i64>,
}

impl When {
    pub(crate) fn of(opportunity: &Opportunity) -> Option<Self> {
        let Some(Details::Event(event)) = &opportunity.details else { return None };
        let seconds = |time: &prost_types::Timestamp| time.seconds;
        Some(Self {
            start: event.start_time.as_ref().map(seconds)?,
            end: event.end_time.as_ref().map(seconds)?,
            deadline: event.registration_deadline.as_ref().map(seconds),
            dropped: None,
        })
    }

    /// The same for who has known it as `before`: an end of registration that was told is remembered when it is dropped.
    pub(crate) fn after(self, before: Option<Self>) -> Self {
        let told = before.and_then(|before| before.deadline.or(before.dropped));
        Self { dropped: told.filter(|_| self.deadline.is_none()), ..self }
    }
}

/// The sequence number of what happens at `now`, after one that was `before`: the seconds since 2026, so that a name that
/// comes again goes on above what it had.
pub(crate) fn sequence(before: Option<u32>, now: Micros) -> u32 {
    let seconds = u32::try_from(now / 1_000_000 - SINCE).unwrap_or_default();
    before.map_or(seconds, |before| seconds.max(before.saturating_add(1)))
}

/// 2026-01-01T00:00:00Z.
const SINCE: i64 = 1_767_225_600;

/// What a subscriber had and has been told is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftFact {
    pub(crate) name: String,
    pub(crate) reason: i32,
    pub(crate) time: Micros,
    pub(crate) had: HadFact,
}

impl LeftFact {
    /// The sequence number under which it is cancelled.
    pub(crate) fn sequence(&self) -> u32 {
        sequence(Some(self.had.sequence), self.time)
    }
}

/// The key of the sequence number under which an event was cancelled: should it come again, it goes on above that.
pub(crate) fn cancelled_key(id: &str, name: &str) -> String {
    format!("{}{name}", facts::cancelled(id))
}

/// The key of what a subscriber had of a name.
pub(crate) fn had_key(id: &str, name: &RecordName) -> String {
    format!("{}{name}", facts::had(id))
}

/// The key of a departure: the newest come first.
pub(crate) fn left_key(id: &str, left: &LeftFact) -> String {
    format!("{}{}/{}", facts::left(id), newest_first(left.time), left.name)
}

/// The key under which a page finds a name that was written at `time`: the newest come first.
pub(crate) fn recent_key(id: &str, time: Micros, name: &RecordName) -> String {
    format!("{}{}/{name}", facts::recent(id), newest_first(time))
}

fn newest_first(time: Micros) -> String {
    format!("{:020}", duikou_proto::limits::LATEST_MICROS.saturating_sub(time).max(0))
}

/// What the subscriber had of a name.
pub(crate) async fn had(engine: &Engine, id: &str, name: &RecordName) -> Result<Option<HadFact>, StoreError> {
    engine.fact(&had_key(id, name)).await
}

/// A page of what the subscriber had, by name, after the key `after`; at most `limit`.
pub(crate) async fn had_after(
    engine: &Engine,
    id: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<(RecordName, HadFact)>, StoreError> {
    let prefix = facts::had(id);
    let found = engine.store().read().await?.facts(&prefix, after, limit).await?;
    let network = &engine.identity().network;
    let read = |(key, value): (String, Vec<u8>)| {
        let name = RecordName::parse(key.strip_prefix(&prefix).unwrap_or(&key), network).map_err(|error| {
            StoreError::Inconsistent { table: "facts", row: key.clone(), detail: error.to_string() }
        })?;
        Ok((name, facts::decode(&key, &value)?))
    };
    found.into_iter().map(read).collect()
}

/// The keys of departures that are too old to be remembered: a few of them.
pub(crate) async fn stale_departures(engine: &Engine, id: &str) -> Result<Vec<String>, StoreError> {
    let kept = Micros::try_from(limits::DEPARTURES_KEPT.as_micros()).unwrap_or(Micros::MAX);
    let prefix = facts::left(id);
    let oldest = format!("{prefix}{}", newest_first(engine.now() - kept));
    let found = engine.store().read().await?.facts(&prefix, &oldest, limits::DEPARTURES_LOOKED).await?;
    let mut keys = Vec::with_capacity(found.len());
    for (key, value) in found {
        let left: LeftFact = facts::decode(&key, &value)?;
        keys.extend([cancelled_key(id, &left.name), key]);
    }
    Ok(keys)
}

/// The departures that are remembered, newest first.
pub(crate) async fn departures(engine: &Engine, id: &str, limit: usize) -> Result<Vec<LeftFact>, StoreError> {
    let found = engine.facts::<LeftFact>(&facts::left(id), limit).await?;
    Ok(found.into_iter().map(|(_, left)| left).collect())
}
