//! Dates and times as people write them.

use duikou_proto::language::Text;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::chinese_number::{UNIT, ideographs, spelt_digits};
use super::text::{folded, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};

/// A date, as exact as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A month.
    Month(Date),
    /// A day.
    Day(Date),
    /// A time of a day, as a clock on the wall shows it.
    Moment(DateTime),
    /// A time that says how far it is from UTC.
    Exact(Timestamp),
}

impl When {
    /// The last day that it may mean.
    pub fn last_day(self) -> Option<Date> {
        match self {
            Self::Month(first) => Some(first.last_of_month()),
            Self::Day(day) => Some(day),
            Self::Moment(at) => Some(at.date()),
            Self::Exact(_) => None,
        }
    }
}

/// Serial numbers of spreadsheets that are taken for dates: the years 1982 to 2119.
const SERIALS: std::ops::RangeInclusive<f64> = 30_000.0..=80_400.0;
/// Words that give no date, although people write them where one belongs.
const NO_DATE: [&str; 9] = ["长期", "长期有效", "即日起", "随时", "待定", "另行通知", "即日", "永久", "不限"];
/// What may stand behind a date by which something ends.
const UNTIL: [&str; 7] = ["之前", "以前", "前", "截止", "为止", "止", "截至"];

/// Reads a date: `2027-03-05`, `2027/3/5`, `2027.3.5`, `2027年3月5日`, `二〇二七年三月五日`, `20270305`, `2027年3月`, each
/// day perhaps with a time (`下午5点`, `17:00`), or RFC 3339. `today` gives the candidates where the year is absent.
///
/// # Errors
/// For days that do not exist, dates without a year, days and months that may be each other, and words such as 长期.
pub fn date(typed: &str, today: Date) -> Result<When, Unclear> {
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    // A space may divide day and time; RFC 3339 has none.
    if let Ok(exact) = typed.trim().parse::<Timestamp>() {
        return Ok(When::Exact(exact));
    }
    let text = folded(&typed.trim().replace([' ', '\u{3000}'], "\u{1}")).replace('\u{1}', " ");
    let text = text.trim();
    if NO_DATE.contains(&text) {
        return Err(Unclear::wrong(
            format!("“{}”不是日期：请填写具体日期，例如 2027-06-30。", shown(typed)),
            format!("{} is no date: write a day such as 2027-06-30.", shown(typed)),
        ));
    }
    let text = UNTIL.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text).trim_end();
    let (day, rest) = day(text, typed, today)?;
    let rest = match day {
        When::Day(day) => after_weekday(day, rest, typed)?,
        _ => rest,
    };
    if rest.is_empty() {
        return Ok(day);
    }
    let When::Day(day) = day else { return Err(no_date(typed)) };
    let at = time(rest).ok_or_else(|| no_date(typed))?;
    Ok(When::Moment(day.to_datetime(at)))
}

/// What follows the day of the week that stands behind a date, 2027年3月5日（星期五）: it has to be that of the date.
fn after_weekday<'t>(day: Date, rest: &'t str, typed: &str) -> Result<&'t str, Unclear> {
    let inside = rest.strip_prefix('(').unwrap_or(rest);
    let Some(name) = ["星期", "礼拜", "周"].iter().find_map(|word| inside.strip_prefix(word)) else {
        return Ok(rest);
    };
    let mut letters = name.chars();
    let said = letters.next().and_then(|c| match c {
        '天' => Some(7),
        c => "一二三四五六日".chars().position(|known| known == c).map(|at| at + 1),
    });
    let Some(said) = said else { return Ok(rest) };
    let is = usize::try_from(day.weekday().to_monday_one_offset()).unwrap_or(1);
    if said != is {
        let is = "一二三四五六日".chars().nth(is.saturating_sub(1)).unwrap_or_default();
        return Err(Unclear::wrong(
            format!("“{}”的日期是星期{is}，与写的星期不符，请检查。", shown(typed)),
            format!("The date of {} is another day of the week than it says: check it.", shown(typed)),
        ));
    }
    let rest = letters.as_str();
    Ok(rest.strip_prefix(')').unwrap_or(rest).trim_start())
}

/// What divides the two ends of a span.
const DASHES: [char; 7] = ['-', '~', '–', '—', '―', '至', '到'];

/// The same, full-width.
const FULL_DASHES: [char; 2] = ['－', '～'];

/// Reads a time, or from when to when in one text: `2027年3月5日上午9:00-12:00`, `2027年3月5日-7日`, `2027-03-05 9:00至3月7日17:00`.
/// What the end does not say is as in the beginning.
///
/// # Errors
/// As [`date`], and where it ends before it begins.
pub fn span(typed: &str, today: Date) -> Result<(When, Option<When>), Unclear> {
    let unclear = match date(typed, today) {
        Ok(when) => return Ok((when, None)),
        Err(unclear) => unclear,
    };
    if typed.chars().count() > TYPED_CHARS {
        return Err(unclear);
    }
    if let Some((from, to)) = ends(typed, today) {
        return Ok((from, Some(to)));
    }
    // Of what has no year, and is a time with one.
    let years = [today.year(), today.year() + 1].map(|year| format!("{year}年{}", typed.trim()));
    let dated = years.into_iter().filter_map(|typed| ends(&typed, today).map(|(from, _)| (from, typed)));
    let mut dated: Vec<_> = dated.collect();
    if !dated.is_empty() {
        dated.sort_by_key(|(from, _)| from.last_day() < Some(today));
        let candidates = dated.into_iter().map(|(_, typed)| Candidate { typed, text: Text::same("") });
        return Err(Unclear::between(
            format!("“{}”没有年份，请补充。", shown(typed)),
            format!("{} has no year: add it.", shown(typed)),
            candidates.collect(),
        ));
    }
    if unclear == no_date(typed) {
        return Err(Unclear::wrong(
            format!("“{}”不是能确定的时间，请填写如 2027-03-05 09:00 的日期和时刻。", shown(typed)),
            format!("{} is no time that can be told: write it like 2027-03-05 09:00.", shown(typed)),
        ));
    }
    Err(unclear)
}

/// Whether a text says from when to when.
pub fn is_span(typed: &str) -> bool {
    // A year is in it, or it is none.
    matches!(span(typed, Date::constant(2027, 1, 1)), Ok((_, Some(_))))
}

/// The two ends of a span that begins with a whole date; the first place at which it can be divided is the one.
fn ends(typed: &str, today: Date) -> Option<(When, When)> {
    let divided = typed.char_indices().filter(|(_, c)| DASHES.contains(c) || FULL_DASHES.contains(c));
    divided.take(DIVIDED).find_map(|(at, dash)| {
        let (from, to) = (&typed[..at], &typed[at + dash.len_utf8()..]);
        let from = date(from, today).ok().filter(|from| matches!(from, When::Day(_) | When::Moment(_)))?;
        // —— is one dash.
        let to = end(from, to.trim_start_matches(DASHES).trim(), typed, today)?;
        Some((from, to))
    })
}

/// Dashes of a text that are tried.
const DIVIDED: usize = 12;

/// The end of a span whose beginning is known.
fn end(from: When, text: &str, typed: &str, today: Date) -> Option<When> {
    let begins = from.last_day()?;
    let (year, month) = (begins.year(), begins.month());
    let folded_text = folded(text);
    let digits = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    let of_month = || {
        let mut parts = folded_text.split(['-', '.', '/']);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(day), None, None) if digits(day) => Some(format!("{year}-{month}-{day}")),
            (Some(month), Some(day), None) if digits(month) && digits(day) => Some(format!("{year}-{month}-{day}")),
            _ => None,
        }
    };
    let to = if let Ok(to) = date(text, today) {
        to
    } else if let (When::Moment(from), Some(at)) = (from, time(&folded_text)) {
        let to = begins.to_datetime(at);
        // 下午2:00-4:00 says once that both are after noon.
        let later = to.checked_add(12.hours()).ok().filter(|_| to <= from && typed.contains("下午") && at.hour() < 12);
        When::Moment(later.unwrap_or(to))
    } else if let Ok(to) = date(&format!("{year}年{text}"), today) {
        to
    } else if let Ok(to) = date(&format!("{year}年{month}月{text}"), today) {
        to
    } else if let (When::Day(_), Some(text)) = (from, of_month()) {
        date(&text, today).ok()?
    } else {
        return None;
    };
    let starts = |when: When| match when {
        When::Day(day) => Some(day.to_datetime(Time::midnight())),
        When::Moment(at) => Some(at),
        When::Month(_) | When::Exact(_) => None,
    };
    let fits = match to {
        When::Day(day) => day >= begins,
        to => starts(to)? > starts(from)?,
    };
    fits.then_some(to)
}

/// Reads the serial number of a spreadsheet that counts days since 1900 (or 1904).
///
/// # Errors
/// For numbers that are no date of the years 1982 to 2119.
pub fn serial(number: f64, from_1904: bool) -> Result<When, Unclear> {
    let days = if from_1904 { number + 1462.0 } else { number };
    if !SERIALS.contains(&days) {
        return Err(no_date(&number.to_string()));
    }
    let seconds = (days * 86_400.0).round() as i64;
    let epoch = Date::constant(1899, 12, 30).to_datetime(Time::midnight());
    let at = epoch.checked_add(seconds.seconds()).map_err(|_| no_date(&number.to_string()))?;
    Ok(if at.time() == Time::midnight() { When::Day(at.date()) } else { When::Moment(at) })
}

fn no_date(typed: &str) -> Unclear {
    Unclear::wrong(
        format!("“{}”不是能确定的日期，请填写如 2027-03-05 的日期。", shown(typed)),
        format!("{} is no date that can be told: write it like 2027-03-05.", shown(typed)),
    )
}

fn no_such_day(typed: &str) -> Unclear {
    Unclear::wrong(
        format!("“{}”这一天不存在，请检查。", shown(typed)),
        format!("There is no such day as {}: check it.", shown(typed)),
    )
}

fn made(year: i64, month: i64, day: i64, typed: &str) -> Result<Date, Unclear> {
    let made = match (i16::try_from(year), i8::try_from(month), i8::try_from(day)) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    made.filter(|date| (1900..=9000).contains(&date.year())).ok_or_else(|| no_such_day(typed))
}

/// The date at the beginning, and what follows it.
fn day<'t>(text: &'t str, typed: &str, today: Date) -> Result<(When, &'t str), Unclear> {
    if let Some((year, rest)) = text.split_once('年') {
        let year = number(year, true).ok_or_else(|| no_date(typed))?;
        if year < 1000 {
            return Err(no_date(typed));
        }
        let (month, rest) = rest.split_once('月').ok_or_else(|| no_date(typed))?;
        let month = number(month, false).ok_or_else(|| no_date(typed))?;
        if let "" | "底" | "末" = rest.trim() {
            return Ok((When::Month(made(year, month, 1, typed)?), ""));
        }
        let (day, rest) = rest.split_once(['日', '号']).ok_or_else(|| no_date(typed))?;
        let day = number(day, false).ok_or_else(|| no_date(typed))?;
        return Ok((When::Day(made(year, month, day, typed)?), rest.trim_start()));
    }
    if let Some((month, rest)) = text.split_once('月') {
        let (day, rest) = rest.split_once(['日', '号']).unwrap_or((rest, ""));
        return Err(match (number(month, false), number(day, false), time_in(rest)) {
            (Some(month), Some(day), Ok(time)) => without_year(month, day, time, typed, today),
            _ => no_date(typed),
        });
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || "-/.".contains(c))).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let rest = rest.strip_prefix('T').unwrap_or(rest).trim_start();
    let parts: Vec<&str> = numbers.split(['-', '/', '.']).collect();
    let read = |text: &str| text.parse::<i64>().ok().filter(|_| text.len() <= 4);
    match &*parts {
        [all] if all.len() == 8 => {
            let part = |range: std::ops::Range<usize>| all[range].parse::<i64>().map_err(|_| no_date(typed));
            Ok((When::Day(made(part(0..4)?, part(4..6)?, part(6..8)?, typed)?), rest))
        }
        [year, month] if year.len() == 4 => match (read(year), read(month)) {
            (Some(year), Some(month)) => Ok((When::Month(made(year, month, 1, typed)?), rest)),
            _ => Err(no_date(typed)),
        },
        [month, day] => Err(match (read(month), read(day), time_in(rest)) {
            (Some(month), Some(day), Ok(time)) => without_year(month, day, time, typed, today),
            _ => no_date(typed),
        }),
        [year, month, day] if year.len() == 4 => match (read(year), read(month), read(day)) {
            (Some(year), Some(month), Some(day)) => Ok((When::Day(made(year, month, day, typed)?), rest)),
            _ => Err(no_date(typed)),
        },
        [first, second, last] => Err(match (read(first), read(second), read(last), time_in(rest)) {
            (Some(first), Some(second), Some(last), Ok(time)) => in_any_order([first, second, last], time, typed),
            _ => no_date(typed),
        }),
        _ => Err(no_date(typed)),
    }
}

/// A number in digits or ideographs; years in ideographs are spelt digit by digit.
fn number(text: &str, is_year: bool) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    if is_year {
        return spelt_digits(text).map(i64::from);
    }
    ideographs(text).and_then(|number| i64::try_from(number.nanos / UNIT).ok())
}

/// What stands behind a day: nothing, or its time; an error where it is neither.
fn time_in(rest: &str) -> Result<Option<Time>, ()> {
    let rest = rest.trim();
    if rest.is_empty() { Ok(None) } else { time(rest).map(Some).ok_or(()) }
}

/// A day with the time that was typed with it.
fn candidate(date: Date, time: Option<Time>) -> Candidate {
    let typed = time.map_or_else(|| date.to_string(), |time| format(date.to_datetime(time)));
    Candidate { typed, text: Text::same("") }
}

fn without_year(month: i64, day: i64, time: Option<Time>, typed: &str, today: Date) -> Unclear {
    let year = i64::from(today.year());
    let mut days: Vec<Date> =
        [year, year + 1].into_iter().filter_map(|year| made(year, month, day, typed).ok()).collect();
    // What is to come is meant more often.
    days.sort_by_key(|day| *day < today);
    Unclear::between(
        format!("“{}”没有年份，请补充。", shown(typed)),
        format!("{} has no year: add it.", shown(typed)),
        days.into_iter().map(|day| candidate(day, time)).collect(),
    )
}

/// `5/3/2027`, `27-3-5`: which is the year, the month, the day?
fn in_any_order([first, second, last]: [i64; 3], time: Option<Time>, typed: &str) -> Unclear {
    let full = |year: i64| if year < 100 { 2000 + year } else { year };
    let orders = [(last, first, second), (last, second, first), (first, second, last)];
    let mut dates: Vec<Date> =
        orders.into_iter().filter_map(|(year, month, day)| made(full(year), month, day, typed).ok()).collect();
    dates.sort();
    dates.dedup();
    Unclear::between(
        format!("“{}”的年月日顺序不能确定，请写成 2027-03-05 的形式。", shown(typed)),
        format!(
            "It cannot be told which of {} is the year, the month and the day: write it like 2027-03-05.",
            shown(typed)
        ),
        dates.into_iter().map(|day| candidate(day, time)).collect(),
    )
}

/// `17:00`, `9:30:15`, `下午5点`, `上午9点半`, `17时30分`.
fn time(text: &str) -> Option<Time> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let halves = [("凌晨", 0), ("早上", 0), ("上午", 0), ("中午", 12), ("下午", 12), ("晚上", 12), ("晚", 12)];
    let (add, rest) = halves
        .iter()
        .find_map(|(word, add)| text.strip_prefix(word).map(|rest| (Some(*add), rest)))
        .unwrap_or((None, &text));
    let (hour, minute, second) = if let Some((hour, rest)) = rest.split_once(['点', '时']) {
        let rest = rest.strip_prefix('整').unwrap_or(rest);
        let minute = match rest {
            "" => 0,
            "半" => 30,
            "一刻" => 15,
            "三刻" => 45,
            rest => number(rest.trim_end_matches('分'), false)?,
        };
        (number(hour, false)?, minute, (0, 0))
    } else {
        let parts: Vec<&str> = rest.split(':').collect();
        let two = |text: &str| number(text, false).filter(|_| text.len() <= 2);
        match &*parts {
            [hour, minute] if minute.len() == 2 => (two(hour)?, two(minute)?, (0, 0)),
            [hour, minute, second] => (two(hour)?, two(minute)?, seconds(second)?),
            _ => return None,
        }
    };
    let hour = match add {
        // 下午5点 is 17:00; 下午17点 says it twice; 中午11点 is before noon.
        Some(12) if hour < 12 && !(rest.len() < text.len() && text.starts_with("中午") && hour >= 11) => hour + 12,
        _ => hour,
    };
    let [hour, minute, second_whole] = [hour, minute, second.0].map(|part| i8::try_from(part).ok());
    Time::new(hour?, minute?, second_whole?, second.1).ok()
}

/// What people call the zones in which they are.
const ZONES: [(&str, &str); 15] = [
    ("北京", "Asia/Shanghai"),
    ("中国", "Asia/Shanghai"),
    ("中国标准", "Asia/Shanghai"),
    ("东八区", "Asia/Shanghai"),
    ("BEIJING", "Asia/Shanghai"),
    ("ASIA/BEIJING", "Asia/Shanghai"),
    ("CHINA", "Asia/Shanghai"),
    ("UTC+8", "Asia/Shanghai"),
    ("UTC+08:00", "Asia/Shanghai"),
    ("GMT+8", "Asia/Shanghai"),
    ("GMT+08:00", "Asia/Shanghai"),
    ("香港", "Asia/Hong_Kong"),
    ("澳门", "Asia/Macau"),
    ("台北", "Asia/Taipei"),
    ("新加坡", "Asia/Singapore"),
];

/// Reads a time zone: its name by IANA, in whatever case, or what people call the common ones: 北京时间.
///
/// # Errors
/// For what is neither.
pub fn zone(typed: &str) -> Outcome<String> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    let text = folded(typed);
    let called = text.strip_suffix("时间").unwrap_or(&text).to_uppercase();
    let known = ZONES.iter().find(|(name, _)| *name == called).map(|(_, zone)| (*zone).to_owned());
    let by_name = || {
        let zone = TimeZone::get(&text).ok().filter(|zone| !zone.is_unknown())?;
        zone.iana_name().map(str::to_owned)
    };
    known.or_else(by_name).map(Understood::plain).ok_or_else(|| {
        Unclear::wrong(
            format!("“{}”不是时区：请填写“北京时间”，其他时区填写 IANA 名称，如 Europe/Berlin。", shown(typed)),
            format!("{} is no time zone: use an IANA name such as Asia/Shanghai.", shown(typed)),
        )
    })
}

/// Seconds and their nanoseconds.
fn seconds(text: &str) -> Option<(i64, i32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 2 || !digits(whole) || fraction.len() > 9 || !digits(fraction) {
        return None;
    }
    Some((whole.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}

/// A time of a day as [`date`] reads it.
pub fn format(at: DateTime) -> String {
    let date = at.date();
    let time = at.time();
    if time.subsec_nanosecond() > 0 {
        let fraction = format!("{:09}", time.subsec_nanosecond());
        let fraction = fraction.trim_end_matches('0');
        return format!("{date} {:02}:{:02}:{:02}.{fraction}", time.hour(), time.minute(), time.second());
    }
    if time.second() > 0 {
        return format!("{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    }
    format!("{date} {:02}:{:02}", time.hour(), time.minute())
}
