use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::v1::{
    Capital, Event, LevelRange, MoneyRange, Opportunity, Project, Talent, Technology, TimeRange, WageRange,
};

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
    publish_time: Micros,
    expire_time: Micros,
    body: Opportunity,
}

impl Listing {
    fn header(&self) -> Header<'_> {
        let Self { kind, scopes, origin, publish_time, expire_time, .. } = self;
        Header { kind, scopes, origin, publish_time: *publish_time, expire_time: *expire_time }
    }
}

fn matches(filter: &v1::Filter, listing: &Listing) -> bool {
    compile(filter).matches(&listing.header(), &listing.body)
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

fn seconds(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

/// Two numbers below 6 of which either may be absent; the first is not above the second.
fn bounds() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    (0..6i64, 0..4i64, 0..4u8)
        .prop_map(|(from, more, which)| (Some(from).filter(|_| which != 1), Some(from + more).filter(|_| which != 2)))
}

fn money_of((min, max): (Option<i64>, Option<i64>)) -> (Option<Money>, Option<Money>) {
    (min.and_then(yuan), max.and_then(yuan))
}

/// The part of a kind with its quantities: amounts, a wage for a month, a level, two times.
fn details(kind: &str, occupation: &str, bounds: (Option<i64>, Option<i64>)) -> Details {
    let (min, max) = money_of(bounds);
    let level = bounds.0.unwrap_or(0) as i32;
    match kind {
        "capital" => Details::Capital(Capital { amount_min: min, amount_max: max, ..Capital::default() }),
        "project" => Details::Project(Project { investment_min: min, investment_max: max, ..Project::default() }),
        "technology" => Details::Technology(Technology { maturity_trl: level, ..Technology::default() }),
        "talent" => Details::Talent(Talent {
            occupation_code: occupation.to_owned(),
            wage_min: min,
            wage_max: max,
            wage_period: v1::talent::WagePeriod::Month.into(),
            ..Talent::default()
        }),
        _ => {
            let (start, end) = (bounds.0.unwrap_or(2), bounds.1.unwrap_or(6));
            Details::Event(Event { start_time: seconds(start), end_time: seconds(end + 1), ..Event::default() })
        }
    }
}

fn listing() -> impl Strategy<Value = Listing> {
    let header = (select(&KINDS[..]), some(&CIRCLES), select(&MEMBERS[..]), 0..6i64, bounds());
    let body =
        (1..=2i32, some(&REGIONS), some(&INDUSTRIES), select(&OCCUPATIONS[..]), select(&LANGUAGES[..]), some(&TAGS));
    (header, body).prop_map(
        |((kind, circles, origin, time, bounds), (direction, regions, industries, occupation, language, tags))| {
            let body = Opportunity {
                direction,
                regions,
                industries,
                language: language.to_owned(),
                tags,
                details: Some(details(kind, occupation, bounds)),
                ..Opportunity::default()
            };
            let scopes = circles.iter().map(|circle| Scope::circle(circle, &network()).unwrap()).collect();
            Listing { kind, scopes, origin, publish_time: time * 1_000_000, expire_time: (time + 3) * 1_000_000, body }
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
    (sparse(&KINDS), directions, codes, names, ranges()).prop_map(
        |(kinds, directions, (regions, industries, occupations), (members, circles, languages, tags), ranges)| {
            v1::Filter {
                kinds,
                directions,
                regions,
                industries,
                occupations,
                members,
                circles,
                languages,
                tags,
                ..ranges
            }
        },
    )
}

/// A filter with, mostly, no range at all.
fn ranges() -> impl Strategy<Value = v1::Filter> {
    prop_oneof![3 => Just(v1::Filter::default()), 2 => (0..RANGES, bounds()).prop_map(|(index, bounds)| range(index, bounds))]
}

const RANGES: usize = 6;

/// A filter with one range only.
fn range(index: usize, bounds: (Option<i64>, Option<i64>)) -> v1::Filter {
    // Without any bound it would be refused.
    let bounds = if bounds == (None, None) { (Some(0), None) } else { bounds };
    let (min, max) = money_of(bounds);
    let times = Some(TimeRange {
        start_time: bounds.0.and_then(seconds),
        end_time: bounds.1.map(|end| end + 1).and_then(seconds),
    });
    // From 1, since 0 says that there is no bound; 9 is the highest that there is.
    let level = |bound: Option<i64>| bound.map_or(0, |level| (level as i32 + 1).min(9));
    let none = v1::Filter::default();
    match index {
        0 => v1::Filter { expire_time: times, ..none },
        1 => v1::Filter { publish_time: times, ..none },
        2 => v1::Filter { event_time: times, ..none },
        3 => v1::Filter { amount: Some(MoneyRange { min, max }), ..none },
        4 => v1::Filter { wage: Some(WageRange { min, max, period: v1::talent::WagePeriod::Month.into() }), ..none },
        _ => {
            let (min, max) = (level(bounds.0), level(bounds.1));
            v1::Filter { maturity_trl: Some(LevelRange { min, max }), ..none }
        }
    }
}

/// The same filter with its ranges only.
fn only_ranges(filter: &v1::Filter) -> v1::Filter {
    let v1::Filter { expire_time, publish_time, event_time, amount, wage, maturity_trl, .. } = filter.clone();
    v1::Filter { expire_time, publish_time, event_time, amount, wage, maturity_trl, ..v1::Filter::default() }
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

#[test]
fn ranges_that_lie_elsewhere_share_no_anchor() {
    let wanted = |min: i64| {
        let amount = Some(MoneyRange { min: yuan(min), max: yuan(min + min / 20) });
        compile(&v1::Filter { amount, ..v1::Filter::default() }).anchors()
    };
    let capital = Capital { amount_min: yuan(5_000_000), amount_max: yuan(5_200_000), ..Default::default() };
    let listing = Opportunity { details: Some(Details::Capital(capital)), ..Default::default() };
    let scopes = ScopeSet::new();
    let header = Header { kind: "capital", scopes: &scopes, origin: "a.n", publish_time: 1, expire_time: 2 };
    let there = Filter::anchors_of(&header, &listing);
    let asked = |min: &i64| wanted(*min).iter().any(|anchor| there.contains(anchor));
    let all: Vec<i64> = (1..1_000).map(|at| at * 100_000).collect();
    let found: Vec<i64> = all.iter().copied().filter(asked).collect();
    assert!(found.contains(&5_000_000) && found.len() < 15, "of {}: {found:?}", all.len());
}

proptest! {
    /// Whatever a filter matches is found by its anchors.
    #[test]
    fn a_listing_shares_an_anchor_with_every_filter_that_it_matches(filter in filter(), listing in listing()) {
        let filter = compile(&filter);
        if filter.matches(&listing.header(), &listing.body) {
            let anchors = Filter::anchors_of(&listing.header(), &listing.body);
            prop_assert!(filter.anchors().iter().any(|anchor| anchors.contains(anchor)));
        }
    }

    /// Likewise where ranges are all that it asks for.
    #[test]
    fn a_listing_shares_an_anchor_with_every_range_that_it_meets(filter in filter(), listing in listing()) {
        let filter = compile(&only_ranges(&filter));
        let anchors = Filter::anchors_of(&listing.header(), &listing.body);
        let shared = filter.anchors().iter().any(|anchor| anchors.contains(anchor));
        prop_assert!(shared || !filter.matches(&listing.header(), &listing.body));
    }

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
        let each = matches(&direction, &listing)
            && matches(&only_ranges(&filter), &listing)
            && (0..8).all(|index| matches(&only(&filter, index), &listing));
        prop_assert_eq!(matches(&filter, &listing), each);
    }

    #[test]
    fn an_ancestor_finds_its_descendants(pick in any::<prop::sample::Index>()) {
        let entry = pick.get(regions().entries());
        for ancestor in regions().lineage(entry.code) {
            let filter = v1::Filter { regions: vec![ancestor.code.to_owned()], ..v1::Filter::default() };
            let body = Opportunity { regions: vec![entry.code.to_owned()], ..Opportunity::default() };
            let listing = Listing { body, ..talent() };
            prop_assert!(matches(&filter, &listing));
        }
    }

    #[test]
    fn without_need_of_a_body_the_header_decides(filter in filter(), listing in listing(), other in listing()) {
        let compiled = compile(&filter);
        let header = compiled.matches_header(&listing.header());
        prop_assert!(header || !matches(&filter, &listing));
        if !compiled.needs_body() {
            prop_assert_eq!(header, compiled.matches(&listing.header(), &other.body));
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

    #[test]
    fn a_wider_range_loses_nothing(index in 0..RANGES, narrow in bounds(), more in 0..3i64, listing in listing()) {
        let wide = (narrow.0.map(|from| (from - more).max(0)), narrow.1.map(|to| to + more));
        prop_assert!(!matches(&range(index, narrow), &listing) || matches(&range(index, wide), &listing));
    }

    #[test]
    fn of_two_ranges_that_cover_everything_one_matches_what_has_the_quantity(
        index in 0..RANGES, at in 0..5i64, listing in listing(),
    ) {
        let halves = [range(index, (None, Some(at))), range(index, (Some(at + 1), None))];
        let quantities = Quantities::of(&listing.body);
        let has = match index {
            0 | 1 => true,
            2 => quantities.event.is_some(),
            3 => quantities.amount.is_some(),
            4 => quantities.wage.is_some(),
            _ => quantities.level.is_some(),
        };
        prop_assert_eq!(halves.iter().any(|half| matches(half, &listing)), has);
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
    Listing { kind: "talent", scopes, origin: "bijie.pprd.example", publish_time: 1, expire_time: 2, body }
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
    let listing = Listing { body, ..talent() };
    let of = |code: &str| compile(&v1::Filter { regions: vec![code.to_owned()], ..v1::Filter::default() });
    assert!(of("HK").matches(&listing.header(), &listing.body));
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
        expire_time: Some(TimeRange { start_time: seconds(5), end_time: seconds(5) }),
        publish_time: Some(TimeRange::default()),
        event_time: Some(TimeRange { start_time: seconds(i64::MAX), end_time: seconds(1) }),
        amount: Some(MoneyRange { min: yuan(2), max: yuan(1) }),
        wage: Some(WageRange {
            min: Some(Money { currency_code: "RMB".to_owned(), ..Money::default() }),
            max: None,
            period: 0,
        }),
        maturity_trl: Some(LevelRange { min: 5, max: 12 }),
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
            ("filter.expire_time.end_time", reason::INCONSISTENT),
            ("filter.publish_time", reason::REQUIRED),
            ("filter.event_time.start_time", reason::OUT_OF_RANGE),
            ("filter.amount.min", reason::INCONSISTENT),
            ("filter.wage.period", reason::UNSPECIFIED),
            ("filter.wage.min.currency_code", reason::UNKNOWN_CODE),
            ("filter.maturity_trl.max", reason::OUT_OF_RANGE),
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

#[test]
fn ranges_find_what_overlaps_them_in_the_same_currency_and_period() {
    let hit = |filter: v1::Filter, details: Details| {
        let body = Opportunity { details: Some(details), ..Opportunity::default() };
        matches(&filter, &Listing { body, ..talent() })
    };
    let amount = |min, max| v1::Filter { amount: Some(MoneyRange { min, max }), ..v1::Filter::default() };
    let capital = |min, max| Details::Capital(Capital { amount_min: min, amount_max: max, ..Capital::default() });
    assert!(hit(amount(yuan(10), None), capital(yuan(5), yuan(10))), "both bounds belong to it");
    assert!(!hit(amount(yuan(11), None), capital(yuan(5), yuan(10))));
    assert!(hit(amount(yuan(11), None), capital(yuan(5), None)), "without an upper bound");
    assert!(!hit(amount(yuan(0), None), capital(None, None)), "what is not said is not matched");
    let dollars = Some(Money { currency_code: "USD".to_owned(), units: 10, nanos: 0 });
    assert!(!hit(amount(yuan(10), None), capital(dollars.clone(), dollars)));
    let wage = |period: v1::talent::WagePeriod| {
        let wage = Some(WageRange { min: yuan(0), max: None, period: period.into() });
        v1::Filter { wage, ..v1::Filter::default() }
    };
    assert!(hit(wage(v1::talent::WagePeriod::Month), details("talent", "9", (Some(1), None))));
    assert!(!hit(wage(v1::talent::WagePeriod::Year), details("talent", "9", (Some(1), None))));
    let event = |start, end| {
        let event_time = Some(TimeRange { start_time: seconds(start), end_time: seconds(end) });
        v1::Filter { event_time, ..v1::Filter::default() }
    };
    let fair = || Details::Event(Event { start_time: seconds(10), end_time: seconds(20), ..Event::default() });
    assert!(hit(event(19, 30), fair()) && hit(event(0, 11), fair()) && hit(event(12, 13), fair()));
    assert!(!hit(event(20, 30), fair()) && !hit(event(0, 10), fair()));
}

#[test]
fn the_smallest_change_counts_and_the_largest_amounts_do_not_overflow() {
    let fils = |units, nanos| Money { currency_code: "KWD".to_owned(), units, nanos };
    assert_eq!(quantity::amount(&fils(1, 1_000_000)) - quantity::amount(&fils(1, 0)), 10);
    assert_eq!(quantity::amount(&fils(i64::MAX, 999_000_000)), i64::MAX);
}
