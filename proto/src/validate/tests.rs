use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor};
use prost_types::Timestamp;

use super::*;
use crate::v1::capital::{Instrument, Stage};
use crate::v1::external_code::Scheme;
use crate::v1::opportunity::{Details, Direction};
use crate::v1::project::{CooperationMode, Phase};
use crate::v1::talent::{SupplyType, WagePeriod};
use crate::v1::technology::{IpStatus, TransferMode};
use crate::v1::{Attachment, Capital, Contact, Event, ExternalCode, Link, Opportunity, Project, Talent, Technology};
use crate::{COMMENTED_DESCRIPTOR_SET, FILE_DESCRIPTOR_SET, Money};

fn money(currency: &str, units: i64, nanos: i32) -> Option<Money> {
    Some(Money { currency_code: currency.to_owned(), units, nanos })
}

fn time(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn capital() -> Capital {
    Capital {
        instrument: Instrument::Equity.into(),
        amount_min: money("CNY", 500_000, 0),
        amount_max: money("CNY", 8_000_000, 500_000_000),
        stages: vec![Stage::Early.into(), Stage::Growth.into()],
        conditions: "须在对口地区注册满一年".to_owned(),
    }
}

fn project() -> Project {
    Project {
        cooperation_modes: vec![CooperationMode::JointVenture.into(), CooperationMode::Ppp.into()],
        investment_min: money("JPY", 0, 0),
        investment_max: money("JPY", 1, 0),
        phase: Phase::Approved.into(),
        land_terms: "工业用地八十亩".to_owned(),
        policy_terms: "按当地招商政策".to_owned(),
    }
}

fn technology() -> Technology {
    Technology {
        maturity_trl: 9,
        ip_status: IpStatus::PatentGranted.into(),
        patent_numbers: vec!["ZL202310000001.1".to_owned()],
        transfer_modes: vec![TransferMode::Licence.into()],
    }
}

fn talent() -> Talent {
    Talent {
        supply_type: SupplyType::Vacancy.into(),
        occupation_code: "9622".to_owned(),
        occupation_name: "杂工".to_owned(),
        headcount: 1_000_000,
        wage_min: money("KWD", 5_000, 1_000_000),
        wage_max: None,
        wage_period: WagePeriod::Month.into(),
        training: "岗前培训一周".to_owned(),
    }
}

fn event() -> Event {
    Event {
        start_time: time(1_800_000_000),
        end_time: time(1_800_003_600),
        time_zone: "Asia/Shanghai".to_owned(),
        venue: "深圳会展中心".to_owned(),
        online_url: String::new(),
        registration_deadline: time(1_800_000_000),
        capacity: 1_000_000,
    }
}

fn listing(direction: Direction, details: Details) -> Opportunity {
    Opportunity {
        direction: direction.into(),
        title: "深圳与黔南共建茶叶精深加工".to_owned(),
        summary: "寻找有渠道的伙伴".to_owned(),
        body: "# 要点\r\n\n\t- 一\n- 二".to_owned(),
        language: "zh-CN".to_owned(),
        regions: vec!["440300".to_owned(), "522729".to_owned(), "JP".to_owned()],
        industries: vec!["A".to_owned(), "0111".to_owned()],
        tags: vec!["茶".to_owned()],
        contact: Some(Contact {
            office: "深圳市对口合作办公室".to_owned(),
            person: "李工".to_owned(),
            email: "contact@shenzhen.example".to_owned(),
            phone: "+86 (755) 8888-8888".to_owned(),
            address: "福田区".to_owned(),
        }),
        links: vec![Link { title: "原文".to_owned(), url: "https://shenzhen.example/1".to_owned() }],
        attachments: vec![Attachment {
            name: "方案.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size_bytes: 1 << 30,
            blake3: vec![7; 32],
            url: String::new(),
        }],
        external_codes: [
            (Scheme::InvestmentProject, "2401-440300-04-01-123456", ""),
            (Scheme::Patent, "ZL202310000001.1", ""),
            (Scheme::CreditCode, "91350100M000100Y43", ""),
            (Scheme::Other, "深发改〔2026〕1号", "深圳市发展改革委"),
        ]
        .map(|(scheme, code, register)| ExternalCode {
            scheme: scheme.into(),
            code: code.to_owned(),
            register: register.to_owned(),
        })
        .to_vec(),
        details: Some(details),
    }
}

#[test]
fn good_listings_of_each_kind_and_direction_pass() {
    let kinds = [
        ("capital", Details::Capital(capital())),
        ("project", Details::Project(project())),
        ("technology", Details::Technology(technology())),
        ("talent", Details::Talent(talent())),
        ("event", Details::Event(event())),
    ];
    for (kind, details) in kinds {
        for direction in [Direction::Offer, Direction::Request] {
            let good = listing(direction, details.clone());
            assert_eq!(opportunity(&good, "listing"), [], "{kind}");
            assert_eq!(kind_of(&good), Some(kind));
        }
    }
}

#[test]
fn the_least_that_a_listing_must_have_is_enough() {
    let parts = [
        Details::Capital(Capital { instrument: Instrument::Debt.into(), ..Capital::default() }),
        Details::Project(Project::default()),
        Details::Technology(Technology::default()),
        Details::Talent(Talent {
            supply_type: SupplyType::LabourPool.into(),
            occupation_name: "采茶工".to_owned(),
            headcount: 1,
            ..Talent::default()
        }),
        Details::Event(Event {
            venue: String::new(),
            online_url: "https://a.example".to_owned(),
            registration_deadline: None,
            capacity: 0,
            ..event()
        }),
    ];
    for details in parts {
        let least = Opportunity {
            direction: Direction::Request.into(),
            title: "茶".to_owned(),
            language: "en".to_owned(),
            regions: vec!["820000".to_owned()],
            details: Some(details),
            ..Opportunity::default()
        };
        assert_eq!(opportunity(&least, ""), []);
    }
}

#[test]
fn every_line_of_the_examples_passes() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let descriptor = pool.get_message_by_name("duikou.v1.Opportunity").unwrap();
    let mut count = 0;
    for line in include_str!("../../data/listings.jsonl").lines() {
        let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
        let body = json["listing"].as_object_mut().unwrap();
        let kind = body.remove("kind").unwrap().as_str().unwrap().to_lowercase();
        let message = DynamicMessage::deserialize(descriptor.clone(), &json["listing"]).unwrap();
        let mut parsed = Opportunity::decode(&*message.encode_to_vec()).unwrap();
        let written = parsed.clone();
        normalise(&mut parsed);
        assert_eq!(parsed, written, "the examples are normalised: {line}");
        assert_eq!(opportunity(&parsed, "listing"), [], "{line}");
        assert_eq!(kind_of(&parsed), Some(&*kind));
        count += 1;
    }
    assert_eq!(count, 150);
}

/// Breaks one rule in an otherwise good listing, and expects exactly the violations of that rule.
#[track_caller]
fn check(details: Details, break_it: impl FnOnce(&mut Opportunity), expected: &[(&str, &str)]) {
    let mut broken = listing(Direction::Offer, details);
    break_it(&mut broken);
    let violations = opportunity(&broken, "listing");
    let found: Vec<(&str, &str)> = violations.iter().map(|violation| (&*violation.field, violation.reason)).collect();
    let expected: Vec<(String, &str)> =
        expected.iter().map(|(field, reason)| (format!("listing.{field}"), *reason)).collect();
    assert_eq!(found, expected.iter().map(|(field, reason)| (&**field, *reason)).collect::<Vec<_>>());
    assert!(violations.iter().all(|violation| !violation.text.zh.is_empty() && !violation.text.en.is_empty()));
}

type Break<T> = (fn(&mut T), &'static str, &'static str);

fn many(count: usize, item: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(item).collect()
}

#[test]
fn each_rule_for_all_kinds_is_kept() {
    let cases: &[Break<Opportunity>] = &[
        (|o| o.direction = 0, "direction", reason::UNSPECIFIED),
        (|o| o.direction = 3, "direction", reason::UNKNOWN_CODE),
        (|o| o.title.clear(), "title", reason::REQUIRED),
        (|o| o.title = " \u{3000}".to_owned(), "title", reason::REQUIRED),
        (|o| o.title = "𠮷".repeat(121), "title", reason::TOO_LONG),
        (|o| o.title = "a\nb".to_owned(), "title", reason::BAD_FORMAT),
        (|o| o.title = "a\u{2028}b".to_owned(), "title", reason::BAD_FORMAT),
        (|o| o.summary = "茶".repeat(501), "summary", reason::TOO_LONG),
        (|o| o.summary = "a\tb".to_owned(), "summary", reason::BAD_FORMAT),
        (|o| o.body = "茶".repeat(20_001), "body", reason::TOO_LONG),
        (|o| o.body = "a\0b".to_owned(), "body", reason::BAD_FORMAT),
        (|o| o.body = "a\u{1b}b".to_owned(), "body", reason::BAD_FORMAT),
        (|o| o.language.clear(), "language", reason::REQUIRED),
        (|o| o.language = "中文".to_owned(), "language", reason::BAD_FORMAT),
        (|o| o.regions.clear(), "regions", reason::REQUIRED),
        (|o| o.regions[1] = "440399".to_owned(), "regions[1]", reason::UNKNOWN_CODE),
        (|o| o.regions[1] = "CN".to_owned(), "regions[1]", reason::UNKNOWN_CODE),
        (|o| o.regions[1] = "HK".to_owned(), "regions[1]", reason::UNKNOWN_CODE),
        (|o| o.regions[2] = "440300".to_owned(), "regions[2]", reason::DUPLICATE),
        (
            |o| o.regions = crate::reference::regions().entries()[..65].iter().map(|e| e.code.to_owned()).collect(),
            "regions",
            reason::TOO_MANY,
        ),
        (|o| o.industries[0] = "C3963".to_owned(), "industries[0]", reason::UNKNOWN_CODE),
        (|o| o.industries[1] = "A".to_owned(), "industries[1]", reason::DUPLICATE),
        (
            |o| {
                o.industries =
                    crate::reference::industries().entries()[..17].iter().map(|e| e.code.to_owned()).collect()
            },
            "industries",
            reason::TOO_MANY,
        ),
        (|o| o.tags = vec![String::new()], "tags[0]", reason::REQUIRED),
        (|o| o.tags = vec!["茶".repeat(33)], "tags[0]", reason::TOO_LONG),
        (|o| o.tags = vec!["茶".to_owned(); 2], "tags[1]", reason::DUPLICATE),
        (|o| o.tags = many(17, |n| n.to_string()), "tags", reason::TOO_MANY),
        (|o| o.links = vec![o.links[0].clone(); 17], "links", reason::TOO_MANY),
        (|o| o.links[0].title.clear(), "links[0].title", reason::REQUIRED),
        (|o| o.links[0].title = "茶".repeat(121), "links[0].title", reason::TOO_LONG),
        (|o| o.links[0].url.clear(), "links[0].url", reason::REQUIRED),
        (|o| o.links[0].url = "javascript:alert(1)".to_owned(), "links[0].url", reason::BAD_FORMAT),
        (|o| o.links[0].url = format!("https://a/{}", "x".repeat(1_991)), "links[0].url", reason::TOO_LONG),
        (|o| o.attachments = vec![o.attachments[0].clone(); 17], "attachments", reason::TOO_MANY),
        (|o| o.attachments[0].name.clear(), "attachments[0].name", reason::REQUIRED),
        (|o| o.attachments[0].name = "茶".repeat(121), "attachments[0].name", reason::TOO_LONG),
        (|o| o.attachments[0].media_type.clear(), "attachments[0].media_type", reason::REQUIRED),
        (|o| o.attachments[0].media_type = "pdf".to_owned(), "attachments[0].media_type", reason::BAD_FORMAT),
        (
            |o| o.attachments[0].media_type = format!("a/{}", "b".repeat(99)),
            "attachments[0].media_type",
            reason::TOO_LONG,
        ),
        (|o| o.attachments[0].size_bytes = 0, "attachments[0].size_bytes", reason::REQUIRED),
        (|o| o.attachments[0].size_bytes = -1, "attachments[0].size_bytes", reason::OUT_OF_RANGE),
        (|o| o.attachments[0].size_bytes = (1 << 30) + 1, "attachments[0].size_bytes", reason::OUT_OF_RANGE),
        (|o| o.attachments[0].blake3.clear(), "attachments[0].blake3", reason::REQUIRED),
        (|o| o.attachments[0].blake3 = vec![0; 31], "attachments[0].blake3", reason::BAD_FORMAT),
        (|o| o.attachments[0].url = "ftp://a.example".to_owned(), "attachments[0].url", reason::BAD_FORMAT),
        (|o| o.external_codes = vec![o.external_codes[0].clone(); 17], "external_codes", reason::TOO_MANY),
        (|o| o.external_codes[1].scheme = 0, "external_codes[1].scheme", reason::UNSPECIFIED),
        (|o| o.external_codes[1].scheme = 5, "external_codes[1].scheme", reason::UNKNOWN_CODE),
        (|o| o.external_codes[1].code.clear(), "external_codes[1].code", reason::REQUIRED),
        (|o| o.external_codes[1].code = "1".repeat(65), "external_codes[1].code", reason::TOO_LONG),
        (|o| o.external_codes[0].code = "2401".to_owned(), "external_codes[0].code", reason::BAD_FORMAT),
        (|o| o.external_codes[2].code = "91350100M000100Y44".to_owned(), "external_codes[2].code", reason::BAD_FORMAT),
        (|o| o.external_codes[3].register.clear(), "external_codes[3].register", reason::REQUIRED),
        (|o| o.external_codes[3].register = "茶".repeat(61), "external_codes[3].register", reason::TOO_LONG),
        (|o| o.external_codes[1].register = "局".to_owned(), "external_codes[1].register", reason::INCONSISTENT),
        (|o| o.details = None, "details", reason::REQUIRED),
    ];
    for (break_it, field, reason) in cases {
        check(Details::Capital(capital()), break_it, &[(field, reason)]);
    }
}

#[test]
fn each_rule_for_contacts_is_kept() {
    let cases: &[Break<Contact>] = &[
        (|c| c.office = "茶".repeat(121), "contact.office", reason::TOO_LONG),
        (|c| c.person = "茶".repeat(61), "contact.person", reason::TOO_LONG),
        (|c| c.email = "contact".to_owned(), "contact.email", reason::BAD_FORMAT),
        (|c| c.email = format!("{}@a.example", "x".repeat(245)), "contact.email", reason::TOO_LONG),
        (|c| c.phone = "八八八八".to_owned(), "contact.phone", reason::BAD_FORMAT),
        (|c| c.phone = "1".repeat(41), "contact.phone", reason::TOO_LONG),
        (|c| c.address = "茶".repeat(201), "contact.address", reason::TOO_LONG),
    ];
    for (break_it, field, reason) in cases {
        check(Details::Capital(capital()), |o| break_it(o.contact.as_mut().unwrap()), &[(field, reason)]);
    }
}

#[test]
fn each_rule_for_money_is_kept() {
    let cases: &[Break<Capital>] = &[
        (|c| c.amount_max = money("", 1, 0), "amount_max.currency_code", reason::REQUIRED),
        (|c| c.amount_max = money("RMB", 1, 0), "amount_max.currency_code", reason::UNKNOWN_CODE),
        (|c| c.amount_max = money("XAU", 1, 0), "amount_max.currency_code", reason::UNKNOWN_CODE),
        (|c| c.amount_max = money("HKD", 9_000_000, 0), "amount_min.currency_code", reason::INCONSISTENT),
        (|c| c.amount_max = money("CNY", 499_999, 990_000_000), "amount_min", reason::INCONSISTENT),
        (|c| c.amount_min = money("CNY", -1, 0), "amount_min.units", reason::OUT_OF_RANGE),
        (|c| c.amount_min = money("CNY", 0, -10_000_000), "amount_min.nanos", reason::OUT_OF_RANGE),
        (|c| c.amount_min = money("CNY", i64::MIN, i32::MIN), "amount_min.nanos", reason::OUT_OF_RANGE),
        (|c| c.amount_min = money("CNY", 1, -10_000_000), "amount_min.nanos", reason::INCONSISTENT),
        (|c| c.amount_min = money("CNY", 1, 1_000_000_000), "amount_min.nanos", reason::OUT_OF_RANGE),
        (|c| c.amount_min = money("CNY", 1, 1_000_000), "amount_min.nanos", reason::OUT_OF_RANGE),
    ];
    for (break_it, field, reason) in cases {
        let mut part = capital();
        break_it(&mut part);
        check(Details::Capital(part), |_| {}, &[(&format!("capital.{field}"), reason)]);
    }
}

#[test]
fn each_rule_for_capital_is_kept() {
    let cases: &[Break<Capital>] = &[
        (|c| c.instrument = 0, "instrument", reason::UNSPECIFIED),
        (|c| c.instrument = 8, "instrument", reason::UNKNOWN_CODE),
        (|c| c.stages = vec![1, 1], "stages[1]", reason::DUPLICATE),
        (|c| c.stages = vec![0], "stages[0]", reason::UNSPECIFIED),
        (|c| c.stages = vec![-1], "stages[0]", reason::UNKNOWN_CODE),
        (|c| c.stages = vec![1, 2, 3, 4, 5, 6, 1], "stages", reason::TOO_MANY),
        (|c| c.conditions = "茶".repeat(2_001), "conditions", reason::TOO_LONG),
    ];
    for (break_it, field, reason) in cases {
        let mut part = capital();
        break_it(&mut part);
        check(Details::Capital(part), |_| {}, &[(&format!("capital.{field}"), reason)]);
    }
}

#[test]
fn each_rule_for_projects_is_kept() {
    let cases: &[Break<Project>] = &[
        (|p| p.cooperation_modes = vec![2, 2], "cooperation_modes[1]", reason::DUPLICATE),
        (|p| p.cooperation_modes = vec![10], "cooperation_modes[0]", reason::UNKNOWN_CODE),
        (|p| p.cooperation_modes = (1..=9).chain([1]).collect(), "cooperation_modes", reason::TOO_MANY),
        (|p| p.investment_min = money("JPY", 2, 0), "investment_min", reason::INCONSISTENT),
        (|p| p.investment_max = money("JPY", 1, 10_000_000), "investment_max.nanos", reason::OUT_OF_RANGE),
        (|p| p.phase = 7, "phase", reason::UNKNOWN_CODE),
        (|p| p.land_terms = "茶".repeat(2_001), "land_terms", reason::TOO_LONG),
        (|p| p.policy_terms = "茶".repeat(2_001), "policy_terms", reason::TOO_LONG),
    ];
    for (break_it, field, reason) in cases {
        let mut part = project();
        break_it(&mut part);
        check(Details::Project(part), |_| {}, &[(&format!("project.{field}"), reason)]);
    }
}

#[test]
fn each_rule_for_technologies_is_kept() {
    let cases: &[Break<Technology>] = &[
        (|t| t.maturity_trl = 10, "maturity_trl", reason::OUT_OF_RANGE),
        (|t| t.maturity_trl = -1, "maturity_trl", reason::OUT_OF_RANGE),
        (|t| t.ip_status = 6, "ip_status", reason::UNKNOWN_CODE),
        (|t| t.patent_numbers = vec![String::new()], "patent_numbers[0]", reason::REQUIRED),
        (|t| t.patent_numbers = vec!["1".repeat(65)], "patent_numbers[0]", reason::TOO_LONG),
        (|t| t.patent_numbers = many(17, |n| n.to_string()), "patent_numbers", reason::TOO_MANY),
        (|t| t.transfer_modes = vec![7], "transfer_modes[0]", reason::UNKNOWN_CODE),
        (|t| t.transfer_modes = vec![3, 3], "transfer_modes[1]", reason::DUPLICATE),
        (|t| t.transfer_modes = vec![1, 2, 3, 4, 5, 6, 1], "transfer_modes", reason::TOO_MANY),
    ];
    for (break_it, field, reason) in cases {
        let mut part = technology();
        break_it(&mut part);
        check(Details::Technology(part), |_| {}, &[(&format!("technology.{field}"), reason)]);
    }
}

#[test]
fn each_rule_for_talents_is_kept() {
    fn unnamed(talent: &mut Talent) {
        talent.occupation_code.clear();
        talent.occupation_name.clear();
    }
    let cases: &[Break<Talent>] = &[
        (|t| t.supply_type = 0, "supply_type", reason::UNSPECIFIED),
        (|t| t.supply_type = 5, "supply_type", reason::UNKNOWN_CODE),
        (|t| t.occupation_code = "96221".to_owned(), "occupation_code", reason::UNKNOWN_CODE),
        (|t| t.occupation_name = "茶".repeat(61), "occupation_name", reason::TOO_LONG),
        (unnamed, "occupation_name", reason::REQUIRED),
        (|t| t.headcount = 0, "headcount", reason::REQUIRED),
        (|t| t.headcount = -1, "headcount", reason::OUT_OF_RANGE),
        (|t| t.headcount = 1_000_001, "headcount", reason::OUT_OF_RANGE),
        (|t| t.wage_max = money("KWD", 4_999, 0), "wage_min", reason::INCONSISTENT),
        (|t| t.wage_min = money("KWD", 1, 1), "wage_min.nanos", reason::OUT_OF_RANGE),
        (|t| t.wage_period = 0, "wage_period", reason::UNSPECIFIED),
        (|t| t.wage_period = 5, "wage_period", reason::UNKNOWN_CODE),
        (|t| t.training = "茶".repeat(2_001), "training", reason::TOO_LONG),
    ];
    for (break_it, field, reason) in cases {
        let mut part = talent();
        break_it(&mut part);
        check(Details::Talent(part), |_| {}, &[(&format!("talent.{field}"), reason)]);
    }
}

#[test]
fn each_rule_for_events_is_kept() {
    fn before_seconds(event: &mut Event) {
        event.start_time = Some(Timestamp { seconds: 1_800_000_000, nanos: -1 });
    }
    let cases: &[Break<Event>] = &[
        (|e| e.start_time = None, "start_time", reason::REQUIRED),
        (|e| e.end_time = None, "end_time", reason::REQUIRED),
        (|e| e.end_time = e.start_time, "end_time", reason::INCONSISTENT),
        (|e| e.end_time = time(i64::MAX), "end_time", reason::OUT_OF_RANGE),
        (|e| e.end_time = time(-62_135_596_801), "end_time", reason::OUT_OF_RANGE),
        (before_seconds, "start_time", reason::OUT_OF_RANGE),
        (|e| e.time_zone.clear(), "time_zone", reason::REQUIRED),
        (|e| e.time_zone = "Asia/Shenzhen".to_owned(), "time_zone", reason::UNKNOWN_CODE),
        (|e| e.time_zone = "asia/shanghai".to_owned(), "time_zone", reason::UNKNOWN_CODE),
        (|e| e.time_zone = "CST-8".to_owned(), "time_zone", reason::UNKNOWN_CODE),
        (|e| e.venue.clear(), "venue", reason::REQUIRED),
        (|e| e.venue = "茶".repeat(201), "venue", reason::TOO_LONG),
        (|e| e.online_url = "a.example".to_owned(), "online_url", reason::BAD_FORMAT),
        (|e| e.registration_deadline = time(1_800_000_001), "registration_deadline", reason::INCONSISTENT),
        (|e| e.capacity = -1, "capacity", reason::OUT_OF_RANGE),
        (|e| e.capacity = 1_000_001, "capacity", reason::OUT_OF_RANGE),
    ];
    for (break_it, field, reason) in cases {
        let mut part = event();
        break_it(&mut part);
        check(Details::Event(part), |_| {}, &[(&format!("event.{field}"), reason)]);
    }
}

#[test]
fn all_violations_are_reported_at_once() {
    let broken = |o: &mut Opportunity| {
        o.title.clear();
        o.regions = vec!["x".to_owned(); 2];
        o.details = Some(Details::Event(Event::default()));
    };
    check(
        Details::Capital(capital()),
        broken,
        &[
            ("title", reason::REQUIRED),
            ("regions[0]", reason::UNKNOWN_CODE),
            ("regions[1]", reason::UNKNOWN_CODE),
            ("regions[1]", reason::DUPLICATE),
            ("event.start_time", reason::REQUIRED),
            ("event.end_time", reason::REQUIRED),
            ("event.time_zone", reason::REQUIRED),
            ("event.venue", reason::REQUIRED),
        ],
    );
    let violations = opportunity(&Opportunity::default(), "");
    assert!(violations.iter().any(|violation| violation.field == "title"), "no prefix, no dot");
}

#[test]
fn normalising_composes_trims_and_maps() {
    let mut raw = listing(Direction::Offer, Details::Talent(talent()));
    let good = raw.clone();
    raw.title = format!("\u{3000}{}\n ", raw.title);
    raw.tags = vec!["Cafe\u{301}".to_owned()];
    raw.regions = ["440300 ", "hk", "jp"].map(str::to_owned).to_vec();
    raw.body = format!(" \n\n    {}\n\n", "代码");
    normalise(&mut raw);
    assert_eq!(raw.title, good.title);
    assert_eq!(raw.tags, ["Caf\u{e9}"]);
    assert_eq!(raw.regions, ["440300", "810000", "JP"]);
    assert_eq!(raw.body, "    代码", "the indentation says that it is code");
    assert_eq!(opportunity(&raw, ""), []);
    let once = raw.clone();
    normalise(&mut raw);
    assert_eq!(raw, once);
}

/// The comment above a field of the contract.
fn comment(field: &FieldDescriptor) -> String {
    let info = field.parent_file().file_descriptor_proto().source_code_info.clone().unwrap_or_default();
    let location = info.location.iter().find(|location| location.path == field.path()).unwrap();
    location.leading_comments().to_owned()
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn the_comments_of_the_contract_state_the_same_bounds() {
    let pool = DescriptorPool::decode(COMMENTED_DESCRIPTOR_SET).unwrap();
    let headcount = usize::try_from(*bounds::HEADCOUNT.end()).unwrap();
    let trl = usize::try_from(*bounds::MATURITY_TRL.end()).unwrap();
    let capacity = usize::try_from(*bounds::CAPACITY.end()).unwrap();
    let cases: &[(&str, &[usize])] = &[
        ("Opportunity.title", &[bounds::TITLE_CHARS]),
        ("Opportunity.summary", &[bounds::SUMMARY_CHARS]),
        ("Opportunity.body", &[bounds::BODY_CHARS]),
        ("Opportunity.regions", &[bounds::REGIONS]),
        ("Opportunity.industries", &[bounds::INDUSTRIES]),
        ("Opportunity.tags", &[bounds::TAGS, bounds::TAG_CHARS]),
        ("Opportunity.links", &[bounds::LINKS]),
        ("Opportunity.attachments", &[bounds::ATTACHMENTS]),
        ("Opportunity.external_codes", &[bounds::EXTERNAL_CODES]),
        ("Contact.office", &[bounds::OFFICE_CHARS]),
        ("Contact.person", &[bounds::PERSON_CHARS]),
        ("Contact.email", &[bounds::EMAIL_CHARS]),
        ("Contact.phone", &[bounds::PHONE_CHARS]),
        ("Contact.address", &[bounds::ADDRESS_CHARS]),
        ("Link.title", &[bounds::LINK_TITLE_CHARS]),
        ("Link.url", &[bounds::URL_CHARS]),
        ("Attachment.name", &[bounds::ATTACHMENT_NAME_CHARS]),
        ("Attachment.media_type", &[bounds::MEDIA_TYPE_CHARS]),
        ("Attachment.blake3", &[bounds::HASH_BYTES]),
        ("Attachment.url", &[bounds::URL_CHARS]),
        ("ExternalCode.code", &[bounds::EXTERNAL_CODE_CHARS]),
        ("ExternalCode.register", &[bounds::REGISTER_CHARS]),
        ("Capital.stages", &[bounds::STAGES]),
        ("Capital.conditions", &[bounds::TERMS_CHARS]),
        ("Project.cooperation_modes", &[bounds::COOPERATION_MODES]),
        ("Project.land_terms", &[bounds::TERMS_CHARS]),
        ("Project.policy_terms", &[bounds::TERMS_CHARS]),
        ("Technology.maturity_trl", &[trl]),
        ("Technology.patent_numbers", &[bounds::PATENT_NUMBERS, bounds::PATENT_NUMBER_CHARS]),
        ("Technology.transfer_modes", &[bounds::TRANSFER_MODES]),
        ("Talent.occupation_name", &[bounds::OCCUPATION_NAME_CHARS]),
        ("Talent.headcount", &[headcount]),
        ("Talent.training", &[bounds::TERMS_CHARS]),
        ("Event.venue", &[bounds::VENUE_CHARS]),
        ("Event.online_url", &[bounds::URL_CHARS]),
        ("Event.capacity", &[capacity]),
    ];
    for (path, numbers) in cases {
        let (message, field) = path.split_once('.').unwrap();
        let message = pool.get_message_by_name(&format!("duikou.v1.{message}")).unwrap();
        let comment = comment(&message.get_field_by_name(field).unwrap());
        let stated: Vec<&str> = comment.split(|c: char| !c.is_ascii_digit() && c != ',').collect();
        for number in *numbers {
            let number = grouped(*number);
            assert!(stated.iter().any(|text| text.trim_matches(',') == number), "{path}: {number} in {comment:?}");
        }
    }
}
