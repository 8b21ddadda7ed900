//! People: `sign_in` and `session` let them in and out, `own` is their own account, `accounts` those whom administrators let
//! in.

mod accounts;
mod own;
#[cfg(test)]
mod samples;
mod session;
pub(super) mod sign_in;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use super::signed::SIGN_IN;
#[cfg(test)]
pub(super) use samples::samples;

/// Everything that people do about who they are.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route(SIGN_IN, get(sign_in::show).post(sign_in::enter))
        .route("/account", get(own::show))
        .route("/admin/accounts", get(accounts::list))
        .route("/sign-out", post(session::sign_out))
        .route("/session/member", post(session::act_for))
}
