//! Lists that people take along: the links below a list, and the file of one that holds no listings (`imports/export` has
//! those). All are written by `sheets`, which no spreadsheet takes for formulas.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tonic::Code;

use super::Web;
use super::catalogue::Texts;
use super::respond::{Answer, Failed};
use super::visitor::Visitor;
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
    PlainSheet { name, columns, rows: rows.collect() }
}

/// A list as a file called `name` and by its format.
pub(crate) async fn file(web: &Web, visitor: &Visitor, name: &str, format: Format, sheet: PlainSheet) -> Answer {
    let title = sheet.name.clone();
    written(web, visitor, name, format, title, vec![sheet]).await
}

/// The sheets of a workbook, or the only one as .csv, each with its headers in the first row.
pub(crate) async fn sheets_file(
    web: &Web,
    visitor: &Visitor,
    name: &str,
    format: Format,
    sheets: Vec<PlainSheet>,
) -> Answer {
    written(web, visitor, name, format, String::new(), sheets).await
}

async fn written(
    web: &Web,
    visitor: &Visitor,
    name: &str,
    format: Format,
    title: String,
    sheets: Vec<PlainSheet>,
) -> Answer {
    // Each takes memory and a core for a while.
    let turn = web.exports().acquire().await.map_err(|error| internal(visitor, &error))?;
    let written = tokio::task::spawn_blocking(move || match format {
        Format::Csv => sheets.first().map_or_else(|| Ok(Vec::new()), csv_of),
        Format::Xlsx | Format::Xls | Format::Ods => workbook_of(&title, &sheets),
    });
    let bytes = written.await.map_err(|error| internal(visitor, &error))?.map_err(|error| unfit(visitor, &error))?;
    drop(turn);
    Ok(download(name, format, bytes))
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
pub(crate) fn unfit(visitor: &Visitor, error: &SheetError) -> Failed {
    let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, Code::FailedPrecondition);
    Failed(Problem::new(status, code, "DOES_NOT_FIT", &error.text(), visitor.language()))
}

fn internal(visitor: &Visitor, error: &(dyn std::error::Error + 'static)) -> Failed {
    tracing::error!(error = %crate::error::chain(error), "a table could not be written");
    visitor.failed(&tonic::Status::internal("a table could not be written"))
}
