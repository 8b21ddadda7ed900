//! Industries of GB/T 4754-2017: by code, with or without the section's letter, by name, by pinyin.

use duikou_proto::language::{Language, Text};
use duikou_proto::reference::{Entry, industries};

use super::text::{folded, line, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};
use crate::search::spells;

/// Reads one industry: `3963`, `C3963`, `C`, `医药制造业`, `27 医药制造业`, `yiyaozhizaoye`.
///
/// # Errors
/// For codes and names that do not exist, a code with another's name, and names of several industries.
pub fn industry(typed: &str) -> Outcome<&'static str> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    let text = folded(typed);
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
        [] => Err(Unclear::between(
            format!("国民经济行业分类中没有“{}”，请填写行业名称或代码。", shown(typed)),
            format!("There is no industry {}: give a name or code of GB/T 4754.", shown(typed)),
            near(&text).into_iter().map(candidate).collect(),
        )),
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
    let mut codes = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        // The longest run of parts that is one name: 计算机、通信和其他电子设备制造业.
        let run = (at + 1..=parts.len().min(at + 4)).rev().find_map(|end| {
            let read = industry(&parts[at..end].join("、")).ok()?.value?;
            Some((end, read))
        });
        let (end, code) = match run {
            Some(found) => found,
            None => return industry(parts[at]).map(|_| Understood::nothing(None)),
        };
        codes.push(code.to_owned());
        at = end;
    }
    codes.dedup();
    Ok(Understood::plain(codes))
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

/// Industries that say what the text says, but for 产业 and 行业.
fn near(text: &str) -> Vec<&'static Entry> {
    let stem = ["产业", "行业", "业"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    if stem.chars().count() < 2 {
        return Vec::new();
    }
    industries().entries().iter().filter(|entry| entry.code.len() <= 3 && entry.name_zh.contains(stem)).collect()
}
