//! Pages of subscriptions at their secret addresses.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use duikou_proto::language::{Language, Text};
use duikou_proto::validate::reason;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use tonic::Code;

use super::{Cookies, Exchange, Problem, tags};
use crate::addresses::Origin;
use crate::delivery::{Busy, Desk, Form, PageRequest};
use crate::http_date;
use crate::services::Failure;

/// Longest secret that is looked at.
const SECRET_BYTES: usize = 256;

#[derive(Clone)]
struct Pages {
    desk: Desk,
    cookies: Cookies,
}

/// `/feeds/…`.
pub(crate) fn routes(desk: Desk, cookies: Cookies) -> Router {
    Router::new().route("/feeds/{file}", get(feed)).with_state(Pages { desk, cookies })
}

async fn feed(
    State(pages): State<Pages>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    Extension(exchange): Extension<Exchange>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let refuse = |problem: Problem| problem.respond(&exchange);
    let parsed = file.rsplit_once('.').and_then(|(secret, ending)| Some((secret, Form::of_ending(ending)?)));
    let Some((secret, form)) = parsed.filter(|(secret, _)| secret.len() <= SECRET_BYTES) else {
        return refuse(absent(exchange.language));
    };
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let after = pairs.find_map(|(key, value)| (key == "after").then(|| value.into_owned())).unwrap_or_default();
    let origin = Origin::of(pages.desk.base(), pages.cookies.scheme(), &uri, &headers);
    let request = PageRequest { secret, form, after: &after, origin: origin.as_ref() };
    let rendered = match pages.desk.page(&request).await {
        Ok(Some(rendered)) => rendered,
        Ok(None) => return refuse(absent(exchange.language)),
        Err(busy) => return refuse(unready(busy, exchange.language)),
    };
    let tag = tags::tag_of(&rendered.body);
    let updated = rendered.updated.map(http_date::write);
    let same = match tags::is_asked(&headers) {
        true => tags::holds(&headers, &tag),
        false => {
            let since = headers.get(IF_MODIFIED_SINCE).and_then(http_date::read);
            let updated = rendered.updated.map(|updated| updated.div_euclid(1_000_000));
            since.zip(updated).is_some_and(|(since, updated)| updated <= since)
        }
    };
    let (status, body) = match same {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (StatusCode::OK, Body::from(rendered.body)),
    };
    // Whoever has the address may see it; caches in between have none of it.
    let mut headers = vec![(CONTENT_TYPE, form.media_type()), (ETAG, &*tag), (CACHE_CONTROL, "private, max-age=60")];
    headers.extend(updated.as_deref().map(|updated| (LAST_MODIFIED, updated)));
    answer(status, body, &headers)
}

/// An address that was never given out, and one that has ended, look alike.
fn absent(language: Language) -> Problem {
    let text = Text::new(
        "没有这个地址，或它已停用，请向提供者索取新的地址。",
        "There is no feed at this address, or no longer: ask whoever gave it to you for the new one.",
    );
    Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NOT_FOUND", &text, language)
}

/// What is asked for cannot be told at the moment.
pub(crate) fn unready(busy: Busy, language: Language) -> Problem {
    let failure = match busy {
        Busy::Unready => Failure::PageUnready,
        Busy::NoPlace => {
            let (zh, en) =
                ("不是本页给出的位置，请从第一页重新开始。", "No page has given this place: begin with the first.");
            Failure::field("after", reason::BAD_FORMAT, zh, en)
        }
        Busy::Store(error) => error.into(),
        Busy::Write(error) => error.into(),
    };
    Problem::of(&failure.status(language), language)
}

/// An answer with these headers.
fn answer(status: StatusCode, body: Body, headers: &[(http::HeaderName, &str)]) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name.clone(), value);
        }
    }
    response
}
