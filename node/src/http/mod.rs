//! What the public listener speaks beside gRPC: REST, transcoded from the contract; gRPC-Web; pages for people. One
//! port, one address, and the services behind all of it are the same.
//!
//! [`front`] tells apart who asks for what. A page or a document of its own kind gets a file here and its routes in
//! [`pages`]; methods of the contract need nothing: [`transcode`] finds them by their annotations.

mod consent;
mod exchange;
mod feeds;
mod front;
mod headers;
mod limit;
mod openapi;
mod problem;
mod tags;
mod transcode;

use std::sync::Arc;

use axum::Router;
use tonic::service::Routes;

use crate::services::Context;
pub(crate) use exchange::Exchange;
pub(crate) use front::Front;
pub(crate) use limit::Limiter;
pub(crate) use problem::Problem;

/// How the public listener is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Whether TLS ends here, so that browsers may be told to use nothing else.
    pub(crate) tls: bool,
}

/// Everything that the public listener answers: `grpc` are the services, as they are called by gRPC.
pub(crate) fn router(context: Context, grpc: Routes, manner: Manner, limiter: Arc<Limiter>) -> Front {
    let rest = pages(context).fallback_service(transcode::Transcoder::new(grpc.clone()));
    Front::new(grpc, headers::around(rest, manner), limiter)
}

/// Every method that REST callers reach, as gRPC calls it.
#[cfg(test)]
pub(crate) fn public_methods() -> Vec<String> {
    transcode::table::Table::get().routes().iter().map(transcode::table::Route::grpc_path).collect()
}

/// What is no method of the contract.
fn pages(context: Context) -> Router {
    let desk = context.subscriptions;
    openapi::routes().merge(consent::routes(&desk)).merge(feeds::routes(desk))
}
