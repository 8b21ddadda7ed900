//! What each origin has published, changed and ended, summed up by month: small sums that outlive the rows.
//!
//! A sum is changed in the transaction that changes the row. It stands under the audience of the row, so that the viewer
//! decides for each sum, as for the rows in it, who is told of it. By what months are counted the origin has signed
//! (`publish_time`, `update_time`, the revision of an end), so a store that comes later counts as the others do, as far
//! as it still gets to see: what had changed or ended before it came is not in its sums.
//!
//! A month is one of China's time. A store that lost its sums makes them anew of its rows at the start, as far as rows
//! tell. A row that goes without having ended (a circle left, a member removed) is counted no longer. Of what a partner
//! may see of ours, the partner's viewer is asked.

use std::collections::BTreeMap;

use duikou_proto::envelope::{Micros, Part, Statement};
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::WithdrawalReason;
use duikou_proto::v1::opportunity::Direction;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use prost::Message;
use serde::{Deserialize, Serialize};

use super::heads::Counted;
use super::{Engine, Reader, Work, facts};
use crate::limits;
use crate::store::{Fact, GoneReason, Row, Store, StoreError, Stretch};

/// Months are those of China, which is one everywhere in it.
const HOURS_EAST: i8 = 8;
/// Digits of the code of a province in that of a place.
const PROVINCE_DIGITS: usize = 2;
/// Rows that sums are made anew of in one statement.
const PAGE: usize = 1024;

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Was published.
    #[serde(default)]
    pub published: i64,
    /// Got other content or another audience.
    #[serde(default)]
    pub updated: i64,
    /// Ended since what was offered or sought has been found.
    #[serde(default)]
    pub filled: i64,
    /// Was taken back.
    #[serde(default)]
    pub withdrawn: i64,
    /// Its date passed.
    #[serde(default)]
    pub expired: i64,
}

impl Sums {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.published += other.published;
        self.updated += other.updated;
        self.filled += other.filled;
        self.withdrawn += other.withdrawn;
        self.expired += other.expired;
    }
}

/// What happened for one audience.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// By kind and direction: `project/offer`.
    #[serde(default)]
    pub kinds: BTreeMap<String, Sums>,
    /// What was published, by the code of the province, or of the country abroad.
    #[serde(default)]
    pub places: BTreeMap<String, i64>,
}

/// A month of one origin, as it is kept: by the audience's scopes as a text; empty: on request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct MonthFact(BTreeMap<String, Happened>);

/// A month of one origin for one audience, as somebody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `2026-11`.
    pub month: String,
    /// Full id.
    pub origin: String,
    /// For whom.
    pub audience: ScopeSet,
    /// What happened.
    pub happened: Happened,
}

/// What of a listing is counted: the rest of the body is passed over.
#[derive(Clone, PartialEq, Message)]
struct Glance {
    #[prost(enumeration = "Direction", tag = "1")]
    direction: i32,
    #[prost(string, repeated, tag = "6")]
    regions: Vec<String>,
}

/// The month in which a moment lies, `2026-11`.
pub fn month_of(time: Micros) -> String {
    let zone = TimeZone::fixed(Offset::constant(HOURS_EAST));
    let moment = Timestamp::from_microsecond(time).unwrap_or_default().to_zoned_datetime(zone);
    format!("{:04}-{:02}", moment.year(), moment.month())
}

/// What becomes of the sums in one transaction, by month and origin.
#[derive(Debug)]
pub(super) struct Changes {
    now: Micros,
    months: BTreeMap<(String, String), MonthFact>,
}

impl Changes {
    /// None yet.
    pub(super) fn new(now: Micros) -> Self {
        Self { now, months: BTreeMap::new() }
    }

    /// A row has changed from `before` to `after`.
    pub(super) fn note(&mut self, before: &Counted, after: Option<&Row>) {
        let old = before.record().filter(|part| part.kind().is_listing());
        let new = after.and_then(|row| row.record.as_ref()).filter(|part| part.kind().is_listing());
        match (old, new) {
            (None, Some(new)) => {
                let Statement::Record { publish_time, update_time, .. } = new.statement() else { return };
                // What comes back after it was withdrawn is published again.
                let again = before.withdrawal().is_some();
                self.published(if again { *update_time } else { *publish_time }, new, 1);
            }
            (Some(old), Some(new)) if old.hash() != new.hash() => {
                let Statement::Record { update_time, .. } = new.statement() else { return };
                self.counted(*update_time, new).updated += 1;
            }
            (Some(old), None) => self.ended(old, after),
            _ => {}
        }
    }

    fn ended(&mut self, old: &Part, after: Option<&Row>) {
        let withdrawal = after.and_then(|row| row.withdrawal.as_ref()).filter(|end| end.revision() >= old.revision());
        if let Some(end) = withdrawal {
            let time = end.revision();
            match end.reason() {
                Some(WithdrawalReason::Filled) => self.counted(time, old).filled += 1,
                Some(WithdrawalReason::Expired) => self.counted(time, old).expired += 1,
                Some(WithdrawalReason::Withdrawn | WithdrawalReason::Deleted) => self.counted(time, old).withdrawn += 1,
                // It goes on for others.
                Some(WithdrawalReason::Narrowed | WithdrawalReason::Unspecified) | None => {}
            }
            return;
        }
        match after.and_then(|row| row.gone) {
            Some((GoneReason::Expired, _)) => self.counted(old.expire_time(), old).expired += 1,
            Some((GoneReason::Filled, _)) => self.counted(self.now, old).filled += 1,
            Some((GoneReason::Withdrawn | GoneReason::Deleted, _)) => self.counted(self.now, old).withdrawn += 1,
            // It has not ended: this store holds it no longer, and should it come again, it is counted again.
            Some((GoneReason::ScopeLost | GoneReason::Removed, _)) | None => {
                let Statement::Record { publish_time, .. } = old.statement() else { return };
                self.published(*publish_time, old, -1);
            }
        }
    }

    fn published(&mut self, time: Micros, part: &Part, by: i64) {
        let glance = Glance::decode(part.body()).unwrap_or_default();
        let happened = self.of_month(time, part);
        let mut places: Vec<&str> = glance.regions.iter().map(|code| place(code)).collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            *happened.places.entry(place.to_owned()).or_default() += by;
        }
        happened.kinds.entry(class(part, &glance)).or_default().published += by;
    }

    fn counted(&mut self, time: Micros, part: &Part) -> &mut Sums {
        let glance = Glance::decode(part.body()).unwrap_or_default();
        self.of_month(time, part).kinds.entry(class(part, &glance)).or_default()
    }

    fn of_month(&mut self, time: Micros, part: &Part) -> &mut Happened {
        let key = (month_of(time), part.name().origin_str().to_owned());
        self.months.entry(key).or_default().0.entry(part.scopes().to_text()).or_default()
    }
}

fn class(part: &Part, glance: &Glance) -> String {
    let direction = match glance.direction() {
        Direction::Offer => "offer",
        Direction::Request => "request",
        Direction::Unspecified => "",
    };
    format!("{}/{direction}", part.kind().as_str())
}

/// The province of a place in China; else the country.
fn place(code: &str) -> &str {
    let in_china = code.bytes().all(|byte| byte.is_ascii_digit());
    if in_china { code.get(..PROVINCE_DIGITS).unwrap_or(code) } else { code }
}

impl MonthFact {
    /// Adds what changed. What has no room counts for its origin alone, so that nobody is told of what is not theirs.
    fn add(&mut self, changes: Self) {
        for (audience, change) in changes.0 {
            let room = self.0.len() < limits::MONTH_AUDIENCES || self.0.contains_key(&audience);
            let happened = self.0.entry(if room { audience } else { String::new() }).or_default();
            for (kind, sums) in change.kinds {
                happened.kinds.entry(kind).or_default().add(&sums);
            }
            for (place, count) in change.places {
                if happened.places.len() < limits::MONTH_PLACES || happened.places.contains_key(&place) {
                    *happened.places.entry(place).or_default() += count;
                }
            }
            happened.places.retain(|_, count| *count != 0);
        }
    }
}

impl Work<'_> {
    /// Changes the sums with the rows.
    pub(super) async fn add_to_months(&mut self, changes: Changes) -> Result<(), StoreError> {
        for ((month, origin), change) in changes.months {
            let key = facts::month(&month, &origin);
            let mut kept: MonthFact = self.fact(&key).await?.unwrap_or_default();
            kept.add(change);
            self.put_fact(key, &kept);
        }
        Ok(())
    }
}

/// What makes the sums anew, of all rows, where a store has none yet: the facts that are to be written.
///
/// # Errors
/// Where the store cannot be read.
pub async fn begun(store: &dyn Store, now: Micros) -> Result<Vec<Fact>, StoreError> {
    let mut read = store.read().await?;
    if read.fact(facts::MONTHS_BEGUN).await?.is_some() {
        return Ok(Vec::new());
    }
    let (mut changes, mut after) = (Changes::new(now), Some(String::new()));
    while let Some(from) = after {
        let Stretch { rows, next, .. } = read.range("members/", &from, PAGE).await?;
        after = next;
        for row in &rows {
            changes.note(&Counted::default(), Some(row));
            if let (None, Some(end)) = (&row.record, &row.withdrawal)
                && end.kind().is_listing()
            {
                changes.ended(end, Some(row));
            }
        }
    }
    let mut facts = vec![(facts::MONTHS_BEGUN.to_owned(), Some(facts::encode(facts::MONTHS_BEGUN, &true)?))];
    for ((month, origin), change) in changes.months {
        let mut kept = MonthFact::default();
        kept.add(change);
        let key = facts::month(&month, &origin);
        let kept = facts::encode(&key, &kept)?;
        facts.push((key, Some(kept)));
    }
    Ok(facts)
}

impl Engine {
    /// What `reader` may know of the months from `first` on (`2026-11`), by month.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn months(&self, reader: &Reader, first: &str) -> Result<Vec<Seen>, StoreError> {
        let after = facts::month(first, "");
        let found = self.store().read().await?.facts(facts::MONTHS, &after, limits::MONTHS).await?;
        let (viewer, directory) = (self.viewer(reader), self.directory());
        let mut seen = Vec::new();
        for (key, value) in found {
            let Some((month, origin)) = key.strip_prefix(facts::MONTHS).and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            for (audience, happened) in facts::decode::<MonthFact>(&key, &value)?.0 {
                let Ok(audience) = ScopeSet::from_text(&audience) else { continue };
                if viewer.may_know_of(origin, &audience, &directory) {
                    seen.push(Seen { month: month.to_owned(), origin: origin.to_owned(), audience, happened });
                }
            }
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_china() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(month_of(at("2026-10-31T15:59:59Z")), "2026-10");
        assert_eq!(month_of(at("2026-10-31T16:00:00Z")), "2026-11");
        assert_eq!(month_of(0), "1970-01");
    }

    #[test]
    fn places_are_counted_by_province_and_country() {
        assert_eq!(["520500", "440000", "DE", "71"].map(place), ["52", "44", "DE", "71"]);
    }

    #[test]
    fn what_has_no_room_is_told_to_nobody_but_its_origin() {
        let happened = || {
            let kinds = [("project/offer".to_owned(), Sums { published: 1, ..Sums::default() })];
            Happened { kinds: kinds.into(), places: [("52".to_owned(), 1)].into() }
        };
        let mut month = MonthFact::default();
        for at in 0..3 * limits::MONTH_AUDIENCES {
            month.add(MonthFact([(format!("circle:c{at}@n.example"), happened())].into()));
        }
        assert!(month.0.len() <= limits::MONTH_AUDIENCES + 1);
        let all: i64 = month.0.values().flat_map(|happened| happened.kinds.values()).map(|sums| sums.published).sum();
        assert_eq!(all, 3 * limits::MONTH_AUDIENCES as i64, "nothing is lost");
        assert!(month.0[""].kinds["project/offer"].published > 1);
        let back = Happened { places: [("52".to_owned(), -1)].into(), ..Happened::default() };
        month.add(MonthFact([("circle:c0@n.example".to_owned(), back)].into()));
        assert!(month.0["circle:c0@n.example"].places.is_empty());
    }
}
