//! What the public listener speaks beside gRPC: REST, transcoded from the contract; gRPC-Web; pages for people. One
//! port, one address, and the services behind all of it are the same.
//!
//! [`front`] tells apart who asks for what. A document of its own kind gets a file here and its routes in
//! [`router`]; pages for people come from whoever puts the server together; methods of the contract need nothing:
//! [`transcode`] finds them by their annotations.

mod cookies;
mod exchange;
mod feeds;
mod front;
mod headers;
mod limit;
mod names;
mod openapi;
mod problem;
pub(crate) mod tags;
mod transcode;
mod unread;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use tonic::service::Routes;

use crate::delivery::Desk;
pub(crate) use cookies::{Cookies, read as cookie};
pub(crate) use exchange::{Exchange, LANGUAGE_COOKIE};
pub(crate) use feeds::unready;
pub(crate) use front::Front;
pub(crate) use limit::Limiter;
pub(crate) use problem::{OTHER_MEMBER, PROBLEM_JSON, Problem, name_of as code_name};
#[cfg(feature = "arbitrary")]
pub(crate) use transcode::read_call;

/// Reads what headers say beside the call itself.
#[cfg(feature = "arbitrary")]
pub(crate) fn read_headers(headers: &http::HeaderMap) {
    assert!(tags::is_asked(headers) || !tags::holds(headers, "\"a\""));
    for value in headers.values() {
        if let Some(second) = crate::http_date::read(value) {
            let written = crate::http_date::write(second * 1_000_000);
            let written = http::HeaderValue::from_str(&written).expect("a date is a header");
            assert_eq!(crate::http_date::read(&written), Some(second));
        }
    }
    let _ = limit::hops(headers);
}

/// How the public listener is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Whether TLS ends here, so that browsers may be told to use nothing else.
    pub(crate) tls: bool,
    /// How browsers show sessions.
    pub(crate) cookies: Cookies,
}

/// Everything that the public listener answers: `grpc` are the services, as they are called by gRPC, `pages` the routes of
/// what people look at. What goes wrong in any of it `explaining` shows to browsers.
pub(crate) fn router(
    desk: Desk,
    grpc: Routes,
    pages: Router,
    explaining: impl FnOnce(Router) -> Router,
    manner: Manner,
    limiter: Arc<Limiter>,
) -> Front {
    let documents = openapi::routes().merge(feeds::routes(desk, manner.cookies)).merge(pages);
    let rest = documents.fallback_service(transcode::Transcoder::new(grpc.clone()));
    let rest = explaining(rest.layer(from_fn(front::turn_away)).layer(from_fn(front::bound)));
    let rest = headers::around(rest, manner.tls).layer(from_fn(unread::read_on));
    Front::new(grpc, rest, limiter, manner.cookies)
}

/// Every method that REST callers reach, as gRPC calls it.
#[cfg(test)]
pub(crate) fn public_methods() -> Vec<String> {
    transcode::table::Table::get().routes().iter().map(transcode::table::Route::grpc_path).collect()
}
