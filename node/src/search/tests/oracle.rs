//! Random listings for random readers, hidden, suspended and past their date: every search, count and facet is what
//! looking at every row through the viewer finds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use duikou_proto::directory::Hidden;
use duikou_proto::federation::{CircleAdd, CircleDrop, Hide, Resume, Show, Suspend};
use duikou_proto::filter::Header;
use duikou_proto::reference::{Table, industries, occupations, regions};
use duikou_proto::v1::{Capital, Event, MoneyRange, Talent, Technology, TimeRange, capital, talent};

use super::super::order::TimeOrder;
use super::*;
use crate::engine::Seen;
use crate::feed::readable;

/// Numbers from a seed.
pub(crate) struct Chance(blake3::OutputReader);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof())
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % bound as u64) as usize
    }

    pub(crate) fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

pub(crate) const SCOPES: [&[&str]; 7] = [
    &[],
    &["public"],
    &["network"],
    &["circle:x"],
    &["circle:x", "member:c"],
    &["circle:y", "member:a"],
    &["registered", "circle:y"],
];
/// Each is a word of the segmenter, and none is a part of another.
pub(crate) const WORDS: [&str; 6] = ["冷链", "茶叶", "光伏", "港口", "logistics", "harvest"];
const REGIONS: [&str; 6] = ["440300", "440305", "520500", "522729", "810000", "JP"];
const INDUSTRIES: [&str; 4] = ["A", "0111", "C", "3963"];
const TAGS: [&str; 3] = ["茶", "招商", "Cold"];
const LISTINGS: usize = 6;

pub(crate) fn random_opportunity(chance: &mut Chance) -> Opportunity {
    let money = |units: usize| Some(duikou_proto::Money { currency_code: "CNY".into(), units: units as i64, nanos: 0 });
    let low = chance.below(5);
    let seconds =
        |days: usize| Some(prost_types::Timestamp { seconds: 1_800_000_000 + 86_400 * days as i64, nanos: 0 });
    let details = match chance.below(5) {
        0 => Details::Capital(Capital {
            instrument: capital::Instrument::Debt.into(),
            amount_min: money(low),
            amount_max: money(low + chance.below(4)),
            ..Capital::default()
        }),
        1 => Details::Project(Project { investment_min: money(low), ..Project::default() }),
        2 => Details::Technology(Technology { maturity_trl: chance.below(10) as i32, ..Technology::default() }),
        3 => Details::Talent(Talent {
            supply_type: talent::SupplyType::Vacancy.into(),
            occupation_code: chance.one(&["9", "9622", "0110"]).into(),
            headcount: 1,
            wage_min: money(low),
            wage_period: talent::WagePeriod::Month.into(),
            ..Talent::default()
        }),
        _ => Details::Event(Event {
            start_time: seconds(low),
            end_time: seconds(low + 1),
            time_zone: "Asia/Shanghai".into(),
            venue: "会展中心".into(),
            ..Event::default()
        }),
    };
    let some = |chance: &mut Chance, of: &[&str]| -> Vec<String> {
        let picked: BTreeSet<&str> = (0..chance.below(3)).map(|_| chance.one(of)).collect();
        picked.into_iter().map(str::to_owned).collect()
    };
    let mut words = || format!("{} {}", chance.one(&WORDS), chance.one(&WORDS));
    let (title, body) = (words(), words());
    Opportunity {
        direction: 1 + chance.below(2) as i32,
        title,
        body,
        language: chance.one(&["zh-CN", "zh-HK", "en"]).into(),
        regions: vec![chance.one(&REGIONS).to_owned()],
        industries: some(chance, &INDUSTRIES),
        tags: some(chance, &TAGS),
        details: Some(details),
        ..Opportunity::default()
    }
}

pub(crate) fn random_filter(chance: &mut Chance) -> v1::Filter {
    let one = |text: &str| vec![text.to_owned()];
    let none = v1::Filter::default();
    let money = |units: usize| Some(duikou_proto::Money { currency_code: "CNY".into(), units: units as i64, nanos: 0 });
    let days = |days: usize| Some(prost_types::Timestamp { seconds: 1_800_000_000 + 86_400 * days as i64, nanos: 0 });
    match chance.below(16) {
        0 => v1::Filter { kinds: one(chance.one(&["capital", "project", "talent"])), ..none },
        1 => v1::Filter { directions: vec![1 + chance.below(2) as i32], ..none },
        2 => v1::Filter { regions: one(chance.one(&["440000", "520000", "522700", "HK", "440305"])), ..none },
        3 => v1::Filter { industries: one(chance.one(&["A", "01", "C", "396"])), ..none },
        4 => v1::Filter { occupations: one(chance.one(&["9", "96", "0110"])), ..none },
        5 => v1::Filter { members: one(chance.one(&MEMBERS)), ..none },
        6 => v1::Filter { circles: one(chance.one(&CIRCLES)), ..none },
        7 => v1::Filter { languages: one(chance.one(&["zh", "zh-hk", "en", "zh-CN"])), ..none },
        8 => v1::Filter { tags: one(chance.one(&TAGS)), ..none },
        9 => {
            let (min, max) = (money(chance.below(5)), money(5 + chance.below(3)));
            v1::Filter { amount: Some(MoneyRange { min, max }), ..none }
        }
        10 => {
            let (min, period) = (money(chance.below(6)), talent::WagePeriod::Month.into());
            v1::Filter { wage: Some(v1::WageRange { min, max: None, period }), ..none }
        }
        11 => v1::Filter { maturity_trl: Some(v1::LevelRange { min: 1 + chance.below(9) as i32, max: 0 }), ..none },
        12 => {
            let (start_time, end_time) = (days(chance.below(3)), days(3 + chance.below(3)));
            v1::Filter { event_time: Some(TimeRange { start_time, end_time }), ..none }
        }
        13 => v1::Filter {
            expire_time: Some(TimeRange { start_time: None, end_time: days(chance.below(8) + 1) }),
            ..none
        },
        14 => {
            let (start_time, end_time) = (days(chance.below(4)), days(4 + chance.below(4)));
            v1::Filter { publish_time: Some(TimeRange { start_time, end_time }), ..none }
        }
        _ => none,
    }
}

struct Circumstances {
    circles: BTreeMap<&'static str, BTreeSet<&'static str>>,
    suspended: BTreeSet<&'static str>,
    hidden: BTreeSet<String>,
}

async fn step(world: &mut World, facts: &mut Circumstances, chance: &mut Chance) {
    world.now.fetch_add(1 + chance.below(1000) as i64, Ordering::SeqCst);
    let (member, circle) = (MEMBERS[chance.below(3)], CIRCLES[chance.below(2)]);
    let name = name(member, chance.below(LISTINGS));
    match chance.below(20) {
        0..=11 => {
            let expire = world.engine.now() + DAY * (1 + chance.below(6) as i64);
            let scopes = SCOPES[chance.below(SCOPES.len())];
            world.put(&name, scopes, &random_opportunity(chance), expire).await;
        }
        12 | 13 => world.end(&name).await,
        14 if facts.circles.entry(circle).or_default().insert(member) => {
            world.act(Action::CircleAdd(CircleAdd { circle: circle.into(), member: id(member).to_string() })).await;
        }
        15 if facts.circles.entry(circle).or_default().remove(member) => {
            world.act(Action::CircleDrop(CircleDrop { circle: circle.into(), member: id(member).to_string() })).await;
        }
        16 if facts.suspended.insert(member) => {
            world.act(Action::Suspend(Suspend { member: id(member).to_string(), reason: String::new() })).await;
        }
        17 if facts.suspended.remove(member) => {
            world.act(Action::Resume(Resume { member: id(member).to_string() })).await;
        }
        18 if facts.hidden.insert(name.to_string()) => {
            let hide = Hide { salt: vec![7; 16], name_hash: Hidden::hash(&[7; 16], &name), reason: "r".into() };
            world.act(Action::Hide(hide)).await;
        }
        19 if facts.hidden.remove(name.as_str()) => {
            world.act(Action::Show(Show { salt: vec![7; 16], name_hash: Hidden::hash(&[7; 16], &name) })).await;
        }
        _ => {}
    }
}

/// A record that a reader sees.
struct Found {
    opportunity: Opportunity,
    /// The circles that it is for, as the reader sees it.
    circles: Vec<String>,
}

/// All that results are counted by.
const FACETS: [&str; 9] =
    ["kind", "direction", "region", "industry", "occupation", "member", "circle", "language", "tag"];

/// The values of a record, in the order of [`FACETS`].
fn values(name: &str, Found { opportunity, circles }: &Found) -> [Vec<String>; 9] {
    let lineages = |table: &'static Table, codes: &[String]| -> Vec<String> {
        let codes = codes.iter().flat_map(|code| table.lineage(code)).map(|entry| entry.code.to_owned());
        codes.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let occupation = match &opportunity.details {
        Some(Details::Talent(talent)) => vec![talent.occupation_code.clone()],
        _ => Vec::new(),
    };
    let language = opportunity.language.to_lowercase();
    // Of two parts here at most: the whole of it, and what it begins with.
    let languages: BTreeSet<String> = [language.split('-').next().unwrap().to_owned(), language.clone()].into();
    [
        vec![duikou_proto::validate::kind_of(opportunity).unwrap().to_owned()],
        vec![opportunity.direction().as_str_name().to_owned()],
        lineages(regions(), &opportunity.regions),
        lineages(industries(), &opportunity.industries),
        lineages(occupations(), &occupation),
        vec![name.split('/').nth(1).unwrap().to_owned()],
        circles.clone(),
        languages.into_iter().collect(),
        opportunity.tags.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect(),
    ]
}

/// Every record that the reader sees and that matches, by looking at each row.
async fn brute(world: &World, wanted: &Wanted, words: &[&str], reader: &Reader) -> BTreeMap<String, Found> {
    let rows = world.engine.range("members/", "", 10_000).await.unwrap().rows;
    let (viewer, directory, now) = (world.engine.viewer(reader), world.engine.directory(), world.engine.now());
    let mut found = BTreeMap::new();
    for row in rows {
        let Seen::Record(part) = viewer.see(&row, &directory, now) else { continue };
        let Some(opportunity) = part.kind().is_listing().then(|| readable(part)).flatten() else { continue };
        let text = format!("{} {}", opportunity.title, opportunity.body);
        if wanted.filter.matches(&Header::of(part), &opportunity) && words.iter().all(|word| text.contains(word)) {
            let scopes = part.scopes().iter().map(|scope| scope.to_string());
            let circles = scopes.filter(|scope| scope.starts_with("circle:")).collect();
            found.insert(part.name().to_string(), Found { opportunity, circles });
        }
    }
    found
}

pub(crate) fn readers() -> [Reader; 6] {
    [
        Reader::Anonymous,
        Reader::Registered,
        Reader::Member(id("a")),
        Reader::Member(id("b")),
        Reader::Member(id("c")),
        Reader::Operator,
    ]
}

async fn compare(world: &World, chance: &mut Chance, seed: u64) {
    for reader in readers() {
        let words: Vec<&str> = (0..chance.below(3)).map(|_| chance.one(&WORDS)).collect();
        let filter = random_filter(chance);
        let mut wanted = wanted(&words.join(" "), &filter);
        wanted.facets = FACETS.to_vec();
        wanted.order = [OrderBy::Relevance, OrderBy::NEWEST, OrderBy::CLOSING][chance.below(3)];
        wanted.size = 1 + chance.below(5);
        let expected = brute(world, &wanted, &words, &reader).await;
        let context = format!("seed {seed}, {reader:?}, {words:?}, {filter:?}, {:?}", wanted.order);
        let answer = world.find(wanted.clone(), &reader).await;
        assert_eq!(answer.total, expected.len(), "{context}");
        let mut counted: Vec<HashMap<Arc<str>, u32>> = vec![HashMap::new(); FACETS.len()];
        for (name, found) in &expected {
            for (counts, values) in counted.iter_mut().zip(values(name, found)) {
                values.into_iter().for_each(|value| *counts.entry(value.into()).or_default() += 1);
            }
        }
        assert_eq!(answer.facets, counted, "{context}");
        // Page by page it is everything, each once, in the order that was asked for.
        let mut names: Vec<String> = Vec::new();
        let mut page = answer;
        loop {
            names.extend(page.hits.iter().map(|hit| hit.part.name().to_string()));
            let Some(next) = page.next else { break };
            page = world.find(Wanted { start: next, ..wanted.clone() }, &reader).await;
        }
        if let OrderBy::Time(order) = wanted.order {
            let times = times(world, &names, order).await;
            assert!(times.is_sorted(), "{context}: {times:?}");
        }
        let set: BTreeSet<&String> = names.iter().collect();
        assert_eq!(set.len(), names.len(), "{context}");
        assert_eq!(set, expected.keys().collect(), "{context}");
    }
}

/// What ascends in an order.
async fn times(world: &World, names: &[String], order: TimeOrder) -> Vec<i64> {
    let names: Vec<RecordName> = names.iter().map(|name| name.parse().unwrap()).collect();
    let rows = world.engine.rows(&names).await.unwrap();
    let time = |name: &RecordName| {
        let row = rows.iter().find(|row| row.name == *name).unwrap();
        let header = Header::of(row.record.as_ref().unwrap());
        match order {
            TimeOrder::Newest => -header.publish_time,
            TimeOrder::Closing => header.expire_time,
        }
    };
    names.iter().map(time).collect()
}

async fn run(seed: u64) {
    let mut chance = Chance::new(seed);
    let mut world = World::new(seed.is_multiple_of(2)).await;
    let mut facts = Circumstances { circles: BTreeMap::new(), suspended: BTreeSet::new(), hidden: BTreeSet::new() };
    for round in 0..12 {
        for _ in 0..20 {
            step(&mut world, &mut facts, &mut chance).await;
        }
        if round % 4 == 3 {
            // Some dates pass, and nothing is written.
            world.now.fetch_add(2 * DAY, Ordering::SeqCst);
        }
        world.caught_up().await;
        compare(&world, &mut chance, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_and_counted_is_what_every_reader_sees() {
    for seed in 0..6 {
        run(seed).await;
    }
}
