//! `/drafts/review?batch=…`: an import that is approved together, after a look at a sample of it.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::language::Language;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{ApproveDraftBatchRequest, ApproveDraftBatchResponse, Draft, Listing, Opportunity};

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::layout::{Crumb, Page, Section};
use super::super::markdown;
use super::super::reading::{Fact, Names, audience_of, fingerprint, of_all, of_kind};
use super::super::respond::Answer;
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::desk::{Desk, DraftPath};
use super::list::{Asked, Line, of_batch};
use super::people::People;
use crate::sheets::{text_of, told_in};

/// Drafts of the sample.
const SAMPLE: i32 = 10;
/// Characters of a body.
const BEGINNING: usize = 200;

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
}

pub(super) async fn batch(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let batch = Asked::read(query.as_deref().unwrap_or_default()).batch;
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

fn asked(desk: &Desk<'_>, batch: String) -> ApproveDraftBatchRequest {
    ApproveDraftBatchRequest {
        parent: format!("members/{}", desk.member),
        batch,
        sample_size: SAMPLE,
        ..ApproveDraftBatchRequest::default()
    }
}

async fn show(desk: &Desk<'_>, batch: String, done: Option<ApproveDraftBatchResponse>) -> Answer {
    let signed = desk.signed;
    let request = ApproveDraftBatchRequest { validate_only: true, ..asked(desk, batch.clone()) };
    let found = desk.web.services().drafts.approve_draft_batch(signed.ask(request)).await;
    let found = found.map_err(|status| signed.failed(&status))?.into_inner();
    let people = desk.people(found.sample.iter().map(|draft| draft.author.clone()).collect()).await?;
    let page = Page::new(desk.web, signed, Section::Drafts, signed.texts.text("batch-title"));
    signed.page(&BatchPage::of(page, &desk.names, &people, batch, &found, done.as_ref()))
}

impl Sampled {
    fn of(texts: Texts, names: &Names, people: &People, draft: &Draft) -> Self {
        let nothing = Listing::default();
        let listing = draft.listing.as_ref().unwrap_or(&nothing);
        let empty = Opportunity::default();
        let body = listing.listing.as_ref().unwrap_or(&empty);
        // What a table says in columns that are no fields stands at the end of the body, and may be the point of it.
        let told = told_in(&body.body).into_iter().map(|(info, line)| Fact {
            label: match texts.language() {
                Language::Zh => info.zh.to_owned(),
                Language::En => info.en.to_owned(),
            },
            lines: vec![line],
        });
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
            sampled: texts.count("batch-sampled", found.sample.len()),
            of_batch: of_batch(texts, &batch),
            all: Asked::path_of(&batch),
            batch,
            page,
        }
    }
}
