//! `/` for anybody: a search box, what there is by kind, what is new, and what takes place soon. Who is signed in finds
//! their work there instead.

use askama::Template;
use axum::extract::State;
use duikou_proto::v1::search_listings_request::{Facet, OrderBy};
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{SearchListingsRequest, SearchListingsResponse, SearchResult};

use super::super::layout::{FeedLink, Notice, Page, Section, Tone};
use super::super::office::work_list;
use super::super::pager::Empty;
use super::super::respond::Answer;
use super::super::visitor::Visitor;
use super::super::{Web, words};
use super::card::Card;
use super::coming::coming;
use super::names::Names;

/// Listings that are shown as new.
const NEWEST: i32 = 8;
/// Events that are shown as soon.
const SOON: usize = 6;

/// A kind with how many listings there are of it.
pub(crate) struct KindCount {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) count: String,
}

/// The first page.
#[derive(Template)]
#[template(path = "reading/home.html")]
pub(crate) struct HomePage {
    pub(crate) page: Page,
    pub(crate) kinds: Vec<KindCount>,
    pub(crate) total: usize,
    pub(crate) newest: Vec<Card>,
    pub(crate) soon: Vec<Card>,
    pub(crate) empty: Empty,
}

pub(super) async fn home(State(web): State<Web>, visitor: Visitor) -> Answer {
    if let Some(person) = visitor.signed_in() {
        return work_list(&web, &visitor, person).await;
    }
    let newest = SearchListingsRequest {
        page_size: NEWEST,
        order_by: OrderBy::Newest.into(),
        facets: vec![Facet::Kind.into()],
        ..SearchListingsRequest::default()
    };
    let now = prost_types::Timestamp { seconds: web.engine().now().div_euclid(1_000_000), nanos: 0 };
    let newest = web.services().searches.search_listings(visitor.ask(newest));
    let (newest, soon) = tokio::join!(newest, coming(&web, &visitor, now, SOON));
    let newest = newest.map_err(|status| visitor.failed(&status))?.into_inner();
    let soon = soon.map_err(|status| visitor.failed(&status))?;
    let page = Page::new(&web, &visitor, Section::Home, String::new());
    visitor.page(&HomePage::of(page, &Names::new(&web, &visitor), newest, &soon))
}

impl HomePage {
    pub(crate) fn of(mut page: Page, names: &Names, newest: SearchListingsResponse, soon: &[SearchResult]) -> Self {
        let texts = page.texts();
        page.canonical = "/".to_owned();
        page.description = texts.text("home-lead");
        let feed = |path: &str, kind, name: &str| FeedLink { path: path.to_owned(), kind, name: texts.text(name) };
        page.feeds = vec![
            feed("/listings.atom", "application/atom+xml", "feed-atom"),
            feed("/listings.json", "application/feed+json", "feed-json"),
            feed("/listings.ics", "text/calendar", "feed-calendar"),
        ];
        if newest.index_building {
            page.notices.push(Notice { tone: Tone::Info, text: texts.text("search-building") });
        }
        let counts = newest.facets.first();
        let count_of = |kind: &str| {
            let value = counts.and_then(|counts| counts.values.iter().find(|value| value.value == kind));
            value.map_or(0, |value| value.count)
        };
        let kinds = words::KINDS.map(|kind| KindCount {
            path: format!("/listings?kind={kind}"),
            name: words::kind(texts, kind),
            count: texts.count("search-found", count_of(kind)),
        });
        let cards =
            |found: &[SearchResult]| found.iter().filter_map(|result| Card::found(texts, names, result)).collect();
        Self {
            kinds: kinds.into(),
            total: usize::try_from(newest.total_size).unwrap_or(0),
            newest: cards(&newest.results),
            soon: cards(soon),
            empty: Empty {
                title: texts.text("home-empty"),
                advice: texts.text("home-empty-advice"),
                link: ("/members".to_owned(), texts.text("nav-members")),
            },
            page,
        }
    }
}
