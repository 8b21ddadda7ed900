//! `/` for people who are signed in: what waits for them, and `/home/work`, the same without what surrounds it, for pages
//! that look again by themselves.

use askama::Template;
use axum::extract::State;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, GetListingRequest, Listing, SearchListingsRequest, TimeRange};
use futures_util::future::join_all;
use prost_types::Timestamp;
use tonic::Status;

use super::super::Web;
use super::super::layout::{Page, Section};
use super::super::reading::{Names, last_visit, since, visited};
use super::super::respond::{Answer, Failed};
use super::super::signed::{Signed, SignedPerson};
use super::super::visitor::Visitor;
use super::work::{Expiring, Found, Published, Work};
use crate::accounts::Role;
use crate::search::Patience;
use crate::services::{WaitingChanges, WaitingDrafts, WorkFacts, is_unready};

/// Days in which what ends is about to.
pub(super) const SOON_DAYS: i64 = 14;
const DAY: i64 = 24 * 3600;
/// Listings of a kind of work that are named.
pub(super) const FIRST: usize = 5;
/// Own listings among which those are looked for that somebody has not confirmed.
const NEWEST: i32 = 12;
/// Own listings that are about to end among which those are looked for of which an extension waits: those that end first.
const SOON: i32 = 200;

/// The page.
#[derive(Template)]
#[template(path = "office/home.html")]
pub(crate) struct WorkPage {
    pub(crate) page: Page,
    pub(crate) hello: String,
    /// Where they sign in again once their session has ended.
    sign_in: String,
    /// Whether they write listings.
    pub(crate) writes: bool,
    pub(crate) work: Work,
}

/// What changes of it.
#[derive(Template)]
#[template(path = "office/work.html")]
struct WorkFragment {
    page: Page,
    work: Work,
}

/// The work list of somebody who is signed in. It waits for no index: what is found with it follows.
pub(in crate::web) async fn work_list(web: &Web, visitor: &Visitor, person: &SignedPerson) -> Answer {
    let visit = last_visit(web, visitor).await?;
    let work = work(web, visitor, person, visit, Patience::AtOnce).await?;
    let page = Page::new(web, visitor, Section::Home, visitor.texts.text("work-title"));
    visitor.page(&WorkPage::of(page, person, work))
}

pub(super) async fn fragment(State(web): State<Web>, signed: Signed) -> Answer {
    let visit = visited(&web, &signed).await?;
    let work = work(&web, &signed, signed.person(), visit, Patience::Waits).await?;
    let page = Page::new(&web, &signed, Section::Home, String::new());
    signed.page(&WorkFragment { page, work })
}

impl WorkPage {
    pub(crate) fn of(mut page: Page, person: &SignedPerson, work: Work) -> Self {
        page.indexed = false;
        let hello = page.texts().about("work-hello", &person.display_name);
        let writes = person.member.is_some() && person.role >= Role::Editor;
        Self { sign_in: page.sign_in(), page, hello, writes, work }
    }
}

/// What was found with the index, and whether that is all: what it has not read yet follows.
fn so_far<T>(found: Result<(T, bool), Status>) -> Result<(Option<T>, bool), Status> {
    match found {
        Ok((found, whole)) => Ok((Some(found), whole)),
        Err(status) if is_unready(&status) => Ok((None, false)),
        Err(status) => Err(status),
    }
}

async fn work(
    web: &Web,
    visitor: &Visitor,
    person: &SignedPerson,
    visit: Option<Micros>,
    patience: Patience,
) -> Result<Work, Failed> {
    let failed = |status: Status| visitor.failed(&status);
    let services = web.services();
    let expiring = async {
        match &person.member {
            Some(member) => so_far(expiring(web, visitor, member, person.role >= Role::Editor, patience).await),
            None => Ok((None, true)),
        }
    };
    let fresh = async { so_far(since(web, visitor, visit, patience).await) };
    let drafts = async {
        let writes = person.member.as_ref().filter(|_| person.role >= Role::Editor);
        match writes {
            Some(member) => services.office.drafts(visitor.ask((member.clone(), FIRST))).await,
            None => Ok(WaitingDrafts::default()),
        }
    };
    let matches = async {
        match &person.member {
            Some(member) => Some(web.matches().of(web, visitor, member).await),
            None => None,
        }
    };
    let facts = services.office.work(visitor.ask(()));
    let beginnings = services.office.beginnings(visitor.ask(()));
    let (facts, beginnings, expiring, fresh, drafts, matches) =
        tokio::join!(facts, beginnings, expiring, fresh, drafts, matches);
    let (facts, beginnings, drafts) = (facts.map_err(failed)?, beginnings.map_err(failed)?, drafts.map_err(failed)?);
    let ((expiring, all_expiring), (fresh, all_fresh)) = (expiring.map_err(failed)?, fresh.map_err(failed)?);
    let (refused, published) = tokio::join!(refused(web, visitor, &facts), published(web, visitor, &facts));
    let (expiring, fresh) = (expiring.unwrap_or_default(), fresh.flatten());
    let follows = !all_expiring || !all_fresh;
    let found = Found { beginnings, facts, refused, published, expiring, fresh, follows, drafts, matches };
    Ok(Work::of(visitor.texts, &Names::new(web, visitor), person, &found))
}

/// A member's own listings that are about to end. For those who write, `writes`, those of which an extension waits are none:
/// they have done with them what they can. And whether the index has read everything.
async fn expiring(
    web: &Web,
    visitor: &Visitor,
    member: &MemberId,
    writes: bool,
    patience: Patience,
) -> Result<(Expiring, bool), Status> {
    let services = web.services();
    // Without a draft nothing waits, and the first few are enough.
    let waits = writes && services.office.has_drafts(visitor.ask(member.clone())).await?;
    let now = web.engine().now().div_euclid(1_000_000);
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let soon = TimeRange { start_time: at(now), end_time: at(now + SOON_DAYS * DAY) };
    let request = SearchListingsRequest {
        filter: Some(Filter { members: vec![member.to_string()], expire_time: Some(soon), ..Filter::default() }),
        order_by: OrderBy::Closing.into(),
        page_size: if waits { SOON } else { FIRST as i32 },
        ..SearchListingsRequest::default()
    };
    let found = services.searches.search_listings(visitor.ask_with(request, patience)).await?.into_inner();
    let mut listings: Vec<Listing> = found.results.into_iter().filter_map(|result| result.listing).collect();
    let changes = match waits && !listings.is_empty() {
        true => services.office.changes(visitor.ask(listings.clone())).await?,
        false => WaitingChanges::new(),
    };
    let looked = listings.len();
    listings.retain(|listing| changes.get(&listing.name).is_none_or(|change| !change.prolongs));
    let done = looked - listings.len();
    let count = usize::try_from(found.total_size).unwrap_or(0).saturating_sub(done);
    listings.truncate(FIRST);
    Ok((Expiring { listings, count, changes }, !found.index_building))
}

/// The listings that peers have refused, as far as they are named: what is gone meanwhile is named by its id.
async fn refused(web: &Web, visitor: &Visitor, facts: &WorkFacts) -> Vec<Listing> {
    let named = facts.refused.iter().take(FIRST).map(async |refused| {
        let request = visitor.ask(GetListingRequest { name: refused.name.to_string() });
        let held = web.services().listings.get_listing(request).await.ok()?.into_inner();
        Some(Listing { name: refused.name.to_string(), ..held })
    });
    join_all(named).await.into_iter().flatten().collect()
}

/// The newest listings of members of which somebody has not confirmed something, as far as the index has read them by now:
/// whoever waits has done so.
async fn published(web: &Web, visitor: &Visitor, facts: &WorkFacts) -> Published {
    let mut members: Vec<String> = facts.unconfirmed.iter().map(|lacking| lacking.origin.to_string()).collect();
    members.sort();
    members.dedup();
    if members.is_empty() {
        return Published::default();
    }
    let request = SearchListingsRequest {
        filter: Some(Filter { members, ..Filter::default() }),
        order_by: OrderBy::Newest.into(),
        page_size: NEWEST,
        ..SearchListingsRequest::default()
    };
    let found = web.services().searches.search_listings(visitor.ask_with(request, Patience::AtOnce)).await;
    let found = found.map(tonic::Response::into_inner).unwrap_or_default();
    let more = !found.next_page_token.is_empty();
    Published { newest: found.results.into_iter().filter_map(|result| result.listing).collect(), more }
}
