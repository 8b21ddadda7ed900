//! Numbers, exactly: digits with a decimal point, 千, 万, 亿 and their like behind them, or ideographs throughout.

/// What a number counts in: nanos, so that `google.type.Money` holds it exactly.
pub(super) const UNIT: i128 = 1_000_000_000;
/// Digits before the decimal point.
const WHOLE_DIGITS: usize = 15;
/// Above this nothing is a number that people type: 10^18.
const LARGEST: i128 = 1_000_000_000_000_000_000 * UNIT;

/// A number that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// In nanos.
    pub(super) nanos: i128,
    /// What the last of its digits were multiplied with, where it says so: 10,000 for 120万.
    pub(super) multiplier: Option<i128>,
}

/// Multipliers behind digits, the longer before those with which they end.
const MULTIPLIERS: [(&str, i128); 12] = [
    ("万亿", 1_000_000_000_000),
    ("千亿", 100_000_000_000),
    ("百亿", 10_000_000_000),
    ("十亿", 1_000_000_000),
    ("亿", 100_000_000),
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("万", 10_000),
    ("千", 1_000),
    ("K", 1_000),
    ("k", 1_000),
];

/// Reads all of `text`, which is folded; None where it is no number.
pub(super) fn read(text: &str) -> Option<Number> {
    if text.starts_with(|c: char| c.is_ascii_digit()) { digits(text) } else { ideographs(text) }
}

/// `1.2亿`, `1亿2000万`, `3,200`.
fn digits(text: &str) -> Option<Number> {
    let mut rest = text;
    let (mut sum, mut last) = (0_i128, None::<i128>);
    let mut multiplier = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let factor = MULTIPLIERS.iter().find(|(word, _)| after.starts_with(word));
        let (word, factor) = factor.map_or(("", 1), |(word, factor)| (*word, *factor));
        // Each further part is of a smaller order: 1亿2000万. 1万5 is 15,000 to some and 10,005 to others.
        if last.is_some_and(|last| last <= factor || factor == 1) {
            return None;
        }
        sum = sum.checked_add(decimal(number)?.checked_mul(factor)?)?;
        if sum > LARGEST {
            return None;
        }
        multiplier = (factor > 1).then_some(factor);
        last = Some(factor);
        rest = &after[word.len()..];
        if factor == 1 && !rest.is_empty() {
            return None;
        }
    }
    Some(Number { nanos: sum, multiplier })
}

/// A decimal in nanos; commas only between groups of three.
fn decimal(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = match &*groups {
        [_] => true,
        [first, rest @ ..] => (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    let whole = groups.concat();
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let sound = grouped
        && (1..=WHOLE_DIGITS).contains(&whole.len())
        && fraction.len() <= 9
        && all_digits(&whole)
        && all_digits(fraction)
        && text.ends_with(|c: char| c.is_ascii_digit());
    if !sound {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * UNIT + fraction)
}

fn digit(c: char) -> Option<i128> {
    Some(match c {
        '〇' | '零' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// Digits that are only put one after the other: 二〇二七.
pub(super) fn spelt_digits(text: &str) -> Option<u32> {
    let mut number = 0_u32;
    for c in text.chars() {
        number = number.checked_mul(10)?.checked_add(u32::try_from(digit(c)?).ok()?)?;
    }
    (!text.is_empty()).then_some(number)
}

/// `三千二百`, `一亿二千万`, `十五`.
pub(super) fn ideographs(text: &str) -> Option<Number> {
    let (mut sum, mut section, mut number) = (0_i128, 0_i128, None::<i128>);
    let (mut order, mut in_section) = (i128::MAX, i128::MAX);
    let mut multiplier = None;
    for c in text.chars() {
        if let Some(value) = digit(c) {
            // Two digits side by side are no number, except that a zero may stand before any.
            if number.is_some_and(|number| number != 0) {
                return None;
            }
            number = Some(value);
            multiplier = None;
            continue;
        }
        let factor = match c {
            '十' | '拾' => 10,
            '百' | '佰' => 100,
            '千' | '仟' => 1_000,
            '万' => 10_000,
            '亿' => 100_000_000,
            _ => return None,
        };
        if factor < 10_000 {
            if factor >= in_section {
                return None;
            }
            let times = match number.take() {
                Some(0) => return None,
                Some(number) => number,
                None if factor == 10 && section == 0 => 1,
                None => return None,
            };
            section += times * factor;
            in_section = factor;
        } else {
            section += number.take().unwrap_or(0);
            if section == 0 || factor >= order {
                return None;
            }
            sum += section * factor;
            (section, in_section, order) = (0, i128::MAX, factor);
        }
        multiplier = Some(factor);
    }
    if text.is_empty() {
        return None;
    }
    let nanos = (sum + section + number.unwrap_or(0)).checked_mul(UNIT)?;
    // Ideographs say their orders themselves, unless they end in one that counts the whole.
    let multiplier = multiplier.filter(|factor| *factor >= 10_000);
    Some(Number { nanos, multiplier })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        for (text, whole, multiplier) in [
            ("120", 120, None),
            ("3,200", 3_200, None),
            ("1.2亿", 120_000_000, Some(100_000_000)),
            ("1亿2000万", 120_000_000, Some(10_000)),
            ("1.5百万", 1_500_000, Some(1_000_000)),
            ("三千二百", 3_200, None),
            ("一亿二千万", 120_000_000, Some(10_000)),
            ("十五", 15, None),
            ("两万", 20_000, Some(10_000)),
            ("一千零五", 1_005, None),
            ("5k", 5_000, Some(1_000)),
        ] {
            assert_eq!(read(text), Some(Number { nanos: whole * UNIT, multiplier }), "{text}");
        }
        for text in ["", "1,5", "1.", ".5", "1..2", "2万1亿", "三三", "百", "万", "1万5", "1.0000000001", "0x10", "1e5"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
