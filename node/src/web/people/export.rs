//! `/admin/audit.csv` and `.jsonl`: all of the audit trail that is looked for, as a file, read while it is sent.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use duikou_proto::v1::audit_service_server::AuditService;
use duikou_proto::v1::{AuditEntry, ListAuditEntriesRequest};
use futures_util::stream::{StreamExt, once, try_unfold};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tonic::Status;

use super::super::Web;
use super::super::respond::Answer;
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::audit::request;
use crate::accounts::Role;
use crate::audit::{CSV_HEADER, Entry, csv_row, json_line};

/// Entries that are read at once.
const PAGE: i32 = 1_000;

/// The whole of what is looked for, as a table.
pub(super) async fn csv(state: State<Web>, signed: Signed, query: RawQuery) -> Answer {
    export(state, signed, query, Format::Csv).await
}

/// The same as JSON Lines, for administrators of the server byte for byte as it is kept.
pub(super) async fn jsonl(state: State<Web>, signed: Signed, query: RawQuery) -> Answer {
    export(state, signed, query, Format::Jsonl).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Jsonl,
}

async fn export(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery, format: Format) -> Answer {
    signed.at_least(Role::Admin)?;
    let ask = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let request = ListAuditEntriesRequest { page_size: PAGE, oldest_first: true, ..request(&ask) };
    // The first page is read before the answer begins, so that what is wrong is still told as such.
    let first = web.services().audits.list_audit_entries(signed.ask(request.clone())).await;
    let first = first.map_err(|status| signed.failed(&status))?.into_inner();
    let head = match format {
        // With a mark by which spreadsheet programs see that it is UTF-8.
        Format::Csv => format!("\u{feff}{}\r\n", CSV_HEADER.join(",")),
        Format::Jsonl => String::new(),
    };
    let begun = Bytes::from(head + &written(format, &first.entries));
    let rest = try_unfold(
        (web, signed, request, first.next_page_token),
        move |(web, signed, mut request, token)| async move {
            if token.is_empty() {
                return Ok(None);
            }
            request.page_token = token;
            let page = web.services().audits.list_audit_entries(signed.ask(request.clone())).await?.into_inner();
            let bytes = Bytes::from(written(format, &page.entries));
            Ok::<_, Status>(Some((bytes, (web, signed, request, page.next_page_token))))
        },
    );
    let first = once(async move { Ok::<_, Status>(begun) });
    let mut response = Response::new(Body::from_stream(first.chain(rest)));
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        Format::Jsonl => ("application/x-ndjson", "attachment; filename=\"audit.jsonl\""),
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

fn written(format: Format, entries: &[AuditEntry]) -> String {
    entries
        .iter()
        .map(|entry| match format {
            Format::Csv => row(entry),
            Format::Jsonl => format!("{}\n", json_line(entry)),
        })
        .collect()
}

fn row(entry: &AuditEntry) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Into memory, which takes it.
    let _ = writer.write_record(csv_row(&Entry::from(entry)));
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_has_no_formulas() {
        let entry = AuditEntry {
            action: "token.create".to_owned(),
            resource: "=cmd".to_owned(),
            detail: "a,b \"c\"".to_owned(),
            ..AuditEntry::default()
        };
        assert_eq!(row(&entry), ",1970-01-01T00:00:00Z,,,token.create,'=cmd,,\"a,b \"\"c\"\"\",\r\n");
    }
}
