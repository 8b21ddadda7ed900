//! `/saved`: the searches that somebody keeps, each with how many are new, and the subscriptions of their member.

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::subscription_service_server::SubscriptionService;
use duikou_proto::v1::{ListSubscriptionsRequest, SearchListingsRequest, Subscription};
use futures_util::future::join_all;
use http::StatusCode;

use super::super::Web;
use super::super::asking::AskingPage;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::pager::Empty;
use super::super::reading::{Ask, Names, about};
use super::super::respond::{Answer, Failed, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::super::tables::{self, Exports};
use super::super::visitor::Visitor;
use super::SAVED;
use super::subscribe::feeds;
use super::subscription::{self, state, way};
use crate::accounts::Role;
use crate::limits;
use crate::saved::{self, NAME_CHARS, SavedSearch};
use crate::sheets::Format;

/// Subscriptions that are listed.
const SUBSCRIPTIONS: i32 = 200;

/// A search that is kept.
pub(super) struct SearchLine {
    path: String,
    name: String,
    /// What it looks for, in its own words.
    about: String,
    /// Empty where nothing is new.
    new: String,
    seen: String,
    /// How one with words can be followed, which no subscription goes by.
    feeds: Vec<(String, String)>,
}

/// A subscription in the list.
pub(super) struct SubscriptionLine {
    path: String,
    label: String,
    way: String,
    state: String,
    paused: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "saved/list.html")]
pub(super) struct ListPage {
    page: Page,
    searches: Vec<SearchLine>,
    empty: Option<Empty>,
    subscriptions: Vec<SubscriptionLine>,
    /// Whether subscriptions may be made.
    subscribes: bool,
    exports: Exports,
}

/// What cannot be read.
pub(super) fn internal(visitor: &Visitor, error: &(dyn std::error::Error + 'static)) -> Failed {
    tracing::error!(error = %crate::error::chain(error), "searches that are kept cannot be read or written");
    visitor.failed(&tonic::Status::internal("kept searches cannot be read or written"))
}

pub(super) async fn show(State(web): State<Web>, signed: Signed) -> Answer {
    shown(&web, &signed, StatusCode::OK, None).await
}

async fn shown(web: &Web, signed: &Signed, status: StatusCode, fault: Option<String>) -> Answer {
    let kept = saved::list(web.engine(), signed.person().account_id()).await;
    let kept = kept.map_err(|error| internal(signed, &error))?;
    let counts = join_all(kept.iter().map(|search| count_new(web, signed, search))).await;
    let request = ListSubscriptionsRequest { page_size: SUBSCRIPTIONS, ..ListSubscriptionsRequest::default() };
    let listed = web.services().subscriptions.list_subscriptions(signed.ask(request)).await;
    let listed = listed.map_err(|status| signed.failed(&status))?.into_inner();
    let mut page = Page::new(web, signed, Section::Saved, signed.texts.text("saved-title"));
    page.notices.extend(fault.map(|text| Notice { tone: Tone::Danger, text }));
    let searches: Vec<(SavedSearch, Option<usize>)> = kept.into_iter().zip(counts).collect();
    let subscribes = signed.at_least(Role::Editor).is_ok();
    signed
        .page_with(status, &ListPage::of(page, &Names::new(web, signed), &searches, &listed.subscriptions, subscribes))
}

/// The subscriptions of the member as a table.
pub(super) async fn file(State(web): State<Web>, signed: Signed, format: Format) -> Answer {
    let texts = signed.texts;
    let (mut rows, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListSubscriptionsRequest { page_size: SUBSCRIPTIONS, page_token };
        let page = web.services().subscriptions.list_subscriptions(signed.ask(request)).await;
        let page = page.map_err(|status| signed.failed(&status))?.into_inner();
        rows.extend(page.subscriptions.iter().map(|subscription| {
            let line = listed(texts, subscription);
            vec![line.label, line.way, line.state]
        }));
        page_token = page.next_page_token;
        if page_token.is_empty() || rows.len() >= limits::EXPORT_ROWS {
            break;
        }
    }
    let columns = ["subscription-label", "subscription-way", "subscription-state"].map(|id| texts.text(id));
    let sheet = tables::sheet(texts.text("subscriptions"), columns.into(), rows);
    tables::file(&web, &signed, "subscriptions", format, sheet).await
}

/// How many a search has that are new since its owner last looked, with their eyes; None where its conditions no longer
/// mean anything.
async fn count_new(web: &Web, signed: &Signed, search: &SavedSearch) -> Option<usize> {
    let mut ask = Ask::read(&search.query);
    (ask.since, ask.new) = (search.seen.to_string(), true);
    let request = SearchListingsRequest { page_size: 1, ..ask.request(signed.texts).ok()? };
    let found = web.services().searches.search_listings(signed.ask(request)).await.ok()?.into_inner();
    usize::try_from(found.total_size).ok()
}

impl ListPage {
    pub(super) fn of(
        mut page: Page,
        names: &Names,
        searches: &[(SavedSearch, Option<usize>)],
        subscriptions: &[Subscription],
        subscribes: bool,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let empty = searches.is_empty().then(|| Empty {
            title: texts.text("saved-none"),
            advice: texts.text("saved-none-advice"),
            link: ("/listings".to_owned(), texts.text("nav-listings")),
        });
        Self {
            searches: searches.iter().map(|(search, new)| line(texts, names, search, *new)).collect(),
            empty,
            subscriptions: subscriptions.iter().map(|subscription| listed(texts, subscription)).collect(),
            subscribes,
            exports: Exports::of(texts, "/subscriptions", ""),
            page,
        }
    }
}

fn line(texts: Texts, names: &Names, search: &SavedSearch, new: Option<usize>) -> SearchLine {
    let seen = format::in_china(search.seen.div_euclid(1_000_000));
    let ask = Ask::read(&search.query);
    SearchLine {
        path: format!("{SAVED}/{}", search.id),
        name: search.name.clone(),
        about: about(texts, names, &ask),
        feeds: feeds(texts, &ask),
        new: match new {
            None => texts.text("saved-wrong"),
            Some(0) => String::new(),
            Some(count) => texts.count("saved-new", count),
        },
        seen: format::moment(texts.language(), &seen),
    }
}

fn listed(texts: Texts, subscription: &Subscription) -> SubscriptionLine {
    SubscriptionLine {
        path: subscription::path(&subscription.name),
        label: subscription::called(texts, subscription),
        way: way(texts, subscription),
        state: state(texts, subscription),
        paused: subscription.state() != duikou_proto::v1::subscription::State::Active,
    }
}

/// Keeps a search, as a form of its page sends it.
pub(super) async fn save(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let ask = Ask::read(sent.get("query")).bare();
    let name: String = match sent.line("name") {
        "" => about(signed.texts, &Names::new(&web, &signed), &ask),
        name => name.to_owned(),
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
    if let Err(faults) = ask.request(signed.texts) {
        let fault = faults.values().cloned().collect::<Vec<_>>().join(" ");
        return shown(&web, &signed, StatusCode::BAD_REQUEST, Some(fault)).await;
    }
    let kept = saved::save(web.engine(), signed.person().account_id(), &name, &ask.query()).await;
    match kept.map_err(|error| internal(&signed, &error))? {
        Some(_) => Ok(see_other_with(SAVED, "done-saved")),
        None => {
            let fault = signed.texts.count("saved-full", limits::SAVED_SEARCHES);
            shown(&web, &signed, StatusCode::CONFLICT, Some(fault)).await
        }
    }
}

/// Leads to a search with what is new in it marked; from then on that is seen.
pub(super) async fn open(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let seen = saved::see(web.engine(), signed.person().account_id(), &id).await;
    let search = seen.map_err(|error| internal(&signed, &error))?.ok_or_else(|| absent(&signed, &id))?;
    let ask = Ask::read(&search.query).with(|ask| ask.since = search.seen.to_string());
    Ok(see_other(&ask.at("/listings")))
}

/// Asks before one is forgotten.
pub(super) async fn ask_delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let found = saved::get(web.engine(), signed.person().account_id(), &id).await;
    let search = found.map_err(|error| internal(&signed, &error))?.ok_or_else(|| absent(&signed, &id))?;
    let page = Page::new(&web, &signed, Section::Saved, signed.texts.text("saved-forget-title"));
    signed.page(&forgetting(page, &search))
}

/// The page that asks.
pub(super) fn forgetting(mut page: Page, search: &SavedSearch) -> AskingPage {
    let texts = page.texts();
    page.indexed = false;
    page.trail = vec![Crumb { path: SAVED.to_owned(), name: texts.text("saved-title") }];
    AskingPage {
        action: format!("{SAVED}/{}/delete", search.id),
        lead: texts.about("saved-forget-lead", search.name.as_str()),
        help: texts.text("saved-forget-help"),
        etag: String::new(),
        yes: texts.text("saved-forget"),
        no: (texts.text("forget-back"), SAVED.to_owned()),
        page,
    }
}

/// Forgets one.
pub(super) async fn delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let gone = saved::remove(web.engine(), signed.person().account_id(), &id).await;
    gone.map_err(|error| internal(&signed, &error))?;
    Ok(see_other_with(SAVED, "done-saved-gone"))
}

/// There is none, or it is somebody else's.
pub(super) fn absent(visitor: &Visitor, id: &str) -> Failed {
    visitor.failed(&crate::services::absent(&format!("saved/{id}"), visitor.language()))
}
