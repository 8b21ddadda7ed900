//! The day with which a listing of an event ends where nothing is said: a day after the event, at midnight where that ends
//! with a day. Other days end with their last second.

use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::Details;
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::ZONE;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A day after an event, in seconds; None where that is no midnight.
pub(in crate::sheets) fn day_after(body: &Opportunity) -> Option<i64> {
    let Some(Details::Event(event)) = &body.details else { return None };
    let end = event.end_time.as_ref().filter(|end| end.nanos == 0)?;
    let after = end.seconds.checked_add(DAY)?;
    let local = TimeZone::get(ZONE).ok()?.to_datetime(Timestamp::from_second(after).ok()?);
    (local.time() == Time::midnight()).then_some(after)
}
