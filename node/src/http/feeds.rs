//! Pages of subscriptions at their secret addresses, and the pages to which links in mails lead. They work without
//! JavaScript; a link only shows a form, since mail programs open links by themselves, and the form acts.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use duikou_proto::language::{Language, Text};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, LAST_MODIFIED, REFERRER_POLICY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tonic::Code;

use super::{Exchange, Problem, tags};
use crate::config::BaseUrl;
use crate::delivery::{Busy, Desk, Form, Link, PageRequest, Purpose};
use crate::html::{Escaped, document};
use crate::services::Failure;

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
    Extension(exchange): Extension<Exchange>,
    headers: HeaderMap,
) -> Response {
    let refuse = |problem: Problem| problem.respond_to(&exchange, &headers);
    let parsed = file.rsplit_once('.').and_then(|(secret, ending)| Some((secret, Form::of_ending(ending)?)));
    let Some((secret, form)) = parsed.filter(|(secret, _)| secret.len() <= SECRET_BYTES) else {
        return refuse(absent(exchange.language));
    };
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let after = pairs.find_map(|(key, value)| (key == "after").then(|| value.into_owned())).unwrap_or_default();
    let request = PageRequest { secret, form, after: &after, base: pages.base.as_ref() };
    let rendered = match pages.desk.page(&request).await {
        Ok(Some(rendered)) => rendered,
        Ok(None) => return refuse(absent(exchange.language)),
        Err(busy) => return refuse(unready(busy, exchange.language)),
    };
    let tag = tags::tag_of(&rendered.body);
    let updated = http_date(rendered.updated);
    let same = match tags::is_asked(&headers) {
        true => tags::holds(&headers, &tag),
        false => headers.get(IF_MODIFIED_SINCE).is_some_and(|since| since.as_bytes() == updated.as_bytes()),
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

async fn ask_confirm(pages: State<Pages>, Path(token): Path<String>, exchange: Extension<Exchange>) -> Response {
    show(&pages, Purpose::Confirm, &token).await.unwrap_or_else(|gone| gone.respond(&exchange))
}

async fn ask_unsubscribe(pages: State<Pages>, Path(token): Path<String>, exchange: Extension<Exchange>) -> Response {
    show(&pages, Purpose::Unsubscribe, &token).await.unwrap_or_else(|gone| gone.respond(&exchange))
}

async fn confirm(pages: State<Pages>, Path(token): Path<String>, exchange: Extension<Exchange>) -> Response {
    act(&pages, Purpose::Confirm, &token).await.unwrap_or_else(|gone| gone.respond(&exchange))
}

async fn unsubscribe(pages: State<Pages>, Path(token): Path<String>, exchange: Extension<Exchange>) -> Response {
    act(&pages, Purpose::Unsubscribe, &token).await.unwrap_or_else(|gone| gone.respond(&exchange))
}

/// Why a link leads nowhere.
enum Gone {
    /// It was never good, or is no longer: both look alike.
    Dead,
    /// That cannot be told, or nothing can be done, at the moment.
    Busy(Busy),
}

impl<E: Into<Busy>> From<E> for Gone {
    fn from(error: E) -> Self {
        Self::Busy(error.into())
    }
}

impl Gone {
    fn respond(self, exchange: &Exchange) -> Response {
        match self {
            Self::Busy(busy) => unready(busy, exchange.language).page(exchange),
            // Whose language it would be in is not known either.
            Self::Dead => {
                let text = "此链接无效或已失效。 · This link is not good, or no longer.";
                page(StatusCode::NOT_FOUND, Language::Zh, text, &format!("<p>{text}</p>"))
            }
        }
    }
}

/// What a link is for.
async fn linked(pages: &Pages, purpose: Purpose, token: &str) -> Result<Link, Gone> {
    if token.len() > SECRET_BYTES {
        return Err(Gone::Dead);
    }
    pages.desk.mail_link(purpose, token).await?.ok_or(Gone::Dead)
}

/// The form that asks once more.
async fn show(pages: &Pages, purpose: Purpose, token: &str) -> Result<Response, Gone> {
    let link = linked(pages, purpose, token).await?;
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
        Escaped(question.in_language(link.language)),
        button.in_language(link.language),
    );
    Ok(page(StatusCode::OK, link.language, button.in_language(link.language), &body))
}

async fn act(pages: &Pages, purpose: Purpose, token: &str) -> Result<Response, Gone> {
    let link = linked(pages, purpose, token).await?;
    if !pages.desk.follow_mail_link(purpose, token).await? {
        return Err(Gone::Dead);
    }
    let done = match purpose {
        Purpose::Confirm => Text::new("已确认，摘要将按时寄出。", "Confirmed: digests will come."),
        Purpose::Unsubscribe => Text::new("已退订，不会再寄。", "Unsubscribed: nothing more will come."),
    };
    let done = done.in_language(link.language);
    Ok(page(StatusCode::OK, link.language, done, &format!("<p>{done}</p>")))
}

fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    answer(
        status,
        Body::from(document(language, title, None, format_args!("<main>{body}</main>"))),
        &[
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            // The address holds a secret: it goes nowhere else.
            (REFERRER_POLICY, "no-referrer"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
        ],
    )
}

/// An address that was never given out, and one that has ended, look alike.
fn absent(language: Language) -> Problem {
    let text = Text::new(
        "没有这个地址，或它已停用，请向提供者索取新的地址。",
        "There is no feed at this address, or no longer: ask whoever gave it to you for the new one.",
    );
    Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NOT_FOUND", &text, language)
}

fn unready(busy: Busy, language: Language) -> Problem {
    let failure = match busy {
        Busy::Unready => Failure::PageUnready,
        Busy::Store(error) => error.into(),
        Busy::Write(error) => error.into(),
    };
    Problem::of(&failure.status(language), language)
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

/// As `Last-Modified` has it (RFC 9110, 5.6.7).
fn http_date(time: duikou_proto::envelope::Micros) -> String {
    let second = jiff::Timestamp::from_second(time.div_euclid(1_000_000)).unwrap_or_default();
    second.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
