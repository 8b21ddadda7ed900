//! Words that name a province or a city, an industry, an occupation, or a kind: what lies there, or is of it, is found by
//! them, whether its text says so or not. Of places that have none below them the index has the names as words. An everyday
//! word of industries means the likeliest, where that is no wider than a group. The name of a month means the events in it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

use duikou_proto::envelope::Micros;
use duikou_proto::filter::Quantities;
use duikou_proto::reference::{Entry, Table, everyday_industries, industries, normalise_region, occupations, regions};
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::Details;
use duikou_proto::validate::kind_of;

use super::month::Month;
use crate::search::analysis::{cut, fold, is_letters, is_single, readings, syllables_of};

/// The longest spelling by which something is meant: longer ones are kept in part, and may be begun by several names.
const SPELT_LETTERS: Range<usize> = 4..16;
/// Characters of names that are spelt: of longer ones the beginning alone is.
const SPELT_CHARS: usize = 8;
/// Words of one name.
const NAME_WORDS: usize = 16;

/// What people call the kinds.
const KINDS: [(&str, &str); 8] = [
    ("资金", "capital"),
    ("融资", "capital"),
    ("项目", "project"),
    ("招商", "project"),
    ("技术", "technology"),
    ("人才", "talent"),
    ("招聘", "talent"),
    ("活动", "event"),
];

/// Something that a word may mean: the field of the index that has it, and its value there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    Region(&'static str),
    Industry(&'static str),
    Occupation(&'static str),
    Kind(&'static str),
    Month(Month),
}

impl Meant {
    /// Whether a listing is of it at `now`.
    pub(in crate::search) fn is_of(self, opportunity: &Opportunity, now: Micros) -> bool {
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
            Self::Month(month) => {
                Quantities::of(opportunity).event.zip(month.span(now)).is_some_and(|(event, month)| event.meets(month))
            }
        }
    }
}

/// Where names stand among the words of a query, the longest first, each with all that it may mean. A kind is meant only
/// beside other words: by itself it says nothing that a search could be for.
pub(in crate::search) fn names_in(words: &[(String, bool)], alone: bool) -> Vec<(Range<usize>, Vec<Meant>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let named = (1..=NAME_WORDS.min(words.len() - at)).rev().find_map(|count| {
            let name: String = words[at..at + count].iter().map(|(word, _)| &**word).collect();
            let month = || Month::named(&name).map(|month| vec![Meant::Month(month)]);
            let meant = names().get(&name).cloned().or_else(month)?;
            let says = !(alone && count == words.len() && meant.iter().all(|meant| matches!(meant, Meant::Kind(_))));
            says.then_some((at..at + count, meant))
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
        regions().entries().iter().filter(is_inner).for_each(|e| add(&mut names, regions(), e, Meant::Region(e.code)));
        industries().entries().iter().for_each(|e| add(&mut names, industries(), e, Meant::Industry(e.code)));
        occupations().entries().iter().for_each(|e| add(&mut names, occupations(), e, Meant::Occupation(e.code)));
        for (word, meant) in everyday_industries().iter().filter(|(word, _)| !is_single(word)) {
            let likeliest = meant.first().filter(|entry| matches!(entry.level, "group" | "class"));
            likeliest.into_iter().for_each(|entry| add_name(&mut names, word, Meant::Industry(entry.code)));
        }
        for (name, kind) in KINDS {
            names.entry(name.to_owned()).or_default().push(Meant::Kind(kind));
        }
        names
    })
}

fn is_inner(entry: &&Entry) -> bool {
    matches!(entry.level, "province" | "prefecture")
}

fn add(names: &mut HashMap<String, Vec<Meant>>, table: &Table, entry: &Entry, meant: Meant) {
    table.names(entry).iter().for_each(|name| add_name(names, name, meant));
}

fn add_name(names: &mut HashMap<String, Vec<Meant>>, name: &str, meant: Meant) {
    let mut add = |name: String| {
        let all = names.entry(name).or_default();
        if !all.contains(&meant) {
            all.push(meant);
        }
    };
    let folded = fold(name).text;
    let spelt = folded.chars().count();
    add(cut(&folded).into_iter().map(|word| word.text).collect());
    // By their initials alone too many are called alike.
    let mut spellings = spellings(&folded);
    spellings
        .retain(|spelling| spelling.len() > spelt && SPELT_LETTERS.contains(&spelling.len()) && is_letters(spelling));
    spellings.into_iter().for_each(&mut add);
}

/// How a folded name is spelt, whole and by its initials; none where it is long.
fn spellings(folded: &str) -> Vec<String> {
    let mut spellings = Vec::new();
    if folded.chars().count() <= SPELT_CHARS {
        readings(&syllables_of(folded), &mut spellings);
    }
    spellings
}

/// The codes of the provinces and cities whose names have these initials.
pub(super) fn places_by_initials(letters: &str) -> &'static [&'static str] {
    static PLACES: OnceLock<HashMap<String, Vec<&'static str>>> = OnceLock::new();
    let places = PLACES.get_or_init(|| {
        let mut places: HashMap<String, Vec<&'static str>> = HashMap::new();
        for entry in regions().entries().iter().filter(is_inner) {
            let names = regions().names(entry).into_iter().map(|name| fold(&name).text);
            let initials = names.flat_map(|name| {
                let length = name.chars().count();
                spellings(&name).into_iter().filter(move |spelling| spelling.len() == length)
            });
            for initials in initials.collect::<BTreeSet<_>>() {
                places.entry(initials).or_default().push(entry.code);
            }
        }
        places
    });
    places.get(letters).map_or(&[], Vec::as_slice)
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
    fn places_are_known_by_their_initials() {
        for (typed, code) in [("gz", "440100"), ("gz", "520000"), ("cq", "500000"), ("xm", "350200"), ("la", "341500")]
        {
            assert!(places_by_initials(typed).contains(&code), "{typed}: {:?}", places_by_initials(typed));
        }
        assert!(places_by_initials("g").is_empty() && places_by_initials("guizhou").is_empty());
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
        assert_eq!(all, [guizhou, Industry("0164"), Kind("project")]);
        let all: Vec<Meant> = meant("贵州省毕节市").into_iter().flat_map(|(_, meant)| meant).collect();
        assert_eq!(all, [guizhou, Region("520500")]);
        for (typed, code) in [("茶叶", "0164"), ("文旅", "786"), ("民宿", "6130"), ("lvyou", "7291")] {
            assert_eq!(meant(typed), [(typed.to_owned(), vec![Industry(code)])], "the likeliest");
        }
        // What is as wide as a division, and what is one character, says too little.
        for nothing in ["项目", "招聘", "食品", "茶", "七星关区", "gz", "logistics", "冷藏柜"] {
            assert!(meant(nothing).is_empty(), "{nothing}: {:?}", meant(nothing));
        }
    }
}
