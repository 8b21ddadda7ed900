//! The reasons of a match, in words.

use duikou_proto::Money;
use duikou_proto::filter::Amounts;
use duikou_proto::language::{Language, Text};
use duikou_proto::reference::{Entry, Table, industries, occupations, regions};
use duikou_proto::v1::Event;
use duikou_proto::v1::capital::Instrument;
use duikou_proto::v1::match_reason::Code;
use duikou_proto::v1::project::CooperationMode;
use duikou_proto::v1::talent::{SupplyType, WagePeriod};
use duikou_proto::v1::technology::TransferMode;
use jiff::tz::TimeZone;

use super::near::{How, Near};
use crate::typed::labels::{self, Label};

/// The kinds as people call them.
const KINDS: [(&str, &str, &str); 5] = [
    ("capital", "资金", "capital"),
    ("project", "项目", "project"),
    ("technology", "技术", "technology"),
    ("talent", "人才", "talent"),
    ("event", "活动", "event"),
];

/// Currencies as people call them; others by their codes.
const CURRENCIES: [(&str, &str); 4] = [("CNY", "元"), ("HKD", "港元"), ("MOP", "澳门元"), ("USD", "美元")];

/// A kind as people call it; empty: it is none.
pub(crate) fn kind_named(kind: &str) -> Text {
    let (zh, en) = kind_words(kind);
    Text::new(zh, en)
}

fn kind_words(kind: &str) -> (&'static str, &'static str) {
    KINDS.iter().find(|(known, ..)| *known == kind).map_or(("", ""), |(_, zh, en)| (*zh, *en))
}

pub(super) fn kinds(one: &str, other: &str) -> Text {
    if one == other {
        let (zh, en) = kind_words(one);
        return Text::new(format!("同为{zh}，一供一需"), format!("both {en}: one offers what the other seeks"));
    }
    // In the order of the table, whichever is the one.
    let mut both = [one, other];
    both.sort_by_key(|kind| KINDS.iter().position(|(known, ..)| known == kind));
    let [(zh, en), (other_zh, other_en)] = both.map(kind_words);
    Text::new(format!("{zh}与{other_zh}相配"), format!("{en} and {other_en} go together"))
}

/// That codes are the same, or lie in one another, or side by side.
pub(super) fn near(code: Code, near: &Near) -> Text {
    let (what, table): ((&str, &str), &Table) = match code {
        Code::Region => (("地区", "region"), regions()),
        Code::Industry => (("行业", "industry"), industries()),
        _ => (("职业", "occupation"), occupations()),
    };
    let [zh, en] = [Language::Zh, Language::En].map(|language| full_name(table, near.entry, language));
    match near.how {
        How::Same => Text::new(format!("{}相同：{zh}", what.0), format!("same {}: {en}", what.1)),
        How::Within => Text::new(format!("{}相合：{zh}", what.0), format!("{} within {en}", what.1)),
        How::Beside => Text::new(format!("{}相近：同属{zh}", what.0), format!("{} near: both in {en}", what.1)),
    }
}

/// A region with those in which it lies; others by their own names.
fn full_name(table: &Table, entry: &Entry, language: Language) -> String {
    let names = table.lineage(entry.code).map(|entry| entry.name(language));
    match (entry.level, language) {
        ("county" | "prefecture" | "province", Language::Zh) => names.collect::<Vec<_>>().into_iter().rev().collect(),
        ("county" | "prefecture" | "province", Language::En) => names.collect::<Vec<_>>().join(", "),
        _ => entry.name(language).to_owned(),
    }
}

pub(super) fn tags(tags: &[&str]) -> Text {
    Text::new(format!("标签相同：{}", tags.join("、")), format!("same tags: {}", tags.join(", ")))
}

/// What both titles say; nothing where only the summaries are alike.
pub(super) fn text(common: &[String]) -> Text {
    if common.is_empty() {
        return Text::new("标题与摘要用词相近", "titles and summaries are alike");
    }
    Text::new(format!("都提到：{}", common.join("、")), format!("both say: {}", common.join(", ")))
}

pub(super) fn amount(common: &Amounts) -> Text {
    Text::new(format!("金额重叠：{}", sums_zh(common)), format!("amounts overlap: {}", sums_en(common)))
}

pub(super) fn wage(common: &Amounts, period: WagePeriod) -> Text {
    let (zh, en) = match period {
        WagePeriod::Hour => ("时薪", "hourly"),
        WagePeriod::Day => ("日薪", "daily"),
        WagePeriod::Month => ("月薪", "monthly"),
        WagePeriod::Year => ("年薪", "yearly"),
        WagePeriod::Unspecified => ("薪酬", "pay:"),
    };
    Text::new(format!("{zh}重叠：{}", sums_zh(common)), format!("{en} pay overlaps: {}", sums_en(common)))
}

pub(super) fn maturity(offered: i32, wanted: i32) -> Text {
    Text::new(
        format!("成熟度：供TRL {offered}，需TRL {wanted}"),
        format!("maturity: TRL {offered} is offered, TRL {wanted} wanted"),
    )
}

/// When two events take place, the earlier first, and whether they have a time in common.
pub(super) fn dates(one: &Event, other: &Event, together: bool) -> Text {
    let start = |event: &Event| event.start_time.as_ref().map(|time| (time.seconds, time.nanos));
    let end = |event: &Event| event.end_time.as_ref().map(|time| (time.seconds, time.nanos));
    let mut both = [one, other];
    both.sort_by_key(|event| (start(event), end(event)));
    let [earlier, later] = both.map(days);
    let (zh, en) = if together { ("时间重合", "at one time") } else { ("时间相近", "near in time") };
    if earlier == later {
        return Text::new(format!("{zh}：{}", earlier.zh), format!("{en}: {}", earlier.en));
    }
    Text::new(format!("{zh}：{}与{}", earlier.zh, later.zh), format!("{en}: {} and {}", earlier.en, later.en))
}

/// The days of an event where it takes place. What ends at midnight ends with the day before.
fn days(event: &Event) -> Text {
    let zone = TimeZone::get(&event.time_zone).unwrap_or(TimeZone::UTC);
    let start = event.start_time.as_ref().map_or(0, |time| time.seconds);
    let end = event.end_time.as_ref().map_or(start, |time| time.seconds.saturating_sub(1)).max(start);
    let day = |seconds| jiff::Timestamp::from_second(seconds).unwrap_or_default().to_zoned_datetime(zone.clone());
    let (first, last) = (day(start), day(end));
    let [zh, en] = [("%Y年%-m月%-d日", "至"), ("%-d %B %Y", " to ")].map(|(form, to)| {
        let [first_day, last_day] = [&first, &last].map(|day| day.strftime(form).to_string());
        if first_day == last_day { first_day } else { format!("{first_day}{to}{last_day}") }
    });
    Text { zh, en }
}

pub(super) fn instrument(instrument: Instrument) -> Text {
    let name = named(&[instrument.into()], labels::INSTRUMENTS);
    Text::new(format!("方式相同：{}", name.zh), format!("same instrument: {}", name.en))
}

pub(super) fn modes(modes: &[CooperationMode]) -> Text {
    let numbers: Vec<i32> = modes.iter().map(|mode| i32::from(*mode)).collect();
    let names = named(&numbers, labels::COOPERATION_MODES);
    Text::new(format!("合作方式相同：{}", names.zh), format!("same way to cooperate: {}", names.en))
}

pub(super) fn transfers(modes: &[TransferMode]) -> Text {
    let numbers: Vec<i32> = modes.iter().map(|mode| i32::from(*mode)).collect();
    let names = named(&numbers, labels::TRANSFER_MODES);
    Text::new(format!("转化方式相同：{}", names.zh), format!("same way to transfer: {}", names.en))
}

/// What the two are, whichever is the one.
pub(super) fn supply(one: SupplyType, other: SupplyType) -> Text {
    let (first, second) = ((one as i32).min(other as i32), (one as i32).max(other as i32));
    let [first_name, second_name] = [first, second].map(|supply| named(&[supply], labels::SUPPLY_TYPES));
    if first == second {
        return Text::new(format!("同为{}", first_name.zh), format!("both {}", first_name.en));
    }
    Text::new(format!("{}对{}", first_name.zh, second_name.zh), format!("{} for {}", first_name.en, second_name.en))
}

/// What the values of a choice are called.
fn named(values: &[i32], table: &'static [Label]) -> Text {
    let labels: Vec<&Label> = values.iter().filter_map(|value| labels::of(table, *value)).collect();
    let joined = |name: fn(&Label) -> &'static str, separator: &str| {
        labels.iter().map(|label| name(label)).collect::<Vec<_>>().join(separator)
    };
    Text::new(joined(|label| label.zh, "、"), joined(|label| label.en, ", "))
}

/// A sum, or a range of sums, as people write it; None where neither end is given.
pub(crate) fn sums(min: Option<&Money>, max: Option<&Money>) -> Option<Text> {
    let amounts = Amounts::between(min, max)?;
    Some(Text::new(sums_zh(&amounts), sums_en(&amounts)))
}

fn sums_zh(Amounts { currency, span }: &Amounts) -> String {
    let unit = CURRENCIES.iter().find(|(code, _)| code == currency).map(|(_, name)| *name);
    let after = unit.map_or_else(|| format!(" {currency}"), str::to_owned);
    let bounds = span.bounds();
    let unit_of = |parts: i64| match parts / Amounts::PARTS {
        100_000_000.. => (100_000_000, "亿"),
        10_000.. => (10_000, "万"),
        _ => (1, ""),
    };
    // Each end in its own unit, 3000万–3亿; without one at one end there is none at the other: 5000–12000, not 5000–1.2万.
    let plain = bounds.0.is_some_and(|min| unit_of(min).0 == 1) && bounds.1.is_some_and(|max| unit_of(max).1 == "万");
    let sum = |parts| {
        let (divisor, word) = if plain { (1, "") } else { unit_of(parts) };
        format!("{}{word}", decimal(parts, divisor))
    };
    match bounds {
        (Some(min), Some(max)) if min == max => format!("{}{after}", sum(max)),
        (Some(min), Some(max)) => format!("{}–{}{after}", sum(min), sum(max)),
        (Some(min), None) => format!("{}{after}以上", sum(min)),
        (None, Some(max)) => format!("{}{after}以内", sum(max)),
        (None, None) => String::new(),
    }
}

fn sums_en(Amounts { currency, span }: &Amounts) -> String {
    let sum = |parts| grouped(&decimal(parts, 1));
    match span.bounds() {
        (Some(min), Some(max)) if min == max => format!("{currency} {}", sum(max)),
        (Some(min), Some(max)) => format!("{currency} {} to {}", sum(min), sum(max)),
        (Some(min), None) => format!("{currency} {} and more", sum(min)),
        (None, Some(max)) => format!("up to {currency} {}", sum(max)),
        (None, None) => String::new(),
    }
}

/// Parts of a currency's unit in `divisor` units, with at most four decimals.
fn decimal(parts: i64, divisor: i64) -> String {
    let parts = parts / divisor;
    let (whole, rest) = (parts / Amounts::PARTS, parts % Amounts::PARTS);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:04}").trim_end_matches('0').to_owned() }
}

/// `1,234,567.5`
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

#[cfg(test)]
mod tests {
    use duikou_proto::filter::Span;

    use super::*;

    fn amounts(currency: &str, min: Option<i64>, max: Option<i64>) -> Amounts {
        let parts = |units: i64| units * Amounts::PARTS;
        Amounts { currency: currency.to_owned(), span: Span::between(min.map(parts), max.map(parts)) }
    }

    #[test]
    fn sums_are_written_as_people_write_them() {
        for (amounts, zh, en) in [
            (amounts("CNY", Some(5_000_000), Some(8_000_000)), "500万–800万元", "CNY 5,000,000 to 8,000,000"),
            (amounts("CNY", Some(30_000_000), Some(300_000_000)), "3000万–3亿元", "CNY 30,000,000 to 300,000,000"),
            (amounts("CNY", Some(6_000), Some(12_000)), "6000–12000元", "CNY 6,000 to 12,000"),
            (amounts("HKD", Some(4_500), None), "4500港元以上", "HKD 4,500 and more"),
            (amounts("EUR", None, Some(25_000)), "2.5万 EUR以内", "up to EUR 25,000"),
            (amounts("CNY", Some(800), Some(800)), "800元", "CNY 800"),
        ] {
            assert_eq!((sums_zh(&amounts).as_str(), sums_en(&amounts).as_str()), (zh, en));
        }
    }

    #[test]
    fn regions_are_named_with_those_in_which_they_lie() {
        let entry = regions().get("520500").unwrap();
        let said = near(Code::Region, &Near { part: 1.0, entry, how: How::Same });
        assert_eq!(said.zh, "地区相同：贵州省毕节市");
        assert_eq!(said.en, "same region: Bijie, Guizhou");
    }

    #[test]
    fn events_are_on_the_days_of_their_place() {
        let event = |start: &str, end: &str, zone: &str| {
            let seconds = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
            let time = |text: &str| Some(prost_types::Timestamp { seconds: seconds(text), nanos: 0 });
            Event { start_time: time(start), end_time: time(end), time_zone: zone.to_owned(), ..Event::default() }
        };
        // The whole of May in China, and a morning in Lisbon.
        let month = event("2027-04-30T16:00:00Z", "2027-05-31T16:00:00Z", "Asia/Shanghai");
        let morning = event("2027-05-20T08:00:00Z", "2027-05-20T11:00:00Z", "Europe/Lisbon");
        let said = dates(&morning, &month, true);
        assert_eq!(said.zh, "时间重合：2027年5月1日至2027年5月31日与2027年5月20日");
        assert_eq!(said.en, "at one time: 1 May 2027 to 31 May 2027 and 20 May 2027");
        assert_eq!(said, dates(&month, &morning, true));
        assert_eq!(dates(&morning, &morning, true).zh, "时间重合：2027年5月20日");
    }

    #[test]
    fn it_does_not_matter_which_is_the_one() {
        assert_eq!(kinds("project", "capital"), kinds("capital", "project"));
        assert_eq!(kinds("project", "capital").zh, "资金与项目相配");
        assert_eq!(supply(SupplyType::Vacancy, SupplyType::LabourPool).zh, "劳务输出对岗位");
    }
}
