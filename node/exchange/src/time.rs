//! Times on the wire and inside: timestamps and microseconds since 1970 UTC.

use duikou_proto::envelope::Micros;
use jiff::{Span, Timestamp, tz::TimeZone};

/// A timestamp on the wire.
pub fn timestamp(time: Micros) -> prost_types::Timestamp {
    let (seconds, micros) = (time.div_euclid(1_000_000), time.rem_euclid(1_000_000));
    // Below 1,000,000,000 by construction.
    prost_types::Timestamp { seconds, nanos: micros as i32 * 1000 }
}

/// Microseconds, parts of which are cut off; None where it is no time after 1970 that can be counted so.
pub fn micros(time: &prost_types::Timestamp) -> Option<Micros> {
    let nanos = (0..1_000_000_000).contains(&time.nanos).then_some(time.nanos)?;
    let micros = time.seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos) / 1000)?;
    (micros > 0).then_some(micros)
}

/// Whether people and programs can be shown it: there is no form for a year of five digits.
pub fn has_form(time: Micros) -> bool {
    Timestamp::from_microsecond(time).is_ok()
}

/// `months` after `time` by the calendar, in UTC; `time` itself where the calendar ends.
pub fn add_months(time: Micros, months: i32) -> Micros {
    let later = || {
        let zoned = Timestamp::from_microsecond(time).ok()?.to_zoned_datetime(TimeZone::UTC);
        Some(zoned.checked_add(Span::new().try_months(months).ok()?).ok()?.timestamp().as_microsecond())
    };
    later().unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_microseconds_and_months_their_days() {
        let time = Timestamp::UNIX_EPOCH.as_microsecond() + 1_800_000_000_123_456;
        assert_eq!(micros(&timestamp(time)), Some(time));
        for (seconds, nanos) in [(0, 0), (-5, 0), (5, -1), (5, 1_000_000_000), (i64::MAX, 0)] {
            assert_eq!(micros(&prost_types::Timestamp { seconds, nanos }), None);
        }
        let end_of_august: Timestamp = "2026-08-31T12:00:00Z".parse().unwrap();
        let later = Timestamp::from_microsecond(add_months(end_of_august.as_microsecond(), 6)).unwrap();
        assert_eq!(later.to_string(), "2027-02-28T12:00:00Z");
    }
}
