//! Places: by code, by name, by the names in which they lie, by pinyin.

use std::collections::HashMap;
use std::sync::OnceLock;

use duikou_proto::language::{Language, Text};
use duikou_proto::reference::{Entry, normalise_region, regions};

use super::text::{folded, line, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};
use crate::search::spells;

/// A place, and what follows its name in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// GB/T 2260, abroad ISO 3166-1.
    pub code: &'static str,
    /// The address below it, perhaps empty: 威远工业园.
    pub rest: String,
}

/// What is known of where a place lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies<'a> {
    /// Nothing.
    Anywhere,
    /// In the place with this code, which decides between places of one name.
    Within(&'a str),
    /// Perhaps not far from the place with this code: candidates are told in that order, and nothing is decided by it.
    Near(&'a str),
}

/// Ends of names that are no divisions, although they end like them.
const NO_DIVISION: [&str; 15] = [
    "园区",
    "开发区",
    "新区",
    "示范区",
    "景区",
    "社区",
    "片区",
    "保税区",
    "高新区",
    "功能区",
    "校区",
    "小区",
    "集聚区",
    "试验区",
    "合作区",
];

/// Words that begin with the last character of a division's name, and do not end one.
const NO_ENDS: [&str; 12] =
    ["市场", "市民", "市政", "市级", "区域", "区位", "区级", "县城", "县级", "省级", "旗舰", "旗下"];

/// Reads a place: a code (`522729`, perhaps with its name behind it), a name (`长顺`, `贵州省黔南州长顺县`, in front of an
/// address too), or letters (`changshun`).
///
/// # Errors
/// For names of several places, and for what is no place; places whose names differ by one character are candidates.
pub fn place(typed: &str, lies: Lies<'_>) -> Outcome<Place> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    let text = folded(typed);
    if let Some(found) = by_code(&text, typed) {
        return found.map(Understood::plain);
    }
    let spelt = by_letters(&text);
    if !spelt.is_empty() {
        return one_of(&spelt, typed, lies, String::new());
    }
    // Names have full-width brackets, which folding makes others.
    let whole = regions().by_name(&line(typed));
    if !whole.is_empty() {
        return one_of(&whole, typed, lies, String::new());
    }
    match leading(&text) {
        None => Err(no_place(typed, &text, None, lies)),
        Some((found, rest)) => match unknown_division(&rest) {
            Some(division) => Err(no_place(typed, division, found.first().copied(), lies)),
            None => one_of(&found, typed, lies, rest),
        },
    }
}

/// The place with which an address begins, and what in it looks like a division below that and is none; None where it
/// begins with no place, or with a name of several.
pub fn in_address(address: &str, within: Option<&str>) -> Option<(Place, Option<String>)> {
    if address.chars().count() > TYPED_CHARS {
        return None;
    }
    let (found, rest) = leading(&folded(address))?;
    let unknown = unknown_division(&rest).map(str::to_owned);
    let lies = within.map_or(Lies::Anywhere, Lies::Within);
    one_of(&found, address, lies, rest).ok()?.value.map(|place| (place, unknown))
}

/// The places that the longest name at the beginning of a text may mean, and what follows it.
fn leading(text: &str) -> Option<(Vec<&'static Entry>, String)> {
    let mut ends: Vec<usize> = text.char_indices().map(|(at, _)| at).skip(2).take(NAME_CHARS).collect();
    ends.push(text.len());
    ends.into_iter().rev().find_map(|end| {
        let (name, rest) = text.split_at(end);
        let found = regions().by_name(name);
        (!found.is_empty()).then(|| (found, rest.to_owned()))
    })
}

/// Characters of the longest name of a place with all in which it lies.
const NAME_CHARS: usize = 40;

/// Every place that the text may be: for forms that offer a choice.
pub fn candidates(typed: &str) -> Vec<&'static Entry> {
    let text = folded(typed);
    if let Some(entry) = regions().get(&normalise_region(&text)) {
        return vec![entry];
    }
    let spelt = by_letters(&text);
    if spelt.is_empty() { regions().by_name(&text) } else { spelt }
}

/// A place as [`place`] reads it: its code and its name.
pub fn format(code: &str) -> String {
    coded(code, Language::Zh)
}

/// A place as [`place`] reads it and people write it: by its name with all in which it lies, where that is the name of
/// no other place, else by its code and its name.
pub fn named(code: &str, language: Language) -> String {
    let means_it = |text: &String| {
        let read = place(text, Lies::Anywhere).ok().and_then(|read| read.value);
        read.is_some_and(|place| place.code == code && place.rest.is_empty())
    };
    let known = [in_full(code, language), coded(code, language)].into_iter().find(means_it);
    known.unwrap_or_else(|| format(code))
}

/// A place with those in which it lies: `贵州省毕节市`, `Bijie, Guizhou`. The code, where nobody knows it.
pub fn in_full(code: &str, language: Language) -> String {
    let names: Vec<&str> = regions().lineage(code).map(|entry| entry.name(language)).collect();
    match language {
        _ if names.is_empty() => code.to_owned(),
        Language::Zh => names.into_iter().rev().collect(),
        Language::En => names.join(", "),
    }
}

fn coded(code: &str, language: Language) -> String {
    regions().get(code).map_or_else(|| code.to_owned(), |entry| format!("{code} {}", entry.name(language)))
}

/// A code at the beginning; what follows must be the name of that place, whole, short or in full.
fn by_code(text: &str, typed: &str) -> Option<Result<Place, Unclear>> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = if length == 0 && text.bytes().take(2).all(|b| b.is_ascii_uppercase()) { 2 } else { length };
    if !(length == 6 || length == 2) || length > text.len() {
        return None;
    }
    let (code, rest) = text.split_at(length);
    if length == 2 && rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let Some(entry) = regions().get(&normalise_region(code)) else {
        return (length == 6).then(|| {
            Err(Unclear::wrong(
                format!("行政区划代码“{code}”不存在，请检查。"),
                format!("There is no region {code}: check the code."),
            ))
        });
    };
    let is_name = |name: &str| folded(name).eq_ignore_ascii_case(rest);
    let named =
        rest.is_empty() || is_name(entry.name_zh) || is_name(entry.name_en) || regions().by_name(rest).contains(&entry);
    Some(if named {
        Ok(Place { code: entry.code, rest: String::new() })
    } else {
        Err(Unclear::wrong(
            format!("“{}”中代码与名称不一致：{code} 是{}。", shown(typed), entry.name(Language::Zh)),
            format!("Code and name differ in {}: {code} is {}.", shown(typed), entry.name(Language::En)),
        ))
    })
}

/// By letters without spaces; the kind of division may be left out.
fn by_letters(text: &str) -> Vec<&'static Entry> {
    static INDEX: OnceLock<HashMap<String, Vec<&'static Entry>>> = OnceLock::new();
    let letters: String = text.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '-')).collect();
    if letters.len() < 3 || !letters.bytes().all(|b| b.is_ascii_lowercase()) {
        return Vec::new();
    }
    let index = INDEX.get_or_init(|| {
        let mut index: HashMap<String, Vec<&'static Entry>> = HashMap::new();
        for entry in regions().entries() {
            let squeezed = |name: &str| -> String {
                name.to_lowercase().chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '-')).collect()
            };
            let short = [" District", " County", " Banner"].iter().find_map(|kind| entry.name_en.strip_suffix(kind));
            let mut names = vec![squeezed(entry.name_en)];
            names.extend(short.map(squeezed));
            for name in names {
                index.entry(name).or_default().push(entry);
            }
        }
        index
    });
    match index.get(&letters) {
        Some(found) => found.clone(),
        // What is not called so abroad is typed by its Chinese name: qiannan, linzhi.
        None => regions().entries().iter().filter(|entry| spelt_by(entry, &letters)).collect(),
    }
}

/// Whether letters spell one of the Chinese names of a place, with or without what it is.
fn spelt_by(entry: &'static Entry, letters: &str) -> bool {
    let short =
        |name: &str| name.strip_suffix(['州', '市', '省', '县', '区']).is_some_and(|name| spells(name, letters));
    regions().names(entry).iter().any(|name| spells(name, letters) || short(name))
}

fn one_of(found: &[&'static Entry], typed: &str, lies: Lies<'_>, rest: String) -> Outcome<Place> {
    let is_inside = |entry: &Entry| match lies {
        Lies::Within(outer) => regions().is_within(entry.code, outer),
        Lies::Anywhere | Lies::Near(_) => false,
    };
    let inside: Vec<&&Entry> = found.iter().filter(|entry| is_inside(entry)).collect();
    match (found, &*inside) {
        ([one], _) => Ok(Understood::plain(Place { code: one.code, rest })),
        (_, [one]) => Ok(Understood::plain(Place { code: one.code, rest })),
        _ => Err(Unclear::between(
            format!("“{}”不止一处，请在前面写明省市，或填写代码。", shown(typed)),
            format!("Several places are called {}: put the province before it, or give a code.", shown(typed)),
            candidates_of(found.to_vec(), lies),
        )),
    }
}

/// Those that share more of what they lie in with the place that may be near come first.
fn candidates_of(mut found: Vec<&'static Entry>, lies: Lies<'_>) -> Vec<Candidate> {
    if let Lies::Near(code) | Lies::Within(code) = lies {
        let near: Vec<&str> = regions().lineage(code).map(|entry| entry.code).collect();
        let shared = |entry: &&Entry| regions().lineage(entry.code).filter(|outer| near.contains(&outer.code)).count();
        found.sort_by_cached_key(|entry| std::cmp::Reverse(shared(entry)));
    }
    let candidate = |entry: &Entry| {
        let text = Text::new(in_full(entry.code, Language::Zh), in_full(entry.code, Language::En));
        Candidate { typed: entry.code.to_owned(), text }
    };
    found.into_iter().map(candidate).collect()
}

/// What looks like the name of a division at the beginning of an address: 天和区 of 天和区某酒店.
fn unknown_division(rest: &str) -> Option<&str> {
    let ends = |(at, c): &(usize, char)| {
        "省市区县州旗".contains(*c) && !NO_ENDS.iter().any(|word| rest[*at..].starts_with(word))
    };
    let end = rest.char_indices().skip(1).take(7).find(ends)?;
    let division = &rest[..end.0 + end.1.len_utf8()];
    let is_other = NO_DIVISION.iter().any(|kind| division.ends_with(kind));
    (!is_other).then_some(division)
}

fn no_place(typed: &str, name: &str, within: Option<&'static Entry>, lies: Lies<'_>) -> Unclear {
    Unclear::between(
        format!("没有名为“{}”的地区，请检查是否有错别字，或填写行政区划代码。", shown(name)),
        format!("No place of {} is known: check the spelling, or give its code.", shown(typed)),
        candidates_of(similar(name, within), lies),
    )
}

/// Characters of so many names that one of them alone, beside what kind of division it is, tells nothing.
const COMMON: &str = "大小上中下东南西北新老山城阳州安江平宁河海湖湾";

/// Places whose names differ from the beginning of `name` by one character, and share more with it than a character of
/// [`COMMON`], unless they lie in the place that is named before.
fn similar(name: &str, within: Option<&'static Entry>) -> Vec<&'static Entry> {
    let name: Vec<char> = name.chars().collect();
    let differs_by_one = |other: &str| {
        let length = other.chars().count();
        let same: Vec<char> =
            other.chars().zip(&name).filter(|(one, other)| one == *other).map(|(one, _)| one).collect();
        let tells = |c: &char| !COMMON.contains(*c) && !"省市区县州旗".contains(*c);
        (2..=name.len()).contains(&length)
            && (length >= 3 || name.len() == length)
            && same.len() + 1 == length
            && (within.is_some() || length > 3 || same.iter().any(tells))
    };
    let inside = |entry: &Entry| within.is_none_or(|outer| regions().is_within(entry.code, outer.code));
    let all = regions().entries().iter();
    all.filter(|entry| entry.level != "country" && inside(entry) && differs_by_one(entry.name_zh)).collect()
}
