//! A table of codes that form a tree, with names.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::language::Language;

/// One code.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The code, unique in its table.
    pub code: &'static str,
    /// The name in Chinese; empty where the standard has none that could be verified.
    pub name_zh: &'static str,
    /// The name in English; empty likewise.
    pub name_en: &'static str,
    /// The code of the entry in which it lies.
    pub parent: Option<&'static str>,
    /// Its level: `province`, `prefecture`, `county` or `country`; `section`, `division`, `group` or `class`; `major`,
    /// `sub-major`, `minor` or `unit`.
    pub level: &'static str,
}

impl Entry {
    /// The name in a language, else in the other one.
    pub fn name(&self, language: Language) -> &'static str {
        match (language, self.name_zh, self.name_en) {
            (Language::Zh, "", name) | (Language::Zh, name, _) => name,
            (Language::En, name, "") | (Language::En, _, name) => name,
        }
    }
}

/// A table, ordered by code.
pub struct Table {
    entries: &'static [Entry],
    /// Further names by which people call an entry.
    short_names: fn(&Entry) -> Vec<String>,
    by_name: OnceLock<HashMap<String, Vec<&'static Entry>>>,
}

/// Characters of a name that is looked up; nothing longer is one.
const NAME_CHARS: usize = 128;

impl Table {
    pub(crate) const fn new(entries: &'static [Entry], short_names: fn(&Entry) -> Vec<String>) -> Self {
        Self { entries, short_names, by_name: OnceLock::new() }
    }

    /// Every entry in the order of the codes' bytes.
    pub fn entries(&self) -> &'static [Entry] {
        self.entries
    }

    /// Finds an entry by its exact code.
    pub fn get(&self, code: &str) -> Option<&'static Entry> {
        self.entries.binary_search_by(|entry| entry.code.cmp(code)).ok().map(|index| &self.entries[index])
    }

    /// The entry of `code` and those in which it lies, innermost first; none where the code is unknown.
    pub fn lineage(&self, code: &str) -> impl Iterator<Item = &'static Entry> {
        std::iter::successors(self.get(code), |entry| entry.parent.and_then(|parent| self.get(parent)))
    }

    /// Whether `code` is `ancestor` or lies in it.
    pub fn is_within(&self, code: &str, ancestor: &str) -> bool {
        self.lineage(code).any(|entry| entry.code == ancestor)
    }

    /// All entries that people may mean by `text`, ordered by code: the Chinese name, whole or short (长顺 for 长顺县,
    /// 黔南州 for 黔南布依族苗族自治州); either with the names in which it lies in front (贵州省黔南州长顺县, 贵州长顺); or the
    /// English name in any case. Spaces around and within a Chinese name do not count.
    pub fn by_name(&self, text: &str) -> Vec<&'static Entry> {
        if text.chars().take(NAME_CHARS + 1).count() > NAME_CHARS {
            return Vec::new();
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut found = self.named(&words.join(" ").to_lowercase()).to_vec();
        self.collect(&words.concat(), None, &mut found);
        found.sort_by_key(|entry| entry.code);
        found.dedup_by_key(|entry| entry.code);
        found
    }

    /// The names by which people call an entry, each once: those of [`Self::by_name`], the English one in small letters.
    pub fn names(&self, entry: &Entry) -> Vec<String> {
        let mut names = (self.short_names)(entry);
        names.push(entry.name_zh.to_owned());
        names.push(entry.name_en.to_lowercase());
        names.retain(|name| !name.is_empty());
        names.sort();
        names.dedup();
        names
    }

    fn collect(&self, text: &str, within: Option<&'static Entry>, found: &mut Vec<&'static Entry>) {
        let lies_in = |entry: &Entry| within.is_none_or(|outer| self.lies_below(entry, outer));
        found.extend(self.named(text).iter().copied().filter(|entry| lies_in(entry)));
        for (at, _) in text.char_indices().skip(1) {
            let (front, rest) = text.split_at(at);
            for outer in self.named(front).iter().copied().filter(|entry| lies_in(entry)) {
                self.collect(rest, Some(outer), found);
            }
        }
    }

    fn lies_below(&self, entry: &Entry, outer: &Entry) -> bool {
        entry.code != outer.code && self.is_within(entry.code, outer.code)
    }

    fn named(&self, name: &str) -> &[&'static Entry] {
        self.by_name.get_or_init(|| self.index()).get(name).map_or(&[], Vec::as_slice)
    }

    fn index(&self) -> HashMap<String, Vec<&'static Entry>> {
        let mut index: HashMap<String, Vec<&'static Entry>> = HashMap::new();
        for entry in self.entries {
            for name in self.names(entry) {
                index.entry(name).or_default().push(entry);
            }
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::super::{industries, occupations, regions};
    use super::*;

    fn codes(table: &Table, name: &str) -> Vec<&'static str> {
        table.by_name(name).into_iter().map(|entry| entry.code).collect()
    }

    #[test]
    fn the_tables_are_complete() {
        assert_eq!(regions().entries().len(), 3_212 + 249 - 4);
        assert_eq!(industries().entries().len(), 1_972);
        assert_eq!(occupations().entries().len(), 619);
    }

    #[test]
    fn an_outer_code_finds_what_lies_in_it() {
        assert!(regions().is_within("522729", "520000"));
        assert!(regions().is_within("522729", "522700"));
        assert!(regions().is_within("500237", "500000"), "a county directly under a municipality");
        assert!(regions().is_within("US", "US"));
        assert!(!regions().is_within("520000", "522729"));
        assert!(!regions().is_within("440300", "520000"));
        assert!(!regions().is_within("999999", "999999"), "an unknown code lies nowhere");
        assert!(industries().is_within("0111", "A"));
        assert!(!industries().is_within("0111", "B"));
        assert!(occupations().is_within("0110", "0"));
    }

    #[test]
    fn every_entry_is_found_by_its_own_names() {
        for table in [regions(), industries(), occupations()] {
            for entry in table.entries() {
                for name in [entry.name_zh, entry.name_en].into_iter().filter(|name| !name.is_empty()) {
                    assert!(codes(table, name).contains(&entry.code), "{name}");
                }
            }
        }
    }

    #[test]
    fn occupations_have_names_of_their_own_in_either_language() {
        for entry in occupations().entries() {
            assert!(!entry.name_zh.is_empty() && !entry.name_zh.is_ascii(), "{entry:?}");
            // A group of one, its subgroup and that one's are called alike.
            for name in [entry.name_zh, entry.name_en] {
                let others = codes(occupations(), name);
                assert!(others.iter().all(|code| occupations().is_within(code, others[0])), "{name}: {others:?}");
            }
        }
        assert_eq!(codes(occupations(), "焊工和气割工"), ["7212"]);
    }

    #[test]
    fn regions_are_found_by_the_names_people_use() {
        for (name, code) in [
            ("长顺", "522729"),
            ("长顺县", "522729"),
            ("贵州省长顺县", "522729"),
            ("贵州省黔南州长顺县", "522729"),
            (" 贵州省 黔南州 长顺县 ", "522729"),
            ("贵州长顺", "522729"),
            ("黔南", "522700"),
            ("黔南州", "522700"),
            ("深圳", "440300"),
            ("广东省深圳市", "440300"),
            ("SHENZHEN", "440300"),
            ("hong kong", "810000"),
            ("香港", "810000"),
            ("内蒙古", "150000"),
            ("宁夏", "640000"),
            ("台湾", "710000"),
            ("重庆巫山", "500237"),
            ("阿里", "542500"),
            ("东乡族自治县", "622926"),
            ("日本", "JP"),
            ("japan", "JP"),
        ] {
            assert_eq!(codes(regions(), name), [code], "{name}");
        }
    }

    #[test]
    fn a_name_of_several_finds_them_all() {
        assert_eq!(codes(regions(), "鼓楼区").len(), 4);
        assert_eq!(codes(regions(), "江苏省鼓楼区"), ["320106", "320302"]);
        assert_eq!(codes(regions(), "江苏省南京市鼓楼区"), ["320106"]);
        assert_eq!(codes(regions(), "吉林"), ["220000", "220200"]);
        assert_eq!(codes(regions(), "suzhou"), ["320500", "341300"]);
    }

    #[test]
    fn what_is_no_name_finds_nothing() {
        for text in ["", " ", "省", "县", "贵州省深圳市", "深圳市广东省", "atlantis", &"广东省".repeat(100)]
        {
            assert!(codes(regions(), text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_name_falls_back_to_the_other_language() {
        let class = industries().get("0111").unwrap();
        assert_eq!(class.name(Language::En), "稻谷种植");
        let shenzhen = regions().get("440300").unwrap();
        assert_eq!((shenzhen.name(Language::Zh), shenzhen.name(Language::En)), ("深圳市", "Shenzhen"));
    }
}
