//! `/drafts/review?batch=…`: an import that is approved together, after a look at a sample of it, or given back.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{
    ApproveDraftBatchRequest, ApproveDraftBatchResponse, Draft, ListDraftsRequest, Listing, Opportunity,
    ReturnDraftRequest,
};
use futures_util::future::join_all;
use http::StatusCode;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::Field;
use super::super::layout::{Crumb, Page, Section};
use super::super::reading::{Fact, Names, audience_of, fingerprint, of_all, of_kind};
use super::super::respond::{Answer, Failed, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::desk::{Desk, DraftPath};
use super::difference::label;
use super::list::{Asked, Line, of_batch, together};
use super::people::People;
use super::review::reason;
use crate::http::Problem;
use crate::limits;
use crate::markdown;
use crate::sheets::{text_of, told_in};

/// Drafts of the sample.
const SAMPLE: i32 = 10;
/// Characters of a body.
const BEGINNING: usize = 200;
/// Drafts that are asked for at once.
const PAGE: i32 = 1_000;
/// Drafts that were not given back, of which the page says why.
const FAILURES: usize = 50;

/// One of the sample.
pub(super) struct Sampled {
    line: Line,
    audience: String,
    /// What it says of amounts, places, dates.
    facts: Vec<Fact>,
    /// How its body begins.
    text: String,
}

/// The page.
#[derive(Template)]
#[template(path = "drafts/batch.html")]
pub(super) struct BatchPage {
    page: Page,
    batch: String,
    of_batch: String,
    /// Where all of them are listed.
    all: String,
    count: String,
    others: String,
    sample: Vec<Sampled>,
    /// How many these are, and what they are for.
    sampled: String,
    hash: String,
    seal: String,
    /// What came of it; empty: nothing has been done yet.
    done: String,
    /// Those that were not approved: their pages, and why.
    failures: Vec<(String, String)>,
    failed: String,
    waits: bool,
    reason: Field,
}

pub(super) async fn batch(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let batch = Asked::read(query.as_deref().unwrap_or_default()).batch;
    if batch.is_empty() {
        // An address that somebody has typed.
        return Ok(see_other("/drafts?state=submitted"));
    }
    show(&desk, batch, None).await
}

/// Approves what was shown.
pub(super) async fn approve(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let batch = sent.get("batch").to_owned();
    let request = ApproveDraftBatchRequest { content_hash: sent.get("hash").to_owned(), ..asked(&desk, batch.clone()) };
    let done = web.services().drafts.approve_draft_batch(signed.ask(request)).await;
    let done = done.map_err(|status| signed.failed(&status))?.into_inner();
    show(&desk, batch, Some(done)).await
}

/// Gives all of an import back that waits, for one reason, as it was shown.
pub(super) async fn give_back(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let (batch, reason) = (sent.get("batch").to_owned(), sent.get("reason").to_owned());
    let services = web.services();
    let seen = ApproveDraftBatchRequest { validate_only: true, ..asked(&desk, batch.clone()) };
    let seen = services.drafts.approve_draft_batch(signed.ask(seen)).await;
    let seen = seen.map_err(|status| signed.failed(&status))?.into_inner();
    if seen.content_hash != sent.get("hash") {
        let wrong = signed.texts.text("batch-changed");
        return again(&desk, batch, StatusCode::CONFLICT, &reason, wrong).await;
    }
    let mut request = ListDraftsRequest { page_size: PAGE, ..Asked::waiting(&batch).request(&desk) };
    let mut waiting = Vec::new();
    loop {
        let found = services.drafts.list_drafts(signed.ask(request.clone())).await;
        let found = found.map_err(|status| signed.failed(&status))?.into_inner();
        waiting.extend(found.drafts);
        if found.next_page_token.is_empty() {
            break;
        }
        request.page_token = found.next_page_token;
    }
    let (mut returned, mut failures) = (0, Vec::new());
    for window in waiting.chunks(limits::DRAFTS_APPROVED_AT_ONCE) {
        let returning = window.iter().map(async |draft| {
            let request = ReturnDraftRequest {
                name: draft.name.clone(),
                etag: draft.etag.clone(),
                reason: reason.clone(),
                ..ReturnDraftRequest::default()
            };
            (draft, services.drafts.return_draft(signed.ask(request)).await)
        });
        for (draft, done) in join_all(returning).await {
            let Err(status) = done else {
                returned += 1;
                continue;
            };
            let problem = Problem::of(&status, signed.language());
            // The reason is the same for all: if it is none, nothing is given back.
            let wrong = problem.violations().find(|(field, _)| *field == "reason").map(|(_, text)| text.to_owned());
            if let Some(wrong) = wrong {
                return again(&desk, batch, problem.status(), &reason, wrong).await;
            }
            failures.push((DraftPath::of(&desk.names, &draft.name).page("/review"), problem.detail().to_owned()));
        }
    }
    if failures.is_empty() {
        return Ok(see_other_with("/drafts?state=submitted", "done-batch-returned"));
    }
    let mut page = ready(&desk, batch, None).await?;
    let texts = signed.texts;
    (page.done, page.failed) =
        (texts.count("batch-returned", returned), texts.count("batch-unreturned", failures.len()));
    failures.truncate(FAILURES);
    page.failures = failures;
    signed.page(&page)
}

fn asked(desk: &Desk<'_>, batch: String) -> ApproveDraftBatchRequest {
    ApproveDraftBatchRequest {
        parent: format!("members/{}", desk.member),
        batch,
        sample_size: SAMPLE,
        ..ApproveDraftBatchRequest::default()
    }
}

async fn show(desk: &Desk<'_>, batch: String, done: Option<ApproveDraftBatchResponse>) -> Answer {
    let page = ready(desk, batch, done).await?;
    desk.signed.page(&page)
}

/// The page again, with what is wrong with the reason that was given.
async fn again(desk: &Desk<'_>, batch: String, status: StatusCode, reason: &str, wrong: String) -> Answer {
    let mut page = ready(desk, batch, None).await?;
    page.reason = page.reason.holding(reason).faulted(Some(wrong));
    desk.signed.page_with(status, &page)
}

async fn ready(desk: &Desk<'_>, batch: String, done: Option<ApproveDraftBatchResponse>) -> Result<BatchPage, Failed> {
    let signed = desk.signed;
    let request = ApproveDraftBatchRequest { validate_only: true, ..asked(desk, batch.clone()) };
    let found = desk.web.services().drafts.approve_draft_batch(signed.ask(request)).await;
    let found = found.map_err(|status| signed.failed(&status))?.into_inner();
    let people = desk.people(found.sample.iter().map(|draft| draft.author.clone()).collect()).await?;
    let page = Page::new(desk.web, signed, Section::Drafts, signed.texts.text("batch-title"));
    Ok(BatchPage::of(page, &desk.names, &people, batch, &found, done.as_ref()))
}

impl Sampled {
    fn of(texts: Texts, names: &Names, people: &People, draft: &Draft) -> Self {
        let nothing = Listing::default();
        let listing = draft.listing.as_ref().unwrap_or(&nothing);
        let empty = Opportunity::default();
        let body = listing.listing.as_ref().unwrap_or(&empty);
        // What a table says in columns that are no fields stands at the end of the body, and may be the point of it.
        let direction = body.direction();
        let told = told_in(&body.body).into_iter();
        let told = told.map(|(info, line)| Fact { label: label(texts, info, direction), lines: vec![line] });
        let is_there = draft.listing.is_some();
        Self {
            line: Line::of(texts, names, people, draft),
            audience: if is_there { audience_of(texts, names, &listing.scopes) } else { String::new() },
            facts: of_kind(texts, body).into_iter().chain(told).chain(of_all(texts, body)).collect(),
            text: markdown::beginning(text_of(&body.body), BEGINNING),
        }
    }
}

impl BatchPage {
    pub(super) fn of(
        mut page: Page,
        names: &Names,
        people: &People,
        batch: String,
        found: &ApproveDraftBatchResponse,
        done: Option<&ApproveDraftBatchResponse>,
    ) -> Self {
        let texts = page.texts();
        page.indexed = false;
        // The answers to its forms have no address of their own.
        page.here = together(&batch);
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        let sampled = found.sample.iter().map(|draft| Sampled::of(texts, names, people, draft));
        let failures = done.map(|done| &*done.failures).unwrap_or_default().iter();
        let failed = done.map_or(0, |done| done.failure_count);
        Self {
            count: texts.count("batch-waiting", found.submitted_count),
            others: if found.other_count > 0 { texts.count("batch-others", found.other_count) } else { String::new() },
            sample: sampled.collect(),
            seal: fingerprint(&found.content_hash),
            hash: found.content_hash.clone(),
            done: done.map_or_else(String::new, |done| texts.count("batch-approved", done.approved_count)),
            failures: failures
                .map(|failure| (DraftPath::of(names, &failure.draft).page("/review"), failure.description.clone()))
                .collect(),
            failed: if failed > 0 { texts.count("batch-failed", failed) } else { String::new() },
            waits: found.submitted_count > 0,
            reason: reason(texts),
            sampled: texts.count("batch-sampled", found.sample.len()),
            of_batch: of_batch(texts, &batch),
            all: Asked::path_of(&batch),
            batch,
            page,
        }
    }
}
