//! What goes wrong, shown to browsers as a page in the reader's language, with the same codes as the document that
//! programs get. What somebody who is signed in had typed into a form is on that page, and is sent once more from there.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use duikou_proto::language::Text;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use tonic::Code;
use tower_http::csrf::ProtectionError;

use super::Web;
use super::layout::{Page, Section};
use super::returning::{Waiting, path_of};
use super::sent::{form_bytes, is_form};
use super::visitor::visitor_of;
use crate::http::{Exchange, PROBLEM_JSON, Problem};

/// Below these addresses programs are answered, whatever they accept.
const FOR_PROGRAMS: [&str; 2] = ["/v1/", "/openapi.json"];

/// The page of a problem.
#[derive(Template)]
#[template(path = "kit/problem.html")]
pub(super) struct ProblemPage {
    pub(super) page: Page,
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) violations: Vec<(String, String)>,
    pub(super) request_id: String,
    /// What was typed into the form that met it; without a path: nothing was.
    pub(super) typed: Waiting,
    /// For whom whoever looks has to act first, and the button for it; None: that is not what is wrong.
    pub(super) member: Option<(String, String)>,
    /// Where they go on then, where nothing was typed.
    pub(super) back: String,
}

/// Answers a browser with a page where whoever is behind said that something went wrong.
pub(super) async fn explain(State(web): State<Web>, request: Request, next: Next) -> Response {
    let for_program = FOR_PROGRAMS.iter().any(|prefix| request.uri().path().starts_with(prefix));
    let browser = !for_program && wants_page(request.headers());
    let exchange = Exchange::of(&request);
    let (parts, body) = request.into_parts();
    let visitor = match browser {
        true => Some(visitor_of(&parts, &web).await),
        false => None,
    };
    let keeps = visitor.as_ref().is_some_and(|visitor| visitor.signed_in().is_some())
        && !parts.method.is_safe()
        && is_form(&parts.headers)
        && is_of_this_site(&parts.headers);
    let safe = parts.method.is_safe();
    let mut typed = Waiting::default();
    let response = match keeps {
        false => next.run(Request::from_parts(parts, body)).await,
        true => match form_bytes(body, exchange.language).await {
            Ok(bytes) => {
                let path = path_of(&parts.uri);
                let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
                if response.status().is_client_error() || response.status().is_server_error() {
                    typed = Waiting::of(path, &bytes);
                }
                response
            }
            Err(failed) => failed.into_response(),
        },
    };
    let Some(problem) = problem_in(&response, &exchange) else { return response };
    let Some(visitor) = visitor else {
        // What is a document already stays as it is.
        let document = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
        return if document { response } else { problem.respond(&exchange) };
    };
    let mut page = Page::new(&web, &visitor, Section::None, problem.title(visitor.language()));
    page.indexed = false;
    let detail = to_people(&page, &problem).unwrap_or_else(|| problem.detail().to_owned());
    let member = problem.member().and_then(|member| {
        let acting = page.signed_in()?.members.iter().find(|acting| acting.id == member)?;
        Some((member.to_owned(), page.about("problem-act-for", &acting.name)))
    });
    // Where a form stands is not known where it has files; its part of the site is.
    let back = match safe {
        true => visitor.here.clone(),
        false => format!("/{}", visitor.here.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default()),
    };
    let shown = ProblemPage {
        page,
        status: problem.status().as_u16(),
        code: problem.code_name(),
        reason: problem.reason().to_owned(),
        detail,
        violations: problem.violations().map(|(field, text)| (field.to_owned(), text.to_owned())).collect(),
        request_id: exchange.id.to_string(),
        typed,
        member,
        back,
    };
    let mut page = match visitor.page_with(problem.status(), &shown) {
        Ok(page) => page,
        Err(failed) => return failed.0.respond(&exchange),
    };
    if let Some(wait) = response.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    page
}

/// What is said to people where what programs are told would not help them: they have accounts in place of tokens, and
/// know no names and methods.
fn to_people(page: &Page, problem: &Problem) -> Option<String> {
    let texts = page.texts();
    match problem.reason() {
        "NOT_PERMITTED" if page.signed_in().is_some() => {
            Some(texts.fill("problem-not-permitted", &[("role", &page.role_name())]))
        }
        "NOT_FOUND" if problem.detail().contains("/listings/") => Some(texts.text("problem-no-listing")),
        "METHOD_NOT_ALLOWED" => Some(texts.text("problem-no-form")),
        _ => None,
    }
}

/// Whether a form comes from a page of this site, as far as the browser says: what another site has filled in is not
/// offered to be sent once more.
fn is_of_this_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

/// The problem that an answer tells of.
fn problem_in(response: &Response, exchange: &Exchange) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    if response.extensions().get::<ProtectionError>().is_none() {
        return Problem::unsaid(response, exchange.language);
    }
    let text = Text::new(
        "此表单来自其他网站，未作任何更改。请回到本站的页面重新提交。",
        "This form was sent from another site, and nothing was changed: go back to a page of this site and send it there.",
    );
    Some(Problem::new(StatusCode::FORBIDDEN, Code::PermissionDenied, "OTHER_SITE", &text, exchange.language))
}

/// Whether pages are asked for by name: programs that take anything get documents.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.split(',').any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
}
