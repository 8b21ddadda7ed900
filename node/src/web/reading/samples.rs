//! A sample of every page of this part.

use duikou_proto::Money;
use duikou_proto::language::Language;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::search_listings_request::Facet;
use duikou_proto::v1::{
    Attachment, Capital, CharacterRange, Circle, Completeness, Contact, Duplicate, Event, Excerpt, ExternalCode,
    FacetCounts, FacetValue, Holder, Link, Listing, Match, MatchReason, Member, Opportunity, OriginCompleteness,
    Project, SearchListingsResponse, SearchResult, Talent, Technology, capital, completeness, external_code, holder,
    member, project, talent, technology,
};
use prost_types::Timestamp;

use super::super::catalogue::Texts;
use super::super::layout::Section;
use super::super::pager::Pager;
use super::super::samples::{NETWORK, Samples, say};
use super::super::words;
use super::ask::Ask;
use super::calendar::CalendarPage;
use super::counterparts::CounterpartsPage;
use super::history::Done;
use super::home::HomePage;
use super::listing::{ListingPage, sample_seal};
use super::members::{MemberPage, MembersPage};
use super::names::Names;
use super::search::{Choosing, SearchPage};

/// The third of November 2026.
const TIME: i64 = 1_793_667_720;

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

fn details(kind: &str, language: Language) -> Details {
    let words = say(language, "须有购销合同", "A contract is needed");
    match kind {
        "capital" => Details::Capital(Capital {
            instrument: capital::Instrument::SubsidisedLoan.into(),
            amount_min: yuan(500_000),
            amount_max: yuan(8_000_000),
            stages: vec![capital::Stage::Early.into(), capital::Stage::Growth.into()],
            conditions: words,
        }),
        "project" => Details::Project(Project {
            cooperation_modes: vec![project::CooperationMode::Lease.into()],
            investment_min: yuan(30_000_000),
            investment_max: yuan(300_000_000),
            phase: project::Phase::LandReady.into(),
            land_terms: words.clone(),
            policy_terms: words,
        }),
        "technology" => Details::Technology(Technology {
            maturity_trl: 7,
            ip_status: technology::IpStatus::PatentGranted.into(),
            patent_numbers: vec!["ZL202310000001.1".to_owned()],
            transfer_modes: vec![technology::TransferMode::Licence.into()],
        }),
        "talent" => Details::Talent(Talent {
            supply_type: talent::SupplyType::Vacancy.into(),
            occupation_code: "1".to_owned(),
            occupation_name: say(language, "茶艺师", "tea master"),
            headcount: 120,
            wage_min: yuan(3_000),
            wage_max: yuan(5_000),
            wage_period: talent::WagePeriod::Month.into(),
            training: words,
        }),
        _ => Details::Event(Event {
            start_time: at(TIME),
            end_time: at(TIME + 7200),
            time_zone: "Europe/Berlin".to_owned(),
            venue: words,
            online_url: "https://a.example/live".to_owned(),
            registration_deadline: at(TIME - 86_400),
            capacity: 80,
        }),
    }
}

fn opportunity(kind: &str, language: Language) -> Opportunity {
    Opportunity {
        direction: if kind == "talent" { Direction::Request.into() } else { Direction::Offer.into() },
        title: say(language, "冷链<b>物流</b> & “茶叶”", "Cold <b>chain</b> & \"tea\""),
        summary: say(language, "面向毕节的冷链项目", "A cold chain for Bijie"),
        body: say(
            language,
            "**要点**：\n\n- 一\n- 二\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n![x](https://t.example/p.png)<script>x</script>",
            "**In short**:\n\n- one\n- two\n\n# Heading\n\n![x](https://t.example/p.png)<script>x</script>",
        ),
        language: language.tag().to_owned(),
        regions: ["520500", "440300", "DE", "522729"].map(str::to_owned).into(),
        industries: vec!["A".to_owned()],
        tags: vec!["tea & coffee".to_owned()],
        contact: Some(Contact {
            office: "office".to_owned(),
            person: "P".to_owned(),
            email: "a@office.example".to_owned(),
            phone: "1".to_owned(),
            address: "street 1".to_owned(),
        }),
        links: vec![Link { title: "notice".to_owned(), url: "https://a.example/?a=1&b=2".to_owned() }],
        attachments: vec![Attachment {
            name: "plan.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size_bytes: 1_500_000,
            blake3: vec![7; 32],
            url: String::new(),
        }],
        external_codes: vec![ExternalCode {
            scheme: external_code::Scheme::Patent.into(),
            code: "ZL202310000001.1".to_owned(),
            register: String::new(),
        }],
        details: Some(details(kind, language)),
    }
}

pub(in crate::web) fn listing(kind: &str, language: Language) -> Listing {
    Listing {
        name: format!("members/shenzhen.{NETWORK}/listings/{kind}-1"),
        scopes: ["public", "circle:pan-prd", "member:bijie"].map(str::to_owned).into(),
        publish_time: at(TIME),
        update_time: at(TIME + 60),
        expire_time: at(TIME + 8_640_000),
        revision: 1_793_667_720_000_000,
        etag: "1".to_owned(),
        listing: Some(opportunity(kind, language)),
        draft: String::new(),
    }
}

fn result(kind: &str, language: Language) -> SearchResult {
    let text = say(language, "面向毕节的冷链项目", "A cold chain for Bijie");
    let excerpt = |field: &str| Excerpt {
        field: field.to_owned(),
        text: text.clone(),
        highlights: vec![CharacterRange { start: 2, end: 6 }],
        cut_before: true,
        cut_after: true,
    };
    let same = Duplicate {
        name: format!("members/bijie.{NETWORK}/listings/same"),
        title: "same".to_owned(),
        external_code: String::new(),
    };
    SearchResult {
        listing: Some(listing(kind, language)),
        excerpts: vec![excerpt("title"), excerpt("body")],
        duplicates: vec![same],
    }
}

fn held() -> Completeness {
    Completeness {
        scope: format!("network:{NETWORK}"),
        state: completeness::State::Withheld.into(),
        complete_time: at(TIME),
        head_time: at(TIME),
    }
}

fn found(language: Language) -> SearchListingsResponse {
    let value = |value: &str| FacetValue { value: value.to_owned(), count: 1234 };
    let facet = |facet: Facet, values: &[&str]| FacetCounts {
        facet: facet.into(),
        values: values.iter().map(|text| value(text)).collect(),
    };
    SearchListingsResponse {
        results: words::KINDS.map(|kind| result(kind, language)).into(),
        next_page_token: "next".to_owned(),
        total_size: 1234,
        facets: vec![
            facet(Facet::Kind, &["capital", "project"]),
            facet(Facet::Direction, &["OFFER", "REQUEST"]),
            facet(Facet::Region, &["520000", "440000"]),
            facet(Facet::Industry, &["A", "B"]),
            facet(Facet::Member, &["shenzhen", "bijie"]),
        ],
        completeness: vec![OriginCompleteness {
            member: format!("members/bijie.{NETWORK}"),
            completeness: vec![held()],
        }],
        index_building: true,
        corrected: true,
    }
}

fn member(language: Language, id: &str, state: member::State) -> Member {
    Member {
        name: format!("members/{id}.{NETWORK}"),
        id: id.to_owned(),
        name_zh: say(language, "某市联络处", "Liaison Office"),
        name_en: "Liaison Office".to_owned(),
        region: "520500".to_owned(),
        node: format!("{id}.{NETWORK}"),
        state: state.into(),
        key_number: 1,
        key_fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
        completeness: vec![held()],
        ..Member::default()
    }
}

/// Every page.
pub(in crate::web) fn samples(samples: &Samples) {
    let language = samples.language;
    let names = Names::sample(language, NETWORK);
    samples.add(
        "reading/home.html",
        &HomePage::of(samples.page(Section::Home, "", "/"), &names, found(language), &found(language).results),
    );
    let nothing = SearchListingsResponse::default;
    samples.add("reading/home.html", &HomePage::of(samples.page(Section::Home, "", "/"), &names, nothing(), &[]));
    let search = |query: &str, found| {
        let ask = Ask::read(query);
        SearchPage::of(samples.page(Section::Listings, "search", "/listings"), &ask, &names, found)
    };
    samples.add("reading/search.html", &search("", found(language)));
    let narrowed = "q=tea&kind=capital&direction=offer&region=520000&industry=A&member=bijie&tag=x&from=2026-11-01\
                    &to=2026-11-30&min=1&max=2&sort=closing&after=token";
    samples.add("reading/search.html", &search(narrowed, found(language)));
    let mut none = search("q=nothing", nothing());
    let name = say(language, "去掉“茶”（2 条）", "without “tea” (2)");
    none.fewer = vec![Choosing { path: "/listings?q=nothing".to_owned(), name, current: false }];
    samples.add("reading/search.html", &none);
    for kind in words::KINDS {
        // One of them as somebody prints it with those who hold it.
        let here = if kind == "talent" { "/listings/x/y?print=holders" } else { "/listings/x/y" };
        let page = samples.page(Section::Listings, "listing", here);
        let mut shown = ListingPage::of(page, &names, listing(kind, language), sample_seal());
        let holder = Holder {
            member: format!("members/bijie.{NETWORK}"),
            state: holder::State::Held.into(),
            since_time: at(TIME),
            ..Holder::default()
        };
        shown.held_by(&names, vec![holder]);
        shown.history =
            vec![Done { time: "10:42".to_owned(), what: "<changed>".to_owned(), who: "<somebody>".to_owned() }];
        samples.add("reading/listing.html", &shown);
    }
    let subject = listing("project", language);
    let reason = MatchReason { zh: "地区相同".to_owned(), en: "same region".to_owned(), ..MatchReason::default() };
    let answer = Match { listing: Some(listing("capital", language)), score: 77, reasons: vec![reason] };
    for found in [vec![answer], Vec::new()] {
        let page = samples.page(Section::Listings, "answers", "/listings");
        samples.add("reading/counterparts.html", &CounterpartsPage::of(page, &names, &subject, found));
    }
    let members =
        [member(language, "bijie", member::State::Active), member(language, "zunyi", member::State::Suspended)];
    let circles = [Circle { name: "pan-prd".to_owned(), members: vec!["bijie".to_owned()] }];
    let pager = Pager::new(Texts::of(language), "/members".to_owned(), String::new(), "/members?after=x".to_owned());
    samples.add(
        "reading/members.html",
        &MembersPage::of(
            samples.page(Section::Members, "members", "/members"),
            &names,
            &members,
            &found(language),
            &circles,
            pager,
        ),
    );
    for member in &members {
        let page = samples.page(Section::Members, "member", "/members/bijie");
        samples.add("reading/member.html", &MemberPage::of(page, &names, member, &found(language)));
    }
    let month = jiff::civil::date(2026, 11, 1);
    let events = [result("event", language)];
    let calendar = |events: &[SearchResult], next: &[SearchResult]| {
        let page = samples.page(Section::Calendar, "calendar", "/calendar");
        CalendarPage::of(page, &names, month, month, events, next)
    };
    samples.add("reading/calendar.html", &calendar(&events, &[]));
    samples.add("reading/calendar.html", &calendar(&[], &events));
    samples.add("reading/calendar.html", &calendar(&[], &[]));
}
