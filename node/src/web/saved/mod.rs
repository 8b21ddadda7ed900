//! Searches that people keep, what is new in them, and subscriptions made of them. `list` is the searches, `subscribe`
//! makes a subscription, `subscription` is one with what it has delivered.

mod list;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod subscribe;
mod subscription;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use crate::sheets::Format;
#[cfg(any(test, feature = "samples"))]
pub(super) use samples::samples;

/// Where kept searches are.
const SAVED: &str = "/saved";

/// Everything about kept searches and subscriptions.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route(SAVED, get(list::show).post(list::save))
        .route("/saved/{id}", get(list::open))
        .route("/saved/{id}/delete", get(list::ask_delete).post(list::delete))
        .route("/saved/{id}/subscribe", get(subscribe::form).post(subscribe::make))
        .route("/subscriptions.xlsx", get(|web, signed| list::file(web, signed, Format::Xlsx)))
        .route("/subscriptions.csv", get(|web, signed| list::file(web, signed, Format::Csv)))
        .route("/subscriptions/{id}", get(subscription::show))
        .route("/subscriptions/{id}/pause", post(subscription::pause))
        .route("/subscriptions/{id}/resume", post(subscription::resume))
        .route("/subscriptions/{id}/test", post(subscription::test))
        .route("/subscriptions/{id}/delete", get(subscription::ask_delete).post(subscription::delete))
}
