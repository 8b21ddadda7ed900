use std::collections::BTreeMap;

use duikou_proto::Money;
use duikou_proto::v1::{Capital, Event, Opportunity, Project, capital, project};
use proptest::prelude::*;

use super::super::Subject;
use super::*;
use crate::cli::parse_listing;

const LISTINGS: &str = include_str!("../../../../proto/data/listings.jsonl");

/// The demo's listings, by id.
fn demo() -> BTreeMap<String, (String, Subject)> {
    let read = |(line, text): (usize, &str)| {
        let listing = parse_listing(text, line + 1).unwrap();
        let mut parts = listing.name.split('/').skip(1);
        let (member, id) = (parts.next().unwrap().to_owned(), parts.nth(1).unwrap().to_owned());
        (id, (member, Subject::new(listing.listing.unwrap()).unwrap()))
    };
    LISTINGS.lines().enumerate().map(read).collect()
}

/// The counterparts of one among others' listings, the best first.
fn counterparts(demo: &BTreeMap<String, (String, Subject)>, id: &str) -> Vec<(u32, String)> {
    let (member, subject) = &demo[id];
    let others = demo.iter().filter(|(_, (other, _))| other != member);
    let scored = others.filter_map(|(id, (_, other))| Some((score(subject.view(), other.view())?.points, id.clone())));
    let mut found: Vec<_> = scored.filter(|(points, _)| *points >= MIN_SCORE).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    found
}

/// Judged by reading the listings: what answers one, so that it must stand among its first few, and what does not.
const JUDGED: [(&str, &[&str], &[&str]); 12] = [
    // 电子装配普工招聘：河源电子类毕业生、毕节缝纫与电子操作工；不是退休技师、焊工。
    ("sz-tal-01", &["hy-tal-01", "bj-tal-01"], &["hb-tal-01", "cd-tal-02"]),
    // 终端工厂检测与组装工：会电子操作的人。
    ("hz-tal-01", &["bj-tal-01", "hy-tal-01"], &["qn-tal-01"]),
    // 深圳电子整机外迁求园区：深河共建园电子元器件熟地，方式、金额、行业都合。
    ("sz-prj-01", &["hy-prj-02"], &["hz-prj-02", "km-prj-01"]),
    // 毛织、制鞋找承接：两处来料加工车间。
    ("dg-prj-01", &["bj-prj-03", "ws-prj-02"], &["cq-prj-02"]),
    // 香港找供港果蔬基地：黔南供粤港澳蔬菜基地。
    ("hk-prj-01", &["qn-prj-03"], &["dg-prj-02"]),
    // 松茸保鲜技术：广州产后保鲜技术。
    ("lz-tec-01", &["gz-tec-01"], &["hk-tec-02", "dg-tec-01"]),
    // 可降解地膜：广州可降解包装。
    ("hk-tec-03", &["gz-tec-01"], &["cd-tec-01", "mo-tec-01"]),
    // 肉牛产业链要融资租赁：支持设备的融资租赁，金额也合；贴息额度太小。
    ("bj-cap-01", &["dg-cap-01"], &["mo-cap-01", "sz-cap-01"]),
    // 刺梨天麻深加工招商：要贵州原料的香港食品厂，面向毕节农产品加工的贴息。
    ("bj-prj-01", &["hk-prj-02", "sz-cap-01"], &["mo-cap-01"]),
    // 黔南茶叶推介在广州求协办：广州农产品采购对接。
    ("qn-evt-02", &["gz-evt-01"], &["nc-evt-01"]),
    // 现代种业与植物工厂：南昌植物工厂光配方。
    ("hy-prj-01", &["nc-tec-01"], &["dg-tec-01"]),
    // 新药三期找联合投资：投医药早期项目的基金。
    ("km-cap-02", &["cd-cap-01", "sz-cap-02"], &["dg-cap-01"]),
];

/// Among how many it must stand.
const FIRST: usize = 5;

#[test]
fn what_answers_a_demo_listing_stands_first_and_what_does_not_is_not_there() {
    let demo = demo();
    let mut wrong = Vec::new();
    for (id, good, bad) in JUDGED {
        let found = counterparts(&demo, id);
        let first: Vec<&str> = found.iter().take(FIRST).map(|(_, id)| id.as_str()).collect();
        let right =
            good.iter().all(|id| first.contains(id)) && bad.iter().all(|id| !found.iter().any(|(_, f)| f == id));
        if !right {
            wrong.push(format!("{id}: {:?}", found.iter().take(8).collect::<Vec<_>>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pair_of_the_demo_scores_the_same_from_either_side() {
    let demo = demo();
    let mut matched = 0;
    for (_, one) in demo.values() {
        for (_, other) in demo.values() {
            let found = score(one.view(), other.view());
            assert_eq!(found, score(other.view(), one.view()));
            let Some(Score { points, reasons }) = found else { continue };
            matched += 1;
            assert_ne!(one.opportunity.direction(), other.opportunity.direction());
            assert_eq!(points as i32, reasons.iter().map(|reason| reason.points).sum::<i32>());
            assert!((1..=100).contains(&points));
            assert!(reasons.iter().all(|reason| !reason.zh.is_empty() && !reason.en.is_empty() && reason.points > 0));
            assert!(reasons.is_sorted_by(|a, b| a.points >= b.points));
        }
    }
    assert!(matched > 200, "{matched}");
}

#[test]
fn the_weights_of_one_kind_make_a_hundred_and_of_events_ninety() {
    let common =
        [Code::Region, Code::Industry, Code::Tags, Code::Text].map(weight).iter().sum::<u32>() + weight(Code::Kind);
    let of = |codes: &[Code]| codes.iter().map(|code| weight(*code)).sum::<u32>();
    assert_eq!(common + of(&[Code::Amount, Code::Way]), 100);
    assert_eq!(common + of(&[Code::Maturity, Code::Way]), 100);
    assert_eq!(common + of(&[Code::Occupation, Code::Wage]) + (f64::from(weight(Code::Way)) * SUPPLY) as u32, 100);
    assert_eq!(common + of(&[Code::Dates]), 90);
}

fn capital(direction: Direction, change: impl FnOnce(&mut Opportunity, &mut Capital)) -> Subject {
    let mut capital = Capital { instrument: capital::Instrument::Debt.into(), ..Capital::default() };
    let mut opportunity = Opportunity {
        direction: direction.into(),
        title: "乡村产业贷款".to_owned(),
        regions: vec!["520500".to_owned()],
        industries: vec!["0311".to_owned()],
        ..Opportunity::default()
    };
    change(&mut opportunity, &mut capital);
    opportunity.details = Some(Details::Capital(capital));
    Subject::new(opportunity).unwrap()
}

fn money(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

fn codes(found: &Option<Score>) -> Vec<Code> {
    found.iter().flat_map(|score| &score.reasons).map(MatchReason::code).collect()
}

#[test]
fn like_offers_do_not_answer_each_other_and_strangers_do_not_either() {
    let offer = capital(Direction::Offer, |_, _| {});
    assert_eq!(score(offer.view(), offer.view()), None);
    let elsewhere = capital(Direction::Request, |o, _| {
        o.title = "other".to_owned();
        o.industries = vec!["8411".to_owned()];
    });
    assert_eq!(score(offer.view(), elsewhere.view()), None, "a region alone is no subject");
    let mut project = elsewhere.opportunity.clone();
    project.details = Some(Details::Project(Project {
        cooperation_modes: vec![project::CooperationMode::Ppp.into()],
        ..Project::default()
    }));
    project.industries = vec!["0311".to_owned()];
    let found = offer.score(&project);
    assert_eq!(codes(&found), [Code::Industry, Code::Region, Code::Kind], "a project wants capital");
    assert_eq!(found.unwrap().reasons[2].points, 6);
}

#[test]
fn reasons_say_what_is_common() {
    let offer = capital(Direction::Offer, |_, c| (c.amount_min, c.amount_max) = (money(500_000), money(8_000_000)));
    let request =
        capital(Direction::Request, |_, c| (c.amount_min, c.amount_max) = (money(5_000_000), money(20_000_000)));
    let found = offer.score(&request.opportunity).unwrap();
    let said: Vec<&str> = found.reasons.iter().map(|reason| reason.zh.as_str()).collect();
    assert!(said.contains(&"地区相同：贵州省毕节市"), "{said:?}");
    assert!(said.contains(&"金额重叠：500万–800万元"), "{said:?}");
    assert!(said.contains(&"同为资金，一供一需"), "{said:?}");
}

#[test]
fn an_event_answers_whoever_seeks_one_in_a_period_in_which_it_lies() {
    let day = |number: i64| Some(prost_types::Timestamp { seconds: 1_800_000_000 + 86_400 * number, nanos: 0 });
    let event = |direction: Direction, from: i64, to: i64| {
        let event = Event {
            start_time: day(from),
            end_time: day(to),
            time_zone: "Asia/Shanghai".to_owned(),
            ..Event::default()
        };
        let industries = vec!["728".to_owned()];
        let details = Some(Details::Event(event));
        Subject::new(Opportunity { direction: direction.into(), industries, details, ..Opportunity::default() })
            .unwrap()
    };
    let sought = event(Direction::Request, 0, 180);
    let points = |from: i64| {
        let found = sought.score(&event(Direction::Offer, from, from + 1).opportunity).unwrap();
        found.reasons.iter().find(|reason| reason.code() == Code::Dates).map(|reason| reason.points)
    };
    assert_eq!([0, 90, 179, 200].map(points), [Some(15); 4], "within it, and a few weeks after it");
    assert_eq!((points(250), points(300)), (Some(8), None));
}

proptest! {
    #[test]
    fn more_in_common_is_never_worth_less(
        region in 0usize..3, industry in 0usize..3, amount in any::<bool>(), way in any::<bool>(), tags in 0usize..3,
    ) {
        let offer = capital(Direction::Offer, |o, c| {
            o.tags = vec!["肉牛".to_owned(), "冷链".to_owned()];
            c.amount_max = money(100);
        });
        let regions = ["440300", "522700", "520500"];
        let industries = ["0411", "0312", "0311"];
        let request = |region: usize, industry: usize, amount: bool, way: bool, tags: usize| {
            let request = capital(Direction::Request, |o, c| {
                o.regions = vec![regions[region].to_owned()];
                o.industries = vec![industries[industry].to_owned()];
                o.tags = ["肉牛", "冷链"][..tags].iter().map(ToString::to_string).collect();
                c.amount_min = money(if amount { 50 } else { 500 });
                if !way {
                    c.instrument = capital::Instrument::Fund.into();
                }
            });
            offer.score(&request.opportunity).map_or(0, |score| score.points)
        };
        let points = request(region, industry, amount, way, tags);
        prop_assert!(request((region + 1).min(2), industry, amount, way, tags) >= points);
        prop_assert!(request(region, (industry + 1).min(2), amount, way, tags) >= points);
        prop_assert!(request(region, industry, true, way, tags) >= points);
        prop_assert!(request(region, industry, amount, true, tags) >= points);
        prop_assert!(request(region, industry, amount, way, (tags + 1).min(2)) >= points);
    }
}
