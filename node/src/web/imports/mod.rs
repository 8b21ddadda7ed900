//! Spreadsheets as pages: a table is sent, its columns are shown as they were understood and corrected by hand, each row is
//! shown with what would become of it, and what is good is published or handed in. And the other way: lists as tables.
//!
//! `start` takes a file, `columns` is how it is read, `rows` what becomes of it, `fates` what has become of it since, `act`
//! what is done with it, `export` what is written. The work is that of [`crate::imports`].

mod act;
mod columns;
mod export;
mod fates;
mod refused;
mod rows;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod start;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use duikou_proto::name::MemberId;

use super::Web;
use super::respond::Failed;
use super::signed::{Signed, other_member};
use crate::imports::Import;
use crate::limits;
pub(super) use export::{List as ListFile, found as found_listings, written as listings_file};
#[cfg(any(test, feature = "samples"))]
pub(super) use samples::samples;

/// Where imports begin.
const START: &str = "/import";
/// Bytes that are read of a form with a file: what is too much is read to its end, so that whoever sends it hears why.
const FORM_BYTES: usize = 8 * limits::SHEET_BYTES;

/// Everything about spreadsheets. None of it is kept for others.
pub(super) fn routes() -> Router<Web> {
    let upload = post(start::upload).layer(DefaultBodyLimit::max(FORM_BYTES));
    Router::new()
        .route(START, get(start::start).merge(upload))
        .route("/import/template/{file}", get(start::template))
        .route("/import/{id}", get(rows::show))
        .route("/import/{id}/progress", get(rows::progress))
        .route("/import/{id}/wrong.xlsx", get(rows::wrong))
        .route("/import/{id}/columns", get(columns::show).post(act::read_columns))
        .route("/import/{id}/table", post(act::look_again))
        .route("/import/{id}/publish", post(act::publish))
        .route("/import/{id}/stop", post(act::stop))
        .route("/import/{id}/delete", get(act::ask_delete).post(act::delete))
        .route("/listings.xlsx", get(export::workbook))
        .route("/listings.csv", get(export::csv))
}

/// Where an import is.
fn path(id: &str) -> String {
    format!("{START}/{id}")
}

/// An import of whoever looks; of others' nobody hears whether they are there.
async fn own(web: &Web, signed: &Signed, id: &str) -> Result<Import, Failed> {
    let found = web.imports().get(signed.person().account_id(), id).await;
    let found = found.map_err(|error| refused::internal(signed, &error))?;
    let member = signed.person().member.as_ref().map(MemberId::as_str);
    match found {
        Some(import) if Some(&*import.member) == member => Ok(import),
        // One that was begun for another member goes on when they act for that again.
        Some(import) => Err(other_member(signed, &import.member).unwrap_or_else(|| refused::absent(signed, id))),
        None => Err(refused::absent(signed, id)),
    }
}
