//! `/drafts/published`: the member's own listings, what closes soonest first, each with what can be done to it.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, Listing, SearchListingsRequest, TimeRange};
use prost_types::Timestamp;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::imports::{found_listings, listings_file};
use super::super::layout::{Crumb, Page, Section};
use super::super::pager::{Empty, Pager};
use super::super::reading::{Card, Names, audience_of};
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::tables::Exports;
use super::desk::Desk;
use super::end::{Ending, endings};
use crate::limits;
use crate::sheets::Format;

/// Listings of one page.
const LISTINGS: i32 = 20;
/// What closes within so many seconds closes soon: 14 days.
pub(super) const SOON_SECONDS: i64 = 14 * 24 * 60 * 60;

/// One of them.
pub(super) struct Own {
    card: Card,
    audience: String,
    endings: Ending,
}

/// The page.
#[derive(Template)]
#[template(path = "drafts/published.html")]
pub(super) struct PublishedPage {
    page: Page,
    soon: bool,
    owned: Vec<Own>,
    pager: Pager,
    empty: Empty,
    exports: Exports,
}

/// Whether what closes soon is asked for, and where the page begins.
fn asked(query: Option<&str>) -> (bool, String) {
    let (mut soon, mut after) = (false, String::new());
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).take(16) {
        match &*key {
            "closing" => soon = value == "soon",
            "after" => after = value.into_owned(),
            _ => {}
        }
    }
    (soon, after)
}

fn request(desk: &Desk<'_>, soon: bool) -> SearchListingsRequest {
    let now = desk.web.engine().now().div_euclid(1_000_000);
    let until = TimeRange { start_time: None, end_time: Some(Timestamp { seconds: now + SOON_SECONDS, nanos: 0 }) };
    let filter =
        Filter { members: vec![desk.member.to_string()], expire_time: soon.then_some(until), ..Filter::default() };
    SearchListingsRequest {
        filter: Some(filter),
        order_by: OrderBy::Closing.into(),
        ..SearchListingsRequest::default()
    }
}

/// The same as a table that is imported again.
pub(super) async fn file(web: &Web, signed: &Signed, query: Option<&str>, format: Format) -> Answer {
    let desk = Desk::of(web, signed).await?;
    let (soon, _) = asked(query);
    let found = found_listings(web, signed, request(&desk, soon), limits::OWN_EXPORT_ROWS).await?;
    listings_file(web, signed, found, format, "published").await
}

pub(super) async fn published(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let (soon, after) = asked(query.as_deref());
    let request = SearchListingsRequest { page_size: LISTINGS, page_token: after.clone(), ..request(&desk, soon) };
    let found = web.services().searches.search_listings(signed.ask(request)).await;
    let found = found.map_err(|status| signed.failed(&status))?.into_inner();
    let listings: Vec<Listing> = found.results.into_iter().filter_map(|result| result.listing).collect();
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("published-title"));
    signed.page(&PublishedPage::of(page, &desk.names, soon, &listings, &after, &found.next_page_token))
}

impl PublishedPage {
    pub(super) fn of(mut page: Page, names: &Names, soon: bool, listings: &[Listing], after: &str, next: &str) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        let here = if soon { "/drafts/published?closing=soon" } else { "/drafts/published" };
        let first = if after.is_empty() { String::new() } else { here.to_owned() };
        let token: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let between = if soon { '&' } else { '?' };
        let on = if next.is_empty() { String::new() } else { format!("{here}{between}after={token}") };
        Self {
            exports: Exports::of(texts, "/drafts/published", if soon { "closing=soon" } else { "" }),
            soon,
            owned: listings.iter().filter_map(|listing| Own::of(texts, names, listing)).collect(),
            pager: Pager::new(texts, first, String::new(), on),
            empty: Empty {
                title: texts.text(if soon { "published-none-soon" } else { "published-none" }),
                advice: texts.text("published-none-advice"),
                link: ("/drafts/new".to_owned(), texts.text("drafts-new")),
            },
            page,
        }
    }
}

impl Own {
    fn of(texts: Texts, names: &Names, listing: &Listing) -> Option<Self> {
        Some(Self {
            card: Card::of(texts, names, listing)?,
            audience: audience_of(texts, names, &listing.scopes),
            endings: endings(texts, names, listing),
        })
    }
}
