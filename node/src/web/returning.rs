//! Whoever sends a form after the session has ended signs in first; what was typed is kept in the page meanwhile, and sent
//! on afterwards. Files are not: the page says so. What was typed into a form that met an error is kept in the page that
//! tells of it (`problems`). A form says for which member it was opened: where whoever sends it acts for another one by now,
//! having chosen that in another window, nothing is done, and it waits until they act for the first again.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::Uri;

use super::Web;
use super::people::sign_in;
use super::sent::{Sent, form_bytes, is_form};
use super::signed::{FOR, SignInFirst, is_theirs};
use super::visitor::visitor_of;
use crate::limits;

/// Words in the names of fields that are not kept: they hold what nobody is to read in a page.
const SECRET: [&str; 3] = ["password", "code", "secret"];

/// A form that waits until whoever sent it has signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Where it was sent to: path and query.
    pub(super) path: String,
    /// What it held.
    pub(super) fields: Vec<(String, String)>,
}

impl Waiting {
    /// What a form held that was sent to `path`, but for its secrets.
    pub(super) fn of(path: String, body: &[u8]) -> Self {
        let fields = Sent::read(body).unwrap_or_default().fields().to_vec();
        Self { path, fields: fields.into_iter().filter(|(name, _)| !is_secret(name)).collect() }
    }

    /// The fields for a form that sends them once more, their names after `prefix`. `{{ kept|safe }}` writes them.
    pub(super) fn fields_after(&self, prefix: &'static str) -> KeptFields {
        let mut fields: Vec<(String, Vec<String>)> = Vec::new();
        for (name, value) in &self.fields {
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value.clone()),
                None => fields.push((name.clone(), vec![value.clone()])),
            }
        }
        KeptFields { prefix, fields }
    }

    /// Those that people have written words into: they are shown, so that they can be copied whatever happens.
    pub(super) fn words(&self) -> Vec<String> {
        let words = self.fields.iter().map(|(_, value)| value.trim());
        words.filter(|value| value.chars().any(|c| c.is_whitespace() || !c.is_ascii())).map(str::to_owned).collect()
    }
}

/// Nothing is lost whose name only contains such a word: `project_code` is no secret.
fn is_secret(name: &str) -> bool {
    name.split('-').any(|part| SECRET.contains(&part))
}

/// Fields that nobody sees, each name once: boxes that were ticked under one name are chosen in one list.
#[derive(Debug, Clone, Template)]
#[template(path = "kit/kept.html")]
pub(super) struct KeptFields {
    prefix: &'static str,
    fields: Vec<(String, Vec<String>)>,
}

/// Answers those who have to sign in first with the page on which they do, and passes on what is sent by those who have,
/// where it was opened for the member for whom they act.
pub(super) async fn keep_typed(State(web): State<Web>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let visitor = visitor_of(&parts, &web).await;
    if visitor.signed_in().is_some() {
        // Of a form with files whoever reads it looks.
        if !is_form(&parts.headers) {
            return next.run(Request::from_parts(parts, body)).await;
        }
        let bytes = match form_bytes(body, visitor.language()).await {
            Ok(bytes) => bytes,
            Err(failed) => return failed.into_response(),
        };
        let opened = form_urlencoded::parse(&bytes).find_map(|(key, value)| (key == FOR).then_some(value));
        return match opened.map_or(Ok(()), |opened| is_theirs(&visitor, &opened)) {
            Ok(()) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
            Err(failed) => failed.into_response(),
        };
    }
    let path = path_of(&parts.uri);
    if is_form(&parts.headers) {
        let bytes = match form_bytes(body, visitor.language()).await {
            Ok(bytes) => bytes,
            Err(failed) => return failed.into_response(),
        };
        let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
        if response.extensions().get::<SignInFirst>().is_none() {
            return response;
        }
        return sign_in::instead(&web, &visitor, Some(Waiting::of(path, &bytes)));
    }
    let (answer, rest) = (parts, body);
    let response = next.run(Request::from_parts(answer, Body::empty())).await;
    if response.extensions().get::<SignInFirst>().is_none() {
        return response;
    }
    drain(rest).await;
    sign_in::instead(&web, &visitor, None)
}

/// Path and query.
pub(super) fn path_of(uri: &Uri) -> String {
    uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// Reads what is still being sent, as far as there is a bound.
async fn drain(body: Body) {
    let mut left = limits::FORM_DRAINED;
    let mut pieces = body.into_data_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        match left.checked_sub(piece.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_kept_but_what_is_secret_and_each_name_once() {
        let body = "title=%E8%8C%B6&project_code=2026-1&stages=SEED&stages=ANGEL&password=x&password-again=y&first-code=1&code=2";
        let kept = Waiting::of("/drafts/new".to_owned(), body.as_bytes());
        let names: Vec<&str> = kept.fields.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["title", "project_code", "stages", "stages"]);
        assert_eq!(kept.words(), ["茶"]);
        let html = kept.fields_after("waiting.").render().unwrap();
        assert_eq!(html.matches("name=\"waiting.stages\"").count(), 1, "{html}");
        for value in ["SEED", "ANGEL"] {
            assert!(html.contains(&format!("<option value=\"{value}\" selected>")), "{html}");
        }
        assert!(html.contains("<input type=\"hidden\" name=\"waiting.title\" value=\"茶\">"), "{html}");
    }
}
