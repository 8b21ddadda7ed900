//! `/drafts/{member}/{draft}/review`: what waits for a yes, as its readers will see it, with what it changes and for whom.
//! The form of the yes names the hash of what is shown, so it is for that and nothing else.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use duikou_proto::v1::approval_policy::Rule;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{ApprovalPolicy, ApproveDraftRequest, Draft, Listing, ReturnDraftRequest};
use http::StatusCode;
use tonic::Code;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::forms::{Control, Field};
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::once::shown_once;
use super::super::reading::Names;
use super::super::respond::{Answer, Failed, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::audience::{Audience, audience};
use super::desk::{Desk, DraftPath};
use super::difference::{Row, between};
use super::filled::kind_in;
use super::list::Asked;
use super::people::People;
use super::send::{Compared, compared};
use super::shown::Shown;
use super::warnings::{Warning, warnings};
use crate::accounts::Role;
use crate::http::Problem;
use crate::limits;
use crate::services::ReturnedDraft;
use crate::sheets::{Kind, form};

/// What waits for a yes.
#[derive(Template)]
#[template(path = "drafts/review.html")]
pub(super) struct ReviewPage {
    page: Page,
    shown: Shown,
    audience: Audience,
    warnings: Vec<Warning>,
    rows: Vec<Row>,
    published: bool,
    /// That it was given back before, and what has changed since; None: it was not.
    again_after: Option<Again>,
    /// Who wrote it, who else had a hand in it, and when it was handed in.
    by: Vec<(String, String)>,
    hash: String,
    /// The beginning of the hash, to be compared by eye.
    seal: String,
    approve: String,
    give_back: String,
    edit: String,
    /// Where the rest of the import is that it came with; empty: it came by itself.
    import: String,
    reason: Field,
    /// What keeps whoever looks from saying yes; empty: nothing.
    may_not: String,
    /// Whether the author says yes for the second time.
    again: bool,
    outdated: bool,
}

/// What became of a draft since it was given back.
pub(super) struct Again {
    /// Why, by whom, when.
    pub(super) text: String,
    /// What it said then, and what it says now.
    pub(super) rows: Vec<Row>,
}

/// A reason that nobody gets, since what it was for is no longer what waits: it is there to be used again.
#[derive(Template)]
#[template(path = "drafts/unreturned.html")]
pub(super) struct UnreturnedPage {
    page: Page,
    /// What became of the draft.
    why: String,
    reason: Field,
    give_back: String,
    /// Where the draft is.
    draft: String,
}

/// What became of a draft that was approved.
#[derive(Template)]
#[template(path = "drafts/ended.html")]
pub(super) struct EndedPage {
    page: Page,
    facts: Vec<(String, String)>,
    listing: String,
}

pub(super) async fn review(State(web): State<Web>, signed: Signed, Path(path): Path<DraftPath>) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    show(&desk, &path, StatusCode::OK, String::new(), String::new()).await
}

/// The page, with what is wrong with a reason that was given.
async fn show(desk: &Desk<'_>, path: &DraftPath, status: StatusCode, reason: String, wrong: String) -> Answer {
    let draft = desk.draft(path).await?;
    let signed = desk.signed;
    let people = desk.people(hands(&draft)).await?;
    match draft.state() {
        DraftState::Approved => {
            let page = Page::new(desk.web, signed, Section::Drafts, signed.texts.text("ended-title"));
            return signed.page(&EndedPage::of(page, &people, &draft, desk.names.listing_path(&listing_of(&draft))));
        }
        DraftState::Submitted => {}
        _ => return Ok(see_other(&path.page(""))),
    }
    let mut shown = ready(desk, path, draft, &people, None).await?;
    shown.reason = shown.reason.holding(&reason).faulted((!wrong.is_empty()).then_some(wrong));
    signed.page_with(status, &shown)
}

/// Its forms are sent to addresses that show nothing: whoever comes there is led to it.
pub(super) async fn back(_: Signed, Path(path): Path<DraftPath>) -> Response {
    see_other(&path.page("/review"))
}

/// Everybody who has had a hand in a draft.
fn hands(draft: &Draft) -> Vec<String> {
    let some = [&draft.author, &draft.updater, &draft.approver].into_iter();
    some.chain(&draft.editors).cloned().collect()
}

/// The page of a draft that waits.
async fn ready(
    desk: &Desk<'_>,
    path: &DraftPath,
    draft: Draft,
    people: &People,
    notice: Option<Notice>,
) -> Result<ReviewPage, Failed> {
    let compared = compared(desk, path, draft).await?;
    let listing = compared.draft.listing.clone().unwrap_or_default();
    let audience = audience(desk, &listing.scopes, &compared.difference);
    let warnings = warnings(desk, &listing).await;
    let policy = desk.policy().await?;
    let may_not = may_not(desk, &policy, &compared.draft);
    let again = again_after(desk, path, &compared.draft).await?;
    let title = if may_not.is_empty() { "review-title" } else { "review-waits-title" };
    let mut page = Page::new(desk.web, desk.signed, Section::Drafts, desk.signed.texts.text(title));
    // The answers to its forms have no address of their own.
    page.here = path.page("/review");
    page.notices.extend(notice);
    let shown = ReviewPage::of(page, path, people, compared, audience, warnings, policy.rule());
    Ok(ReviewPage { may_not, again_after: again, ..shown })
}

/// What a draft that was given back says now beside what it said then.
pub(super) async fn again_after(desk: &Desk<'_>, path: &DraftPath, draft: &Draft) -> Result<Option<Again>, Failed> {
    let returned = desk.web.services().drafts.returned(desk.signed.ask(path.name())).await;
    let Some(returned) = returned.map_err(|status| desk.absent(&status))? else { return Ok(None) };
    let people = desk.people(vec![returned.by.clone()]).await?;
    let now = draft.listing.clone().unwrap_or_default();
    Ok(Some(Again::of(desk.signed.texts, &desk.names, &people, kind_in(draft), &returned, &now)))
}

impl Again {
    pub(super) fn of(
        texts: Texts,
        names: &Names,
        people: &People,
        kind: Option<Kind>,
        returned: &ReturnedDraft,
        now: &Listing,
    ) -> Self {
        let time = format::moment(texts.language(), &format::in_china(returned.time.seconds));
        let who = people.name(&returned.by);
        let rows = kind.map(|kind| {
            let said = |listing: &Listing| form::texts(kind, listing);
            between(texts, names, kind, &said(&returned.listing), &said(now))
        });
        let values = [("what", &*returned.reason), ("who", &who), ("time", &time)];
        Self { text: texts.fill("review-returned", &values), rows: rows.unwrap_or_default() }
    }
}

fn listing_of(draft: &Draft) -> String {
    draft.listing.as_ref().map(|listing| listing.name.clone()).unwrap_or_default()
}

/// Why whoever looks cannot say yes, so that no button is shown that would be refused: the service decides.
fn may_not(desk: &Desk<'_>, policy: &ApprovalPolicy, draft: &Draft) -> String {
    let me = desk.account();
    let texts = desk.signed.texts;
    let stands_in = policy.deputies.iter().any(|deputy| deputy.deputy == me);
    if policy.rule() != Rule::Other {
        return String::new();
    }
    if draft.author == me || draft.editors.iter().any(|editor| editor == me) {
        return texts.text("review-own-hand");
    }
    if desk.signed.person().role < Role::Reviewer && !stands_in {
        return texts.text("review-reviewers");
    }
    String::new()
}

impl ReviewPage {
    pub(super) fn of(
        mut page: Page,
        path: &DraftPath,
        people: &People,
        compared: Compared,
        audience: Audience,
        warnings: Vec<Warning>,
        rule: Rule,
    ) -> Self {
        let texts = page.texts();
        let draft = compared.draft;
        let listing = draft.listing.unwrap_or_default();
        let handed_in = draft
            .submit_time
            .map_or_else(String::new, |time| format::moment(texts.language(), &format::in_china(time.seconds)));
        let mut by = vec![(texts.text("drafts-author"), people.name(&draft.author))];
        if !draft.editors.is_empty() {
            by.push((texts.text("drafts-editors"), people.names(&draft.editors)));
        }
        by.push((texts.text("drafts-submitted"), handed_in));
        let import = match &*draft.batch {
            "" => String::new(),
            batch => Asked::path_of(batch),
        };
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        Self {
            shown: Shown::of(texts, &listing),
            audience,
            warnings,
            rows: compared.rows,
            published: compared.difference.published,
            again_after: None,
            by,
            seal: super::super::reading::fingerprint(&draft.content_hash),
            hash: draft.content_hash,
            approve: path.page("/approve"),
            give_back: path.page("/return"),
            edit: path.page(""),
            import,
            reason: reason(texts),
            may_not: String::new(),
            again: rule != Rule::Other,
            outdated: compared.difference.outdated,
            page,
        }
    }
}

#[cfg(any(test, feature = "samples"))]
impl ReviewPage {
    /// As somebody sees it who may not say yes.
    pub(super) fn refuse(&mut self, why: String) {
        self.may_not = why;
    }

    /// As somebody sees it who has given it back before.
    pub(super) fn given_back(&mut self, again: Again) {
        self.again_after = Some(again);
    }
}

/// Where a reviewer writes what is to be changed.
pub(super) fn reason(texts: Texts) -> Field {
    Field {
        required: true,
        rows: 3,
        longest: Some(limits::RETURN_REASON_CHARS),
        ..Field::new("reason", texts.text("review-reason"), Control::Area).helped(texts.text("review-reason-help"))
    }
}

impl UnreturnedPage {
    pub(super) fn of(mut page: Page, path: &DraftPath, why: String, typed: &str) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        Self {
            why,
            reason: reason(texts).holding(typed),
            give_back: path.page("/return"),
            draft: path.page("/review"),
            page,
        }
    }
}

impl EndedPage {
    pub(super) fn of(mut page: Page, people: &People, draft: &Draft, listing: String) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        let approved = draft
            .approve_time
            .map_or_else(String::new, |time| format::moment(texts.language(), &format::in_china(time.seconds)));
        let facts = vec![
            (texts.text("drafts-author"), people.name(&draft.author)),
            (texts.text("ended-approver"), people.name(&draft.approver)),
            (texts.text("ended-time"), approved),
        ];
        Self { page, facts, listing }
    }
}

/// Says yes to what was shown.
pub(super) async fn approve(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<DraftPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let before = desk.draft(&path).await?;
    let request =
        ApproveDraftRequest { name: path.name(), content_hash: sent.get("hash").to_owned(), request_id: String::new() };
    match web.services().drafts.approve_draft(signed.ask(request)).await {
        // Told as what it is, however often it is sent.
        Ok(_) if before.state() == DraftState::Approved => {
            Ok(see_other_with(&path.page("/review"), "done-approved-before"))
        }
        Ok(done) => Ok(see_other_with(&desk.names.listing_path(&done.into_inner().listing), "done-published")),
        Err(status) if status.code() == Code::Aborted => changed(&desk, &path, &status).await,
        Err(status) => Err(signed.failed(&status)),
    }
}

/// What was seen is no longer what waits: that is said, and what waits now is shown.
async fn changed(desk: &Desk<'_>, path: &DraftPath, status: &tonic::Status) -> Answer {
    let problem = Problem::of(status, desk.signed.language());
    let draft = desk.draft(path).await?;
    let people = desk.people(hands(&draft)).await?;
    if draft.state() != DraftState::Submitted {
        return Err(Failed(problem));
    }
    let text = desk.signed.texts.about("review-changed", &people.name(&draft.updater));
    let notice = Notice { tone: Tone::Danger, text };
    let shown = ready(desk, path, draft, &people, Some(notice)).await?;
    desk.signed.page_with(problem.status(), &shown)
}

/// Gives a draft back, with the reason.
pub(super) async fn give_back(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<DraftPath>,
    sent: Sent,
) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let request = ReturnDraftRequest {
        name: path.name(),
        reason: sent.get("reason").to_owned(),
        ..ReturnDraftRequest::default()
    };
    match web.services().drafts.return_draft(signed.ask(request)).await {
        Ok(_) => Ok(see_other_with("/drafts?state=submitted", "done-returned")),
        Err(status) if status.code() == Code::InvalidArgument => {
            let problem = Problem::of(&status, signed.language());
            let wrong = problem.violations().find(|(field, _)| *field == "reason").map(|(_, text)| text.to_owned());
            match wrong {
                Some(wrong) => show(&desk, &path, problem.status(), sent.get("reason").to_owned(), wrong).await,
                None => Err(desk.absent(&status)),
            }
        }
        Err(status) if matches!(status.code(), Code::FailedPrecondition | Code::Aborted) => {
            let problem = Problem::of(&status, signed.language());
            let (status, typed) = (problem.status(), sent.get("reason").to_owned());
            // What was written for somebody who did not get it is there again in another language and light.
            shown_once(&web, &signed, move |web, signed, here| {
                let mut page = Page::new(web, signed, Section::Drafts, signed.texts.text("unreturned-title"));
                page.here = here.to_owned();
                signed.page_with(status, &UnreturnedPage::of(page, &path, problem.detail().to_owned(), &typed))
            })
        }
        Err(status) => Err(desk.absent(&status)),
    }
}
