//! Sends a page: strict headers, a tag, and nothing where the browser has it already.

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE, VARY,
};
use http::{HeaderValue, StatusCode};

use super::visitor::Visitor;
use crate::http::{Problem, tags};

/// Nothing is taken from elsewhere, nothing in the page itself runs or sets style, and forms lead here.
pub(super) const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);
/// Language, light and person come from cookies too.
const DEPENDS: HeaderValue = HeaderValue::from_static("cookie");

/// What is made for somebody who is signed in stays nowhere.
pub(super) const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");
/// The cookie that carries what is to be told of what was done to the page that is shown next. It holds an id of the
/// catalogue, never a text.
pub(super) const NOTICE_COOKIE: &str = "notice";
/// How long a browser may take to the next page.
const NOTICE_SECONDS: u32 = 60;

/// A page, or why there is none.
pub(crate) type Answer = Result<Response, Failed>;

/// Why there is no page. Programs get the problem as a document, browsers as a page.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Problem);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status();
        response.extensions_mut().insert(self.0);
        response
    }
}

impl Visitor {
    /// The page that `template` writes.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn page(&self, template: &impl Template) -> Answer {
        self.page_with(StatusCode::OK, template)
    }

    /// The same under another status.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn page_with(&self, status: StatusCode, template: &impl Template) -> Answer {
        let html = template.render().map_err(|error| {
            tracing::error!(%error, "a page could not be written");
            self.failed(&tonic::Status::internal(error.to_string()))
        })?;
        Ok(self.html(status, html))
    }

    /// `html` as a whole page.
    pub(crate) fn html(&self, status: StatusCode, html: String) -> Response {
        let tag = tags::tag_of(html.as_bytes());
        let held = status == StatusCode::OK && self.has(&tag);
        let (status, body) = if held { (StatusCode::NOT_MODIFIED, Body::empty()) } else { (status, Body::from(html)) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(self.language().tag()));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.append(VARY, DEPENDS);
        if self.signed_in().is_some() || !self.is_anybody() {
            headers.insert(CACHE_CONTROL, PRIVATE);
        }
        if self.notice().is_some()
            && let Ok(told) =
                HeaderValue::from_str(&format!("{NOTICE_COOKIE}=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0"))
        {
            headers.append(SET_COOKIE, told);
        }
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        response
    }
}

/// What is shown once, or holds a secret in its address: it is kept nowhere.
pub(crate) fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    response
}

/// Leads to another page, which is then read anew (303).
pub(crate) fn see_other(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/")));
    response
}

/// The same, and the next page that is shown tells of what was done: `notice` is an id of the catalogue that begins with
/// `done-`.
pub(crate) fn see_other_with(path: &str, notice: &'static str) -> Response {
    let mut response = see_other(path);
    let cookie = format!("{NOTICE_COOKIE}={notice}; Path=/; SameSite=Lax; HttpOnly; Max-Age={NOTICE_SECONDS}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A path of this site to which a form leads back; the first page where it is none.
pub(crate) fn local_path(text: &str) -> &str {
    let inside = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    if inside && text.bytes().all(|byte| byte.is_ascii_graphic()) { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_back_to_this_site_only() {
        for path in ["/", "/listings?q=%E5%86%B7", "/members/bijie#x"] {
            assert_eq!(local_path(path), path);
        }
        for foreign in
            ["", "https://elsewhere.example", "//elsewhere.example", "/\\elsewhere", "/a b", "/a\r\nb", "listings"]
        {
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
    }
}
