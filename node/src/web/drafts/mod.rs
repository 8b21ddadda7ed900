//! Writing listings, handing them in, and judging them: pages over the drafts of the member for whom somebody acts.
//!
//! `list` shows drafts, `file` is what people take along of them, `start` begins one, `editor` is where one is written: `fields` asks for what a kind has by the
//! table of columns that spreadsheets have too, `echo` says how an entry was understood, `filled` reads what was sent,
//! `save` keeps it, `merge` where two have changed it. `send` shows what is about to be sent, to whom (`audience`), and what to look at again (`warnings`);
//! `review` and `batch` approve or give back; `published` are one's own listings, `end` what is done to one, and `ended` what is left of it; `policy`
//! is who approves. `difference` sets two versions beside each other, `shown` is a listing as readers see it, `people` are
//! the names of accounts, `suggest` helps while somebody types.
//!
//! What is typed is read by `sheets/form` as a row of a spreadsheet would be, so form and spreadsheet cannot differ. What
//! gives a value goes into the draft's listing; what does not, or is not decided yet, stays with the draft as it was
//! typed (`Draft.typed`) and stands in the way of handing it in. Each saving, by a button or by the script after a pause,
//! is one `UpdateDraft` with the version that the form was filled from; where somebody was quicker, each field goes by
//! whoever has changed it, and of what both have changed both versions are shown, and the next version is named only by
//! whoever has seen them. A form that made a draft and is sent once more
//! finds it by the listing's id, which the page chose. The form of an approval names the hash of what is shown.

mod audience;
mod batch;
mod desk;
mod difference;
mod echo;
mod editor;
mod end;
mod ended;
mod fields;
mod file;
mod filled;
mod list;
mod merge;
mod people;
mod policy;
mod published;
mod review;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod save;
mod send;
mod shown;
mod start;
mod suggest;
mod warnings;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::{get, post};

use super::Web;
use super::respond::Answer;
use super::signed::Signed;
use crate::sheets::Format;
pub(super) use end::{Ending, endings, waits};
pub(super) use ended::ended;
#[cfg(any(test, feature = "samples"))]
pub(super) use samples::samples;

/// Everything under which listings are written.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/drafts", get(list::list))
        .route("/drafts/new", get(start::start).post(save::make))
        .route("/drafts/published", get(published::published))
        .route("/drafts.xlsx", get(|web, signed, query| list_file(web, signed, query, Format::Xlsx)))
        .route("/drafts.csv", get(|web, signed, query| list_file(web, signed, query, Format::Csv)))
        .route("/drafts/published.xlsx", get(|web, signed, query| own_file(web, signed, query, Format::Xlsx)))
        .route("/drafts/published.csv", get(|web, signed, query| own_file(web, signed, query, Format::Csv)))
        .route("/drafts/review", get(batch::batch).post(batch::approve))
        .route("/drafts/review/return", get(batch::batch).post(batch::give_back))
        .route("/drafts/{member}/{id}", get(editor::editor).post(save::save))
        .route("/drafts/{member}/{id}/send", get(send::send).post(send::submit))
        .route("/drafts/{member}/{id}/review", get(review::review))
        .route("/drafts/{member}/{id}/approve", get(review::back).post(review::approve))
        .route("/drafts/{member}/{id}/return", get(review::back).post(review::give_back))
        .route("/drafts/{member}/{id}/delete", get(start::forget).post(start::delete))
        .route("/listings/{member}/{id}/edit", post(start::edit))
        .route("/listings/{member}/{id}/renew", post(end::renew))
        .route("/listings/{member}/{id}/end", get(end::end).post(end::withdraw))
        .route("/admin/approval", get(policy::policy).post(policy::set))
        .route("/suggest/{table}", get(suggest::suggest))
        .route("/preview", post(suggest::preview))
}

async fn list_file(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery, format: Format) -> Answer {
    file::file(&web, &signed, query.as_deref(), format).await
}

async fn own_file(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery, format: Format) -> Answer {
    published::file(&web, &signed, query.as_deref(), format).await
}
