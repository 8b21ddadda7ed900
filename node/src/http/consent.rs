//! The pages to which links in mails lead: a link only shows a form, since mail programs open links by themselves, and the
//! form acts. They work without JavaScript.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use duikou_proto::language::{Language, Text};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};

use super::Exchange;
use super::feeds::{answer, unready};
use crate::delivery::{Busy, Desk, Link, Purpose};
use crate::html::{Escaped, document};

/// Longest token that is looked at.
const TOKEN_BYTES: usize = 256;
/// Where the style of these pages is.
const STYLE: &str = "/subscriptions/style.css";

/// `/subscriptions/{purpose}/{token}` for every purpose.
pub(crate) fn routes(desk: &Desk) -> Router {
    let all = [Purpose::Confirm, Purpose::Unsubscribe, Purpose::ConfirmNotices, Purpose::EndNotices];
    all.into_iter().fold(Router::new().route(STYLE, get(style)), |router, purpose| {
        let path = format!("/subscriptions/{}/{{token}}", purpose.as_str());
        router.merge(Router::new().route(&path, get(show).post(act)).with_state((desk.clone(), purpose)))
    })
}

async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=86400")];
    answer(StatusCode::OK, Body::from(include_str!("consent.css")), &headers)
}

/// What of a link is at hand.
type Linked = State<(Desk, Purpose)>;

async fn show(State((desk, purpose)): Linked, Path(token): Path<String>, exchange: Extension<Exchange>) -> Response {
    match linked(&desk, purpose, &token).await {
        Ok(link) => form(purpose, &link),
        Err(gone) => gone.respond(&exchange),
    }
}

async fn act(State((desk, purpose)): Linked, Path(token): Path<String>, exchange: Extension<Exchange>) -> Response {
    let acted = async {
        let link = linked(&desk, purpose, &token).await?;
        match desk.follow_mail_link(purpose, &token).await? {
            true => Ok(link),
            false => Err(Gone::Dead),
        }
    };
    match acted.await {
        Ok(link) => {
            let over = Text::new("可以关闭此页。", "You may close this page.");
            let over = format!("<p class=\"aside\">{}</p>", over.in_language(link.language));
            page(StatusCode::OK, link.language, done(purpose).in_language(link.language), &over)
        }
        Err(gone) => gone.respond(&exchange),
    }
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
                let body = "<p class=\"aside\" lang=\"en\">This link is not good, or no longer.</p>";
                page(StatusCode::NOT_FOUND, Language::Zh, "此链接无效或已失效。", body)
            }
        }
    }
}

/// What a link is for.
async fn linked(desk: &Desk, purpose: Purpose, token: &str) -> Result<Link, Gone> {
    if token.len() > TOKEN_BYTES {
        return Err(Gone::Dead);
    }
    desk.mail_link(purpose, token).await?.ok_or(Gone::Dead)
}

/// The form that asks once more.
fn form(purpose: Purpose, link: &Link) -> Response {
    let label = if link.label.is_empty() { "对口 Duikou" } else { &link.label };
    let (question, button) = asked(purpose, label, &link.address);
    let speaks = link.language;
    let stranger = Text::new("如果不是您本人操作，请关闭此页。", "If this was not you, close this page.");
    let body = format!(
        "<form method=\"post\"><button type=\"submit\">{}</button></form><p class=\"aside\">{}</p>",
        button.in_language(speaks),
        stranger.in_language(speaks),
    );
    page(StatusCode::OK, speaks, question.in_language(speaks), &body)
}

/// What a form asks, and what its button says.
fn asked(purpose: Purpose, label: &str, address: &str) -> (Text, Text) {
    match purpose {
        Purpose::Confirm => (
            Text::new(
                format!("将“{label}”的摘要寄到 {address}？"),
                format!("Send digests of \"{label}\" to {address}?"),
            ),
            Text::new("确认订阅", "Confirm"),
        ),
        Purpose::Unsubscribe => (
            Text::new(
                format!("不再把“{label}”寄到 {address}？"),
                format!("Send nothing more of \"{label}\" to {address}?"),
            ),
            Text::new("退订", "Unsubscribe"),
        ),
        Purpose::ConfirmNotices => (
            Text::new(
                format!("订阅“{label}”被服务器暂停时，通知 {address}？"),
                format!("Tell {address} when the subscription \"{label}\" is paused?"),
            ),
            Text::new("确认接收通知", "Confirm"),
        ),
        Purpose::EndNotices => (
            Text::new(
                format!("订阅“{label}”暂停时不再通知 {address}？"),
                format!("Tell {address} no more when the subscription \"{label}\" is paused?"),
            ),
            Text::new("不再通知", "No more notices"),
        ),
    }
}

/// What is said when it is done.
fn done(purpose: Purpose) -> Text {
    match purpose {
        Purpose::Confirm => Text::new("已确认，摘要将按时寄出。", "Confirmed: digests will come."),
        Purpose::Unsubscribe => Text::new("已退订，不会再寄。", "Unsubscribed: nothing more will come."),
        Purpose::ConfirmNotices => {
            Text::new("已确认，订阅暂停时会通知您。", "Confirmed: you will hear when it is paused.")
        }
        Purpose::EndNotices => Text::new("不会再寄通知。", "No more notices will come."),
    }
}

/// A page that says `title`, which is text; `body` is HTML.
fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let main = format!("<main><p class=\"name\">对口 Duikou</p><h1>{}</h1>{body}</main>", Escaped(title));
    answer(
        status,
        Body::from(document(language, title, Some(STYLE), main)),
        &[
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            // The address holds a secret: it goes nowhere else.
            (REFERRER_POLICY, "no-referrer"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            ),
        ],
    )
}
