//! Where people reach this server, for addresses that they take elsewhere.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Web;
use crate::addresses::Origin;

/// As the operator says, else as whoever asks has reached it: without a slash at the end; empty where nobody knows.
#[derive(Debug, Clone)]
pub(super) struct ReachedAt(pub(super) String);

impl FromRequestParts<Web> for ReachedAt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        Ok(Self(web.reached_by(parts).as_ref().map_or_else(String::new, Origin::to_string)))
    }
}
