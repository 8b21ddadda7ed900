//! `/admin/backups`: makes a backup now, and hands out those that are finished.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, REFRESH};
use tokio_stream::wrappers::ReceiverStream;

use super::super::Web;
use super::super::format;
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::pager::Empty;
use super::super::respond::{Answer, see_other_with};
use super::super::signed::Signed;
use crate::limits;
use crate::services::{Backup, Making};

/// The ending of what is handed out.
const ENDING: &str = ".tar";
/// How soon a page is asked for again while a backup is being made, in seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("2");

/// One that is finished.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) size: String,
}

/// The page.
#[derive(Template)]
#[template(path = "office/backups.html")]
pub(crate) struct BackupsPage {
    page: Page,
    making: bool,
    backups: Vec<Row>,
    empty: Empty,
}

pub(super) async fn list(State(web): State<Web>, signed: Signed) -> Answer {
    let (backups, making) =
        web.services().office.backups(signed.ask(())).await.map_err(|status| signed.failed(&status))?;
    let page = Page::new(&web, &signed, Section::Admin, signed.texts.text("backups-title"));
    let mut answer = signed.page(&BackupsPage::of(page, &backups, &making))?;
    if matches!(making, Making::Since(_)) {
        answer.headers_mut().insert(REFRESH, AGAIN);
    }
    Ok(answer)
}

pub(super) async fn make(State(web): State<Web>, signed: Signed) -> Answer {
    web.services().office.make_backup(signed.ask(())).await.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with("/admin/backups", "done-backup"))
}

/// Sends one, as it is read.
pub(super) async fn take(State(web): State<Web>, signed: Signed, Path(file): Path<String>) -> Answer {
    let id = file.strip_suffix(ENDING).unwrap_or(&file).to_owned();
    let archive = web.services().office.take_backup(signed.ask(id)).await.map_err(|status| signed.failed(&status))?;
    let size = archive.size();
    let (sender, receiver) = tokio::sync::mpsc::channel(limits::ARCHIVE_WAITS);
    tokio::task::spawn_blocking(move || {
        let written = archive.write(|piece| sender.blocking_send(Ok(piece)).is_ok());
        if let Err(error) = written {
            tracing::error!(%error, "a backup could not be read to its end");
            // The connection breaks off, so that nobody takes a part for the whole.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    let name: String = file.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).collect();
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"duikou-{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

impl BackupsPage {
    pub(crate) fn of(mut page: Page, backups: &[Backup], making: &Making) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb::admin(texts)];
        match making {
            Making::Idle => {}
            Making::Since(_) => {
                page.notices.push(Notice { tone: Tone::Info, text: texts.text("backups-making") });
            }
            Making::Failed(why) => {
                page.notices.push(Notice { tone: Tone::Danger, text: texts.about("backups-failed", why) });
            }
        }
        let row = |backup: &Backup| Row {
            name: begun(texts, &backup.id),
            path: format!("/admin/backups/{}{ENDING}", backup.id),
            size: format::bytes(i64::try_from(backup.size).unwrap_or(i64::MAX)),
        };
        Self {
            making: matches!(making, Making::Since(_)),
            backups: backups.iter().map(row).collect(),
            empty: Empty {
                title: texts.text("backups-none"),
                advice: texts.text("backups-none-advice"),
                link: Default::default(),
            },
            page,
        }
    }
}

/// When a backup was begun, by its id.
fn begun(texts: super::super::catalogue::Texts, id: &str) -> String {
    let time = jiff::civil::DateTime::strptime("%Y-%m-%dT%H%M%SZ", id).ok();
    let time = time.and_then(|time| time.in_tz("UTC").ok());
    let second = time.map(|time| time.timestamp().as_second());
    second.map_or_else(|| id.to_owned(), |second| format::moment(texts.language(), &format::in_china(second)))
}
