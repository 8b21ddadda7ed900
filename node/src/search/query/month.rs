//! Words that name a month, for the events in it: 3月, 明年三月, 2027年3月份, 下个月. They mean months of the calendar in China.

use duikou_proto::envelope::Micros;
use duikou_proto::filter::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How months are counted in Chinese.
const NUMBERS: [&str; 12] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"];
/// Months by how far they are from this one.
const NEAR: [(&str, i32); 6] = [("本月", 0), ("这个月", 0), ("这月", 0), ("当月", 0), ("下个月", 1), ("下月", 1)];
/// Years by how far they are from this one.
const YEARS: [(&str, i16); 3] = [("今年", 0), ("明年", 1), ("后年", 2)];

/// A month as it was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Month {
    /// So many months from this one.
    Near(i32),
    /// The next of its name, this month included.
    Next(i8),
    /// That of the year so many years from this one.
    OfNear(i16, i8),
    /// That of a year.
    Of(i16, i8),
}

impl Month {
    /// The month that `name`, folded, is the whole name of.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some((_, months)) = NEAR.iter().find(|(near, _)| *near == name) {
            return Some(Self::Near(*months));
        }
        let rest = name.strip_suffix("份").unwrap_or(name).strip_suffix("月")?;
        if let Some((year, distance)) = YEARS.iter().find(|(year, _)| rest.starts_with(year)) {
            return Some(Self::OfNear(*distance, number(&rest[year.len()..])?));
        }
        match rest.split_once('年') {
            Some((year, month)) => {
                let year = Some(year).filter(|year| year.len() == 4 && year.starts_with("20"))?;
                Some(Self::Of(year.parse().ok()?, number(month)?))
            }
            None => Some(Self::Next(number(rest)?)),
        }
    }

    /// Its microseconds; None where that month is beyond all calendars.
    pub(super) fn span(self, now: Micros) -> Option<Span> {
        let zone = TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC);
        let today = Timestamp::from_microsecond(now).ok()?.to_zoned_datetime(zone.clone()).date();
        let first = match self {
            Self::Near(months) => today.first_of_month().checked_add(months.months()).ok()?,
            Self::Next(month) => Date::new(today.year() + i16::from(month < today.month()), month, 1).ok()?,
            Self::OfNear(years, month) => Date::new(today.year() + years, month, 1).ok()?,
            Self::Of(year, month) => Date::new(year, month, 1).ok()?,
        };
        let micros = |day: Date| Some(day.to_zoned_datetime(zone.clone()).ok()?.timestamp().as_microsecond());
        Some(Span { from: micros(first)?, to: micros(first.checked_add(1.month()).ok()?)? - 1 })
    }
}

/// A month's number, in digits or in Chinese.
fn number(text: &str) -> Option<i8> {
    if let Some(at) = NUMBERS.iter().position(|number| *number == text) {
        return i8::try_from(at + 1).ok();
    }
    let number = text.parse().ok().filter(|number| (1..=12).contains(number));
    number.filter(|_| text.len() < 3 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first day and the last second of what a name means on 2026-11-30 at eight in the evening, UTC: in China it is
    /// December already.
    fn meant(name: &str) -> Option<(String, String)> {
        let now: Timestamp = "2026-11-30T20:00:00Z".parse().unwrap();
        let span = Month::named(name)?.span(now.as_microsecond())?;
        let day = |micros: i64| {
            let zoned =
                Timestamp::from_microsecond(micros).unwrap().to_zoned_datetime(TimeZone::get("Asia/Shanghai").unwrap());
            zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
        };
        Some((day(span.from), day(span.to)))
    }

    #[test]
    fn months_are_known_by_their_names() {
        for (names, from, to) in [
            (
                &["3月", "三月", "03月", "3月份", "明年三月", "2027年3月", "2027年三月份"][..],
                "2027-03-01",
                "2027-03-31",
            ),
            (&["12月", "十二月", "今年12月", "本月", "这个月"], "2026-12-01", "2026-12-31"),
            (&["下个月", "下月", "一月", "明年1月份"], "2027-01-01", "2027-01-31"),
            (&["11月", "十一月"], "2027-11-01", "2027-11-30"),
            (&["后年二月"], "2028-02-01", "2028-02-29"),
        ] {
            let whole = Some((format!("{from} 00:00:00"), format!("{to} 23:59:59")));
            names.iter().for_each(|name| assert_eq!(meant(name), whole, "{name}"));
        }
        for name in [
            "",
            "月",
            "13月",
            "0月",
            "003月",
            "+3月",
            "3",
            "三",
            "每月",
            "27年3月",
            "1927年3月",
            "今年",
            "今年月",
            "个月",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
