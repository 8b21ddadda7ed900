//! `/drafts/published`: the member's own listings, what closes soonest first, each with what can be done to it; and those
//! that have ended, the last of them first.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, Listing, SearchListingsRequest, TimeRange, WithdrawalReason};
use futures_util::future::join_all;
use prost_types::Timestamp;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::imports::{ListFile, found_listings, listings_file};
use super::super::layout::{Crumb, Page, Section};
use super::super::pager::{Empty, Pager};
use super::super::reading::{Card, Names, audience_of};
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::tables::Exports;
use super::desk::Desk;
use super::end::{Ending, endings};
use super::ended::{REASONS, copy_of, name_of, path_of, said};
use crate::limits;
use crate::services::EndedAsk;
use crate::sheets::Format;

/// Listings of one page.
const LISTINGS: i32 = 20;
/// What closes within so many seconds closes soon: 14 days.
pub(super) const SOON_SECONDS: i64 = 14 * 24 * 60 * 60;

/// One of them.
pub(super) struct Own {
    card: Card,
    audience: String,
    /// What can be done to it; None: it has ended.
    endings: Option<Ending>,
    /// Of one that has ended: why, when and by whom, and where another is begun with what it said.
    ended: String,
    copy: String,
}

/// A way to narrow the list.
pub(super) struct Tab {
    path: String,
    name: String,
    current: bool,
}

/// Which of the member's listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Live,
    /// Those that close soon.
    Soon,
    /// Those that ended for this reason.
    Ended(WithdrawalReason),
}

impl Which {
    fn path(self) -> String {
        match self {
            Self::Live => "/drafts/published".to_owned(),
            Self::Soon => "/drafts/published?closing=soon".to_owned(),
            Self::Ended(reason) => path_of(reason),
        }
    }

    fn name(self, texts: Texts) -> String {
        match self {
            Self::Live => texts.text("published-live"),
            Self::Soon => texts.text("published-soon"),
            Self::Ended(reason) => name_of(texts, reason),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "drafts/published.html")]
pub(super) struct PublishedPage {
    page: Page,
    tabs: Vec<Tab>,
    owned: Vec<Own>,
    pager: Pager,
    empty: Empty,
    /// Of what is published.
    exports: Option<Exports>,
}

/// Which are asked for, and where the page begins.
fn asked(query: Option<&str>) -> (Which, String) {
    let (mut which, mut after) = (Which::Live, String::new());
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).take(16) {
        match &*key {
            "closing" if value == "soon" => which = Which::Soon,
            "ended" => {
                let reason = REASONS.iter().find(|(word, ..)| *word == value);
                which = reason.map_or(which, |(_, reason, _)| Which::Ended(*reason));
            }
            "after" => after = value.into_owned(),
            _ => {}
        }
    }
    (which, after)
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
    let (which, _) = asked(query);
    let found = found_listings(web, signed, request(&desk, which == Which::Soon), limits::OWN_EXPORT_ROWS).await?;
    listings_file(web, signed, found, format, ListFile::Published).await
}

pub(super) async fn published(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let (which, after) = asked(query.as_deref());
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("published-title"));
    if let Which::Ended(reason) = which {
        let ask = EndedAsk {
            member: desk.member.clone(),
            reason,
            before: after.clone(),
            limit: usize::try_from(LISTINGS).unwrap_or_default(),
        };
        let ended = web.services().listings.all_ended(signed.ask(ask)).await;
        let (ended, next) = ended.map_err(|status| signed.failed(&status))?;
        let texts = signed.texts;
        let owned = ended.iter().map(async |ended| {
            let said = said(&web, &signed, ended).await;
            Own::ended(texts, &desk.names, &ended.listing, said)
        });
        let owned = join_all(owned).await.into_iter().flatten().collect();
        return signed.page(&PublishedPage::of(page, which, owned, &after, &next));
    }
    let soon = which == Which::Soon;
    let request = SearchListingsRequest { page_size: LISTINGS, page_token: after.clone(), ..request(&desk, soon) };
    let found = web.services().searches.search_listings(signed.ask(request)).await;
    let found = found.map_err(|status| signed.failed(&status))?.into_inner();
    let listings = found.results.iter().filter_map(|result| result.listing.as_ref());
    let owned = listings.filter_map(|listing| Own::live(signed.texts, &desk.names, listing)).collect();
    signed.page(&PublishedPage::of(page, which, owned, &after, &found.next_page_token))
}

impl PublishedPage {
    pub(super) fn of(mut page: Page, which: Which, owned: Vec<Own>, after: &str, next: &str) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        let here = which.path();
        let first = if after.is_empty() { String::new() } else { here.clone() };
        let ended = REASONS.iter().map(|(_, reason, _)| Which::Ended(*reason));
        let tabs = [Which::Live, Which::Soon].into_iter().chain(ended);
        let token: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let between = if here.contains('?') { '&' } else { '?' };
        let on = if next.is_empty() { String::new() } else { format!("{here}{between}after={token}") };
        Self {
            exports: match which {
                _ if owned.is_empty() => None,
                Which::Live => Some(Exports::of(texts, "/drafts/published", "")),
                Which::Soon => Some(Exports::of(texts, "/drafts/published", "closing=soon")),
                Which::Ended(_) => None,
            },
            tabs: tabs.map(|tab| Tab { path: tab.path(), name: tab.name(texts), current: tab == which }).collect(),
            owned,
            pager: Pager::new(texts, first, String::new(), on),
            empty: Empty {
                title: texts.text(match which {
                    Which::Live => "published-none",
                    Which::Soon => "published-none-soon",
                    Which::Ended(_) => "gone-none",
                }),
                advice: texts.text("published-none-advice"),
                link: ("/drafts/new".to_owned(), texts.text("drafts-new")),
            },
            page,
        }
    }
}

impl Own {
    pub(super) fn live(texts: Texts, names: &Names, listing: &Listing) -> Option<Self> {
        Some(Self {
            card: Card::of(texts, names, listing)?,
            audience: audience_of(texts, names, &listing.scopes),
            endings: Some(endings(texts, names, listing)),
            ended: String::new(),
            copy: String::new(),
        })
    }

    /// One that has ended, with what is said of that.
    pub(super) fn ended(texts: Texts, names: &Names, listing: &Listing, said: String) -> Option<Self> {
        Some(Self { endings: None, ended: said, copy: copy_of(listing), ..Self::live(texts, names, listing)? })
    }
}
