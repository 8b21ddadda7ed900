//! A sample of every page, with which tests write each in both languages. A page that is added gets its sample here; the
//! test fails where a template has none.

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

use super::catalogue::Texts;
use super::design::DesignPage;
use super::layout::{Notice, Page, Section, Tone};
use super::pager::Pager;
use super::problems::ProblemPage;
use super::reading::{
    CalendarPage, CounterpartsPage, HomePage, ListingPage, MemberPage, MembersPage, SearchPage, sample_seal,
};
use super::visitor::{Theme, Visitor};
use crate::config::{Line, Site, WebAddress};
use crate::web::reading::{Ask, Names};

/// The third of November 2026.
const TIME: i64 = 1_793_667_720;
const NETWORK: &str = "pprd.example";

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn say(language: Language, zh: &str, en: &str) -> String {
    match language {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    }
}

fn page(language: Language, theme: Theme, section: Section, title: &str, here: &str) -> Page {
    let line = |text: &str| Line::for_tests(text);
    let site = Site {
        sponsor: line(&say(language, "某市人民政府办公室", "Government Office")),
        icp: line("ICP-00000000"),
        police: line("P-00000000000000"),
        code: line("0000000000"),
        telephone: line("0755-00000000"),
        report_errors: WebAddress::for_tests("https://duikou.example/report?page="),
        ..Site::default()
    };
    let visitor = Visitor::sample(language, theme, here);
    let base = "https://duikou.example".to_owned();
    let mut page = Page::plain(&visitor, site, base, NETWORK.to_owned(), section, title.to_owned());
    page.person = "bijie".to_owned();
    page.notices.push(Notice { tone: Tone::Warning, text: Texts::of(language).text("search-building") });
    page
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

fn listing(kind: &str, language: Language) -> Listing {
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
        results: super::words::KINDS.map(|kind| result(kind, language)).into(),
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

/// Every page by the name of its template, written; a template may have several samples.
pub(super) fn all(language: Language, theme: Theme) -> Vec<(&'static str, String)> {
    let names = Names::sample(language, NETWORK);
    let mut pages: Vec<(&'static str, String)> = Vec::new();
    let mut add = |name, page: &dyn askama::DynTemplate| pages.push((name, page.dyn_render().expect("it is written")));
    let new = |section, title: &str, here: &str| page(language, theme, section, title, here);
    add("kit/design.html", &DesignPage::of(new(Section::None, "design", "/design")));
    add(
        "kit/problem.html",
        &ProblemPage {
            page: new(Section::None, "problem", "/nowhere?a=1&b=\"2\""),
            status: 404,
            code: "NOT_FOUND",
            reason: "NOT_FOUND".to_owned(),
            detail: "<detail>".to_owned(),
            violations: vec![("listing.title".to_owned(), "<too long>".to_owned()), (String::new(), "x".to_owned())],
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        },
    );
    add("reading/home.html", &HomePage::of(new(Section::Home, "", "/"), &names, found(language), found(language)));
    let nothing = SearchListingsResponse::default;
    add("reading/home.html", &HomePage::of(new(Section::Home, "", "/"), &names, nothing(), nothing()));
    let search = |query: &str, found| {
        let ask = Ask::read(query);
        SearchPage::of(new(Section::Listings, "search", "/listings"), &ask, &names, found)
    };
    add("reading/search.html", &search("", found(language)));
    let narrowed = "q=tea&kind=capital&direction=offer&region=520000&industry=A&member=bijie&tag=x&from=2026-11-01\
                    &to=2026-11-30&min=1&max=2&sort=closing&after=token";
    add("reading/search.html", &search(narrowed, found(language)));
    add("reading/search.html", &search("q=nothing", nothing()));
    for kind in super::words::KINDS {
        let page = new(Section::Listings, "listing", "/listings");
        let mut shown = ListingPage::of(page, &names, listing(kind, language), sample_seal());
        let holder = Holder {
            member: format!("members/bijie.{NETWORK}"),
            state: holder::State::Held.into(),
            since_time: at(TIME),
            ..Holder::default()
        };
        shown.holders = vec![shown.holder(&names, &holder)];
        add("reading/listing.html", &shown);
    }
    let subject = listing("project", language);
    let reason = MatchReason { zh: "地区相同".to_owned(), en: "same region".to_owned(), ..MatchReason::default() };
    let answer = Match { listing: Some(listing("capital", language)), score: 77, reasons: vec![reason] };
    for found in [vec![answer], Vec::new()] {
        let page = new(Section::Listings, "answers", "/listings");
        add("reading/counterparts.html", &CounterpartsPage::of(page, &names, &subject, found));
    }
    let members =
        [member(language, "bijie", member::State::Active), member(language, "zunyi", member::State::Suspended)];
    let circles = [Circle { name: "pan-prd".to_owned(), members: vec!["bijie".to_owned()] }];
    let pager = Pager::new(Texts::of(language), "/members".to_owned(), "/members?after=x".to_owned());
    add(
        "reading/members.html",
        &MembersPage::of(
            new(Section::Members, "members", "/members"),
            &names,
            &members,
            &found(language),
            &circles,
            pager,
        ),
    );
    for member in &members {
        let page = new(Section::Members, "member", "/members/bijie");
        add("reading/member.html", &MemberPage::of(page, &names, member, &found(language)));
    }
    let month = jiff::civil::date(2026, 11, 1);
    let events = [result("event", language)];
    let calendar = |events: &[SearchResult]| {
        CalendarPage::of(new(Section::Calendar, "calendar", "/calendar"), &names, month, month, events)
    };
    add("reading/calendar.html", &calendar(&events));
    add("reading/calendar.html", &calendar(&[]));
    pages
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    const PARTS: [&str; 7] = [
        "kit/layout.html",
        "kit/field.html",
        "kit/pager.html",
        "kit/empty.html",
        "reading/find.html",
        "reading/card.html",
        "reading/facts.html",
    ];

    #[test]
    fn every_template_is_written_in_both_languages() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut templates = BTreeSet::new();
        for folder in std::fs::read_dir(&root).unwrap() {
            let folder = folder.unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let names = [folder.file_name(), file.unwrap().file_name()];
                templates.insert(names.map(|name| name.into_string().unwrap()).join("/"));
            }
        }
        for language in [Language::Zh, Language::En] {
            let pages = all(language, Theme::Auto);
            let mut written: BTreeSet<String> = pages.iter().map(|(name, _)| (*name).to_owned()).collect();
            written.extend(PARTS.map(str::to_owned));
            assert_eq!(written, templates, "every template has a sample");
            for (name, html) in pages {
                assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())), "{name}");
                assert!(html.trim_end().ends_with("</html>"), "{name}");
                assert!(html.len() < 100 * 1024, "{name} has {} bytes", html.len());
            }
        }
    }

    #[test]
    fn no_page_holds_what_the_policy_forbids_or_what_members_smuggle() {
        for (name, html) in all(Language::Zh, Theme::Dark) {
            for bad in [
                "style=",
                "onclick",
                "onload",
                "javascript:",
                "<img src=\"http",
                "t.example/p.png\"",
                "<b>物流",
                "<script>x",
            ] {
                assert!(!html.contains(bad), "{name} holds {bad}");
            }
            let scripts = html.matches("<script").count();
            let known = html.matches("<script src=\"/assets/").count()
                + html.matches("<script type=\"application/ld+json\">").count();
            assert_eq!(scripts, known, "{name}");
        }
    }

    #[test]
    fn english_pages_hold_no_chinese_but_the_name_of_the_language() {
        for (name, html) in all(Language::En, Theme::Light) {
            let html = html.replace("中文", "");
            // What machines read names places as the directory does.
            let people: String = html
                .split("<script type=\"application/ld+json\">")
                .enumerate()
                .map(
                    |(at, part)| if at == 0 { part } else { part.split_once("</script>").map_or("", |(_, rest)| rest) },
                )
                .collect();
            let chinese: String = people.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect();
            assert!(chinese.is_empty(), "{name}: {chinese}");
        }
    }
}
