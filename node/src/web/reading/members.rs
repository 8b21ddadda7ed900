//! `/members` and `/members/{member}`: who is in the network, and what each has.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::v1::directory_service_server::DirectoryService;
use duikou_proto::v1::search_listings_request::{Facet, OrderBy};
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{
    Circle, Filter, GetMemberRequest, ListCirclesRequest, ListMembersRequest, Listing, Member, SearchListingsRequest,
    SearchListingsResponse, member,
};

use super::super::catalogue::Texts;
use super::super::layout::{Crumb, FeedLink, Page, Section};
use super::super::pager::{Empty, Pager};
use super::super::respond::Answer;
use super::super::tables::Exports;
use super::super::visitor::Visitor;
use super::super::{Web, format, tables, words};
use super::ask::Ask;
use super::card::Card;
use super::listing::{absent, fingerprint};
use super::names::Names;
use crate::limits;
use crate::sheets::{Format, PlainCell, PlainSheet};

/// Members of one page.
const MEMBERS: i32 = 200;
/// Listings that the page of a member shows.
const LISTINGS: i32 = 10;

/// A member in the list.
pub(crate) struct MemberLine {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) other_name: String,
    pub(crate) region: String,
    pub(crate) listings: String,
    /// Where it does not take part: why.
    pub(crate) state: String,
}

/// A circle that the reader is in.
pub(crate) struct CircleLine {
    pub(crate) name: String,
    pub(crate) members: String,
}

/// The list of members.
#[derive(Template)]
#[template(path = "reading/members.html")]
pub(crate) struct MembersPage {
    pub(crate) page: Page,
    pub(crate) members: Vec<MemberLine>,
    pub(crate) circles: Vec<CircleLine>,
    pub(crate) pager: Pager,
    pub(crate) exports: Exports,
}

/// How complete one scope is.
pub(crate) struct ScopeLine {
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) as_of: String,
}

/// The page of a member.
#[derive(Template)]
#[template(path = "reading/member.html")]
pub(crate) struct MemberPage {
    pub(crate) page: Page,
    pub(crate) other_name: String,
    pub(crate) region: String,
    pub(crate) node: String,
    pub(crate) state: String,
    pub(crate) active: bool,
    pub(crate) fingerprint: String,
    pub(crate) scopes: Vec<ScopeLine>,
    pub(crate) kinds: Vec<(String, String, String)>,
    pub(crate) cards: Vec<Card>,
    pub(crate) all_path: String,
    pub(crate) total: usize,
    pub(crate) empty: Empty,
}

pub(super) async fn members(
    State(web): State<Web>,
    visitor: Visitor,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Answer {
    let ask = Ask::read(query.as_deref().unwrap_or_default());
    let services = web.services();
    let listed = visitor.ask(ListMembersRequest { page_size: MEMBERS, page_token: ask.after.clone() });
    let counted =
        SearchListingsRequest { page_size: 1, facets: vec![Facet::Member.into()], ..SearchListingsRequest::default() };
    let (listed, counted, circles) = tokio::join!(
        services.directories.list_members(listed),
        services.searches.search_listings(visitor.ask(counted)),
        services.directories.list_circles(visitor.ask(ListCirclesRequest {})),
    );
    let listed = listed.map_err(|status| visitor.failed(&status))?.into_inner();
    let counted = counted.map_err(|status| visitor.failed(&status))?.into_inner();
    let circles = circles.map_err(|status| visitor.failed(&status))?.into_inner().circles;
    let page = Page::new(&web, &visitor, Section::Members, visitor.texts.text("members-title"));
    let next = ask.next(&listed.next_page_token, "/members");
    let first = if ask.after.is_empty() { String::new() } else { "/members".to_owned() };
    let pager = Pager::new(visitor.texts, first, ask.previous("/members"), next);
    let names = Names::new(&web, &visitor);
    visitor.page(&MembersPage::of(page, &names, &listed.members, &counted, &circles, pager))
}

/// All members as a table.
pub(super) async fn file(State(web): State<Web>, visitor: Visitor, format: Format) -> Answer {
    let services = web.services();
    let counted =
        SearchListingsRequest { page_size: 1, facets: vec![Facet::Member.into()], ..SearchListingsRequest::default() };
    let counted = services.searches.search_listings(visitor.ask(counted)).await;
    let counted = counted.map_err(|status| visitor.failed(&status))?.into_inner();
    let (mut members, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMembersRequest { page_size: MEMBERS, page_token };
        let listed = services.directories.list_members(visitor.ask(request)).await;
        let listed = listed.map_err(|status| visitor.failed(&status))?.into_inner();
        members.extend(listed.members);
        page_token = listed.next_page_token;
        if page_token.is_empty() || members.len() >= limits::EXPORT_ROWS {
            break;
        }
    }
    let sheet = table(visitor.texts, &Names::new(&web, &visitor), &members, &counts(&counted));
    tables::file(&web, &visitor, "members", format, sheet).await
}

/// How many listings of each member there are.
fn counts(counted: &SearchListingsResponse) -> HashMap<&str, i32> {
    let values = counted.facets.iter().flat_map(|facet| &facet.values);
    values.map(|value| (&*value.value, value.count)).collect()
}

fn table(texts: Texts, names: &Names, members: &[Member], counts: &HashMap<&str, i32>) -> PlainSheet {
    let row = |member: &Member| {
        vec![
            PlainCell::Text(names.member(&member.id)),
            PlainCell::Text(other_name(names, member)),
            PlainCell::Text(format::region(texts.language(), &member.region)),
            PlainCell::Text(words::member_state(texts, member.state())),
            PlainCell::Number(counts.get(&*member.id).copied().unwrap_or(0).into()),
        ]
    };
    let columns = ["members-name", "members-other-name", "fact-regions", "member-state", "admin-listings"];
    PlainSheet {
        name: texts.text("members-title"),
        columns: columns.map(|id| texts.text(id)).into(),
        rows: members.iter().map(row).collect(),
        ..PlainSheet::default()
    }
}

impl MembersPage {
    pub(crate) fn of(
        mut page: Page,
        names: &Names,
        members: &[Member],
        counted: &SearchListingsResponse,
        circles: &[Circle],
        pager: Pager,
    ) -> Self {
        let texts = page.texts();
        page.canonical = "/members".to_owned();
        page.description = texts.text("members-lead");
        let counts = counts(counted);
        let line = |member: &Member| MemberLine {
            path: names.member_path(&member.name),
            name: names.member(&member.id),
            other_name: other_name(names, member),
            region: format::region(texts.language(), &member.region),
            listings: texts.count("search-found", counts.get(&*member.id).copied().unwrap_or(0)),
            state: match member.state() {
                member::State::Active | member::State::Unspecified => String::new(),
                other => words::member_state(texts, other),
            },
        };
        let comma = texts.text("list-comma");
        let circle = |circle: &Circle| CircleLine {
            name: circle.name.clone(),
            members: circle.members.iter().map(|id| names.member(id)).collect::<Vec<_>>().join(&comma),
        };
        Self {
            members: members.iter().map(line).collect(),
            circles: circles.iter().map(circle).collect(),
            pager,
            exports: Exports::of(texts, "/members", ""),
            page,
        }
    }
}

/// The name in the language that the page is not in.
fn other_name(names: &Names, member: &Member) -> String {
    let shown = names.member(&member.id);
    [&member.name_zh, &member.name_en].into_iter().find(|name| **name != shown).cloned().unwrap_or_default()
}

pub(super) async fn member(State(web): State<Web>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let name = format!("members/{id}");
    let services = web.services();
    let request = visitor.ask(GetMemberRequest { name: name.clone() });
    let member = services.directories.get_member(request).await;
    let member = member.map_err(|status| absent(&visitor, &name, &status))?.into_inner();
    let listings = SearchListingsRequest { facets: vec![Facet::Kind.into()], ..newest_of(&member.id) };
    let listings = services.searches.search_listings(visitor.ask(listings)).await;
    let listings = listings.map_err(|status| visitor.failed(&status))?.into_inner();
    let names = Names::new(&web, &visitor);
    let page = Page::new(&web, &visitor, Section::Members, names.member(&member.id));
    visitor.page(&MemberPage::of(page, &names, &member, &listings))
}

/// The newest of a member.
fn newest_of(member: &str) -> SearchListingsRequest {
    SearchListingsRequest {
        page_size: LISTINGS,
        order_by: OrderBy::Newest.into(),
        filter: Some(Filter { members: vec![member.to_owned()], ..Filter::default() }),
        ..SearchListingsRequest::default()
    }
}

/// The e-mail address to which those write who read one of these, the first that there is; empty: none of them says.
fn contact_of<'a>(listings: impl IntoIterator<Item = &'a Listing>) -> String {
    let contacts = listings.into_iter().filter_map(|listing| listing.listing.as_ref()?.contact.as_ref());
    contacts.map(|contact| contact.email.clone()).find(|email| !email.is_empty()).unwrap_or_default()
}

/// The e-mail address of whoever answers for a listing: its own contact, else one that its member gave in another; empty
/// where the reader knows none.
pub(super) async fn answers_for(web: &Web, visitor: &Visitor, listing: &Listing) -> String {
    let own = contact_of([listing]);
    let member = listing.name.split('/').nth(1).unwrap_or_default();
    if !own.is_empty() || member.is_empty() {
        return own;
    }
    let found = web.services().searches.search_listings(visitor.ask(newest_of(member))).await;
    let found = found.map(|found| found.into_inner().results).unwrap_or_default();
    contact_of(found.iter().filter_map(|result| result.listing.as_ref()))
}

impl MemberPage {
    pub(crate) fn of(mut page: Page, names: &Names, member: &Member, listings: &SearchListingsResponse) -> Self {
        let texts = page.texts();
        page.answers = contact_of(listings.results.iter().filter_map(|result| result.listing.as_ref()));
        let id = names.short(&member.name);
        page.canonical = names.member_path(&member.name);
        page.description = texts.about("member-description", &page.title);
        page.trail = vec![Crumb { path: "/members".to_owned(), name: texts.text("nav-members") }];
        let feed = |ending: &str, kind, name: &str| FeedLink {
            path: format!("/listings.{ending}?member={id}"),
            kind,
            name: texts.text(name),
        };
        page.feeds =
            vec![feed("atom", "application/atom+xml", "feed-atom"), feed("json", "application/feed+json", "feed-json")];
        let scope = |held: &duikou_proto::v1::Completeness| {
            let short = held.scope.split_once('@').map_or(&*held.scope, |(circle, _)| circle);
            let short = if short.starts_with("network:") { "network" } else { short };
            let as_of = held
                .complete_time
                .as_ref()
                .map_or_else(String::new, |time| format::moment(texts.language(), &format::in_china(time.seconds)));
            ScopeLine {
                scope: words::scope(texts, short, |id| names.member(id)),
                state: words::completeness(texts, held.state()),
                as_of,
            }
        };
        let values = listings.facets.iter().flat_map(|facet| &facet.values);
        let kinds = values.map(|value| {
            let path = format!("/listings?member={id}&kind={}", value.value);
            (path, words::kind(texts, &value.value), texts.count("search-found", value.count))
        });
        Self {
            other_name: other_name(names, member),
            region: format::region(texts.language(), &member.region),
            node: member.node.clone(),
            state: words::member_state(texts, member.state()),
            active: member.state() == member::State::Active,
            fingerprint: fingerprint(&member.key_fingerprint),
            scopes: member.completeness.iter().map(scope).collect(),
            kinds: kinds.collect(),
            cards: listings.results.iter().filter_map(|result| Card::found(texts, names, result)).collect(),
            all_path: format!("/listings?member={id}"),
            total: usize::try_from(listings.total_size).unwrap_or(0),
            empty: Empty {
                title: texts.text("member-empty"),
                advice: texts.text("member-empty-advice"),
                link: ("/listings".to_owned(), texts.text("search-all")),
            },
            page,
        }
    }
}
