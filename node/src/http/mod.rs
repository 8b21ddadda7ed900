//! What the public listener speaks beside gRPC: REST, transcoded from the contract; gRPC-Web; pages for people. One
//! port, one address, and the services behind all of it are the same.
//!
//! [`front`] tells apart who asks for what. A document of its own kind gets a file here and its routes in
//! [`pages`]; pages for people live in [`crate::web`]; methods of the contract need nothing: [`transcode`] finds them by their annotations.

mod cookies;
mod exchange;
mod feeds;
mod front;
mod headers;
mod limit;
mod openapi;
mod problem;
pub(crate) mod tags;
mod transcode;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use tonic::service::Routes;

use crate::config::BaseUrl;
use crate::services::Context;
use crate::web::{self, Web};
pub(crate) use cookies::{Cookies, read as cookie};
pub(crate) use exchange::{Exchange, LANGUAGE_COOKIE};
pub(crate) use feeds::unready;
pub(crate) use front::Front;
pub(crate) use limit::Limiter;
pub(crate) use problem::{PROBLEM_JSON, Problem};
#[cfg(feature = "arbitrary")]
pub(crate) use transcode::read_call;

/// How the public listener is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// Whether TLS ends here, so that browsers may be told to use nothing else.
    pub(crate) tls: bool,
    /// Where people reach this server.
    pub(crate) base: Option<BaseUrl>,
}

/// Everything that the public listener answers: `grpc` are the services, as they are called by gRPC.
pub(crate) fn router(context: Context, grpc: Routes, manner: Manner, limiter: Arc<Limiter>) -> Front {
    let Manner { tls, base } = manner;
    let https = base.as_ref().is_some_and(|base| base.as_str().starts_with("https:"));
    let cookies = Cookies::new(tls || https);
    let web = Web::new(&context, base, cookies);
    let rest = pages(context, &web).fallback_service(transcode::Transcoder::new(grpc.clone()));
    let rest = web::explaining(rest.layer(from_fn(front::turn_away)), web);
    Front::new(grpc, headers::around(rest, tls), limiter, cookies)
}

/// Every method that REST callers reach, as gRPC calls it.
#[cfg(test)]
pub(crate) fn public_methods() -> Vec<String> {
    transcode::table::Table::get().routes().iter().map(transcode::table::Route::grpc_path).collect()
}

/// What is no method of the contract.
fn pages(context: Context, web: &Web) -> Router {
    openapi::routes().merge(feeds::routes(context.subscriptions)).merge(web::routes(web))
}
