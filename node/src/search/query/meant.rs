//! Words that name a province or a city, an industry, an occupation, or a kind: what lies there, or is of it, is found by
//! them, whether its text says so or not. Of places that have none below them the index has the names as words.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use duikou_proto::reference::{Entry, Table, industries, normalise_region, occupations, regions};
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::Details;
use duikou_proto::validate::kind_of;

use crate::search::analysis::{cut, fold, is_letters, readings, syllables_of};

/// The longest spelling by which something is meant: longer ones are kept in part, and may be begun by several names.
const SPELT_LETTERS: Range<usize> = 4..16;
/// Characters of names that are spelt: of longer ones the beginning alone is.
const SPELT_CHARS: usize = 8;
/// Words of one name.
const NAME_WORDS: usize = 16;

/// What people call the kinds.
const KINDS: [(&str, &str); 5] =
    [("资金", "capital"), ("项目", "project"), ("技术", "technology"), ("人才", "talent"), ("活动", "event")];

/// Something that a word may mean: the field of the index that has it, and its value there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    Region(&'static str),
    Industry(&'static str),
    Occupation(&'static str),
    Kind(&'static str),
}

impl Meant {
    /// Whether a listing is of it.
    pub(in crate::search) fn is_of(self, opportunity: &Opportunity) -> bool {
        match self {
            Self::Region(outer) => {
                opportunity.regions.iter().any(|code| regions().is_within(&normalise_region(code), outer))
            }
            Self::Industry(outer) => opportunity.industries.iter().any(|code| industries().is_within(code, outer)),
            Self::Occupation(outer) => match &opportunity.details {
                Some(Details::Talent(talent)) => occupations().is_within(&talent.occupation_code, outer),
                _ => false,
            },
            Self::Kind(kind) => kind_of(opportunity) == Some(kind),
        }
    }
}

/// Where names stand among the words of a query, the longest first, each with all that it may mean. A kind is meant only
/// beside other words: by itself it says nothing that a search could be for.
pub(in crate::search) fn names_in(words: &[(String, bool)], alone: bool) -> Vec<(Range<usize>, &'static [Meant])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let named = (1..=NAME_WORDS.min(words.len() - at)).rev().find_map(|count| {
            let name: String = words[at..at + count].iter().map(|(word, _)| &**word).collect();
            let meant = names().get(&name)?;
            let says = !(alone && count == words.len() && meant.iter().all(|meant| matches!(meant, Meant::Kind(_))));
            says.then_some((at..at + count, meant.as_slice()))
        });
        at = named.as_ref().map_or(at + 1, |(range, _)| range.end);
        found.extend(named);
    }
    found
}

/// All names, as the words of a query say them when they stand together, and as they are spelt.
fn names() -> &'static HashMap<String, Vec<Meant>> {
    static NAMES: OnceLock<HashMap<String, Vec<Meant>>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names: HashMap<String, Vec<Meant>> = HashMap::new();
        let inner = |entry: &&Entry| matches!(entry.level, "province" | "prefecture");
        regions().entries().iter().filter(inner).for_each(|e| add(&mut names, regions(), e, Meant::Region(e.code)));
        industries().entries().iter().for_each(|e| add(&mut names, industries(), e, Meant::Industry(e.code)));
        occupations().entries().iter().for_each(|e| add(&mut names, occupations(), e, Meant::Occupation(e.code)));
        for (name, kind) in KINDS {
            names.entry(name.to_owned()).or_default().push(Meant::Kind(kind));
        }
        names
    })
}

fn add(names: &mut HashMap<String, Vec<Meant>>, table: &Table, entry: &Entry, meant: Meant) {
    let mut add = |name: String| {
        let all = names.entry(name).or_default();
        if !all.contains(&meant) {
            all.push(meant);
        }
    };
    for name in table.names(entry) {
        let folded = fold(&name).text;
        let spelt = folded.chars().count();
        add(cut(&folded).into_iter().map(|word| word.text).collect());
        let mut spellings = Vec::new();
        if spelt <= SPELT_CHARS {
            readings(&syllables_of(&folded), &mut spellings);
        }
        // By their initials alone too many are called alike.
        spellings.retain(|spelling| {
            spelling.len() > spelt && SPELT_LETTERS.contains(&spelling.len()) && is_letters(spelling)
        });
        spellings.into_iter().for_each(&mut add);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn meant(query: &str) -> Vec<(String, Vec<Meant>)> {
        let query = parse(query, false).unwrap();
        let alone = query.wanted.len() == 1;
        let of_item = |words: &[(String, bool)]| {
            let said = |range: &Range<usize>| words[range.clone()].iter().map(|(word, _)| &**word).collect();
            names_in(words, alone).iter().map(|(range, meant)| (said(range), meant.to_vec())).collect::<Vec<_>>()
        };
        query.wanted.iter().flat_map(|item| of_item(&item.words)).collect()
    }

    #[test]
    fn names_are_known_in_whatever_way_they_are_typed() {
        use Meant::{Industry, Kind, Region};
        let guizhou = Region("520000");
        for typed in ["贵州", "贵州省", "貴州", "guizhou", "Guizhou", "guizhousheng"] {
            assert!(meant(typed).iter().any(|(_, meant)| meant.contains(&guizhou)), "{typed}: {:?}", meant(typed));
        }
        assert_eq!(meant("制造业"), [("制造业".to_owned(), vec![Industry("C")])]);
        assert_eq!(meant("zhizaoye"), [("zhizaoye".to_owned(), vec![Industry("C")])]);
        assert_eq!(meant("汽车制造业"), [("汽车制造业".to_owned(), vec![Industry("36")])]);
        // Marks within a name do not count.
        let farming = meant("农、林、牧、渔业");
        assert_eq!(farming, [("农林牧渔业".to_owned(), vec![Industry("A")])]);
        let all: Vec<Meant> = meant("贵州茶叶项目").into_iter().flat_map(|(_, meant)| meant).collect();
        assert_eq!(all, [guizhou, Kind("project")]);
        let all: Vec<Meant> = meant("贵州省毕节市").into_iter().flat_map(|(_, meant)| meant).collect();
        assert_eq!(all, [guizhou, Region("520500")]);
        for nothing in ["项目", "茶叶", "七星关区", "gz", "logistics", "冷链物流"] {
            assert!(meant(nothing).is_empty(), "{nothing}: {:?}", meant(nothing));
        }
    }
}
