//! 活动: meetings to come.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Check, bounds, reason};
use crate::v1;

/// The longest name of a time zone that is looked up, in characters; IANA's are below 40.
const TIME_ZONE_CHARS: usize = 64;

pub(crate) fn event(check: &mut Check<'_>, part: &v1::Event) {
    let start = required_time(check, "start_time", part.start_time.as_ref());
    let end = required_time(check, "end_time", part.end_time.as_ref());
    if let (Some(start), Some(end)) = (start, end)
        && end <= start
    {
        check.fail(
            "end_time",
            reason::INCONSISTENT,
            "结束时间须晚于开始时间，请检查。",
            "It ends before it starts: give a time after start_time.",
        );
    }
    if check.required_line("time_zone", &part.time_zone, TIME_ZONE_CHARS) && !is_time_zone(&part.time_zone) {
        check.fail(
            "time_zone",
            reason::UNKNOWN_CODE,
            "时区不存在，请使用 IANA 时区名，如 Asia/Shanghai。",
            "There is no such time zone: use an IANA name such as Asia/Shanghai.",
        );
    }
    if part.online_url.is_empty() {
        check.required_line("venue", &part.venue, bounds::VENUE_CHARS);
    } else {
        check.line("venue", &part.venue, bounds::VENUE_CHARS);
        check.url("online_url", &part.online_url);
    }
    let deadline = part.registration_deadline.as_ref().and_then(|time| moment(check, "registration_deadline", time));
    if let (Some(start), Some(deadline)) = (start, deadline)
        && deadline > start
    {
        check.fail(
            "registration_deadline",
            reason::INCONSISTENT,
            "报名截止不得晚于开始时间，请检查。",
            "Registration ends after the start: give a time not after start_time.",
        );
    }
    check.number("capacity", part.capacity.into(), bounds::CAPACITY);
}

fn required_time(check: &mut Check<'_>, field: &str, time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    if time.is_none() {
        check.absent(field);
    }
    time.and_then(|time| moment(check, field, time))
}

/// A time of the years 1 to 9999.
pub(crate) fn moment(check: &mut Check<'_>, field: &str, time: &prost_types::Timestamp) -> Option<Timestamp> {
    // Nanoseconds count forwards, also before 1970, and the years are those of RFC 3339.
    let years = FIRST_SECOND..=LAST_SECOND;
    let valid = years.contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos);
    let moment = Timestamp::new(time.seconds, time.nanos).ok().filter(|_| valid);
    if moment.is_none() {
        check.fail(
            field,
            reason::OUT_OF_RANGE,
            "不是有效的时间，请重新填写。",
            "This is no valid time: give one of the years 1 to 9999.",
        );
    }
    moment
}

/// 0001-01-01T00:00:00Z.
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

/// The look-up ignores case, which readers' software need not do, so the name must be spelt as IANA does.
fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok_and(|zone| !zone.is_unknown() && zone.iana_name() == Some(name))
}
