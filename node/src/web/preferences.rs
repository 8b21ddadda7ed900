//! Language and light, as a form in every page's header sets them. Cookies keep them for a year.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use duikou_proto::language::Language;
use http::HeaderValue;
use http::header::SET_COOKIE;

use super::Web;
use super::respond::{local_path, see_other};
use super::sent::Sent;
use super::visitor::{THEME_COOKIE, Theme};
use crate::http::{Cookies, LANGUAGE_COOKIE};

/// How long they are kept: a year.
const KEPT_SECONDS: u32 = 365 * 24 * 60 * 60;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/preferences", post(keep))
}

async fn keep(State(web): State<Web>, sent: Sent) -> Response {
    let mut response = see_other(local_path(sent.get("back")));
    let language = language_cookie(web.cookies(), sent.get("language"));
    let theme = Theme::read(sent.get("theme"));
    let theme = theme.and_then(|theme| web.cookies().set(THEME_COOKIE, theme.as_str(), Some(KEPT_SECONDS)));
    for cookie in language.into_iter().chain(theme) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The header that keeps a language by its tag or its short form, which accounts have; None where it is none.
pub(super) fn language_cookie(cookies: Cookies, language: &str) -> Option<HeaderValue> {
    let fits = |known: &Language| known.tag() == language || short(*known) == language;
    let known = [Language::Zh, Language::En].into_iter().find(fits)?;
    cookies.set(LANGUAGE_COOKIE, known.tag(), Some(KEPT_SECONDS))
}

/// The short form of a language.
pub(super) const fn short(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}
