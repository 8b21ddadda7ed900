//! Numbers, dates and places as readers of each language write them. Moments are in the time of China, which is one
//! everywhere in it; events are in the time of their place.

use duikou_proto::language::Language;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, ZonedDateTime};

/// Where dates without a place are counted.
pub(crate) const ZONE: &str = "Asia/Shanghai";
/// Names of months in English; Chinese has numbers.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A text that stands alone: it begins with a capital, where its script has any.
pub(crate) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// `1,234,567`.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A moment in the time of China.
pub(crate) fn in_china(seconds: i64) -> ZonedDateTime {
    in_zone(seconds, ZONE)
}

/// A moment in the time of `zone` (IANA); in UTC where nobody knows the zone.
pub(crate) fn in_zone(seconds: i64, zone: &str) -> ZonedDateTime {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Timestamp::from_second(seconds).unwrap_or_default().to_zoned_datetime(zone)
}

/// The beginning of a day in China (`2026-11-03`), or of the day after it; None where nothing was typed.
///
/// # Errors
/// Where it is no day.
pub(crate) fn read_day(text: &str, after: bool) -> Result<Option<prost_types::Timestamp>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let day: Date = text.parse().map_err(|_| ())?;
    let day = if after { day.tomorrow().map_err(|_| ())? } else { day };
    let zone = TimeZone::get(ZONE).map_err(|_| ())?;
    let seconds = day.to_zoned_datetime(zone).map_err(|_| ())?.timestamp().as_second();
    if seconds <= 0 { Err(()) } else { Ok(Some(prost_types::Timestamp { seconds, nanos: 0 })) }
}

/// `2026年11月3日`, `3 November 2026`.
pub(crate) fn date(language: Language, time: &ZonedDateTime) -> String {
    let (year, day) = (time.year(), time.day());
    match language {
        Language::Zh => format!("{year}年{}月{day}日", time.month()),
        Language::En => format!("{day} {} {year}", month_name(time)),
    }
}

/// The last day of something that ends at a moment, in China: what ends with the first moment of a day is gone on it.
pub(crate) fn until(language: Language, seconds: i64) -> String {
    date(language, &in_china(seconds.saturating_sub(1)))
}

/// The same with the time of day, where it does not end with that day of its clock.
pub(crate) fn until_moment(language: Language, time: &ZonedDateTime) -> String {
    let midnight = |time: &ZonedDateTime| time.time() == Time::midnight();
    let [before, after] =
        [-1_i64, 1].map(|seconds| time.checked_add(seconds.seconds()).unwrap_or_else(|_| time.clone()));
    if midnight(time) || midnight(&after) { date(language, &before) } else { moment(language, time) }
}

/// `2026年11月`, `November 2026`.
pub(crate) fn month(language: Language, time: &ZonedDateTime) -> String {
    match language {
        Language::Zh => format!("{}年{}月", time.year(), time.month()),
        Language::En => format!("{} {}", month_name(time), time.year()),
    }
}

fn month_name(time: &ZonedDateTime) -> &'static str {
    let at = usize::try_from(time.month() - 1).unwrap_or(0);
    MONTHS.get(at).copied().unwrap_or_default()
}

/// `09:05`.
pub(crate) fn clock(time: &ZonedDateTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `2026年11月3日 09:05`, `3 November 2026, 09:05`.
pub(crate) fn moment(language: Language, time: &ZonedDateTime) -> String {
    let between = match language {
        Language::Zh => " ",
        Language::En => ", ",
    };
    format!("{}{between}{}", date(language, time), clock(time))
}

/// From one moment to another, without saying the day twice.
pub(crate) fn span(language: Language, from: &ZonedDateTime, to: &ZonedDateTime) -> String {
    let dash = match language {
        Language::Zh => "至",
        Language::En => " to ",
    };
    if let Some((from, to)) = whole_days(from, to) {
        return if from.date() == to.date() {
            date(language, &from)
        } else {
            format!("{}{dash}{}", date(language, &from), date(language, &to))
        };
    }
    // What ends at midnight ends with the day before.
    let last = if to.time() == Time::midnight() && from < to { to.yesterday().ok() } else { None };
    match last {
        Some(last) if from.date() == last.date() => format!("{}–24:00", moment(language, from)),
        Some(last) => format!("{}{dash}{}", moment(language, from), date(language, &last)),
        None if from.date() == to.date() => format!("{}–{}", moment(language, from), clock(to)),
        None => format!("{}{dash}{}", moment(language, from), moment(language, to)),
    }
}

/// The days from one to another: `2月26日至3月19日`, `26 February to 19 March`, with the years where they differ.
pub(crate) fn days(language: Language, from: &ZonedDateTime, to: &ZonedDateTime) -> String {
    let day = |time: &ZonedDateTime| match language {
        _ if from.year() != to.year() => date(language, time),
        Language::Zh => format!("{}月{}日", time.month(), time.day()),
        Language::En => format!("{} {}", time.day(), month_name(time)),
    };
    let (from, to) = (day(from), day(to));
    match language {
        Language::Zh => format!("{from}至{to}"),
        Language::En => format!("{from} to {to}"),
    }
}

/// The first and the last of the days that a span has, where it begins and ends with one.
fn whole_days(from: &ZonedDateTime, to: &ZonedDateTime) -> Option<(ZonedDateTime, ZonedDateTime)> {
    let whole = [from, to].iter().all(|time| time.time() == Time::midnight()) && from < to;
    whole.then(|| Some((from.clone(), to.yesterday().ok()?))).flatten()
}

/// `2026-11-03T01:02:03Z`, for machines.
pub(crate) fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A region with those in which it lies: `贵州省毕节市`, `Bijie, Guizhou`. The code, where nobody knows it.
pub(crate) fn region(language: Language, code: &str) -> String {
    crate::typed::place::in_full(code, language)
}

/// `1.5 MiB`.
pub(crate) fn bytes(count: i64) -> String {
    let count = count.max(0) as f64;
    let units = ["B", "KiB", "MiB", "GiB"];
    let step = units.iter().enumerate().rev().find(|(power, _)| count >= 1024_f64.powi(*power as i32));
    let (power, unit) = step.unwrap_or((0, &"B"));
    let size = count / 1024_f64.powi(power as i32);
    if power == 0 || size >= 100.0 { format!("{size:.0} {unit}") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_language_writes_them() {
        let time = in_china(1_793_667_720);
        assert_eq!(moment(Language::Zh, &time), "2026年11月3日 09:02");
        assert_eq!(moment(Language::En, &time), "3 November 2026, 09:02");
        assert_eq!(month(Language::En, &time), "November 2026");
        let (later, next) = (in_china(1_793_667_720 + 3600), in_china(1_793_667_720 + 86_400));
        assert_eq!(span(Language::Zh, &time, &later), "2026年11月3日 09:02–10:02");
        assert_eq!(span(Language::En, &time, &next), "3 November 2026, 09:02 to 4 November 2026, 09:02");
        assert_eq!(days(Language::En, &time, &next), "3 November to 4 November");
        assert_eq!(days(Language::Zh, &time, &in_china(1_800_000_000)), "2026年11月3日至2027年1月15日");
        assert_eq!(clock(&in_zone(1_793_667_720, "Europe/Berlin")), "02:02");
        assert_eq!(clock(&in_zone(1_793_667_720, "Nowhere/At_All")), "01:02");
        assert_eq!(rfc3339(1_793_667_720), "2026-11-03T01:02:00Z");
    }

    #[test]
    fn what_ends_with_a_day_is_there_until_that_day_and_gone_on_the_next() {
        let midnight: Timestamp = "2027-10-08T00:00:00+08:00".parse().unwrap();
        let midnight = midnight.as_second();
        for (ends, day, moment) in [
            (midnight, "2027年10月7日", "2027年10月7日"),
            (midnight - 1, "2027年10月7日", "2027年10月7日"),
            (midnight + 9 * 3600, "2027年10月8日", "2027年10月8日 09:00"),
        ] {
            assert_eq!((&*until(Language::Zh, ends), &*until_moment(Language::Zh, &in_china(ends))), (day, moment));
        }
        assert_eq!(until(Language::En, midnight), "7 October 2027");
        // So are days that are over with what takes place on them.
        let days = |first: i64, last: i64| {
            let at = |days: i64| in_china(midnight + days * 86_400);
            span(Language::Zh, &at(first), &at(last))
        };
        assert_eq!((&*days(0, 1), &*days(0, 3)), ("2027年10月8日", "2027年10月8日至2027年10月10日"));
        assert_eq!(span(Language::Zh, &in_china(midnight), &in_china(midnight)), "2027年10月8日 00:00–00:00");
        // And what begins at some hour.
        let nine = |last: i64| span(Language::Zh, &in_china(midnight + 9 * 3600), &in_china(midnight + last * 86_400));
        assert_eq!((&*nine(1), &*nine(2)), ("2027年10月8日 09:00–24:00", "2027年10月8日 09:00至2027年10月9日"));
        assert_eq!(span(Language::En, &in_china(midnight - 3600), &in_china(midnight)), "7 October 2027, 23:00–24:00");
    }

    #[test]
    fn numbers_sizes_and_places_are_written_for_people() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((bytes(0), bytes(1023), bytes(1536)), ("0 B".into(), "1023 B".into(), "1.5 KiB".into()));
        assert_eq!(bytes(300 << 20), "300 MiB");
        assert_eq!(region(Language::Zh, "520500"), "贵州省毕节市");
        assert_eq!(region(Language::En, "520500"), "Bijie, Guizhou");
        assert_eq!(region(Language::En, "zz"), "zz");
    }
}
