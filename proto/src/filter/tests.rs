use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::v1::{Capital, Opportunity, Talent};

fn network() -> NetworkName {
    "pprd.example".parse().unwrap()
}

fn compile(filter: &v1::Filter) -> Filter {
    Filter::compile(filter, &network()).unwrap()
}

/// A listing with its header, as `matches` sees it.
#[derive(Debug, Clone)]
struct Listing {
    kind: &'static str,
    scopes: ScopeSet,
    origin: &'static str,
    body: Opportunity,
}

fn matches(filter: &v1::Filter, listing: &Listing) -> bool {
    compile(filter).matches(listing.kind, &listing.scopes, listing.origin, &listing.body)
}

const KINDS: [&str; 5] = Kind::LISTINGS;
const REGIONS: [&str; 8] = ["440000", "440300", "440305", "520000", "522729", "500237", "810000", "JP"];
const INDUSTRIES: [&str; 6] = ["A", "01", "011", "0111", "C", "3963"];
const OCCUPATIONS: [&str; 5] = ["9", "96", "962", "9622", "0110"];
const MEMBERS: [&str; 3] = ["shenzhen.pprd.example", "bijie.pprd.example", "kunming.pprd.example"];
const CIRCLES: [&str; 2] = ["pan-prd", "tea"];
const LANGUAGES: [&str; 4] = ["zh", "zh-CN", "zh-Hant-HK", "en"];
const TAGS: [&str; 3] = ["茶", "冷链", "港口"];

fn some(values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(values, 0..=values.len()).prop_map(|values| values.into_iter().map(str::to_owned).collect())
}

fn listing() -> impl Strategy<Value = Listing> {
    let header = (select(&KINDS[..]), some(&CIRCLES), select(&MEMBERS[..]));
    let body =
        (1..=2i32, some(&REGIONS), some(&INDUSTRIES), select(&OCCUPATIONS[..]), select(&LANGUAGES[..]), some(&TAGS));
    (header, body).prop_map(
        |((kind, circles, origin), (direction, regions, industries, occupation, language, tags))| {
            let details = match kind {
                "talent" => Details::Talent(Talent { occupation_code: occupation.to_owned(), ..Talent::default() }),
                _ => Details::Capital(Capital::default()),
            };
            let body = Opportunity {
                direction,
                regions,
                industries,
                language: language.to_owned(),
                tags,
                details: Some(details),
                ..Opportunity::default()
            };
            let scopes = circles.iter().map(|circle| Scope::circle(circle, &network()).unwrap()).collect();
            Listing { kind, scopes, origin, body }
        },
    )
}

/// Most fields of most filters are empty, as people's are, so that enough of them match.
fn sparse(values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![4 => Just(Vec::new()), 1 => some(values)]
}

fn filter() -> impl Strategy<Value = v1::Filter> {
    let directions = prop_oneof![4 => Just(Vec::new()), 1 => subsequence(&[1, 2][..], 1..=2)];
    let codes = (sparse(&REGIONS), sparse(&INDUSTRIES), sparse(&OCCUPATIONS));
    let names = (sparse(&MEMBERS), sparse(&CIRCLES), sparse(&LANGUAGES), sparse(&TAGS));
    (sparse(&KINDS), directions, codes, names).prop_map(
        |(kinds, directions, (regions, industries, occupations), (members, circles, languages, tags))| v1::Filter {
            kinds,
            directions,
            regions,
            industries,
            occupations,
            members,
            circles,
            languages,
            tags,
        },
    )
}

/// A filter with values, mostly several, in one field only, and the number of that field.
fn one_field() -> impl Strategy<Value = (usize, v1::Filter)> {
    (0..8usize, any::<prop::sample::Index>(), 0..8usize).prop_map(|(index, first, more)| {
        let mut filter = v1::Filter::default();
        let (values, all) = field(&mut filter, index);
        let start = first.index(all.len());
        values.extend(all.iter().cycle().skip(start).take(all.len().min(1 + more)).map(|&value| value.to_owned()));
        (index, filter)
    })
}

/// The text fields of a filter with the values that they may have.
fn field(filter: &mut v1::Filter, index: usize) -> (&mut Vec<String>, &'static [&'static str]) {
    match index {
        0 => (&mut filter.kinds, &KINDS),
        1 => (&mut filter.regions, &REGIONS),
        2 => (&mut filter.industries, &INDUSTRIES),
        3 => (&mut filter.occupations, &OCCUPATIONS),
        4 => (&mut filter.members, &MEMBERS),
        5 => (&mut filter.circles, &CIRCLES),
        6 => (&mut filter.languages, &LANGUAGES),
        _ => (&mut filter.tags, &TAGS),
    }
}

/// The same filter with the values of one field only.
fn only(filter: &v1::Filter, index: usize) -> v1::Filter {
    let mut one = v1::Filter::default();
    *field(&mut one, index).0 = field(&mut filter.clone(), index).0.clone();
    one
}

proptest! {
    #[test]
    fn an_empty_filter_matches_everything(listing in listing()) {
        prop_assert!(matches(&v1::Filter::default(), &listing));
    }

    #[test]
    fn a_further_value_loses_nothing(
        (index, filter) in one_field(), others in filter(), listing in listing(), pick in 0..8usize,
    ) {
        for others in [v1::Filter::default(), others] {
            let mut narrower = others;
            *field(&mut narrower, index).0 = field(&mut filter.clone(), index).0.clone();
            let mut wider = narrower.clone();
            let (values, all) = field(&mut wider, index);
            values.push(all[pick % all.len()].to_owned());
            prop_assert!(!matches(&narrower, &listing) || matches(&wider, &listing));
        }
    }

    #[test]
    fn a_further_field_gains_nothing(filter in filter(), listing in listing(), index in 0..8usize, pick in 0..8usize) {
        let mut narrower = filter.clone();
        let (values, all) = field(&mut narrower, index);
        if values.is_empty() {
            values.push(all[pick % all.len()].to_owned());
        }
        prop_assert!(!matches(&narrower, &listing) || matches(&filter, &listing));
    }

    #[test]
    fn fields_are_joined_by_and(filter in filter(), listing in listing()) {
        let direction = v1::Filter { directions: filter.directions.clone(), ..v1::Filter::default() };
        let each = matches(&direction, &listing) && (0..8).all(|index| matches(&only(&filter, index), &listing));
        prop_assert_eq!(matches(&filter, &listing), each);
    }

    #[test]
    fn an_ancestor_finds_its_descendants(pick in any::<prop::sample::Index>()) {
        let entry = pick.get(regions().entries());
        for ancestor in regions().lineage(entry.code) {
            let filter = v1::Filter { regions: vec![ancestor.code.to_owned()], ..v1::Filter::default() };
            let body = Opportunity { regions: vec![entry.code.to_owned()], ..Opportunity::default() };
            prop_assert!(compile(&filter).matches("project", &ScopeSet::new(), MEMBERS[0], &body));
        }
    }

    #[test]
    fn without_need_of_a_body_the_header_decides(filter in filter(), listing in listing(), other in listing()) {
        let compiled = compile(&filter);
        let header = compiled.matches_header(listing.kind, &listing.scopes, listing.origin);
        prop_assert!(header || !matches(&filter, &listing));
        if !compiled.needs_body() {
            prop_assert_eq!(header, compiled.matches(listing.kind, &listing.scopes, listing.origin, &other.body));
        }
    }

    #[test]
    fn the_hash_knows_the_values_and_nothing_else(filter in filter(), other in filter()) {
        let mut same = filter.clone();
        for index in 0..8 {
            let values = field(&mut same, index).0;
            values.reverse();
            values.extend(values.first().cloned());
        }
        same.members.iter_mut().for_each(|id| *id = id.replace(".pprd.example", ""));
        same.circles.iter_mut().for_each(|circle| circle.push_str("@pprd.example"));
        prop_assert_eq!(compile(&filter).hash(), compile(&same).hash());
        prop_assert_eq!(filter == other, compile(&filter).hash() == compile(&other).hash());
    }
}

fn talent() -> Listing {
    let talent = Talent { occupation_code: "9622".to_owned(), ..Talent::default() };
    let body = Opportunity {
        direction: Direction::Offer.into(),
        language: "zh-CN".to_owned(),
        regions: vec!["522729".to_owned()],
        industries: vec!["0111".to_owned()],
        tags: vec!["茶".to_owned()],
        details: Some(Details::Talent(talent)),
        ..Opportunity::default()
    };
    let scopes = ScopeSet::from_iter([Scope::circle("pan-prd", &network()).unwrap()]);
    Listing { kind: "talent", scopes, origin: "bijie.pprd.example", body }
}

#[test]
fn each_field_finds_what_it_should_and_nothing_else() {
    let cases: [(usize, &[&str], &[&str]); 8] = [
        (0, &["talent"], &["capital"]),
        (1, &["522729", "522700", "520000"], &["440000", "522728", "JP", "HK"]),
        (2, &["0111", "011", "01", "A"], &["B", "0112"]),
        (3, &["9622", "9"], &["0", "9623"]),
        (4, &["bijie", "bijie.pprd.example"], &["shenzhen", "bijie.other.example"]),
        (5, &["pan-prd", "pan-prd@pprd.example", "circle:pan-prd"], &["tea", "pan-prd@other.example"]),
        (6, &["zh", "ZH", "zh-cn"], &["en", "zh-hk", "zho"]),
        (7, &["茶"], &["茶叶"]),
    ];
    for (index, hits, misses) in cases {
        for (values, expected) in [(hits, true), (misses, false)] {
            for value in values {
                let mut filter = v1::Filter::default();
                field(&mut filter, index).0.push((*value).to_owned());
                assert_eq!(matches(&filter, &talent()), expected, "{value}");
            }
        }
    }
    for (direction, expected) in [(Direction::Offer, true), (Direction::Request, false)] {
        let filter = v1::Filter { directions: vec![direction.into()], ..v1::Filter::default() };
        assert_eq!(matches(&filter, &talent()), expected);
    }
}

#[test]
fn the_codes_of_hong_kong_are_one() {
    let body = Opportunity { regions: vec!["810000".to_owned()], ..Opportunity::default() };
    let of = |code: &str| compile(&v1::Filter { regions: vec![code.to_owned()], ..v1::Filter::default() });
    assert!(of("HK").matches("event", &ScopeSet::new(), MEMBERS[0], &body));
    assert_eq!(of("HK").hash(), of("810000").hash());
}

#[test]
fn unknown_and_malformed_values_are_all_named() {
    let one = |text: &str| vec![text.to_owned()];
    let filter = v1::Filter {
        kinds: one("notice"),
        directions: vec![1, 0, 7],
        regions: vec!["440300".to_owned(), "CN".to_owned()],
        industries: one("C3963"),
        occupations: one("99999"),
        members: one("Shenzhen"),
        circles: one("a b"),
        languages: one(""),
        tags: one(" "),
    };
    let violations = Filter::compile(&filter, &network()).unwrap_err();
    let found: Vec<(&str, &str)> = violations.iter().map(|violation| (&*violation.field, violation.reason)).collect();
    assert_eq!(
        found,
        [
            ("filter.kinds[0]", reason::UNKNOWN_CODE),
            ("filter.directions[1]", reason::UNSPECIFIED),
            ("filter.directions[2]", reason::UNKNOWN_CODE),
            ("filter.regions[1]", reason::UNKNOWN_CODE),
            ("filter.industries[0]", reason::UNKNOWN_CODE),
            ("filter.occupations[0]", reason::UNKNOWN_CODE),
            ("filter.members[0]", reason::BAD_FORMAT),
            ("filter.circles[0]", reason::BAD_FORMAT),
            ("filter.languages[0]", reason::BAD_FORMAT),
            ("filter.tags[0]", reason::BAD_FORMAT),
        ]
    );
}

#[test]
fn the_number_of_values_is_bounded() {
    let tags = |count: usize| v1::Filter { tags: (0..count).map(|n| n.to_string()).collect(), ..v1::Filter::default() };
    assert!(Filter::compile(&tags(limits::FILTER_VALUES), &network()).is_ok());
    let violations = Filter::compile(&tags(limits::FILTER_VALUES + 1), &network()).unwrap_err();
    assert_eq!((violations.len(), violations[0].reason), (1, reason::TOO_MANY));
}
