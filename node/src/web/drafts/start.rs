//! `/drafts/new`: beginning a listing, by its kind, or from one that there is; and throwing a draft away.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{
    CreateDraftRequest, DeleteDraftRequest, Draft, Filter, GetListingRequest, ListDraftsRequest, Listing,
    SearchListingsRequest,
};
use duikou_proto::validate::kind_of;
use tonic::Code;
use tonic_types::StatusExt;
use uuid::Uuid;

use super::super::Web;
use super::super::asking::AskingPage;
use super::super::catalogue::Texts;
use super::super::layout::{Crumb, Page, Section};
use super::super::reading::ListingPath;
use super::super::respond::{Answer, Failed, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::super::words::{self, KINDS};
use super::desk::{Desk, DraftPath};
use super::editor::{self, Around};
use super::filled::Filling;
use crate::sheets::Kind;
use crate::sheets::fields::Field;
use crate::sheets::form::{self, Texts as Typed};

/// A kind with what is written under it.
pub(super) struct Offered {
    name: String,
    about: String,
    /// For offering and for seeking: the address, and in plain words.
    ways: [(String, String); 2],
}

/// The choice of a kind.
#[derive(Template)]
#[template(path = "drafts/start.html")]
pub(super) struct StartPage {
    page: Page,
    kinds: Vec<Offered>,
}

pub(super) async fn start(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let (mut kind, mut direction, mut from) = (None, String::new(), String::new());
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).take(16) {
        match &*key {
            "kind" => kind = Kind::parse(&value),
            "direction" => direction = value.to_uppercase(),
            "from" => from = value.into_owned(),
            _ => {}
        }
    }
    let texts = if from.is_empty() { None } else { Some(copied(&desk, &from).await?) };
    let (kind, texts) = match (texts, kind) {
        (Some((kind, texts)), _) => (kind, texts),
        (None, Some(kind)) => {
            let mut texts = contact_of_last_time(&desk, kind).await;
            texts.insert(Field::Direction, direction);
            (kind, texts)
        }
        (None, None) => {
            let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("start-title"));
            return signed.page(&StartPage::of(page, |kind, direction| {
                format!("/drafts/new?kind={kind}&direction={direction}")
            }));
        }
    };
    let filling = Filling::read(&desk, kind, texts, &Listing::default())?;
    let listing = Uuid::now_v7().to_string();
    let around = Around { action: "/drafts/new".to_owned(), listing, ..Around::default() };
    editor::show(&desk, &filling, around, false)
}

/// The choice of a kind for a draft that says none.
pub(super) fn choose(web: &Web, signed: &Signed, path: &DraftPath) -> Answer {
    let page = Page::new(web, signed, Section::Drafts, signed.texts.text("start-title"));
    let path = path.page("");
    signed.page(&StartPage::of(page, |kind, _| format!("{path}?kind={kind}")))
}

/// What a listing says, for another one: its dates are over, and who may see it is to be thought of again.
async fn copied(desk: &Desk<'_>, name: &str) -> Result<(Kind, Typed), Failed> {
    let request = GetListingRequest { name: name.to_owned() };
    let listings = &desk.web.services().listings;
    let listing = match listings.get_listing(desk.signed.ask(request)).await {
        Ok(listing) => listing.into_inner(),
        Err(status) => match listings.ended(desk.signed.ask(name.to_owned())).await {
            Ok(ended) => ended.listing,
            Err(_) => return Err(desk.absent(&status)),
        },
    };
    let kind = listing.listing.as_ref().and_then(kind_of).and_then(Kind::parse).unwrap_or(Kind::Project);
    let mut texts = form::texts(kind, &listing);
    for field in [Field::Audience, Field::Expire, Field::Start, Field::End, Field::Deadline] {
        texts.remove(&field);
    }
    Ok((kind, texts))
}

/// Whom to ask, as the writer's last draft says, or the member's newest listing.
async fn contact_of_last_time(desk: &Desk<'_>, kind: Kind) -> Typed {
    let services = desk.web.services();
    let request = ListDraftsRequest {
        parent: format!("members/{}", desk.member),
        page_size: 50,
        author: desk.account().to_owned(),
        newest_first: true,
        ..ListDraftsRequest::default()
    };
    let drafts = services.drafts.list_drafts(desk.signed.ask(request)).await.map(tonic::Response::into_inner);
    let drafts = drafts.map(|found| found.drafts).unwrap_or_default();
    let has_contact = |listing: &Listing| listing.listing.as_ref().is_some_and(|body| body.contact.is_some());
    let last = drafts.into_iter().filter_map(|draft| draft.listing).find(has_contact);
    let last = match last {
        Some(last) => Some(last),
        None => {
            let filter = Filter { members: vec![desk.member.to_string()], ..Filter::default() };
            let request = SearchListingsRequest {
                filter: Some(filter),
                order_by: OrderBy::Newest.into(),
                page_size: 1,
                ..SearchListingsRequest::default()
            };
            // Whoever has nothing to remember fills it in.
            let found = services.searches.search_listings(desk.signed.ask(request)).await;
            found.ok().and_then(|found| found.into_inner().results.into_iter().next()?.listing)
        }
    };
    let mut texts = last.map(|listing| form::texts(kind, &listing)).unwrap_or_default();
    texts.retain(|field, _| {
        matches!(field, Field::Office | Field::Person | Field::Email | Field::Phone | Field::Address)
    });
    if texts.is_empty() {
        // The first of an office: by its name at least it can be found.
        texts.insert(Field::Office, desk.names.member(desk.member.as_str()));
    }
    texts
}

impl StartPage {
    pub(super) fn of(mut page: Page, path: impl Fn(&str, &str) -> String) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        let kinds = KINDS.map(|kind| Offered {
            name: words::kind(texts, kind),
            about: about(texts, kind),
            ways: ["offer", "request"].map(|way| (path(kind, way), in_plain_words(texts, kind, way))),
        });
        Self { page, kinds: kinds.into() }
    }
}

/// What belongs to a kind.
fn about(texts: Texts, kind: &str) -> String {
    match kind {
        "capital" => texts.text("start-capital"),
        "project" => texts.text("start-project"),
        "technology" => texts.text("start-technology"),
        "talent" => texts.text("start-talent"),
        _ => texts.text("start-event"),
    }
}

/// What offering or seeking it means.
fn in_plain_words(texts: Texts, kind: &str, direction: &str) -> String {
    let id = match (kind, direction) {
        ("capital", "offer") => "start-capital-offer",
        ("capital", _) => "start-capital-request",
        ("project", "offer") => "start-project-offer",
        ("project", _) => "start-project-request",
        ("technology", "offer") => "start-technology-offer",
        ("technology", _) => "start-technology-request",
        ("talent", "offer") => "start-talent-offer",
        ("talent", _) => "start-talent-request",
        (_, "offer") => "start-event-offer",
        _ => "start-event-request",
    };
    texts.text(id)
}

/// A draft of what a published listing says: the one that there is already, or a new one.
pub(super) async fn edit(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let draft = Draft { listing: Some(desk.listing(&path).await?), ..Draft::default() };
    let parent = format!("members/{}", desk.member);
    let request = CreateDraftRequest { parent, draft: Some(draft), request_id: String::new() };
    let named = match web.services().drafts.create_draft(signed.ask(request)).await {
        Ok(made) => made.into_inner().name,
        Err(status) if status.code() == Code::AlreadyExists => {
            let details = status.get_error_details();
            let draft = details.error_info().and_then(|info| info.metadata.get("draft").cloned());
            draft.ok_or_else(|| signed.failed(&status))?
        }
        Err(status) => return Err(desk.absent(&status)),
    };
    Ok(see_other(&DraftPath::of(&desk.names, &named).page("")))
}

/// Asks before a draft is thrown away.
pub(super) async fn forget(State(web): State<Web>, signed: Signed, Path(path): Path<DraftPath>) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let draft = desk.draft(&path).await?;
    if draft.state() == DraftState::Approved {
        return Ok(see_other(&path.page("/review")));
    }
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("forget-title"));
    signed.page(&forgetting(page, &path, &draft))
}

/// The page that asks.
pub(super) fn forgetting(mut page: Page, path: &DraftPath, draft: &Draft) -> AskingPage {
    let texts = page.texts();
    page.indexed = false;
    page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
    let title = draft.listing.as_ref().and_then(|listing| listing.listing.as_ref());
    let title = title.map(|listing| listing.title.clone()).filter(|title| !title.is_empty());
    AskingPage {
        action: path.page("/delete"),
        lead: texts.about("forget-lead", &title.unwrap_or_else(|| texts.text("drafts-untitled"))),
        help: String::new(),
        etag: draft.etag.clone(),
        yes: texts.text("editor-forget"),
        no: (texts.text("forget-back"), path.page("")),
        page,
    }
}

/// Throws a draft away, as it was seen.
pub(super) async fn delete(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<DraftPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let request = DeleteDraftRequest { name: path.name(), etag: sent.get("etag").to_owned() };
    web.services().drafts.delete_draft(signed.ask(request)).await.map_err(|status| desk.absent(&status))?;
    Ok(see_other_with("/drafts", "done-draft-deleted"))
}
