//! Whoever sends a form after the session has ended signs in first; what was typed is kept in the page meanwhile, and sent
//! on afterwards. Files are not: the page says so.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::Uri;

use super::Web;
use super::people::sign_in;
use super::sent::{Sent, form_bytes, is_form};
use super::signed::SignInFirst;
use super::visitor::visitor_of;
use crate::limits;

/// Parts of names of fields that are not kept: they hold what nobody is to read in a page.
const SECRET: [&str; 3] = ["password", "code", "secret"];

/// A form that waits until whoever sent it has signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Where it was sent to: path and query.
    pub(super) path: String,
    /// What it held.
    pub(super) fields: Vec<(String, String)>,
}

/// Answers those who have to sign in first with the page on which they do.
pub(super) async fn keep_typed(State(web): State<Web>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let visitor = visitor_of(&parts, &web).await;
    if visitor.signed_in().is_some() {
        return next.run(Request::from_parts(parts, body)).await;
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
        let fields = Sent::read(&bytes).unwrap_or_default().fields().to_vec();
        let fields = fields.into_iter().filter(|(name, _)| !SECRET.iter().any(|word| name.contains(word))).collect();
        return sign_in::instead(&web, &visitor, Some(Waiting { path, fields }));
    }
    let (answer, rest) = (parts, body);
    let response = next.run(Request::from_parts(answer, Body::empty())).await;
    if response.extensions().get::<SignInFirst>().is_none() {
        return response;
    }
    drain(rest).await;
    sign_in::instead(&web, &visitor, None)
}

fn path_of(uri: &Uri) -> String {
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
