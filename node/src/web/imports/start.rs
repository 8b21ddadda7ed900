//! `/import`: what an import is, templates, a file to send, and the imports that somebody is at.

use askama::Template;
use axum::extract::multipart::{Field as Part, MultipartError};
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use duikou_proto::language::Text;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tonic::Code;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::{Control, Field};
use super::super::help;
use super::super::layout::{Page, Section};
use super::super::respond::{Answer, Failed, see_other};
use super::super::signed::{FOR, Signed, is_theirs};
use super::super::visitor::Visitor;
use super::super::{format, tables, words};
use super::{path, refused};
use crate::accounts::Role;
use crate::http::Problem;
use crate::imports::{Import, NotTaken, Phase};
use crate::limits;
use crate::sheets::{self, Kind, SheetError, State as RowState};

/// What files are called that are read.
const ACCEPTED: &str = ".xlsx,.xls,.ods,.csv";
/// Bytes that are read of what says for whom a form was opened: more than any member's name has.
const FOR_BYTES: usize = 512;
/// The media type of a workbook.
const WORKBOOK: HeaderValue =
    HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

/// An import that somebody is at.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) changed: String,
}

/// The page.
#[derive(Template)]
#[template(path = "imports/start.html")]
pub(super) struct StartPage {
    page: Page,
    file: Field,
    /// Names of kinds with the addresses of their templates.
    templates: Vec<(String, String)>,
    lines: Vec<Line>,
    /// Whether there is a member for whom something can be imported.
    acts: bool,
}

pub(super) async fn start(State(web): State<Web>, signed: Signed) -> Answer {
    signed.at_least(Role::Editor)?;
    shown(&web, &signed, StatusCode::OK, None).await
}

async fn shown(web: &Web, signed: &Signed, status: StatusCode, fault: Option<String>) -> Answer {
    let found = web.imports().list(signed.person().account_id()).await;
    let mut found = found.map_err(|error| refused::internal(signed, &error))?;
    let member = signed.person().member.as_ref().map(|member| member.as_str());
    found.retain(|import| Some(&*import.member) == member);
    let under_way = |import: &Import| web.imports().progress(&import.id).is_some();
    let lines = found.iter().map(|import| line(signed.texts, import, under_way(import))).collect();
    let page = Page::new(web, signed, Section::Import, signed.texts.text("import-title"));
    signed.page_with(status, &StartPage::of(page, lines, member.is_some(), fault))
}

/// An import in the list.
pub(super) fn line(texts: Texts, import: &Import, under_way: bool) -> Line {
    let count = |state| import.count(state);
    let wrong = count(RowState::Wrong);
    let state = match import.phase {
        _ if under_way => texts.text("import-under-way"),
        Phase::Sent | Phase::Trying => texts.text("import-sent"),
        Phase::Publishing => texts.text("import-stopped"),
        Phase::Tried => texts.text("import-tried"),
        Phase::Done if wrong > 0 => texts.count("import-done-but", wrong),
        Phase::Done => texts.text("import-done"),
    };
    let changed = format::in_china(import.change_time.div_euclid(1_000_000));
    Line {
        path: path(&import.id),
        name: import.name.clone(),
        state,
        changed: format::moment(texts.language(), &changed),
    }
}

impl StartPage {
    pub(super) fn of(mut page: Page, lines: Vec<Line>, acts: bool, fault: Option<String>) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let mib = (limits::SHEET_BYTES / (1024 * 1024)).to_string();
        let rows = format::grouped(limits::SHEET_ROWS as i64);
        let help = texts.fill("import-file-help", &[("size", &mib), ("rows", &rows)]);
        let file = Field::new("file", texts.text("import-file"), Control::File(ACCEPTED)).helped(help).faulted(fault);
        let template = |kind: Kind| (words::kind(texts, kind.name()), format!("/import/template/{}.xlsx", kind.name()));
        Self { page, file: Field { required: true, ..file }, templates: Kind::ALL.map(template).into(), lines, acts }
    }
}

/// A workbook to fill in.
pub(super) async fn template(visitor: Visitor, Path(file): Path<String>) -> Answer {
    let kind = file.strip_suffix(".xlsx").and_then(|name| Kind::ALL.into_iter().find(|kind| kind.name() == name));
    let kind = kind.ok_or_else(|| visitor.failed(&crate::services::absent("import/template", visitor.language())))?;
    let language = visitor.language();
    let written = tokio::task::spawn_blocking(move || sheets::template(kind, language)).await;
    let bytes = match written {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(refused::internal(&visitor, &error)),
        Err(error) => return Err(refused::internal(&visitor, &error)),
    };
    let name = visitor.texts.about("import-template-name", &words::kind(visitor.texts, kind.name()));
    Ok(tables::called(workbook(&format!("{}.xlsx", kind.name()), bytes), &name))
}

/// A workbook to be kept by a browser.
pub(super) fn workbook(name: &str, bytes: Vec<u8>) -> Response {
    download(name, WORKBOOK, bytes)
}

/// A file to be kept by a browser, under a plain name.
pub(super) fn download(name: &str, kind: HeaderValue, bytes: Vec<u8>) -> Response {
    let kept = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let kept = kept.unwrap_or(HeaderValue::from_static("attachment"));
    ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, kept)], bytes).into_response()
}

/// Takes a file.
pub(super) async fn upload(State(web): State<Web>, signed: Signed, mut form: Multipart) -> Answer {
    signed.at_least(Role::Editor)?;
    let Some(member) = signed.person().member.clone() else {
        return shown(&web, &signed, StatusCode::BAD_REQUEST, None).await;
    };
    let taken = async {
        while let Some(mut part) = form.next_field().await.map_err(|error| broken_off(&signed, &error))? {
            match part.name() {
                // The page says it before the file.
                Some(FOR) => {
                    let mut opened = Vec::new();
                    while let Some(piece) = part.chunk().await.map_err(|error| broken_off(&signed, &error))? {
                        let room = FOR_BYTES.saturating_sub(opened.len()).min(piece.len());
                        opened.extend_from_slice(&piece[..room]);
                    }
                    is_theirs(&signed, &String::from_utf8_lossy(&opened))?;
                }
                Some("file") => return take(&web, &signed, part).await,
                _ => {}
            }
        }
        Ok(Err(NotTaken::Sheet(SheetError::Unknown)))
    };
    let upload = match taken.await? {
        Ok(Some(upload)) => web.imports().keep(upload, signed.person().account_id(), &member).await,
        Ok(None) => {
            let fault = signed.texts.text("import-no-file");
            return shown(&web, &signed, StatusCode::BAD_REQUEST, Some(fault)).await;
        }
        Err(error) => Err(error),
    };
    match upload {
        Ok(import) => Ok(see_other(&path(&import.id))),
        Err(NotTaken::Sheet(error)) => {
            // What is still coming is read, so that the answer arrives.
            while let Ok(Some(mut rest)) = form.next_field().await {
                while let Ok(Some(_)) = rest.chunk().await {}
            }
            tracing::info!(%error, "a file that was sent is not imported");
            let fault = error.text().in_language(signed.language()).to_owned();
            shown(&web, &signed, StatusCode::BAD_REQUEST, Some(fault)).await
        }
        Err(error) => Err(refused::not_taken(&signed, "", &error)),
    }
}

type Taken = Result<Result<Option<crate::imports::Upload>, NotTaken>, Failed>;

/// Writes a file as it comes; None where none was chosen.
async fn take(web: &Web, signed: &Signed, mut part: Part<'_>) -> Taken {
    let name = part.file_name().unwrap_or_default().to_owned();
    let mut upload = match web.imports().upload(&name).await {
        Ok(upload) => upload,
        Err(error) => return Ok(Err(error)),
    };
    let mut bytes = 0;
    let mut refused = None;
    while let Some(piece) = part.chunk().await.map_err(|error| broken_off(signed, &error))? {
        bytes += piece.len();
        if refused.is_none() {
            refused = upload.write(&piece).await.err();
        }
    }
    match refused {
        Some(error) => Ok(Err(error)),
        None if bytes == 0 && name.is_empty() => Ok(Ok(None)),
        None => Ok(Ok(Some(upload))),
    }
}

/// The form does not come to an end, or is none.
fn broken_off(signed: &Signed, error: &MultipartError) -> Failed {
    let text = Text::new(
        "文件没有完整送到，未作任何更改，请重新上传。",
        "The file has not come to its end, and nothing was changed: send it again.",
    );
    Failed(Problem::new(error.status(), Code::InvalidArgument, "UPLOAD_BROKEN", &text, signed.language()))
}
