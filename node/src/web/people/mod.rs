//! People: `sign_in` and `session` let them in and out, `provider` by way of the operator's OpenID provider, `reader` those
//! of a registered enterprise by its token; `link` lets them choose a password; `own` is their own account and `factor` its
//! second factor; `accounts` and `account` are those whom administrators let in, `audit` what was done, in the
//! words of `actions` and the rows of `entries`, with the `titles` of what it names, and `export` of it; `lately` tells when
//! people were last here. `fields`, `roles` and `sessions` are pieces that these pages share.

mod account;
mod accounts;
mod actions;
mod audit;
mod entries;
mod export;
mod factor;
mod fields;
mod lately;
mod link;
mod own;
mod provider;
mod reader;
mod roles;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod session;
mod sessions;
pub(super) mod sign_in;
mod titles;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use super::signed::SIGN_IN;
use crate::openid::RETURN_PATH;
use crate::sheets::Format;
pub(super) use audit::trail_of;
pub(super) use entries::Called;
#[cfg(any(test, feature = "samples"))]
pub(super) use samples::samples;
pub(super) use titles::titles;

/// Everything that people do about who they are.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route(SIGN_IN, get(sign_in::show).post(sign_in::enter))
        .route(reader::PATH, get(reader::show).post(reader::enter))
        .route("/account/link/{secret}", get(link::show).post(link::accept))
        .route(own::PATH, get(own::show))
        .route("/account/profile", post(own::change))
        .route("/account/password", post(own::new_password))
        .route("/account/factor", post(factor::enrol))
        .route("/account/factor/confirm", post(factor::confirm))
        .route("/account/factor/remove", post(factor::remove))
        .route("/account/identity", post(provider::connect))
        .route("/account/identity/remove", post(provider::disconnect))
        .route("/account/sessions/end", post(own::end_session))
        .route(accounts::PATH, get(accounts::list).post(accounts::create))
        .route("/admin/accounts/new", get(accounts::begin))
        .route("/admin/accounts/{id}", get(account::show).post(account::change))
        .route("/admin/accounts/{id}/reset", post(account::reset))
        .route("/admin/accounts/{id}/disable", post(account::disable))
        .route("/admin/accounts/{id}/enable", post(account::enable))
        .route("/admin/accounts/{id}/identity", post(provider::bind))
        .route("/admin/accounts/{id}/identity/remove", post(provider::unbind))
        .route("/admin/accounts/{id}/delete", get(account::ask_delete).post(account::delete))
        .route("/admin/accounts/{id}/sessions/end", post(account::end_session))
        .route(audit::PATH, get(audit::show))
        .route("/admin/audit/verify", post(audit::verify))
        .route("/admin/accounts.xlsx", get(|web, signed| accounts::file(web, signed, Format::Xlsx)))
        .route("/admin/accounts.csv", get(|web, signed| accounts::file(web, signed, Format::Csv)))
        .route("/admin/audit.xlsx", get(audit::workbook))
        .route("/admin/audit.csv", get(export::csv))
        .route("/admin/audit.jsonl", get(export::jsonl))
        .route("/sign-out", post(session::sign_out))
        .route("/session/member", post(session::act_for))
}

/// The way to the provider and back: what is answered there is for one browser.
pub(super) fn provider_routes() -> Router<Web> {
    Router::new().route(provider::PATH, get(provider::leave)).route(RETURN_PATH, get(provider::arrive))
}
