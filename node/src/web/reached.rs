//! Where people reach this server, for addresses that they take elsewhere.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use super::Web;

/// As the operator says, else as whoever asks has reached it: without a slash at the end; empty where nobody knows.
#[derive(Debug, Clone)]
pub(super) struct ReachedAt(pub(super) String);

impl FromRequestParts<Web> for ReachedAt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        if !web.base().is_empty() {
            return Ok(Self(web.base().to_owned()));
        }
        let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = named.or_else(|| parts.uri.authority().map(Authority::as_str)).unwrap_or_default();
        let scheme = if web.cookies().session_name().starts_with("__Host-") { "https" } else { "http" };
        Ok(Self(if host.is_empty() { String::new() } else { format!("{scheme}://{host}") }))
    }
}
