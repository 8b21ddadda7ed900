//! `/drafts/published`: the member's own listings, what closes soonest first, each with what can be done to it; and those
//! that have ended, the last of them first. All are looked for by words and kinds.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, Listing, SearchListingsRequest, SearchResult, TimeRange, WithdrawalReason};
use futures_util::future::join_all;
use http::StatusCode;
use prost_types::Timestamp;
use tonic::Code;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::{Choice, Control, Field};
use super::super::imports::{ListFile, found_listings, listings_file};
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::pager::{Empty, Pager};
use super::super::reading::{Ask, Card, Faults, Names, audience_of, wrong_search};
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::tables::Exports;
use super::super::words::{self, KINDS};
use super::desk::Desk;
use super::end::{Ending, endings};
use super::ended::{REASONS, copy_of, name_of, said, word_of};
use crate::limits;
use crate::services::{EndedAsk, EndedListing, WaitingChange};
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

/// Where they are.
const PATH: &str = "/drafts/published";

impl Which {
    /// Where those of them are that `ask` looks for.
    fn path(self, ask: &Ask) -> String {
        match (self.pair(), ask.query()) {
            (None, _) => ask.at(PATH),
            (Some((key, word)), query) if query.is_empty() => format!("{PATH}?{key}={word}"),
            (Some((key, word)), query) => format!("{PATH}?{key}={word}&{query}"),
        }
    }

    /// What addresses say of it; None: nothing.
    fn pair(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Live => None,
            Self::Soon => Some(("closing", "soon")),
            Self::Ended(reason) => Some(("ended", word_of(reason))),
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
    /// What is looked for among them.
    find: Find,
    owned: Vec<Own>,
    pager: Pager,
    empty: Empty,
    /// Of what is published.
    exports: Option<Exports>,
}

/// What is looked for.
struct Find {
    q: String,
    kind: Field,
    /// Among which of them, as addresses say it; None: among those that are live.
    among: Option<(&'static str, &'static str)>,
    /// How many there are, and in what order; empty: there are none, or nobody has counted.
    found: String,
}

/// What the address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    which: Which,
    /// Words and kinds alone, and the page.
    ask: Ask,
}

impl Asked {
    pub(super) fn read(query: &str) -> Self {
        let Ask { q, kinds, after, before, .. } = Ask::read(query);
        let mut which = Which::Live;
        for (key, value) in form_urlencoded::parse(query.as_bytes()).take(16) {
            match &*key {
                "closing" if value == "soon" => which = Which::Soon,
                "ended" => {
                    let reason = REASONS.iter().find(|(word, ..)| *word == value);
                    which = reason.map_or(which, |(_, reason, _)| Which::Ended(*reason));
                }
                _ => {}
            }
        }
        Self { which, ask: Ask { q, kinds, after, before, ..Ask::default() } }
    }

    /// As the service is asked, or what is wrong with it.
    fn request(&self, desk: &Desk<'_>) -> Result<SearchListingsRequest, Faults> {
        let request = self.ask.request(desk.signed.texts)?;
        let now = desk.web.engine().now().div_euclid(1_000_000);
        let until = TimeRange { start_time: None, end_time: Some(Timestamp { seconds: now + SOON_SECONDS, nanos: 0 }) };
        let filter = Filter {
            members: vec![desk.member.to_string()],
            expire_time: (self.which == Which::Soon).then_some(until),
            ..request.filter.unwrap_or_default()
        };
        Ok(SearchListingsRequest { filter: Some(filter), order_by: OrderBy::Closing.into(), ..request })
    }
}

/// The same as a table that is imported again.
pub(super) async fn file(web: &Web, signed: &Signed, query: Option<&str>, format: Format) -> Answer {
    let desk = Desk::of(web, signed).await?;
    let Asked { which, ask } = Asked::read(query.unwrap_or_default());
    let asked = Asked { which, ask: ask.with(|_| {}) };
    let request = asked.request(&desk).map_err(|faults| wrong_search(signed, &faults))?;
    let found = found_listings(web, signed, request, limits::OWN_EXPORT_ROWS).await?;
    listings_file(web, signed, found, format, ListFile::Published).await
}

pub(super) async fn published(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("published-title"));
    let request = match asked.request(&desk) {
        Ok(request) => SearchListingsRequest { page_size: LISTINGS, ..request },
        Err(faults) => return refused(&signed, page, &asked, &faults),
    };
    if let Which::Ended(reason) = asked.which {
        let ask = EndedAsk {
            member: desk.member.clone(),
            reason,
            query: request.query,
            kinds: request.filter.unwrap_or_default().kinds,
            before: asked.ask.after.clone(),
            limit: usize::try_from(LISTINGS).unwrap_or_default(),
        };
        let (ended, next) = match web.services().listings.all_ended(signed.ask(ask)).await {
            Ok(found) => found,
            Err(status) if status.code() == Code::InvalidArgument => {
                return refused(&signed, page, &asked, &Ask::faults_in(&status));
            }
            Err(status) => return Err(signed.failed(&status)),
        };
        let texts = signed.texts;
        let owned = ended.iter().map(async |ended| {
            let said = said(&web, &signed, ended).await;
            Own::ended(texts, &desk.names, ended, said)
        });
        let owned = join_all(owned).await.into_iter().flatten().collect();
        return signed.page(&PublishedPage::of(page, &asked, owned, 0, &next));
    }
    let found = match web.services().searches.search_listings(signed.ask(request)).await {
        Ok(found) => found.into_inner(),
        Err(status) if status.code() == Code::InvalidArgument => {
            return refused(&signed, page, &asked, &Ask::faults_in(&status));
        }
        Err(status) => return Err(signed.failed(&status)),
    };
    let listings: Vec<Listing> = found.results.iter().filter_map(|result| result.listing.clone()).collect();
    let changes = web.services().office.changes(signed.ask(listings)).await;
    let changes = changes.map_err(|status| signed.failed(&status))?;
    let own = |result: &SearchResult| {
        let listing = result.listing.as_ref()?;
        let own = Own::live(signed.texts, &desk.names, listing, changes.get(&listing.name))?;
        // What was looked for is marked in it.
        Some(Own { card: Card::found(signed.texts, &desk.names, result)?, ..own })
    };
    let owned = found.results.iter().filter_map(own).collect();
    let total = usize::try_from(found.total_size).unwrap_or(0);
    let mut shown = PublishedPage::of(page, &asked, owned, total, &found.next_page_token);
    for (told, id) in [(found.index_building, "search-building"), (found.corrected, "search-corrected")] {
        shown.page.notices.extend(told.then(|| Notice { tone: Tone::Info, text: signed.texts.text(id) }));
    }
    signed.page(&shown)
}

/// The form with what is wrong above it.
fn refused(signed: &Signed, page: Page, asked: &Asked, faults: &Faults) -> Answer {
    let mut shown = PublishedPage::of(page, asked, Vec::new(), 0, "");
    let told = faults.values().map(|text| Notice { tone: Tone::Danger, text: text.clone() });
    shown.page.notices.extend(told);
    signed.page_with(StatusCode::BAD_REQUEST, &shown)
}

impl PublishedPage {
    pub(super) fn of(mut page: Page, asked: &Asked, owned: Vec<Own>, total: usize, next: &str) -> Self {
        let texts = page.texts();
        let Asked { which, ask } = asked;
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        let whole = ask.with(|_| {});
        let looked_for = !whole.query().is_empty();
        let at = |ask: &Ask| which.path(ask);
        let ended = REASONS.iter().map(|(_, reason, _)| Which::Ended(*reason));
        let tabs = [Which::Live, Which::Soon].into_iter().chain(ended);
        let live = matches!(which, Which::Live | Which::Soon);
        let first = if ask.after.is_empty() { String::new() } else { at(&whole) };
        let previous = ask.back().as_ref().map_or_else(String::new, at);
        let on = ask.on(next).as_ref().map_or_else(String::new, at);
        let query = at(&whole).split_once('?').map_or_else(String::new, |(_, query)| query.to_owned());
        Self {
            exports: (live && !owned.is_empty()).then(|| Exports::of(texts, PATH, &query)),
            tabs: tabs
                .map(|tab| Tab { path: tab.path(&whole), name: tab.name(texts), current: tab == *which })
                .collect(),
            find: Find {
                q: ask.q.clone(),
                kind: kinds(texts, &ask.kinds),
                among: which.pair(),
                found: if owned.is_empty() || !live { String::new() } else { texts.count("published-found", total) },
            },
            owned,
            pager: Pager::new(texts, first, previous, on),
            empty: match which {
                _ if looked_for => Empty {
                    title: texts.text("search-nothing"),
                    advice: texts.text("search-nothing-narrowed"),
                    link: (which.path(&Ask::default()), texts.text("published-all")),
                },
                _ => Empty {
                    title: texts.text(match which {
                        Which::Live => "published-none",
                        Which::Soon => "published-none-soon",
                        Which::Ended(_) => "gone-none",
                    }),
                    advice: texts.text("published-none-advice"),
                    link: ("/drafts/new".to_owned(), texts.text("drafts-new")),
                },
            },
            page,
        }
    }
}

/// The choice of a kind.
fn kinds(texts: Texts, chosen: &[String]) -> Field {
    let any = Choice { value: String::new(), name: texts.text("published-kinds") };
    let kinds = KINDS.map(|kind| Choice { value: kind.to_owned(), name: words::kind(texts, kind) });
    let choices = Control::Choice(std::iter::once(any).chain(kinds).collect());
    Field::new("kind", texts.text("filter-kind"), choices).holding(chosen.first().map_or("", String::as_str))
}

impl Own {
    /// One that is published, of which `change` waits.
    pub(super) fn live(texts: Texts, names: &Names, listing: &Listing, change: Option<&WaitingChange>) -> Option<Self> {
        Some(Self {
            card: Card::of(texts, names, listing)?,
            audience: audience_of(texts, names, &listing.scopes),
            endings: Some(endings(texts, names, listing, change)),
            ended: String::new(),
            copy: String::new(),
        })
    }

    /// One that has ended, with what is said of that.
    pub(super) fn ended(texts: Texts, names: &Names, ended: &EndedListing, said: String) -> Option<Self> {
        let (listing, excerpts) = (&ended.listing, ended.excerpts.clone());
        // What was looked for is marked in it.
        let found = SearchResult { listing: Some(listing.clone()), excerpts, ..SearchResult::default() };
        let card = Card::found(texts, names, &found)?;
        let copy = copy_of(listing);
        Some(Self { card, endings: None, ended: said, copy, ..Self::live(texts, names, listing, None)? })
    }
}
