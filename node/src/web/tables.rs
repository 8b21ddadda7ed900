//! Lists that people take along: the links below a list, and the file of one that holds no listings (`imports/export` has
//! those). All are written by `sheets`, which no spreadsheet takes for formulas.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tonic::Code;

use super::catalogue::Texts;
use super::respond::{Answer, Failed};
use super::visitor::Visitor;
use super::{Web, format};
use crate::aside::aside;
use crate::http::Problem;
use crate::sheets::{Format, PlainCell, PlainSheet, SheetError, csv_of, workbook_of};

/// The links to a list's files. `{{ exports|safe }}` writes them.
#[derive(Debug, Clone, Template)]
#[template(path = "kit/exports.html")]
pub(crate) struct Exports {
    label: String,
    links: [(String, &'static str); 2],
}

impl Exports {
    /// Of the list at `path`, as `query` narrows it (empty: it does not).
    pub(crate) fn of(texts: Texts, path: &str, query: &str) -> Self {
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let links = [("xlsx", "Excel (.xlsx)"), ("csv", "CSV")];
        let links = links.map(|(ending, name)| (format!("{path}.{ending}{query}"), name));
        Self { label: texts.text("export-as"), links }
    }
}

/// A list of texts under these headers.
pub(crate) fn sheet(name: String, columns: Vec<String>, rows: Vec<Vec<String>>) -> PlainSheet {
    let rows = rows.into_iter().map(|row| row.into_iter().map(PlainCell::Text).collect());
    PlainSheet { name, columns, rows: rows.collect(), ..PlainSheet::default() }
}

/// A list as a file called `name`, and for people as its sheet, by its format.
pub(crate) async fn file(web: &Web, visitor: &Visitor, name: &str, format: Format, sheet: PlainSheet) -> Answer {
    let title = sheet.name.clone();
    let make = move || match format {
        Format::Csv => csv_of(&sheet),
        Format::Xlsx | Format::Xls | Format::Ods => workbook_of(&sheet.name, "", std::slice::from_ref(&sheet)),
    };
    made(web, visitor, name, &title, format, make).await
}

/// A file that `make` makes: `name` is its plain name, `title` how people call it.
pub(crate) async fn made(
    web: &Web,
    visitor: &Visitor,
    name: &str,
    title: &str,
    format: Format,
    make: impl FnOnce() -> Result<Vec<u8>, SheetError> + Send + 'static,
) -> Answer {
    // Each takes memory and a core for a while: two at a time.
    let turn = web.exports().acquire_owned().await.map_err(|error| internal(visitor, &error))?;
    let (made, _turn) = aside(turn, make).await.map_err(|error| internal(visitor, &error))?;
    let bytes = made.map_err(|error| unfit(visitor, &error))?;
    Ok(called(download(name, format, bytes), &named(web, title, format)))
}

/// The same under a name in any script, for browsers that read RFC 6266; the plain name stays for others.
pub(crate) fn called(mut response: Response, name: &str) -> Response {
    let coded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let plain = response.headers().get(CONTENT_DISPOSITION).and_then(|kept| kept.to_str().ok()).unwrap_or_default();
    if let Ok(kept) = HeaderValue::from_str(&format!("{plain}; filename*=UTF-8''{coded}")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, kept);
    }
    response
}

/// What people call a file of today's: `本单位已发布_2026-11-30.xlsx`.
pub(crate) fn named(web: &Web, title: &str, format: Format) -> String {
    let now = format::in_china(web.engine().now().div_euclid(1_000_000));
    let (year, month, day) = (now.year(), now.month(), now.day());
    // No part of a name of a file anywhere.
    let title = title.replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|'], " ");
    format!("{}_{year:04}-{month:02}-{day:02}.{}", title.trim(), format.extension())
}

/// A file to be kept by a browser, under a plain name.
pub(crate) fn download(name: &str, format: Format, bytes: Vec<u8>) -> Response {
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Xlsx | Format::Xls | Format::Ods => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };
    let kept = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{}\"", format.extension()));
    let kept = kept.unwrap_or(HeaderValue::from_static("attachment"));
    ([(CONTENT_TYPE, HeaderValue::from_static(kind)), (CONTENT_DISPOSITION, kept)], bytes).into_response()
}

/// What does not fit into a table.
fn unfit(visitor: &Visitor, error: &SheetError) -> Failed {
    let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, Code::FailedPrecondition);
    Failed(Problem::new(status, code, "DOES_NOT_FIT", &error.text(), visitor.language()))
}

fn internal(visitor: &Visitor, error: &(dyn std::error::Error + 'static)) -> Failed {
    tracing::error!(error = %crate::error::chain(error), "a table could not be written");
    visitor.failed(&tonic::Status::internal("a table could not be written"))
}
