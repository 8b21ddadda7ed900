//! Whole numbers of people, and levels.

use duikou_proto::language::Text;

use super::chinese_number::{UNIT, read as number};
use super::text::{folded, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};

const ABOUT: [&str; 5] = ["约", "大约", "左右", "近", "上下"];
const COUNTERS: [&str; 6] = ["人次", "人", "名", "位", "个", "家"];
/// Words that say that there is no bound.
const NO_BOUND: [&str; 4] = ["不限", "无限制", "不限人数", "不限制"];

/// A number of people: `120`, `约80人`, `三十名`, `1.2万人`; absent for 不限.
///
/// # Errors
/// For a range (its ends are the candidates), a fraction, and what is no number.
pub fn count(typed: &str) -> Outcome<i32> {
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    if says_nothing(typed) || NO_BOUND.contains(&folded(typed).as_str()) {
        return Ok(Understood::nothing(None));
    }
    let mut text = folded(typed);
    let mut about = false;
    loop {
        let before = text.len();
        for word in ABOUT {
            if let Some(rest) = text.strip_prefix(word).or_else(|| text.strip_suffix(word)) {
                (text, about) = (rest.to_owned(), true);
            }
        }
        for word in COUNTERS {
            if let Some(rest) = text.strip_suffix(word) {
                text = rest.to_owned();
                break;
            }
        }
        if text.len() == before {
            break;
        }
    }
    if let Some(value) = whole(&text) {
        let note = about.then(|| {
            Text::new(format!("“{}”按{value}读取", shown(typed)), format!("{} is read as {value}", shown(typed)))
        });
        return Ok(Understood { value: Some(value), note });
    }
    let ends: Vec<&str> = text.split(['-', '~', '至', '到', '–', '—']).collect();
    if let [low, high] = &*ends
        && let (Some(low), Some(high)) = (whole(low.trim_end_matches('人')), whole(high))
    {
        let candidate = |value: i32| Candidate { typed: value.to_string(), text: Text::same("") };
        return Err(Unclear::between(
            format!("“{}”是一个区间，此处只能填一个数。", shown(typed)),
            format!("{} is a range, and one number is wanted.", shown(typed)),
            vec![candidate(low), candidate(high)],
        ));
    }
    Err(Unclear::wrong(
        format!("“{}”不是整数，请填写如 120 的数字。", shown(typed)),
        format!("{} is no whole number: write one like 120.", shown(typed)),
    ))
}

fn whole(text: &str) -> Option<i32> {
    let nanos = number(text)?.nanos;
    if nanos % UNIT == 0 { i32::try_from(nanos / UNIT).ok() } else { None }
}

/// Words for stages of development, and the levels that they may mean (GB/T 22900).
const STAGES: [(&[&str], &[i32]); 6] = [
    (&["概念", "原理", "基础研究"], &[1, 2]),
    (&["实验室", "研发", "在研", "样品"], &[3, 4]),
    (&["小试", "样机"], &[4, 5]),
    (&["中试"], &[5, 6]),
    (&["试生产", "示范", "小批量", "批量试产"], &[7, 8]),
    (&["量产", "产业化", "成熟", "规模化生产", "已应用"], &[8, 9]),
];

/// A technology readiness level, 1 to 9: `7`, `TRL7`, `7级`.
///
/// # Errors
/// For words such as 中试 (the levels that it may mean are the candidates) and numbers out of range.
pub fn level(typed: &str) -> Outcome<i32> {
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    let text = folded(typed).to_uppercase();
    let number = text.strip_prefix("TRL").unwrap_or(&text);
    let number = number.trim_start_matches([':', '-']).trim_end_matches('级');
    if let Some(value) = whole(number).filter(|value| (1..=9).contains(value)) {
        return Ok(Understood::plain(value));
    }
    let meant = STAGES.iter().find(|(words, _)| words.iter().any(|word| text.contains(word)));
    let candidate = |level: &i32| Candidate { typed: format!("TRL {level}"), text: Text::same("") };
    Err(Unclear::between(
        format!("“{}”不是技术成熟度等级，请填写1至9。", shown(typed)),
        format!("{} is no readiness level: write 1 to 9.", shown(typed)),
        meant.map(|(_, levels)| levels.iter().map(candidate).collect()).unwrap_or_default(),
    ))
}
