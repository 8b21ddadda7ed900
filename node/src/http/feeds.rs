//! Pages of subscriptions at their secret addresses, and the pages to which links in mails lead. They work without
//! JavaScript; a link only shows a form, since mail programs open links by themselves, and the form acts.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use duikou_proto::language::{Language, Text};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    REFERRER_POLICY, RETRY_AFTER,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::config::BaseUrl;
use crate::delivery::{Busy, Desk, Form, Link, PageRequest, Purpose};

/// Longest secret and token that are looked at.
const SECRET_BYTES: usize = 256;

#[derive(Clone)]
struct Pages {
    desk: Desk,
    base: Option<BaseUrl>,
}

/// `/feeds/…` and `/subscriptions/{confirm,unsubscribe}/…`.
pub(crate) fn routes(desk: Desk) -> Router {
    let base = desk.base().cloned();
    Router::new()
        .route("/feeds/{file}", get(feed))
        .route("/subscriptions/confirm/{token}", get(ask_confirm).merge(post(confirm)))
        .route("/subscriptions/unsubscribe/{token}", get(ask_unsubscribe).merge(post(unsubscribe)))
        .with_state(Pages { desk, base })
}

async fn feed(
    State(pages): State<Pages>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parsed = file.rsplit_once('.').and_then(|(secret, ending)| Some((secret, Form::of_ending(ending)?)));
    let Some((secret, form)) = parsed.filter(|(secret, _)| secret.len() <= SECRET_BYTES) else { return absent() };
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let after = pairs.find_map(|(key, value)| (key == "after").then(|| value.into_owned())).unwrap_or_default();
    let request = PageRequest { secret, form, after: &after, base: pages.base.as_ref() };
    let rendered = match pages.desk.page(&request).await {
        Ok(Some(rendered)) => rendered,
        Ok(None) => return absent(),
        Err(busy) => return unready(&busy),
    };
    let tag = format!("\"{}\"", &blake3::hash(&rendered.body).to_hex()[..32]);
    let updated = http_date(rendered.updated);
    let said = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // If-None-Match goes before If-Modified-Since (RFC 9110, 13.2.2).
    let same = match said(IF_NONE_MATCH) {
        Some(tags) => {
            tags.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
        }
        None => said(IF_MODIFIED_SINCE).is_some_and(|since| since == updated),
    };
    let (status, body) = match same {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (StatusCode::OK, Body::from(rendered.body)),
    };
    answer(
        status,
        body,
        &[
            (CONTENT_TYPE, form.media_type()),
            (ETAG, &tag),
            (LAST_MODIFIED, &updated),
            // Whoever has the address may see it; caches in between have none of it.
            (CACHE_CONTROL, "private, max-age=60"),
        ],
    )
}

async fn ask_confirm(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    show(&pages, Purpose::Confirm, &token).await
}

async fn ask_unsubscribe(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    show(&pages, Purpose::Unsubscribe, &token).await
}

async fn confirm(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    act(&pages, Purpose::Confirm, &token).await
}

async fn unsubscribe(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    act(&pages, Purpose::Unsubscribe, &token).await
}

/// What a link is for, or the answer that it gets instead.
async fn linked(pages: &Pages, purpose: Purpose, token: &str) -> Result<Link, Response> {
    if token.len() > SECRET_BYTES {
        return Err(no_longer());
    }
    match pages.desk.mail_link(purpose, token).await {
        Ok(Some(link)) => Ok(link),
        Ok(None) => Err(no_longer()),
        Err(error) => Err(unready(&error.into())),
    }
}

/// The form that asks once more.
async fn show(pages: &Pages, purpose: Purpose, token: &str) -> Response {
    let link = match linked(pages, purpose, token).await {
        Ok(link) => link,
        Err(answer) => return answer,
    };
    let label = if link.label.is_empty() { "对口 Duikou" } else { &link.label };
    let (question, button) = match purpose {
        Purpose::Confirm => (
            Text::new(
                format!("将“{label}”的摘要寄到 {}？", link.address),
                format!("Send digests of \"{label}\" to {}?", link.address),
            ),
            Text::new("确认订阅", "Confirm"),
        ),
        Purpose::Unsubscribe => (
            Text::new(
                format!("不再把“{label}”寄到 {}？", link.address),
                format!("Send nothing more of \"{label}\" to {}?", link.address),
            ),
            Text::new("退订", "Unsubscribe"),
        ),
    };
    let body = format!(
        "<p>{}</p><form method=\"post\"><button type=\"submit\">{}</button></form>",
        escape(question.in_language(link.language)),
        button.in_language(link.language),
    );
    page(StatusCode::OK, link.language, button.in_language(link.language), &body)
}

async fn act(pages: &Pages, purpose: Purpose, token: &str) -> Response {
    let link = match linked(pages, purpose, token).await {
        Ok(link) => link,
        Err(answer) => return answer,
    };
    match pages.desk.follow_mail_link(purpose, token).await {
        Ok(true) => {}
        Ok(false) => return no_longer(),
        Err(error) => return unready(&error.into()),
    }
    let done = match purpose {
        Purpose::Confirm => Text::new("已确认，摘要将按时寄出。", "Confirmed: digests will come."),
        Purpose::Unsubscribe => Text::new("已退订，不会再寄。", "Unsubscribed: nothing more will come."),
    };
    let done = done.in_language(link.language);
    page(StatusCode::OK, link.language, done, &format!("<p>{done}</p>"))
}

/// A link that was never good, and one that is no longer, look alike.
fn no_longer() -> Response {
    let text = "此链接无效或已失效。 · This link is not good, or no longer.";
    page(StatusCode::NOT_FOUND, Language::Zh, text, &format!("<p>{text}</p>"))
}

fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title></head>\
         <body><main>{body}</main></body></html>\n",
        language.tag(),
        escape(title),
    );
    answer(
        status,
        Body::from(html),
        &[
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            // The address holds a secret: it goes nowhere else.
            (REFERRER_POLICY, "no-referrer"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
        ],
    )
}

fn absent() -> Response {
    answer(StatusCode::NOT_FOUND, Body::from("not found\n"), &[(CONTENT_TYPE, "text/plain; charset=utf-8")])
}

fn unready(busy: &Busy) -> Response {
    if !matches!(busy, Busy::Unready) {
        tracing::error!(error = %crate::error::chain(busy), "a page met a failing store");
    }
    answer(StatusCode::SERVICE_UNAVAILABLE, Body::from("try again in a moment\n"), &[(RETRY_AFTER, "5")])
}

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

fn escape(text: &str) -> String {
    crate::delivery::escape(text)
}

/// As `Last-Modified` has it (RFC 9110, 5.6.7).
fn http_date(time: duikou_proto::envelope::Micros) -> String {
    let second = jiff::Timestamp::from_second(time.div_euclid(1_000_000)).unwrap_or_default();
    second.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
