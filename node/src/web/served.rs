//! A sample of every page, served as pages are: for those who judge how they look. Only builds for tests have it.

use std::sync::OnceLock;

use axum::response::{Html, IntoResponse, Response};
use duikou_proto::language::Language;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;

use super::assets;
use super::respond::POLICY;
use super::samples::all;
use super::visitor::Theme;

type Pages = Vec<(&'static str, String)>;

fn written(language: Language) -> &'static Pages {
    static CHINESE: OnceLock<Pages> = OnceLock::new();
    static ENGLISH: OnceLock<Pages> = OnceLock::new();
    let pages = match language {
        Language::Zh => &CHINESE,
        Language::En => &ENGLISH,
    };
    pages.get_or_init(|| all(language, Theme::Auto))
}

/// Every sample: what its template is called, and where it is served.
pub fn pages() -> Vec<(String, String)> {
    let named = |(number, (name, _)): (usize, &(&str, String))| (format!("{name} {number}"), format!("/{number}"));
    written(Language::Zh).iter().enumerate().map(named).collect()
}

/// Serves them in the language that is asked for, until the runtime ends.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    axum::serve(listener, assets::routes().fallback(page)).await
}

async fn page(address: Uri, headers: HeaderMap) -> Response {
    let number = address.path().trim_start_matches('/').parse().ok();
    match number.and_then(|number: usize| written(crate::services::language(&headers)).get(number)) {
        Some((_, page)) => ([(CONTENT_SECURITY_POLICY, POLICY)], Html(page.as_str())).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
