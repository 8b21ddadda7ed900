//! Saving: by a button, or by a script as somebody types. Nothing is shown as saved that is not on disk, nobody's work is
//! overwritten, and nothing that was typed is lost to whatever goes wrong.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use duikou_proto::name::is_label;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{CreateDraftRequest, Draft, Listing, UpdateDraftRequest};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use prost_types::FieldMask;
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::super::Web;
use super::super::format;
use super::super::respond::{Answer, Failed, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::desk::{Desk, DraftPath};
use super::difference::between;
use super::editor::{self, Around, Conflict, EditorPage};
use super::fields::Maker;
use super::filled::{Filling, keep_order, kind_in, texts_in, texts_of};
use super::list;
use super::merge::{began, merged};
use crate::http::Problem;
use crate::sheets::Kind;
use crate::sheets::fields::Field;
use crate::sheets::form::Texts;

/// Makes a draft of a form that was opened at `/drafts/new`.
pub(super) async fn make(State(web): State<Web>, signed: Signed, headers: HeaderMap, sent: Sent) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let Some(kind) = Kind::parse(sent.get("kind")) else { return Ok(see_other("/drafts/new")) };
    let id = sent.get("listing");
    let id = if is_label(id) { id.to_owned() } else { Uuid::now_v7().to_string() };
    let before = Listing { name: format!("members/{}/listings/{id}", desk.member), ..Listing::default() };
    let filling = filling(&desk, kind, &sent, &before, &Texts::new())?;
    let parent = format!("members/{}", desk.member);
    let request = CreateDraftRequest { parent, draft: Some(said(&filling)), request_id: String::new() };
    let made = web.services().drafts.create_draft(signed.ask(request)).await;
    let made = match made {
        // The answer to the same form, sent before, was lost on its way.
        Err(status) if status.code() == Code::AlreadyExists => again(&desk, &filling, &status).await,
        made => made.map(tonic::Response::into_inner),
    };
    let around = Around { action: "/drafts/new".to_owned(), listing: id, ..Around::default() };
    answer(&desk, &filling, made, around, &headers, &sent).await
}

/// Saves a draft.
pub(super) async fn save(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<DraftPath>,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let held = match desk.draft(&path).await {
        Err(Failed(problem))
            if problem.status() == StatusCode::NOT_FOUND && Kind::parse(sent.get("kind")).is_some() =>
        {
            return gone(&desk, &problem, &headers, &sent);
        }
        held => held?,
    };
    let kind = kind_in(&held).or_else(|| Kind::parse(sent.get("kind"))).unwrap_or(Kind::Project);
    let filling = filling(&desk, kind, &sent, &held.listing.clone().unwrap_or_default(), &texts_of(kind, &held))?;
    let kept = update(&desk, &filling, path.name(), sent.get("etag").to_owned()).await;
    let kept = match kept {
        Err(status) if status.code() == Code::Aborted => {
            return changed(&desk, filling, &path, &headers, &sent, status).await;
        }
        kept => kept,
    };
    let mut around = editor::around(&desk, &held, &path).await?;
    if kept.is_err() {
        sent.get("etag").clone_into(&mut around.etag);
        sent.get("began").clone_into(&mut around.began);
    }
    answer(&desk, &filling, kept, around, &headers, &sent).await
}

/// Somebody else was quicker. Where the two have changed different fields both have their way; else whoever sent the form
/// decides, of what both have changed.
async fn changed(
    desk: &Desk<'_>,
    filling: Filling,
    path: &DraftPath,
    headers: &HeaderMap,
    sent: &Sent,
    refused: Status,
) -> Answer {
    // Read after the refusal: it is what stands there now.
    let held = desk.draft(path).await?;
    let kind = filling.kind;
    let theirs = texts_of(kind, &held);
    let mut around = editor::around(desk, &held, path).await?;
    if theirs == texts_of(kind, &said(&filling)) {
        // The answer to the same was lost on its way.
        return answer(desk, &filling, Ok(held), around, headers, sent).await;
    }
    let etag = held.etag.clone();
    let merged = merged(kind, sent.get("began"), &filling.texts, &theirs);
    let (filling, both) = match merged {
        Some(merged) => {
            let before = held.listing.clone().unwrap_or_default();
            (Filling::read(desk, kind, merged.texts, &before)?, merged.both)
        }
        None => (filling, true),
    };
    // A script shows nothing of what the other has written: the page does, when the form is sent.
    let kept = match both || is_script(headers) {
        true => Err(refused),
        false => update(desk, &filling, path.name(), etag).await,
    };
    if kept.is_err() {
        around.conflict = Some(conflict(desk, &filling, &held, path, !both).await?);
    } else if !matches!(sent.get("do"), "send" | "preview") {
        return Ok(see_other_with(&path.page(""), "done-draft-merged"));
    }
    answer(desk, &filling, kept, around, headers, sent).await
}

/// There is no such draft, or none any longer: what was typed is there to be saved as a new one.
fn gone(desk: &Desk<'_>, problem: &Problem, headers: &HeaderMap, sent: &Sent) -> Answer {
    let kind = Kind::parse(sent.get("kind")).unwrap_or(Kind::Project);
    let filling = filling(desk, kind, sent, &Listing::default(), &Texts::new())?;
    let around = Around {
        action: "/drafts/new".to_owned(),
        listing: Uuid::now_v7().to_string(),
        problem: desk.signed.texts.about("editor-gone", problem.detail()),
        ..Around::default()
    };
    refused(desk, &filling, around, problem.status(), headers)
}

/// What was sent, with the meaning that was chosen for an entry in its place; `held` is what the draft says.
fn filling(desk: &Desk<'_>, kind: Kind, sent: &Sent, before: &Listing, held: &Texts) -> Result<Filling, Failed> {
    let mut texts: Texts = texts_in(kind, sent);
    keep_order(kind, &mut texts, held);
    let taken = sent.get("take").split_once('=').and_then(|(id, meant)| Some((Field::parse(id)?, meant)));
    if let Some((field, meant)) = taken {
        let typed = texts.get(&field).cloned().unwrap_or_default();
        if let Ok(decided) = desk.form(kind).decided(field, &typed, meant) {
            texts.insert(field, decided);
        }
    }
    let filling = Filling::read(desk, kind, texts, before)?;
    if sent.get("do") == "send" { filling.needed(desk) } else { Ok(filling) }
}

/// A draft that says what was typed.
fn said(filling: &Filling) -> Draft {
    Draft { listing: Some(filling.filled.listing.clone()), typed: filling.typed(), ..Draft::default() }
}

async fn update(desk: &Desk<'_>, filling: &Filling, name: String, etag: String) -> Result<Draft, Status> {
    let draft = Draft { name, etag, ..said(filling) };
    let request = UpdateDraftRequest {
        draft: Some(draft),
        update_mask: Some(FieldMask { paths: vec!["*".to_owned()] }),
        request_id: String::new(),
    };
    let kept = desk.web.services().drafts.update_draft(desk.signed.ask(request)).await;
    kept.map(tonic::Response::into_inner)
}

/// The draft that was made of this form before, where nobody else has touched it.
async fn again(desk: &Desk<'_>, filling: &Filling, status: &Status) -> Result<Draft, Status> {
    let details = status.get_error_details();
    let named = details.error_info().and_then(|info| info.metadata.get("draft").cloned());
    let Some(named) = named else { return Err(status.clone()) };
    let path = DraftPath::of(&desk.names, &named);
    let held = desk.draft(&path).await.map_err(|_| status.clone())?;
    let mine = held.author == desk.account() && held.editors.is_empty() && held.state() == DraftState::Draft;
    if mine { update(desk, filling, named, held.etag).await } else { Err(status.clone()) }
}

/// Who was quicker, what they have written, and what was typed here; `apart`: of other fields.
async fn conflict(
    desk: &Desk<'_>,
    filling: &Filling,
    held: &Draft,
    path: &DraftPath,
    apart: bool,
) -> Result<Conflict, Failed> {
    let texts = desk.signed.texts;
    let people = desk.people(vec![held.updater.clone()]).await?;
    let time = held.update_time.as_ref().map_or(0, |time| time.seconds);
    let time = format::moment(texts.language(), &format::in_china(time));
    let theirs = texts_of(filling.kind, held);
    let who = match held.updater == desk.account() {
        true => texts.text("editor-yourself"),
        false => people.name(&held.updater),
    };
    let text = if apart { "editor-apart" } else { "editor-conflict" };
    Ok(Conflict {
        text: texts.fill(text, &[("who", &who), ("time", &time)]),
        rows: between(texts, &desk.names, filling.kind, &theirs, &filling.texts),
        theirs: path.page(""),
    })
}

/// What is said to the form: to a script in JSON, to a browser with the page that is to be seen next.
async fn answer(
    desk: &Desk<'_>,
    filling: &Filling,
    kept: Result<Draft, Status>,
    mut around: Around,
    headers: &HeaderMap,
    sent: &Sent,
) -> Answer {
    let texts = desk.signed.texts;
    let draft = match kept {
        Ok(draft) => draft,
        Err(status) => {
            let problem = Problem::of(&status, desk.signed.language());
            if around.conflict.is_none() {
                around.problem = told(&problem);
            }
            return refused(desk, filling, around, problem.status(), headers);
        }
    };
    let path = DraftPath::of(&desk.names, &draft.name);
    // What was changed waits for nobody's yes any longer, of which nobody else tells its writer.
    let taken_back = !around.waits.is_empty() && draft.state() != DraftState::Submitted;
    if is_script(headers) {
        let audiences = editor::audiences(desk, filling.kind);
        let maker = Maker { texts, filling, audiences: &audiences, strict: false };
        let said = maker.said().into_iter().map(|said| (said.name.to_owned(), json!(said.to_string())));
        let said: serde_json::Map<String, serde_json::Value> = said.collect();
        let saved = editor::saved(texts, draft.update_time.as_ref());
        let saved = if taken_back { texts.about("editor-taken-back", &saved) } else { saved };
        let began = began(filling.kind, &filling.texts);
        let (state, path) = (list::state(texts, draft.state()), path.page(""));
        let answer = json!({
            "saved": saved, "state": state, "waits": draft.state() == DraftState::Submitted,
            "etag": draft.etag, "began": began, "path": path, "said": said
        });
        return Ok(sent_json(StatusCode::OK, &answer));
    }
    match sent.get("do") {
        "preview" => {
            let mut around = editor::around(desk, &draft, &path).await?;
            around.preview = editor::preview(&filling.filled.listing);
            editor::show(desk, filling, around, false)
        }
        "send" if filling.is_complete() => Ok(see_other(&path.page("/send"))),
        "send" => {
            let around = editor::around(desk, &draft, &path).await?;
            let page = editor::page(desk, filling);
            let audiences = editor::audiences(desk, filling.kind);
            let shown = EditorPage::of(page, filling, &audiences, around, true);
            desk.signed.page_with(StatusCode::BAD_REQUEST, &shown)
        }
        _ if !sent.get("take").is_empty() => Ok(see_other(&path.page(""))),
        _ if taken_back => Ok(see_other_with(&path.page(""), "done-draft-taken-back")),
        _ => Ok(see_other_with(&path.page(""), "done-draft-saved")),
    }
}

/// Why nothing was saved, with everything that was typed.
fn refused(desk: &Desk<'_>, filling: &Filling, mut around: Around, status: StatusCode, headers: &HeaderMap) -> Answer {
    if is_script(headers) {
        let conflict = around.conflict.as_ref().map(|conflict| &conflict.text);
        let said = json!({"problem": conflict.unwrap_or(&around.problem), "conflict": conflict.is_some()});
        return Ok(sent_json(status, &said));
    }
    // What is shown is not what was saved when something last was.
    around.unsaved();
    let page = editor::page(desk, filling);
    let audiences = editor::audiences(desk, filling.kind);
    desk.signed.page_with(status, &EditorPage::of(page, filling, &audiences, around, false))
}

/// Whether a script asks, which shows what it gets in the page that is open.
fn is_script(headers: &HeaderMap) -> bool {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.starts_with("application/json")
}

/// What went wrong, with each field that it is about.
fn told(problem: &Problem) -> String {
    let violations: Vec<&str> = problem.violations().map(|(_, text)| text).collect();
    if violations.is_empty() { problem.detail().to_owned() } else { violations.join(" ") }
}

fn sent_json(status: StatusCode, value: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
