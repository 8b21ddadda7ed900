//! What is done to a published listing: it is still true for a while, it is taken back, or it has been filled.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::{Listing, UpdateListingRequest, WithdrawListingRequest, WithdrawalReason};
use duikou_proto::validate::kind_of;
use prost_types::FieldMask;
use tonic_types::StatusExt;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::{Choice, Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::reading::{ListingPath, Names};
use super::super::respond::{Answer, Failed, see_other_with};
use super::super::sent::Sent;
use super::super::signed::{Signed, whose};
use super::desk::{Desk, DraftPath};
use crate::services::WaitingChange;

/// Reasons for taking a listing back, as forms have them.
const REASONS: [(&str, WithdrawalReason, &str); 2] =
    [("withdrawn", WithdrawalReason::Withdrawn, "end-withdrawn"), ("filled", WithdrawalReason::Filled, "end-filled")];

/// The buttons under a listing of one's own. `{{ endings|safe }}` writes them.
#[derive(Template)]
#[template(path = "drafts/endings.html")]
pub(in super::super) struct Ending {
    /// The page of the listing.
    path: String,
    etag: String,
    /// Copies start from this name.
    name: String,
    /// Whether it can be true for longer: an event is over when it is over.
    renews: bool,
    /// What of it waits for a yes, in words, and where it is read; None: nothing, and it can be changed.
    waits: Option<(String, String)>,
    /// For those who hear a button without what stands above it.
    title: String,
    labels: [String; 6],
}

/// That a change of a listing waits for a yes, and where it is read.
pub(in super::super) fn waits(texts: Texts, names: &Names, change: &WaitingChange) -> (String, String) {
    let id = if change.prolongs && !change.edits { "end-waits-renewal" } else { "end-waits-change" };
    (texts.text(id), DraftPath::of(names, &change.draft).page("/review"))
}

/// What can be done to a listing, of which `change` waits.
pub(in super::super) fn endings(
    texts: Texts,
    names: &Names,
    listing: &Listing,
    change: Option<&WaitingChange>,
) -> Ending {
    let kind = listing.listing.as_ref().and_then(kind_of).unwrap_or_default();
    Ending {
        path: names.listing_path(&listing.name),
        etag: listing.etag.clone(),
        name: form_urlencoded::byte_serialize(listing.name.as_bytes()).collect(),
        renews: kind != "event",
        waits: change.map(|change| waits(texts, names, change)),
        title: listing.listing.as_ref().map_or_else(String::new, |listing| listing.title.clone()),
    /// The field of its forms that says for whom they are, HTML.
    whose: String,
        labels: ["end-edit", "end-renew", "end-fill", "end-withdraw", "end-copy", "end-waits-look"]
            .map(|id| texts.text(id)),
    }
}

/// The question before a listing is taken back.
#[derive(Template)]
#[template(path = "drafts/end.html")]
pub(super) struct EndPage {
    page: Page,
    title: String,
    action: String,
    back: String,
    etag: String,
    reason: Field,
}

/// It is still true: from now on it ends when one would that was written today. Where that waits for a yes, it is handed in.
pub(super) async fn renew(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let request = |submit| UpdateListingRequest {
        listing: Some(Listing { name: path.name(), etag: sent.get("etag").to_owned(), ..Listing::default() }),
        update_mask: Some(FieldMask { paths: vec!["expire_time".to_owned()] }),
        whose: whose(listing.name.split('/').nth(1).unwrap_or_default()),
        submit,
        ..UpdateListingRequest::default()
    };
    let listings = &web.services().listings;
    let page = desk.names.listing_path(&path.name());
    match listings.update_listing(signed.ask(request(false))).await {
        Ok(_) => Ok(see_other_with(&page, "done-renewed")),
        Err(status) if is_waiting(&status) => {
            let waits = listings.update_listing(signed.ask(request(true))).await;
            waits.map_err(|status| signed.failed(&status))?;
            Ok(see_other_with(&page, "done-renewal-waits"))
        }
        Err(status) => Err(desk.absent(&status)),
    }
}

fn is_waiting(status: &tonic::Status) -> bool {
    status.get_error_details().error_info().is_some_and(|info| info.reason == "APPROVAL_REQUIRED")
}

/// Asks before a listing is taken back.
pub(super) async fn end(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
    RawQuery(query): RawQuery,
) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let listing = desk.listing(&path).await?;
    let chosen = if query.as_deref() == Some("reason=filled") { "filled" } else { "withdrawn" };
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("end-title"));
    signed.page(&EndPage::of(page, &desk.names, &listing, chosen))
}

impl EndPage {
    pub(super) fn of(mut page: Page, names: &Names, listing: &Listing, chosen: &str) -> Self {
        let texts = page.texts();
        let back = names.listing_path(&listing.name);
        let title = listing.listing.as_ref().map(|listing| listing.title.clone()).unwrap_or_default();
        page.indexed = false;
        page.trail = vec![
            Crumb { path: "/drafts/published".to_owned(), name: texts.text("published-title") },
            Crumb { path: back.clone(), name: title.clone() },
        ];
        let reasons = REASONS.map(|(value, _, id)| Choice { value: value.to_owned(), name: texts.text(id) });
        let reason = Field::new("reason", texts.text("end-reason"), Control::Choice(reasons.into()));
        Self {
            title,
            action: format!("{back}/end"),
            back,
            etag: listing.etag.clone(),
            reason: Field { required: true, ..reason.holding(chosen).helped(texts.text("end-reason-help")) },
            page,
        }
    }
}

/// Takes a listing back from everybody.
pub(super) async fn withdraw(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let reason = REASONS.iter().find(|(word, ..)| *word == sent.get("reason"));
    let reason = reason.map_or(WithdrawalReason::Withdrawn, |(_, reason, _)| *reason);
    let request = WithdrawListingRequest {
        name: path.name(),
        reason: reason.into(),
        etag: sent.get("etag").to_owned(),
        request_id: String::new(),
    };
    web.services().listings.withdraw_listing(signed.ask(request)).await.map_err(|status| desk.absent(&status))?;
    let done = if reason == WithdrawalReason::Filled { "done-filled" } else { "done-ended" };
    Ok(see_other_with("/drafts/published", done))
}
