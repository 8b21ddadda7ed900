//! `/drafts/{member}/{draft}/send`: what is about to be sent, to whom, and what to look at again; then the sending itself.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use duikou_proto::v1::approval_policy::Rule;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::{
    ApproveDraftRequest, DeleteDraftRequest, DiffDraftRequest, Draft, DraftDifference, GetListingRequest, Listing,
    SubmitDraftRequest, UpdateListingRequest,
};
use prost_types::FieldMask;

use super::super::Web;
use super::super::layout::{Crumb, Page, Section};
use super::super::respond::{Answer, Failed, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::audience::{Audience, audience};
use super::desk::{Desk, DraftPath};
use super::difference::{self, Row};
use super::filled::kind_in;
use super::review::{Again, again_after};
use super::shown::Shown;
use super::warnings::{Warning, warnings};
use crate::services::expire_default;
use crate::time::timestamp;

/// What is about to be sent.
#[derive(Template)]
#[template(path = "drafts/send.html")]
pub(super) struct SendPage {
    page: Page,
    shown: Shown,
    audience: Audience,
    warnings: Vec<Warning>,
    /// What it changes of what is published.
    rows: Vec<Row>,
    published: bool,
    /// That it was given back, and what has changed since; None: it was not.
    again_after: Option<Again>,
    etag: String,
    action: String,
    edit: String,
    /// What happens then, and what the button for it says.
    then: String,
    button: String,
}

/// A draft with what it would change.
pub(super) struct Compared {
    pub(super) draft: Draft,
    pub(super) difference: DraftDifference,
    pub(super) rows: Vec<Row>,
    /// When it ends, where the draft does not say so.
    pub(super) ends: Option<prost_types::Timestamp>,
}

/// Reads a draft and what it would change.
///
/// # Errors
/// As the service says.
pub(super) async fn compared(desk: &Desk<'_>, path: &DraftPath, draft: Draft) -> Result<Compared, Failed> {
    let services = desk.web.services();
    let difference = services.drafts.diff_draft(desk.signed.ask(DiffDraftRequest { name: path.name() })).await;
    let difference = difference.map_err(|status| desk.absent(&status))?.into_inner();
    let before = match difference.published {
        true => {
            let request = GetListingRequest { name: difference.listing.clone() };
            let held = services.listings.get_listing(desk.signed.ask(request)).await;
            Some(held.map_err(|status| desk.signed.failed(&status))?.into_inner())
        }
        false => None,
    };
    let after = draft.listing.clone().unwrap_or_default();
    let rows = match kind_in(&draft) {
        Some(kind) => {
            difference::of_draft(desk.signed.texts, &desk.names, kind, before.as_ref(), &after, &difference.changes)
        }
        None => Vec::new(),
    };
    let body = after.listing.clone().unwrap_or_default();
    let held = before.and_then(|before| before.expire_time);
    let ends = held.unwrap_or_else(|| timestamp(expire_default(&body, desk.web.engine().now())));
    let ends = after.expire_time.is_none().then_some(ends);
    Ok(Compared { draft, difference, rows, ends })
}

pub(super) async fn send(State(web): State<Web>, signed: Signed, Path(path): Path<DraftPath>) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let draft = desk.draft(&path).await?;
    match draft.state() {
        DraftState::Approved | DraftState::Submitted => return Ok(see_other(&path.page("/review"))),
        // What is not as it must be is corrected first.
        _ if !draft.warnings.is_empty() => return Ok(see_other(&path.page("?check"))),
        _ => {}
    }
    let compared = compared(&desk, &path, draft).await?;
    let listing = compared.draft.listing.clone().unwrap_or_default();
    let rule = desk.policy().await?.rule();
    let audience = audience(&desk, &listing.scopes, &compared.difference);
    let warnings = warnings(&desk, &listing).await;
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("send-title"));
    let again = again_after(&desk, &path, &compared.draft).await?;
    signed.page(&SendPage::of(page, &path, compared, audience, warnings, rule).given_back(again))
}

impl SendPage {
    pub(super) fn of(
        mut page: Page,
        path: &DraftPath,
        compared: Compared,
        audience: Audience,
        warnings: Vec<Warning>,
        rule: Rule,
    ) -> Self {
        let texts = page.texts();
        let listing = compared.draft.listing.unwrap_or_default();
        let title = listing.listing.as_ref().map(|listing| listing.title.clone()).unwrap_or_default();
        let (then, button) = match rule {
            Rule::None | Rule::Unspecified => ("send-then-none", "send-publish"),
            Rule::Self_ | Rule::Other if !compared.difference.approval_required => ("send-then-nobody", "send-publish"),
            Rule::Other => ("send-then-other", "send-submit"),
            Rule::Self_ => ("send-then-self", "send-check-again"),
        };
        page.indexed = false;
        page.trail = vec![
            Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") },
            Crumb { path: path.page(""), name: title },
        ];
        Self {
            shown: Shown::of(texts, &listing).ending(texts, compared.ends),
            audience,
            warnings,
            rows: compared.rows,
            published: compared.difference.published,
            again_after: None,
            etag: compared.draft.etag,
            action: path.page("/send"),
            edit: path.page(""),
            then: texts.text(then),
            button: texts.text(button),
            page,
        }
    }
}

impl SendPage {
    /// The page of a draft that may have been given back.
    pub(super) fn given_back(self, again: Option<Again>) -> Self {
        Self { again_after: again, ..self }
    }
}

/// Hands the draft in, and publishes it where nobody has to be asked.
pub(super) async fn submit(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<DraftPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let services = web.services();
    let diff = services.drafts.diff_draft(signed.ask(DiffDraftRequest { name: path.name() })).await;
    let diff = diff.map_err(|status| desk.absent(&status))?.into_inner();
    let rule = desk.policy().await?.rule();
    let etag = sent.get("etag").to_owned();
    if !diff.approval_required && rule != Rule::None {
        return narrow(&desk, &path, etag).await;
    }
    let request = SubmitDraftRequest { name: path.name(), etag, request_id: String::new() };
    let draft = services.drafts.submit_draft(signed.ask(request)).await;
    let draft = draft.map_err(|status| signed.failed(&status))?.into_inner();
    match rule {
        Rule::None | Rule::Unspecified => {
            let request =
                ApproveDraftRequest { name: path.name(), content_hash: draft.content_hash, request_id: String::new() };
            let done = services.drafts.approve_draft(signed.ask(request)).await;
            let done = done.map_err(|status| signed.failed(&status))?.into_inner();
            Ok(see_other_with(&desk.names.listing_path(&done.listing), "done-published"))
        }
        Rule::Self_ => Ok(see_other(&path.page("/review"))),
        Rule::Other => Ok(see_other_with("/drafts", "done-submitted")),
    }
}

/// Writes what shows nobody anything new: that waits for nobody, and the draft has served.
async fn narrow(desk: &Desk<'_>, path: &DraftPath, etag: String) -> Result<Response, Failed> {
    let (web, signed) = (desk.web, desk.signed);
    let draft = desk.draft(path).await?;
    if draft.etag != etag {
        return Ok(see_other(&path.page("/send")));
    }
    let listing = Listing { etag: String::new(), ..draft.listing.unwrap_or_default() };
    let request = UpdateListingRequest {
        listing: Some(listing),
        update_mask: Some(FieldMask { paths: vec!["*".to_owned()] }),
        ..UpdateListingRequest::default()
    };
    let written = web.services().listings.update_listing(signed.ask(request)).await;
    let written = written.map_err(|status| signed.failed(&status))?.into_inner();
    let end = DeleteDraftRequest { name: path.name(), etag };
    web.services().drafts.delete_draft(signed.ask(end)).await.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(&desk.names.listing_path(&written.name), "done-published"))
}
