//! Headers that stand around every answer, compression, and what browsers of other origins may do.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tower_http::compression::predicate::{And, NotForContentType, Predicate};
use tower_http::compression::{CompressionLayer, DefaultPredicate};
use tower_http::cors::{Any, CorsLayer};

use super::{Exchange, Problem};

/// The header by which people and logs speak of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long browsers remember what another origin may do.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(60 * 60);
/// A year: how long browsers use nothing but TLS for this host.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Answers hold no pages of others, and nothing in them runs, unless a page says otherwise of itself.
const CLOSED: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// What an answer depends on beside its path.
const DEPENDS: HeaderValue = HeaderValue::from_static("accept, accept-encoding, accept-language, authorization");

/// `routes` with compression and the headers; `tls`: it ends here.
pub(super) fn around(routes: Router, tls: bool) -> Router {
    // Streams would wait in the compressor until they fill a block.
    let whole: And<DefaultPredicate, NotForContentType> =
        DefaultPredicate::new().and(NotForContentType::const_new("application/x-ndjson"));
    routes
        .layer(from_fn_with_state(tls, dress))
        .layer(CompressionLayer::new().compress_when(whole))
        .layer(from_fn(weaken))
}

/// Whether programs are answered at this path: whoever wants to call from any site's pages may, with a token that it shows
/// itself, and cookies count for nothing. At all other paths there are pages, where cookies say who looks, and scripts of
/// other sites read nothing.
pub(super) fn for_programs(path: &str) -> bool {
    // Browsers ask about gRPC-Web with a request that is none yet.
    const BELOW: [&str; 3] = ["/v1/", "/feeds/", "/duikou.v1."];
    const AT: [&str; 4] = ["/openapi.json", "/listings.atom", "/listings.json", "/listings.ics"];
    AT.contains(&path) || BELOW.iter().any(|prefix| path.starts_with(prefix))
}

/// Whether `request` asks what there is at its address, and not for leave to call from another site, which every OPTIONS
/// would be taken for.
pub(super) fn asks_for_methods<B>(request: &http::Request<B>) -> bool {
    request.method() == Method::OPTIONS && !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// What browsers allow scripts of other sites where programs are answered.
pub(super) fn cors() -> CorsLayer {
    let shown = [
        "content-language",
        "etag",
        "grpc-message",
        "grpc-status",
        "grpc-status-details-bin",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    ];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
        .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
        .expose_headers(shown.map(HeaderName::from_static))
        .max_age(PREFLIGHT_KEPT)
}

async fn dress(axum::extract::State(tls): axum::extract::State<bool>, mut request: Request, next: Next) -> Response {
    let exchange = Exchange::begin(&request);
    request.extensions_mut().insert(exchange.clone());
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let status = response.status();
    // A cache takes what 304 says for what it holds: by another word it would let go of that.
    let held = status.is_success() || status == StatusCode::NOT_MODIFIED;
    let kept = if safe && held { "private, no-cache" } else { "no-store" };
    if status.is_server_error() {
        tracing::warn!(request.id = %exchange.id, status = status.as_u16(), "a request could not be served");
    } else if status.is_client_error() {
        let reason = response.extensions().get::<Problem>().map_or("", Problem::reason);
        tracing::debug!(request.id = %exchange.id, status = status.as_u16(), reason, "a request was refused");
    }
    let headers = response.headers_mut();
    headers.append(VARY, DEPENDS);
    if let Ok(id) = HeaderValue::from_str(&exchange.id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(CLOSED);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(kept));
    if tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// A tag names bytes; compressed ones are others that mean the same, which a weak tag says.
async fn weaken(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.contains_key(CONTENT_ENCODING)
        && let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/"))
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{tag}"))
    {
        headers.insert(ETAG, weak);
    }
    response
}
