//! Which of the listener's languages a request speaks.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response};
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{Cors, CorsLayer};

use super::limit::{Limit, Limiter, Metered, Refusal, Standing};
use super::{Exchange, Problem, headers};
use crate::services::{Failure, language};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// gRPC, gRPC-Web and HTTP on one port, each call counted once.
#[derive(Clone)]
pub(crate) struct Front {
    limiter: Arc<Limiter>,
    grpc: Routes,
    web: Cors<GrpcWebService<Routes>>,
    rest: Router,
}

impl Front {
    /// Over the services and everything else.
    pub(crate) fn new(grpc: Routes, rest: Router, limiter: Arc<Limiter>) -> Self {
        let cors: CorsLayer = headers::cors();
        Self { web: cors.layer(GrpcWebLayer::new().layer(grpc.clone())), rest: rest.layer(cors), grpc, limiter }
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let spoken = Spoken::of(&request);
        let (parts, body) = request.into_parts();
        let admitted = self.limiter.admit(&parts.headers, &parts.extensions).await;
        let request = Request::from_parts(parts, body);
        let pass = match admitted {
            Ok(pass) => pass,
            Err(refusal) => return refuse(&request, spoken, refusal),
        };
        let standing = pass.standing;
        let Ok(mut response) = match spoken {
            Spoken::Grpc => self.grpc.oneshot(request).await,
            Spoken::GrpcWeb => self.web.oneshot(request).await,
            Spoken::Http => {
                let answer = self.rest.oneshot(request.map(axum::body::Body::new)).await;
                answer.map(|response| response.map(Body::new))
            }
        };
        if spoken == Spoken::Http {
            stand(&mut response, standing);
        }
        response.map(|body| Body::new(Metered::new(body, pass)))
    }
}

/// What is answered to a request that is not let in.
fn refuse(request: &Request<Body>, spoken: Spoken, refusal: Refusal) -> Response<Body> {
    let (reason, wait) = (refusal.limit, refusal.wait);
    let failure = match reason {
        Limit::Requests => Failure::RequestLimit(wait),
        Limit::Calls => Failure::CallLimit(wait),
        Limit::Bytes => Failure::ByteLimit(wait),
    };
    let status = failure.status(language(request.headers()));
    if spoken == Spoken::Http {
        let exchange = Exchange::of(request);
        let mut response = Problem::of(&status, exchange.language).respond(&exchange).map(Body::new);
        stand(&mut response, refusal.standing);
        // A browser shows a program of another origin nothing without this.
        response.headers_mut().insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return response;
    }
    let mut response = status.into_http();
    if let Some(kind) = request.headers().get(CONTENT_TYPE).filter(|_| spoken == Spoken::GrpcWeb) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    response
}

/// Says how the caller stands (draft-ietf-httpapi-ratelimit-headers).
fn stand(response: &mut Response<Body>, standing: Standing) {
    let Standing { remaining, quota, window } = standing;
    let policy = format!("\"requests\";q={quota};w={window}");
    let now = format!("\"requests\";r={remaining};t={window}");
    for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, now)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
}

/// What a content type says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    Grpc,
    GrpcWeb,
    Http,
}

impl Spoken {
    fn of<B>(request: &Request<B>) -> Self {
        let kind = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        match kind.strip_prefix(b"application/grpc") {
            Some(rest) if rest.starts_with(b"-web") => Self::GrpcWeb,
            Some(_) => Self::Grpc,
            None => Self::Http,
        }
    }
}

impl Service<Request<Body>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_says_what_is_spoken() {
        for (kind, spoken) in [
            ("application/grpc", Spoken::Grpc),
            ("application/grpc+proto", Spoken::Grpc),
            ("application/grpc-web", Spoken::GrpcWeb),
            ("application/grpc-web-text+proto", Spoken::GrpcWeb),
            ("application/json", Spoken::Http),
            ("", Spoken::Http),
        ] {
            let request = Request::builder().header(CONTENT_TYPE, kind).body(()).expect("valid");
            assert_eq!(Spoken::of(&request), spoken, "{kind}");
        }
    }
}
