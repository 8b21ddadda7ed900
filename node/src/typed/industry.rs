//! Industries of GB/T 4754-2017: by code, with or without the section's letter, by name, by pinyin; and by the words that
//! people use, which are asked for where they mean several.

use std::collections::HashMap;
use std::sync::OnceLock;

use duikou_proto::language::{Language, Text};
use duikou_proto::reference::{Entry, everyday_industries, industries};

use super::text::{folded, line, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};
use crate::search::spells;

/// What stands behind such a word and says no more.
const ENDS: [&str; 6] = ["产业链", "产业", "行业", "领域", "类", "业"];
/// Characters of such a word within a longer text; one alone says too little.
const WITHIN_CHARS: usize = 2;

/// Reads one industry: `3963`, `C3963`, `C`, `医药制造业`, `27 医药制造业`, `yiyaozhizaoye`, and `民宿`, which is one class.
///
/// # Errors
/// For codes and names that do not exist, a code with another's name, and names and words of several industries.
pub fn industry(typed: &str) -> Outcome<&'static str> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    let text = folded(typed);
    if let Some(meant) = word(&text) {
        return everyday(typed, meant);
    }
    let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let code_length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if code_length > 0 && text.len() - digits.len() <= 1 {
        return by_code(typed, &digits[..code_length], &digits[code_length..]);
    }
    if text.len() == 1
        && let Some(entry) = industries().get(&text.to_uppercase())
    {
        return Ok(Understood::plain(entry.code));
    }
    let section = text.get(1..).filter(|rest| !rest.is_empty() && !rest.starts_with(|c: char| c.is_ascii()));
    if let (Some(name), Some(entry)) = (section, text.get(..1).and_then(|code| industries().get(code))) {
        return agreed(entry, name, typed);
    }
    let found = candidates(typed);
    match &*found {
        [] => Err(unknown(typed, &text)),
        // Where a division and the groups in it have one name, the division is what the name says.
        [outer, rest @ ..] if rest.iter().all(|entry| industries().is_within(entry.code, outer.code)) => {
            Ok(Understood::plain(outer.code))
        }
        several => Err(Unclear::between(
            format!("“{}”不止一个行业，请填写代码。", shown(typed)),
            format!("{} names several industries: give the code.", shown(typed)),
            several.iter().map(|entry| candidate(entry)).collect(),
        )),
    }
}

/// Reads several; names may contain the marks that separate them.
///
/// # Errors
/// As [`industry`], for the first that is wrong.
pub fn several(typed: &str) -> Outcome<Vec<String>> {
    let whole = industry(typed);
    if let Ok(Understood { value, note }) = whole {
        return Ok(Understood { value: value.map(|code| vec![code.to_owned()]), note });
    }
    let strong = [';', '；', '\n', '|'];
    let parts = if typed.contains(strong) { split(typed, &strong) } else { split(typed, &['、', ',', '，', '/']) };
    if !typed.contains(strong) && parts.len() < 2 {
        return Err(whole.err().unwrap_or_else(too_long));
    }
    let (mut codes, mut notes) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < parts.len() {
        // The longest run of parts that is one name: 计算机、通信和其他电子设备制造业.
        let run = (at + 1..=parts.len().min(at + 4)).rev().find_map(|end| {
            let read = industry(&parts[at..end].join("、")).ok()?;
            Some((end, read.value?, read.note))
        });
        let (end, code, note) = match run {
            Some(found) => found,
            None => return industry(parts[at]).map(|_| Understood::nothing(None)),
        };
        codes.push(code.to_owned());
        notes.extend(note);
        at = end;
    }
    codes.dedup();
    Ok(Understood { value: Some(codes), note: super::all_of(notes) })
}

fn split<'t>(typed: &'t str, separators: &[char]) -> Vec<&'t str> {
    typed.split(separators).map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// Every industry that the text names, outer ones first: for forms that offer a choice.
pub fn candidates(typed: &str) -> Vec<&'static Entry> {
    let text = folded(typed);
    let letters = text.to_lowercase();
    let is_letters = letters.len() >= 2 && letters.bytes().all(|b| b.is_ascii_lowercase());
    let mut found = if is_letters {
        industries().entries().iter().filter(|entry| spells(entry.name_zh, &letters)).collect()
    } else {
        // Names have full-width brackets, which folding makes others.
        let folded = industries().by_name(&text);
        if folded.is_empty() { industries().by_name(&line(typed)) } else { folded }
    };
    found.sort_by_key(|entry| (industries().lineage(entry.code).count(), entry.code));
    found
}

/// An industry as [`industry`] reads it: its code and its name.
pub fn format(code: &str) -> String {
    industries().get(code).map_or_else(|| code.to_owned(), |entry| format!("{code} {}", entry.name(Language::Zh)))
}

fn by_code(typed: &str, code: &str, name: &str) -> Outcome<&'static str> {
    match industries().get(code) {
        Some(entry) if name.is_empty() => Ok(Understood::plain(entry.code)),
        Some(entry) => agreed(entry, name, typed),
        None => {
            // Spreadsheets drop the zero of 05.
            let padded = industries().get(&format!("0{code}"));
            Err(Unclear::between(
                format!("国民经济行业分类中没有代码“{}”。", shown(typed)),
                format!("There is no industry {}.", shown(typed)),
                padded.into_iter().map(candidate).collect(),
            ))
        }
    }
}

fn agreed(entry: &'static Entry, name: &str, typed: &str) -> Outcome<&'static str> {
    if folded(entry.name_zh) == name || folded(entry.name_en).eq_ignore_ascii_case(name) {
        return Ok(Understood::plain(entry.code));
    }
    Err(Unclear::wrong(
        format!("“{}”中代码与名称不一致：{} 是{}。", shown(typed), entry.code, entry.name(Language::Zh)),
        format!("Code and name differ in {}: {} is {}.", shown(typed), entry.code, entry.name(Language::En)),
    ))
}

fn candidate(entry: &Entry) -> Candidate {
    let text = Text::new(entry.name(Language::Zh), entry.name(Language::En));
    Candidate { typed: entry.code.to_owned(), text }
}

/// What a word of the table means: a class is that word's own, anything else is asked for.
fn everyday(typed: &str, meant: &[&'static Entry]) -> Outcome<&'static str> {
    if let [one] = meant
        && one.level == "class"
    {
        let note = Text::new(
            format!("“{}”读作 {}", shown(typed), format(one.code)),
            format!("{} is read as {} {}", shown(typed), one.code, one.name(Language::En)),
        );
        return Ok(Understood { value: Some(one.code), note: Some(note) });
    }
    Err(Unclear::between(
        format!("“{}”在国民经济行业分类中没有同名的行业，请选择相近的一个，也可留空。", shown(typed)),
        format!("No industry of GB/T 4754 is called {}: choose one that is near, or leave it empty.", shown(typed)),
        meant.iter().map(|entry| candidate(entry)).collect(),
    ))
}

fn unknown(typed: &str, text: &str) -> Unclear {
    let mut found = within(text);
    for entry in near(text) {
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    Unclear::between(
        format!("国民经济行业分类中没有“{}”，请填写行业名称或代码，也可留空。", shown(typed)),
        format!("There is no industry {}: give a name or code of GB/T 4754, or leave it empty.", shown(typed)),
        found.into_iter().map(candidate).collect(),
    )
}

/// What a text may mean that is one of the words, with or without what says no more.
fn word(text: &str) -> Option<&'static [&'static Entry]> {
    static MEANT: OnceLock<HashMap<String, &[&Entry]>> = OnceLock::new();
    let meant = MEANT.get_or_init(|| {
        everyday_industries().iter().map(|(word, meant)| (word.to_ascii_lowercase(), &**meant)).collect()
    });
    let of = |text: &str| meant.get(&text.to_ascii_lowercase()).copied();
    let stems = || ENDS.iter().filter_map(|end| text.strip_suffix(end)).find_map(of);
    of(text).or_else(|| stems().filter(|_| industries().by_name(text).is_empty()))
}

/// What the longest words within a text may mean.
fn within(text: &str) -> Vec<&'static Entry> {
    let held = |word: &str| word.chars().count() >= WITHIN_CHARS && text.contains(word);
    let words: Vec<_> = everyday_industries().iter().filter(|(word, _)| held(word)).collect();
    let longest =
        words.iter().filter(|(word, _)| !words.iter().any(|(other, _)| other != word && other.contains(word)));
    let mut found: Vec<&'static Entry> = Vec::new();
    for entry in longest.flat_map(|(_, meant)| meant) {
        if !found.contains(entry) {
            found.push(entry);
        }
    }
    found
}

/// What somebody may mean who has typed so much of a word: for forms that offer a choice.
pub(crate) fn meant_by(typed: &str) -> Vec<&'static Entry> {
    let text = folded(typed).to_lowercase();
    let begun =
        everyday_industries().iter().filter(|(word, _)| !text.is_empty() && word.to_lowercase().starts_with(&text));
    let exact = word(&text).unwrap_or_default().iter();
    exact.chain(begun.flat_map(|(_, meant)| meant)).copied().collect()
}

/// Industries that say what the text says, but for 产业 and 行业: groups before classes, which are asked for alone.
fn near(text: &str) -> Vec<&'static Entry> {
    let stem = ENDS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    if stem.chars().count() < 2 {
        return Vec::new();
    }
    let of = |small: bool| {
        let entries = industries().entries().iter();
        entries.filter(|entry| (entry.level == "class") == small && entry.name_zh.contains(stem)).collect::<Vec<_>>()
    };
    let found = of(false);
    if found.is_empty() { of(true) } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_words_are_written_as_they_are_looked_up() {
        for (word, meant) in everyday_industries() {
            assert_eq!(*word, folded(word));
            assert!(meant.len() <= super::super::CANDIDATES, "{word}");
        }
    }

    #[test]
    fn everyday_words_are_asked_for_unless_they_are_one_class() {
        let offered = |typed: &str| -> Vec<String> {
            industry(typed).expect_err(typed).candidates.into_iter().map(|one| one.typed).collect()
        };
        for (typed, first) in [
            ("茶叶", "0164"),
            ("茶产业", "0164"),
            ("新能源汽车", "3612"),
            ("人工智能", "6513"),
            ("ai", "6513"),
            ("旅游业", "7291"),
            ("数字经济", "65"),
            ("电子信息", "39"),
            ("医疗健康", "84"),
            ("生物医药产业", "276"),
            ("预制菜", "1432"),
            ("农产品加工", "0514"),
            ("冷链", "5930"),
            ("文旅", "786"),
            ("康养", "8514"),
            ("光伏", "3825"),
            ("储能", "3841"),
            ("半导体", "397"),
            ("集成电路", "3973"),
            ("跨境电商", "5193"),
            ("3D打印", "3493"),
            ("大健康产业", "84"),
            // A word within what was typed, and a class that is called so.
            ("茶叶深加工及出口", "0164"),
            ("陶瓷工艺", "307"),
            ("拖拉机", "3571"),
        ] {
            assert_eq!(offered(typed).first().map(String::as_str), Some(first), "{typed}");
        }
        let longest = offered("新能源汽车配套");
        assert!(longest.contains(&"3612".to_owned()) && !longest.contains(&"4415".to_owned()), "{longest:?}");
        for (typed, code) in [("民宿", "6130"), ("快递业", "6020"), ("物业", "7020"), ("家政", "8010")] {
            let read = industry(typed).unwrap();
            assert_eq!(read.value, Some(code), "{typed}");
            assert!(read.note.unwrap().zh.contains(code), "and says so");
        }
        // What the standard names is what it names, also where a word begins so.
        for (typed, code) in [("渔业", "04"), ("餐饮业", "62"), ("物业管理", "702"), ("教育", "P")] {
            assert_eq!(industry(typed).map(|read| (read.value, read.note)), Ok((Some(code), None)), "{typed}");
        }
        let told = industry("元宇宙").unwrap_err();
        assert!(told.candidates.is_empty() && told.text.zh.contains("可留空"), "{told:?}");
        let read = several("民宿、快递").unwrap();
        assert_eq!(read.value, Some(vec!["6130".to_owned(), "6020".to_owned()]));
        assert!(read.note.is_some_and(|note| note.zh.contains("6130") && note.zh.contains("6020")));
        assert_eq!(several("民宿、茶叶").unwrap_err().candidates[0].typed, "0164");
    }
}
