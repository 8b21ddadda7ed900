//! What is known of a request before anybody looks into it.

use axum_extra::extract::CookieJar;
use duikou_proto::language::Language;
use http::Request;
use http::header::ACCEPT_LANGUAGE;
use uuid::Uuid;

/// One request and its answer. Handlers find it in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// By which people and logs speak of it: `x-request-id` of the answer.
    pub(crate) id: Uuid,
    /// The language of the answer's texts.
    pub(crate) language: Language,
    /// The path that was asked for.
    pub(crate) path: String,
}

/// The cookie in which a browser keeps the language that was chosen on a page.
pub(crate) const LANGUAGE_COOKIE: &str = "language";

impl Exchange {
    /// The one that `request` begins.
    pub(crate) fn begin<B>(request: &Request<B>) -> Self {
        let path = request.uri().path();
        // What was chosen goes before what the browser was installed with. Programs send no cookies that count.
        let cookies =
            if path.starts_with("/v1/") { CookieJar::new() } else { CookieJar::from_headers(request.headers()) };
        let chosen = cookies.get(LANGUAGE_COOKIE).map(|cookie| cookie.value());
        let chosen = [Language::Zh, Language::En].into_iter().find(|language| chosen == Some(language.tag()));
        let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = chosen.unwrap_or_else(|| Language::from_accept_language(accepted.unwrap_or_default()));
        Self { id: Uuid::new_v4(), language, path: path.to_owned() }
    }

    /// The one that `request` belongs to.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().cloned().unwrap_or_else(|| Self::begin(request))
    }
}
