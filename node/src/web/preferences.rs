//! Language and light, as a form in every page's header sets them. Cookies keep them for a year.

use axum::Router;
use axum::extract::{RawForm, State};
use axum::response::Response;
use axum::routing::post;
use duikou_proto::language::Language;
use http::HeaderValue;
use http::header::SET_COOKIE;

use super::Web;
use super::respond::{local_path, see_other};
use super::visitor::{THEME_COOKIE, Theme};
use crate::http::LANGUAGE_COOKIE;

/// How long they are kept: a year.
const KEPT_SECONDS: u32 = 365 * 24 * 60 * 60;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/preferences", post(keep))
}

async fn keep(State(web): State<Web>, RawForm(form): RawForm) -> Response {
    let (mut back, mut cookies) = ("/".to_owned(), Vec::new());
    for (key, value) in form_urlencoded::parse(&form) {
        match &*key {
            "back" => back = local_path(&value).to_owned(),
            "language" => {
                let known = [Language::Zh, Language::En].into_iter().find(|language| language.tag() == value);
                cookies.extend(known.map(|language| (LANGUAGE_COOKIE, language.tag())));
            }
            "theme" => cookies.extend(Theme::read(&value).map(|theme| (THEME_COOKIE, theme.as_str()))),
            _ => {}
        }
    }
    let mut response = see_other(&back);
    let only_tls = if web.0.tls { "; Secure" } else { "" };
    for (name, value) in cookies {
        let cookie = format!("{name}={value}; Path=/; Max-Age={KEPT_SECONDS}; SameSite=Lax; HttpOnly{only_tls}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}
