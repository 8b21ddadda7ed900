//! When a digest is due: at an hour of the reader's own day, or a day of the reader's week.

use duikou_proto::envelope::Micros;
use duikou_proto::v1::mail_digest::Pace;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::delivery::subscription::MailWay;

/// The first moment after `last` at which a digest by the clock is due; `last` itself for those at once. An hour that the
/// change to summer time leaves out comes at its end, one that comes twice counts once.
pub(crate) fn due_after(mail: &MailWay, last: Micros) -> Micros {
    let pace = mail.pace();
    let weekly = match pace {
        Pace::AtOnce => return last,
        Pace::Weekly => true,
        Pace::Daily | Pace::Unspecified => false,
    };
    let due = || {
        let zone = TimeZone::get(&mail.time_zone).ok()?;
        let from = Timestamp::from_microsecond(last).ok()?.to_zoned_datetime(zone.clone());
        let weekday = Weekday::from_monday_one_offset(mail.weekday).ok()?;
        // Today may be over already, so there is one more day than a week has.
        (0..=8).find_map(|days| {
            let day = from.date().checked_add(days.days()).ok()?;
            if weekly && day.weekday() != weekday {
                return None;
            }
            let moment = day.at(mail.hour, 0, 0, 0).to_zoned_datetime(zone.clone()).ok()?;
            Some(moment.timestamp().as_microsecond()).filter(|moment| *moment > last)
        })
    };
    // A time zone that was good once and is known no longer: a day later.
    due().unwrap_or(last + 24 * 3600 * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(pace: Pace, zone: &str, hour: i8, weekday: i8, last: &str) -> String {
        let mail = MailWay {
            address: String::new(),
            pace: pace.into(),
            hour,
            weekday,
            time_zone: zone.to_owned(),
            language: "zh".to_owned(),
            secret: String::new(),
        };
        let last: Timestamp = last.parse().unwrap();
        Timestamp::from_microsecond(due_after(&mail, last.as_microsecond())).unwrap().to_string()
    }

    #[test]
    fn digests_come_at_the_readers_own_hour() {
        let shanghai = |last| due(Pace::Daily, "Asia/Shanghai", 8, 1, last);
        assert_eq!(shanghai("2026-11-28T10:00:00Z"), "2026-11-29T00:00:00Z");
        assert_eq!(shanghai("2026-11-28T23:59:59Z"), "2026-11-29T00:00:00Z");
        assert_eq!(shanghai("2026-11-29T00:00:00Z"), "2026-11-30T00:00:00Z");
        // Saturday; the week's day is Monday.
        assert_eq!(due(Pace::Weekly, "Asia/Shanghai", 9, 1, "2026-11-28T10:00:00Z"), "2026-11-30T01:00:00Z");
        assert_eq!(due(Pace::Weekly, "Asia/Shanghai", 9, 1, "2026-11-30T01:00:00Z"), "2026-12-07T01:00:00Z");
        assert_eq!(due(Pace::AtOnce, "Asia/Shanghai", 9, 1, "2026-11-28T10:00:00Z"), "2026-11-28T10:00:00Z");
    }

    #[test]
    fn an_hour_that_does_not_come_and_one_that_comes_twice_make_one_digest_each() {
        let berlin = |last| due(Pace::Daily, "Europe/Berlin", 2, 1, last);
        // 2027-03-28: the clock jumps from 2 to 3.
        assert_eq!(berlin("2027-03-27T12:00:00Z"), "2027-03-28T01:00:00Z");
        assert_eq!(berlin("2027-03-28T01:00:00Z"), "2027-03-29T00:00:00Z");
        // 2027-10-31: 2 comes twice.
        assert_eq!(berlin("2027-10-30T12:00:00Z"), "2027-10-31T00:00:00Z");
        assert_eq!(berlin("2027-10-31T00:00:00Z"), "2027-11-01T01:00:00Z");
    }
}
