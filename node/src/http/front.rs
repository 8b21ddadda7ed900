//! Which of the listener's languages a request speaks.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::middleware::Next;
use duikou_proto::language::Text;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use tonic::Code;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{Cors, CorsLayer};

use super::limit::{Limiter, Metered, Refusal, Standing};
use super::{Cookies, Exchange, Problem, headers};
use crate::limits;
use crate::services::{CallsFrom, Identified, language};

/// What a browser fetches something for (W3C Fetch Metadata): `empty` where a script asks.
const FETCHED_FOR: HeaderName = HeaderName::from_static("sec-fetch-dest");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// gRPC, gRPC-Web and HTTP on one port; who calls is found out once, and counted once.
#[derive(Clone)]
pub(crate) struct Front {
    limiter: Arc<Limiter>,
    grpc: Routes,
    web: Cors<GrpcWebService<Routes>>,
    /// For programs in any browser.
    open: Cors<Router>,
    rest: Router,
    cookies: Cookies,
}

impl Front {
    /// Over the services and everything else.
    pub(crate) fn new(grpc: Routes, rest: Router, limiter: Arc<Limiter>, cookies: Cookies) -> Self {
        let cors: CorsLayer = headers::cors();
        let web = cors.layer(GrpcWebLayer::new().layer(grpc.clone()));
        Self { web, open: cors.layer(rest.clone()), rest, grpc, limiter, cookies }
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let spoken = Spoken::of(&request);
        let (mut parts, body) = request.into_parts();
        // Here and nowhere else: all that is behind finds it in the extensions.
        let accounts = &self.limiter.accounts;
        let identified = match self.session_of(spoken, &parts) {
            Some(secret) => Identified::in_browser(accounts, &secret, by_hand(&parts)).await,
            None => Identified::of(accounts, &parts.headers, &parts.extensions).await,
        };
        parts.extensions.insert(identified);
        if let Some(address) = self.limiter.address(&parts.headers, &parts.extensions) {
            parts.extensions.insert(CallsFrom(address));
        }
        let admitted = self.limiter.admit(&parts.headers, &parts.extensions).await;
        let mut request = Request::from_parts(parts, body);
        let (pass, standing) = match admitted {
            Ok(pass) => {
                let standing = pass.standing;
                (Some(pass), standing)
            }
            // HTTP hears of it as of any problem, inside of the headers that stand around every answer.
            Err(refusal) if spoken == Spoken::Http => {
                request.extensions_mut().insert(refusal);
                (None, refusal.standing)
            }
            Err(refusal) => return refuse(&request, spoken, refusal),
        };
        let Ok(mut response) = match spoken {
            Spoken::Grpc => self.grpc.oneshot(request).await,
            Spoken::GrpcWeb => self.web.oneshot(request).await,
            Spoken::Http => {
                let request = request.map(axum::body::Body::new);
                let answer = match headers::for_programs(request.uri().path()) && !headers::asks_for_methods(&request) {
                    true => self.open.oneshot(request).await,
                    false => self.rest.oneshot(request).await,
                };
                answer.map(|response| response.map(Body::new))
            }
        };
        if spoken == Spoken::Http {
            stand(&mut response, standing);
        }
        match pass {
            Some(pass) => response.map(|body| Body::new(Metered::new(body, pass))),
            None => response,
        }
    }

    /// The session that a browser shows: on pages alone, and where nothing is shown that goes before it. Elsewhere a
    /// cookie is nothing, so that a page of another site has nothing to forge a call with.
    fn session_of(&self, spoken: Spoken, parts: &Parts) -> Option<String> {
        let page = spoken == Spoken::Http && !headers::for_programs(parts.uri.path());
        let counts = page && !parts.headers.contains_key(AUTHORIZATION);
        if counts { self.cookies.session(&parts.headers) } else { None }
    }
}

/// Whether somebody does this. What a script reads by itself is no use of a session: a page that is left open signs nobody
/// in for longer.
fn by_hand(parts: &Parts) -> bool {
    let by_script = parts.headers.get(FETCHED_FOR).is_some_and(|purpose| purpose == "empty");
    !(by_script && parts.method.is_safe())
}

/// What gRPC callers hear who are not let in.
fn refuse(request: &Request<Body>, spoken: Spoken, refusal: Refusal) -> Response<Body> {
    let mut response = refusal.failure().status(language(request.headers())).into_http();
    if let Some(kind) = request.headers().get(CONTENT_TYPE).filter(|_| spoken == Spoken::GrpcWeb) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    response
}

/// What HTTP callers hear whose headers are larger than anybody needs.
pub(super) async fn bound(request: axum::extract::Request, next: Next) -> axum::response::Response {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    if request.headers().iter().map(bytes).sum::<usize>() <= limits::HEADER_BYTES {
        return next.run(request).await;
    }
    let exchange = Exchange::of(&request);
    let most = limits::HEADER_BYTES;
    let text = Text::new(
        format!("请求头过大，最多{most}字节，请减少后重试。"),
        format!("The headers have at most {most} bytes together: send fewer or shorter ones."),
    );
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Problem::new(status, Code::InvalidArgument, "HEADERS_TOO_LARGE", &text, exchange.language).respond(&exchange)
}

/// What HTTP callers hear who are not let in.
pub(super) async fn turn_away(request: axum::extract::Request, next: Next) -> axum::response::Response {
    match request.extensions().get::<Refusal>() {
        None => next.run(request).await,
        Some(refusal) => {
            let exchange = Exchange::of(&request);
            let status = refusal.failure().status(exchange.language);
            Problem::of(&status, exchange.language).respond(&exchange)
        }
    }
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
    use std::sync::Mutex;

    use duikou_proto::v1::token::Role;
    use http::header::AUTHORIZATION;
    use http::{Extensions, HeaderMap};

    use super::*;
    use crate::config::{Limits, Networks};
    use crate::http::transcode::Transcoder;
    use crate::services::tests::World;

    #[tokio::test]
    async fn who_calls_is_found_out_before_anything_else_and_goes_along() {
        let world = World::new().await;
        let accounts = &world.accounts;
        let secret = world.token("a", Role::Viewer).await;
        let came: Arc<Mutex<Option<Extensions>>> = Arc::default();
        let seen = came.clone();
        let rest = Router::new().fallback(move |request: axum::extract::Request| async move {
            *seen.lock().unwrap() = Some(request.extensions().clone());
        });
        let limiter = Limiter::new(accounts.clone(), &Limits::default(), Networks::default());
        let front = Front::new(world.public.clone(), rest, limiter, Cookies::new(true));
        for (shown, known) in [(Some(&*secret), Ok(true)), (None, Ok(false)), (Some("dk_nobody-made-this"), Err(()))] {
            let mut request = Request::new(Body::empty());
            if let Some(secret) = shown {
                request.headers_mut().insert(AUTHORIZATION, format!("Bearer {secret}").parse().unwrap());
            }
            assert!(front.clone().answer(request).await.status().is_success());
            let extensions = came.lock().unwrap().take().unwrap();
            // Without the header there is nothing else to go by than what came along.
            let identified = Identified::of(accounts, &HeaderMap::new(), &extensions).await;
            let found = identified.caller().map(|caller| caller.token.is_some()).map_err(|_| ());
            assert_eq!(found, known, "{shown:?}");
        }
    }

    #[tokio::test]
    async fn browsers_ask_for_leave_and_others_for_the_methods() {
        let world = World::new().await;
        let rest = Router::new().fallback_service(Transcoder::new(world.public.clone()));
        let limiter = Limiter::new(world.accounts.clone(), &Limits::default(), Networks::default());
        let front = Front::new(world.public.clone(), rest, limiter, Cookies::new(true));
        let ask = async |path: &str, wanted: Option<&str>| {
            let mut request = Request::builder().method("OPTIONS").uri(path).header("origin", "https://a.example");
            if let Some(method) = wanted {
                request = request.header("access-control-request-method", method);
                request = request.header("access-control-request-headers", "content-type,x-grpc-web");
            }
            let response = front.clone().answer(request.body(Body::empty()).unwrap()).await;
            let header = |name: &str| {
                let value = response.headers().get(name).and_then(|value| value.to_str().ok());
                value.unwrap_or_default().to_owned()
            };
            let allowed = header("access-control-allow-methods").contains(wanted.unwrap_or("?"));
            (response.status().as_u16(), header("allow"), header("access-control-allow-origin"), allowed)
        };
        let leave = (200, String::new(), "*".to_owned(), true);
        assert_eq!(ask("/v1/network", Some("GET")).await, leave);
        // The content type of gRPC-Web is none that a browser sends without asking.
        assert_eq!(ask("/duikou.v1.DirectoryService/GetNetwork", Some("POST")).await, leave);
        let methods = (204, "GET, HEAD, OPTIONS".to_owned(), String::new(), false);
        assert_eq!(ask("/v1/network", None).await, methods);
        let (status, _, origin, _) = ask("/sign-in", Some("POST")).await;
        assert_eq!((status, &*origin), (404, ""), "pages are not for scripts of other sites");
    }

    #[tokio::test]
    async fn whoever_may_not_call_hears_so_before_anything_is_read() {
        let world = World::new().await;
        let rest = Router::new().fallback_service(Transcoder::new(world.public.clone()));
        let limiter = Limiter::new(world.accounts.clone(), &Limits::default(), Networks::default());
        let front = Front::new(world.public.clone(), rest, limiter, Cookies::new(true));
        for (shown, status) in [
            (None, 401),
            (Some("dk_nobody-made-this".to_owned()), 401),
            (Some(world.token("a", Role::Viewer).await), 403),
            (Some(world.token("a", Role::Editor).await), 415),
        ] {
            let mut request = Request::builder().method("POST").uri("/v1/members/a/listings");
            if let Some(secret) = &shown {
                request = request.header(AUTHORIZATION, format!("Bearer {secret}"));
            }
            let body = Body::new(axum::body::Body::from("no JSON"));
            let response = front.clone().answer(request.body(body).unwrap()).await;
            assert_eq!(response.status().as_u16(), status, "{shown:?}");
        }
    }

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
