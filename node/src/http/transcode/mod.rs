//! REST from the contract: a call is found by its path, read into the method's message, carried out by the same service
//! that gRPC callers reach, in this process, and answered as JSON.
//!
//! `table` knows which method answers what path, by `template`; `json`, `message` and `query` read requests, `conditions` their
//! headers; `call` is the gRPC client; `unary` and `stream` write answers. Services know nothing of it, and a method that
//! is added to the contract is served without a line here.

mod call;
mod conditions;
mod json;
mod message;
mod query;
mod stream;
pub(crate) mod table;
pub(crate) mod template;
mod unary;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::extract::Request;
use axum::response::Response;
use duikou_proto::language::Text;
use duikou_proto::validate::{Violation, reason};
use http::header::{ACCEPT, ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use serde_json::Value as Json;
use tonic::Code;
use tonic::service::Routes;
use tower::Service;

pub(crate) use self::conditions::takes_etag;
pub(crate) use self::message::is_scalar;
use super::{Exchange, Problem};
use crate::services::{Failure, Identified, REQUEST_BYTES, roles, violation};
use call::Call;
use stream::Form;
use table::{Body, Found, Route, Table};
use template::Path;

/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// How long a service may take over an answer that is not a stream.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Answers REST calls.
#[derive(Clone)]
pub(crate) struct Transcoder {
    services: Routes,
}

impl Transcoder {
    /// By these services.
    pub(crate) fn new(services: Routes) -> Self {
        Self { services }
    }

    async fn answer(self, request: Request) -> Response {
        let exchange = Exchange::of(&request);
        let (parts, body) = request.into_parts();
        let head = parts.method == Method::HEAD;
        let response = match self.carry_out(parts, body, &exchange).await {
            Ok(response) => response,
            Err(problem) => problem.respond(&exchange),
        };
        if head { response.map(|_| HttpBody::empty()) } else { response }
    }

    async fn carry_out(self, parts: Parts, body: HttpBody, exchange: &Exchange) -> Result<Response, Problem> {
        let path = Path::parse(&exchange.path).ok_or_else(|| nothing_there(exchange))?;
        let (route, bound) = match Table::get().find(&parts.method, &path) {
            Found::Route(route, bound) => (route, bound),
            Found::Verbs(verbs) if parts.method == Method::OPTIONS => return Ok(options(&verbs)),
            Found::Verbs(verbs) => return Err(other_verb(&verbs, exchange)),
            Found::Nothing => return Err(nothing_there(exchange)),
        };
        admit(route, &parts, exchange)?;
        let form = form_of(route, &parts, exchange)?;
        let json = read_body(route, &parts, body, exchange).await?;
        let mut message = read_request(route, bound, &parts, json)
            .map_err(|found| Problem::of(&Failure::Violations(found).status(exchange.language), exchange.language))?;
        let must_exist = conditions::must_exist(&parts.headers, &mut message);

        let call = Call {
            path: route.grpc_path(),
            message: message.encode_to_vec(),
            headers: parts.headers.clone(),
            extensions: parts.extensions,
        };
        let refused = |status: &tonic::Status| {
            let problem = Problem::of(status, exchange.language).in_body(root_of(route).as_deref());
            match status.code() {
                Code::Aborted if conditions::is_conditional(&parts.headers) => {
                    problem.with_status(StatusCode::PRECONDITION_FAILED)
                }
                Code::NotFound if must_exist => problem.with_status(StatusCode::PRECONDITION_FAILED),
                _ => problem,
            }
        };
        let output = route.method.output();
        if let Some(form) = form {
            let messages = call.make(self.services).await.map_err(|status| refused(&status))?;
            return Ok(stream::respond(messages, output, form, exchange.clone()));
        }
        let answer = async { call.make(self.services).await?.only().await };
        let answer = tokio::time::timeout(ANSWER_WITHIN, answer).await;
        let answer = answer.unwrap_or_else(|_| Err(tonic::Status::deadline_exceeded("the service took too long")));
        answer
            .and_then(|bytes| unary::respond(&parts.method, &parts.headers, output, bytes))
            .map_err(|status| refused(&status))
    }
}

impl Service<Request> for Transcoder {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

/// Refuses whoever may not call the method, before anything of the request is read. The services' own gate asks again.
fn admit(route: &Route, parts: &Parts, exchange: &Exchange) -> Result<(), Problem> {
    let path = route.grpc_path();
    let refused = |failure: &Failure| Problem::of(&failure.status(exchange.language), exchange.language);
    match parts.extensions.get::<Identified>().map(Identified::caller) {
        // What is for anybody takes no offence, or says so itself.
        Some(Err(failure)) if roles::need(&path) != Some(roles::Need::Nobody) => Err(refused(failure)),
        None | Some(Err(_)) => Ok(()),
        Some(Ok(caller)) => roles::admit(caller, &path).map_err(|failure| refused(&failure)),
    }
}

/// The message of the method that answers `verb` at `address`, or all that is wrong with it; None where nothing does.
#[cfg(feature = "arbitrary")]
pub(crate) fn read_call(
    verb: Method,
    address: http::Uri,
    headers: http::HeaderMap,
    body: &[u8],
) -> Option<Result<DynamicMessage, Vec<Violation>>> {
    let path = Path::parse(address.path())?;
    let Found::Route(route, bound) = Table::get().find(&verb, &path) else { return None };
    let (mut parts, ()) = http::Request::builder().method(verb).uri(address).body(()).ok()?.into_parts();
    parts.headers = headers;
    Some(read_request(route, bound, &parts, json::parse(body).ok()))
}

/// The method's message, from path, body, query and headers; or everything that is wrong with it.
fn read_request(
    route: &Route,
    bound: Vec<(&str, String)>,
    parts: &Parts,
    json: Option<Json>,
) -> Result<DynamicMessage, Vec<Violation>> {
    let mut message = DynamicMessage::new(route.method.input());
    let mut found = Vec::new();
    let mut taken: Vec<&str> = bound.iter().map(|(field, _)| *field).collect();
    let query = parts.uri.query().unwrap_or_default();
    match (&route.body, json) {
        (Body::None, _) => {}
        (Body::Whole, json) => {
            whole(&mut message, json.unwrap_or_else(|| Json::Object(Default::default())), &mut found);
        }
        (Body::Field(field), json) => {
            taken.push(field);
            let target = message.get_field_by_name_mut(field).and_then(Value::as_message_mut);
            match (target, json) {
                // The body is the field: what is in it is named from there.
                (Some(target), Some(Json::Object(object))) => message::fill(target, &object, "", &mut found),
                (_, None) => found.push(violation(
                    "",
                    reason::REQUIRED,
                    "缺少请求正文（JSON对象），请补充。",
                    "The body is missing: send a JSON object.",
                )),
                _ => found.push(not_an_object("")),
            }
        }
    }
    if query.len() > query::QUERY_BYTES {
        let (zh, en) = (
            format!("查询过长，最多{}字节。", query::QUERY_BYTES),
            format!("A query has at most {} bytes.", query::QUERY_BYTES),
        );
        found.push(violation("", reason::TOO_LONG, zh, en));
    } else if route.body == Body::Whole && !query.is_empty() {
        found.push(violation(
            "",
            reason::INCONSISTENT,
            "此方法的参数都在请求正文中，请去掉查询参数。",
            "This method takes everything in its body: leave the query out.",
        ));
    } else {
        query::fill(&mut message, query, &taken, &mut found);
    }
    for (field, value) in &bound {
        bind(&mut message, field, value, &mut found);
    }
    conditions::apply(route, &parts.headers, &mut message, &mut found);
    if found.is_empty() { Ok(message) } else { Err(found) }
}

/// The field of the request from which services name fields of its body, where they do. Where the body has a field of the
/// same name (`listing` of Listing) they name them from the body.
fn root_of(route: &Route) -> Option<String> {
    let Body::Field(field) = &route.body else { return None };
    let body = route.method.input().get_field_by_name(field)?.kind().as_message()?.clone();
    body.get_field_by_name(field).is_none().then(|| field.clone())
}

fn whole(message: &mut DynamicMessage, json: Json, found: &mut Vec<Violation>) {
    match json {
        Json::Object(object) => message::fill(message, &object, "", found),
        _ => found.push(not_an_object("")),
    }
}

fn not_an_object(field: &str) -> Violation {
    violation(field, reason::BAD_FORMAT, "请求正文应为JSON对象，请修改。", "The body is to be a JSON object.")
}

/// Sets what the path says, whatever the body says.
fn bind(message: &mut DynamicMessage, path: &str, text: &str, found: &mut Vec<Violation>) {
    use message::Described;
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(field) = message.descriptor_of().get_field_by_name(first) else { return };
    match rest {
        Some(rest) => {
            if let Some(nested) = message.get_field_mut(&field).as_message_mut() {
                bind(nested, rest, text, found);
            }
        }
        None => {
            if let Some(value) = message::item(&field, &query::json_of(&field.kind(), text), path, found) {
                message.set_field(&field, value);
            }
        }
    }
}

async fn read_body(route: &Route, parts: &Parts, body: HttpBody, exchange: &Exchange) -> Result<Option<Json>, Problem> {
    let problem = |status, reason: &str, zh: String, en: String| {
        Problem::new(status, Code::InvalidArgument, reason, &Text::new(zh, en), exchange.language)
    };
    let too_large = || {
        let (zh, en) =
            (format!("请求正文过大，最多{REQUEST_BYTES}字节。"), format!("A body has at most {REQUEST_BYTES} bytes."));
        problem(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", zh, en)
    };
    // What is said to be too large is not asked for: who waits for that need not send it.
    if body.size_hint().lower() > REQUEST_BYTES as u64 {
        return Err(too_large());
    }
    let bytes = match tokio::time::timeout(BODY_WITHIN, Limited::new(body, REQUEST_BYTES).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
        Ok(Err(error)) => {
            let (zh, en) = (format!("请求正文中断：{error}。"), format!("The body broke off: {error}."));
            return Err(problem(StatusCode::BAD_REQUEST, "BODY_BROKEN", zh, en));
        }
        Err(_) => {
            let (zh, en) =
                ("请求正文发送过慢，请重试。".to_owned(), "The body took too long: send it again.".to_owned());
            return Err(problem(StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW", zh, en));
        }
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    if route.body == Body::None {
        let (zh, en) = ("此方法没有请求正文，请改用查询参数。", "This method takes no body: use the query.");
        return Err(problem(StatusCode::BAD_REQUEST, "BODY_UNEXPECTED", zh.to_owned(), en.to_owned()));
    }
    if parts.headers.get(CONTENT_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let (zh, en) = ("请求正文不可压缩，请原样发送。", "A body is not compressed: send it as it is.");
        return Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "CONTENT_ENCODING", zh.to_owned(), en.to_owned()));
    }
    if !is_json(parts.headers.get(CONTENT_TYPE)) {
        let (zh, en) = (
            "请求正文须为 UTF-8 编码的 application/json，并在 Content-Type 中写明。",
            "A body is application/json in UTF-8: say so in Content-Type.",
        );
        return Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "CONTENT_TYPE", zh.to_owned(), en.to_owned()));
    }
    json::parse(&bytes).map(Some).map_err(|malformed| {
        let Text { zh, en } = malformed.text();
        problem(StatusCode::BAD_REQUEST, "BODY_MALFORMED", zh, en)
    })
}

fn is_json(value: Option<&HeaderValue>) -> bool {
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, rest) = text.split_once(';').unwrap_or((text, ""));
    let kind = kind.trim().to_ascii_lowercase();
    let charset = rest.trim().to_ascii_lowercase();
    let known = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    known && (charset.is_empty() || charset.replace('"', "") == "charset=utf-8")
}

/// How a stream is written, by what the caller takes; None for a method that answers once.
fn form_of(route: &Route, parts: &Parts, exchange: &Exchange) -> Result<Option<Form>, Problem> {
    let accept = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let takes = |kind: &str| {
        let family = kind.split('/').next().unwrap_or_default();
        accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim()).any(|range| {
            range == "*/*" || range.eq_ignore_ascii_case(kind) || range.eq_ignore_ascii_case(&format!("{family}/*"))
        })
    };
    let named = |kind: &str| accept.to_ascii_lowercase().contains(kind);
    let streaming = route.method.is_server_streaming();
    if streaming && named(stream::EVENT_STREAM) {
        return Ok(Some(Form::Events));
    }
    let offered: &[&str] = match streaming {
        true => &[stream::NDJSON, "application/ndjson", unary::JSON, stream::EVENT_STREAM],
        false => &[unary::JSON],
    };
    // Whoever takes a problem document takes JSON.
    if offered.iter().any(|kind| takes(kind)) || named("+json") {
        return Ok(streaming.then_some(Form::Lines));
    }
    let text =
        Text::new(format!("可提供的格式：{}。", offered.join("、")), format!("There is: {}.", offered.join(", ")));
    Err(Problem::new(StatusCode::NOT_ACCEPTABLE, Code::InvalidArgument, "NOT_ACCEPTABLE", &text, exchange.language))
}

fn nothing_there(exchange: &Exchange) -> Problem {
    let text = Text::new(
        "没有这个页面：请核对地址，或从首页开始。接口的地址见 /docs。",
        "There is nothing at this address: check it, or begin on the first page. Those of the interface are in /docs.",
    );
    Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NO_SUCH_PATH", &text, exchange.language)
}

fn other_verb(verbs: &[&Method], exchange: &Exchange) -> Problem {
    Problem::other_method(list(verbs), exchange.language)
}

fn options(verbs: &[&Method]) -> Response {
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(list) = HeaderValue::from_str(&list(verbs)) {
        response.headers_mut().insert(ALLOW, list);
    }
    response
}

fn list(verbs: &[&Method]) -> String {
    let mut names: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.join(", ")
}

#[cfg(test)]
mod tests;
