//! Amounts of money and wages: one amount or a range, in words and units as people write them.

use duikou_proto::Money;
use duikou_proto::language::Text;
use duikou_proto::reference::currency;
use duikou_proto::v1::talent::WagePeriod;

use super::chinese_number::{Number, UNIT, read as number};
use super::text::{folded, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};

/// What a wage counts for.
pub type Period = WagePeriod;

/// Two bounds of one currency, either of which may be absent; one amount is both.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// The lower bound.
    pub min: Option<Money>,
    /// The upper bound.
    pub max: Option<Money>,
    /// What it counts for, where it is a wage.
    pub period: Option<Period>,
}

/// What a column, a form or a sheet says of all its amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unit {
    /// ISO 4217.
    pub currency: Option<&'static str>,
    /// What bare numbers are multiplied with: 10,000 for 万元.
    pub multiplier: Option<i128>,
    /// What wages count for.
    pub period: Option<Period>,
}

/// Currencies as people write them (folded, capitals), the longer before those with which they end or begin.
const CURRENCIES: [(&str, &str); 28] = [
    ("人民币", "CNY"),
    ("RMB", "CNY"),
    ("新加坡元", "SGD"),
    ("新台币", "TWD"),
    ("澳门元", "MOP"),
    ("澳门币", "MOP"),
    ("葡币", "MOP"),
    ("美元", "USD"),
    ("美金", "USD"),
    ("US$", "USD"),
    ("港元", "HKD"),
    ("港币", "HKD"),
    ("HK$", "HKD"),
    ("欧元", "EUR"),
    ("€", "EUR"),
    ("日元", "JPY"),
    ("日圆", "JPY"),
    ("英镑", "GBP"),
    ("£", "GBP"),
    ("韩元", "KRW"),
    ("澳元", "AUD"),
    ("加元", "CAD"),
    ("瑞士法郎", "CHF"),
    ("卢布", "RUB"),
    ("泰铢", "THB"),
    ("越南盾", "VND"),
    ("元整", "CNY"),
    ("元", "CNY"),
];

/// What wages count for, as people write it before or after an amount.
const PERIODS: [(&str, Period); 30] = [
    ("/每月", Period::Month),
    ("/个月", Period::Month),
    ("/月", Period::Month),
    ("每个月", Period::Month),
    ("每月", Period::Month),
    ("月薪", Period::Month),
    ("月", Period::Month),
    ("/年", Period::Year),
    ("每年", Period::Year),
    ("年薪", Period::Year),
    ("年", Period::Year),
    ("/天", Period::Day),
    ("/日", Period::Day),
    ("每天", Period::Day),
    ("每日", Period::Day),
    ("日薪", Period::Day),
    ("日结", Period::Day),
    ("天", Period::Day),
    ("/小时", Period::Hour),
    ("/时", Period::Hour),
    ("每小时", Period::Hour),
    ("时薪", Period::Hour),
    ("小时", Period::Hour),
    ("一个月", Period::Month),
    ("一天", Period::Day),
    ("一年", Period::Year),
    ("/MONTH", Period::Month),
    ("/YEAR", Period::Year),
    ("/DAY", Period::Day),
    ("/HOUR", Period::Hour),
];

const ABOUT: [&str; 6] = ["大约", "约", "左右", "上下", "近", "预计"];
const AT_LEAST: [&str; 11] = ["及以上", "以上", "起", "不低于", "不少于", "至少", "≥", ">=", "+", "高于", "最低"];
const AT_MOST: [&str; 10] = ["及以下", "以下", "以内", "不超过", "不高于", "最高", "最多", "≤", "<=", "封顶"];
/// Words of amounts that are agreed upon later.
const OPEN: [&str; 15] = [
    "面议",
    "面谈",
    "待定",
    "另议",
    "协商",
    "议定",
    "可议",
    "可谈",
    "电议",
    "详谈",
    "不限",
    "待议",
    "薪资面议",
    "双方协商",
    "NEGOTIABLE",
];

/// One amount of a range, as it is written.
#[derive(Default)]
struct Half {
    number: Option<Number>,
    currency: Option<&'static str>,
    period: Option<Period>,
    about: bool,
    at_least: bool,
    at_most: bool,
}

/// Reads what a column's header or a form says of its amounts: `总投资（万元）`, `元/月`, `单位：人、元`.
pub fn unit_in(text: &str) -> Unit {
    let text = folded(text).to_uppercase();
    let mut unit = Unit::default();
    for (word, code) in CURRENCIES {
        let Some((before, after)) = text.split_once(word) else { continue };
        // 元 is the end of 单元, and begins 元器件, 元旦: a unit stands behind a number, a multiplier or a mark.
        let begins =
            before.chars().next_back().is_none_or(|c| "(/:,、;千百十万亿位".contains(c) || !c.is_alphanumeric());
        if !begins {
            continue;
        }
        unit.currency = Some(code);
        let factors = [("百万", 1_000_000), ("千万", 10_000_000), ("万", 10_000), ("亿", 100_000_000), ("千", 1_000)];
        unit.multiplier = factors.iter().find(|(word, _)| before.ends_with(word)).map(|(_, factor)| *factor);
        unit.period = PERIODS
            .iter()
            .find(|(word, _)| word.starts_with('/') && after.starts_with(word))
            .map(|(_, period)| *period);
        break;
    }
    unit
}

/// Reads an amount or a range: `120万元`, `1.2亿`, `3,000-5,000元/月`, `500万美元`, `4500元以上`; absent for 面议. A bare
/// number is counted in `unit`; 万 and 亿 without a currency are yuan.
///
/// # Errors
/// For a bare number of which no unit is known, for signs of several currencies (¥, $), for zero without a currency,
/// for bounds in the wrong order, and for what is no amount.
pub fn amount(typed: &str, unit: Unit) -> Outcome<Range> {
    read(typed, unit).and_then(|read| {
        if read.value.as_ref().is_some_and(|range| range.period.is_some()) {
            return Err(Unclear::wrong(
                format!("“{}”带有每月、每年等周期，此处应为总额。", shown(typed)),
                format!("{} is for a period, and the whole is wanted here.", shown(typed)),
            ));
        }
        Ok(read)
    })
}

/// Reads a wage: as [`amount`], with what it counts for (`元/月`, `年薪`, `日结`) in the text or in `unit`.
///
/// # Errors
/// As [`amount`], and where nothing says what it counts for.
pub fn wage(typed: &str, unit: Unit) -> Outcome<Range> {
    let mut read = read(typed, unit)?;
    if let Some(range) = &mut read.value {
        range.period = range.period.or(unit.period);
        if range.period.is_none() {
            let of = |word: &str| Candidate { typed: format!("{}{word}", bare(range)), text: Text::same("") };
            return Err(Unclear::between(
                format!("“{}”没有说明是每月、每天还是每年，请补充，或指明整列的单位。", shown(typed)),
                format!("{} does not say for which period: add it, or give the unit of the column.", shown(typed)),
                vec![of("/月"), of("/日"), of("/年")],
            ));
        }
    }
    Ok(read)
}

/// Whether a text says that an amount is agreed upon later.
pub fn is_open(typed: &str) -> bool {
    typed.chars().count() <= TYPED_CHARS && OPEN.contains(&folded(typed).to_uppercase().as_str())
}

fn bare(range: &Range) -> String {
    format(&Range { period: None, ..range.clone() })
}

fn read(typed: &str, unit: Unit) -> Outcome<Range> {
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    let text = folded(typed).to_uppercase();
    if OPEN.contains(&text.as_str()) {
        let note = Text::new(
            format!("“{}”没有金额，写在正文末尾，读者可见", shown(typed)),
            format!("{} names no amount: it is told to readers at the end of the text", shown(typed)),
        );
        return Ok(Understood::nothing(Some(note)));
    }
    let (text, remark) = without_remark(&text);
    // 5000（万元）, as it is copied out of tables: what stands in brackets is what the number is counted in.
    if let Some(remark) = remark.as_ref().filter(|remark| unit_in(&format!("({remark})")).currency.is_some())
        && let Ok(read) = bare_text(typed, &format!("{text}{remark}"), unit)
    {
        return Ok(read);
    }
    let read = bare_text(typed, &text, unit)?;
    Ok(match (read, remark) {
        (Understood { value, note: None }, Some(remark)) => {
            let note = Text::new(format!("括号中的“{remark}”未读入"), format!("the remark {remark} is not taken"));
            Understood { value, note: Some(note) }
        }
        (read, _) => read,
    })
}

/// The same without what stands in brackets.
fn bare_text(typed: &str, text: &str, unit: Unit) -> Outcome<Range> {
    let text = text.replace("/人", "").replace("/每人", "");
    let text = text.replace("——", "—").replace("--", "-");
    let halves: Vec<&str> = text.split(['-', '~', '–', '—', '―', '至', '到']).collect();
    let read = match &*halves {
        [one] => single(typed, &half(typed, one)?, unit),
        [low, high] => between(typed, &half(typed, low)?, &half(typed, high)?, unit),
        _ => Err(no_amount(typed)),
    };
    // What can be typed instead is made of the amount alone, 5000万元起.
    let end = text.rfind(char::is_numeric).and_then(|at| Some(at + text[at..].chars().next()?.len_utf8()));
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    read.map_err(|Unclear { text: why, candidates }| {
        let counted = |one: Candidate| match UNITS.iter().find(|unit| **unit == one.typed) {
            Some(unit) => Candidate { typed: format!("{number}{unit}{rest}"), ..one },
            None => one,
        };
        Unclear { text: why, candidates: candidates.into_iter().map(counted).collect() }
    })
}

/// What bare numbers may be counted in.
const UNITS: [&str; 2] = ["元", "万元"];

/// Without what stands in brackets at the end.
fn without_remark(text: &str) -> (String, Option<String>) {
    match text.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((before, remark)) if !before.is_empty() => (before.to_owned(), Some(shown(remark))),
        _ => (text.to_owned(), None),
    }
}

fn no_amount(typed: &str) -> Unclear {
    Unclear::wrong(
        format!("“{}”不是金额，请填写如 120万元、3000-5000元/月 的金额，没有请留空。", shown(typed)),
        format!(
            "{} is no amount: write it like 1,200,000 CNY or 3000-5000 CNY/month, or leave it empty.",
            shown(typed)
        ),
    )
}

/// Takes words off both ends until a number is left.
fn half(typed: &str, text: &str) -> Result<Half, Unclear> {
    let mut half = Half::default();
    let mut rest = text;
    loop {
        let before = rest.len();
        if rest.contains(['¥', '$']) && !["US$", "HK$"].iter().any(|known| rest.contains(known)) {
            return Err(several_currencies(typed, rest.contains('¥')));
        }
        let mut take = |words: &[&str], flag: &mut bool| {
            for word in words {
                if let Some(shorter) = rest.strip_prefix(word).or_else(|| rest.strip_suffix(word))
                    && !shorter.is_empty()
                {
                    (rest, *flag) = (shorter, true);
                }
            }
        };
        take(&ABOUT, &mut half.about);
        take(&AT_LEAST, &mut half.at_least);
        take(&AT_MOST, &mut half.at_most);
        if half.period.is_none()
            && let Some((shorter, period)) = PERIODS.iter().find_map(|(word, period)| {
                let shorter = rest.strip_suffix(word).or_else(|| rest.strip_prefix(word))?;
                (!shorter.is_empty()).then_some((shorter, *period))
            })
        {
            (rest, half.period) = (shorter.trim_end_matches('/'), Some(period));
        }
        if let Some((shorter, code)) = currency_at_an_end(rest)
            && half.currency.is_none_or(|known| known == code)
        {
            (rest, half.currency) = (shorter.trim_matches(':'), Some(code));
        }
        if rest.len() == before {
            break;
        }
    }
    half.number = number(rest);
    if half.number.is_none() || (half.at_least && half.at_most) {
        return Err(no_amount(typed));
    }
    Ok(half)
}

fn several_currencies(typed: &str, yen: bool) -> Unclear {
    let candidate = |code: &str| Candidate { typed: code.to_owned(), text: Text::same("") };
    let codes: &[&str] = if yen { &["CNY", "JPY"] } else { &["USD", "HKD", "MOP"] };
    Unclear::between(
        format!("“{}”的货币符号不止一种货币使用，请写明货币。", shown(typed)),
        format!("The sign in {} stands for several currencies: name the currency.", shown(typed)),
        codes.iter().map(|code| candidate(code)).collect(),
    )
}

/// The currency that stands before or behind a number, as a word or a code, and what is left.
fn currency_at_an_end(text: &str) -> Option<(&str, &'static str)> {
    for (word, code) in CURRENCIES {
        if let Some(rest) = text.strip_suffix(word).or_else(|| text.strip_prefix(word))
            && !rest.is_empty()
        {
            return Some((rest, code));
        }
    }
    let known = |code: &str| currency(code).filter(|currency| currency.exponent.is_some());
    let ends =
        [text.get(..3).zip(text.get(3..)), text.len().checked_sub(3).and_then(|at| text.get(at..).zip(text.get(..at)))];
    ends.into_iter()
        .flatten()
        .find_map(|(code, rest)| known(code).map(|currency| (rest, currency.code)))
        .filter(|(rest, _)| !rest.is_empty())
}

/// In nanos with its currency, by its own words and then by `unit`.
fn valued(typed: &str, half: &Half, unit: Unit) -> Result<(i128, &'static str), Unclear> {
    let Some(Number { nanos, multiplier }) = half.number else { return Err(no_amount(typed)) };
    let bare = multiplier.is_none() && half.currency.is_none();
    let (nanos, code) = match (half.currency, multiplier, unit.currency) {
        (Some(code), ..) => (nanos, code),
        (None, Some(_), code) => (nanos, code.unwrap_or("CNY")),
        (None, None, Some(code)) => {
            (nanos.checked_mul(unit.multiplier.unwrap_or(1)).ok_or_else(|| no_amount(typed))?, code)
        }
        (None, None, None) => {
            let shown = shown(typed);
            return Err(Unclear::between(
                format!("“{shown}”没有单位，请写明元、万元或其他货币。"),
                format!("{shown} has no unit: say whether it is 元, 万元 or another currency."),
                UNITS.map(|unit| Candidate { typed: unit.to_owned(), text: Text::same("") }).into(),
            ));
        }
    };
    if bare && nanos == 0 {
        return Err(Unclear::wrong(
            "金额为0：没有金额请留空。",
            "The amount is 0: leave it empty where there is none.",
        ));
    }
    Ok((nanos, code))
}

fn single(typed: &str, half: &Half, unit: Unit) -> Outcome<Range> {
    let (nanos, code) = valued(typed, half, unit)?;
    let money = Some(money(nanos, code).ok_or_else(|| no_amount(typed))?);
    let (min, max) = match (half.at_least, half.at_most) {
        (true, _) => (money, None),
        (_, true) => (None, money),
        _ => (money.clone(), money),
    };
    let range = Range { min, max, period: half.period };
    let note = half.about.then(|| read_as(typed, &range));
    Ok(Understood { value: Some(range), note })
}

fn between(typed: &str, low: &Half, high: &Half, unit: Unit) -> Outcome<Range> {
    let differ = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(one, other)| one != other);
    let periods_differ = low.period.zip(high.period).is_some_and(|(one, other)| one != other);
    let bounded = low.at_least || low.at_most || high.at_least || high.at_most;
    if differ(low.currency, high.currency) || periods_differ || bounded {
        return Err(no_amount(typed));
    }
    let (Some(first), Some(last)) = (low.number, high.number) else { return Err(no_amount(typed)) };
    // 50-80万: the multiplier of the last is meant for both, unless the first would then be the larger (5000-1万).
    let shared = first.multiplier.is_none().then_some(last.multiplier).flatten();
    let shared = shared.and_then(|factor| first.nanos.checked_mul(factor)).filter(|nanos| *nanos <= last.nanos);
    let currency = low.currency.or(high.currency);
    let with = |half: &Half, nanos: i128, multiplier: Option<i128>| Half {
        number: Some(Number { nanos, multiplier }),
        currency: half.currency.or(currency),
        ..Half::default()
    };
    let any = first.multiplier.or(last.multiplier);
    let low_half = with(low, shared.unwrap_or(first.nanos), any);
    let (min, code) = valued(typed, &low_half, unit)?;
    let (max, _) = valued(typed, &with(high, last.nanos, any), unit)?;
    if min > max {
        return Err(Unclear::wrong(
            format!("“{}”的下限高于上限，请检查。", shown(typed)),
            format!("The lower bound of {} is above the upper: check both.", shown(typed)),
        ));
    }
    let bound = |nanos| money(nanos, code).ok_or_else(|| no_amount(typed));
    let range = Range { min: Some(bound(min)?), max: Some(bound(max)?), period: low.period.or(high.period) };
    let note = (low.about || high.about).then(|| read_as(typed, &range));
    Ok(Understood { value: Some(range), note })
}

/// The range between two amounts that were read apart, either of which may be absent.
///
/// # Errors
/// Where they are of two currencies or periods, or the lower is above the upper.
pub fn joined(low: Option<Range>, high: Option<Range>) -> Result<Range, Text> {
    let period = |range: &Option<Range>| range.as_ref().and_then(|range| range.period);
    let periods = (period(&low), period(&high));
    let [min, max] = [low, high].map(|range| range.and_then(|range| range.min.or(range.max)));
    if let (Some(min), Some(max)) = (&min, &max) {
        let periods_differ = periods.0.zip(periods.1).is_some_and(|(one, other)| one != other);
        if min.currency_code != max.currency_code || periods_differ {
            return Err(Text::new(
                "下限与上限的货币或周期不同，请改为一致。",
                "The lower bound and the upper are of two currencies or periods: make them one.",
            ));
        }
        if (min.units, min.nanos) > (max.units, max.nanos) {
            return Err(Text::new("下限高于上限，请检查。", "The lower bound is above the upper: check both."));
        }
    }
    Ok(Range { min, max, period: periods.0.or(periods.1) })
}

fn read_as(typed: &str, range: &Range) -> Text {
    Text::new(
        format!("“{}”按{}读取", shown(typed), format(range)),
        format!("{} is read as {}", shown(typed), format(range)),
    )
}

fn money(nanos: i128, code: &str) -> Option<Money> {
    Some(Money {
        currency_code: code.to_owned(),
        units: i64::try_from(nanos / UNIT).ok()?,
        nanos: i32::try_from(nanos % UNIT).ok()?,
    })
}

/// A range as [`amount`] and [`wage`] read it: exact, with its currency, in 万 and 亿 where people count in them.
pub fn format(range: &Range) -> String {
    // Without a multiplier at one end there is none at the other: 5000-12000元, not 5000-1.2万元.
    let bounds = [&range.min, &range.max].into_iter().flatten();
    let decimal = if bounds.clone().all(|money| counted(money).is_some()) { large } else { decimal };
    let period = match range.period {
        Some(Period::Hour) => "/小时",
        Some(Period::Day) => "/日",
        Some(Period::Month) => "/月",
        Some(Period::Year) => "/年",
        Some(Period::Unspecified) | None => "",
    };
    match (&range.min, &range.max) {
        (Some(min), Some(max)) if min == max => format!("{}{}{period}", decimal(min), unit_of(min)),
        (Some(min), Some(max)) => format!("{}-{}{}{period}", decimal(min), decimal(max), unit_of(max)),
        (Some(min), None) => format!("{}{}{period}以上", decimal(min), unit_of(min)),
        (None, Some(max)) => format!("{}{}{period}以下", decimal(max), unit_of(max)),
        (None, None) => String::new(),
    }
}

fn unit_of(money: &Money) -> &str {
    match &*money.currency_code {
        "CNY" => "元",
        "USD" => "美元",
        "HKD" => "港元",
        code => code,
    }
}

/// A sum in 亿 or 万, where it is one that has at most two decimals then.
fn counted(money: &Money) -> Option<String> {
    let in_words = ["CNY", "USD", "HKD"].contains(&&*money.currency_code) && money.nanos == 0;
    let factors = [(100_000_000, "亿"), (10_000, "万")];
    let (factor, word) = factors
        .into_iter()
        .find(|(factor, _)| in_words && money.units >= *factor && money.units % (factor / 100) == 0)?;
    let (whole, rest) = (money.units / factor, money.units % factor / (factor / 100));
    let number =
        if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}").trim_end_matches('0').to_owned() };
    Some(format!("{number}{word}"))
}

fn large(money: &Money) -> String {
    counted(money).unwrap_or_else(|| decimal(money))
}

fn decimal(money: &Money) -> String {
    if money.nanos == 0 {
        return money.units.to_string();
    }
    format!("{}.{:09}", money.units, money.nanos).trim_end_matches('0').to_owned()
}
