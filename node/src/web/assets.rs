//! Style, script and mark of the pages. Their addresses name their content, so browsers keep them for ever.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use duikou_proto::language::Text;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tonic::Code;

use super::respond::Failed;
use crate::http::{Exchange, Problem};

/// The colours stand for those whose system is dark, for those who chose a light, and for the page that shows both. Paper
/// is light for everybody.
const STYLE: &str = concat!(
    include_str!("../../assets/tokens.css"),
    ":root {\n",
    include_str!("../../assets/light.css"),
    "}\n@media screen and (prefers-color-scheme: dark) {\n:root:not([data-theme=\"light\"]) {\n",
    include_str!("../../assets/dark.css"),
    "}\n}\n@media screen {\n:root[data-theme=\"dark\"], .lit.dark {\n",
    include_str!("../../assets/dark.css"),
    "}\n}\n.lit.light {\n",
    include_str!("../../assets/light.css"),
    "}\n",
    include_str!("../../assets/base.css"),
    include_str!("../../assets/layout.css"),
    include_str!("../../assets/parts.css"),
    include_str!("../../assets/reading.css"),
    include_str!("../../assets/people.css"),
    include_str!("../../assets/drafts.css"),
    include_str!("../../assets/imports.css"),
    include_str!("../../assets/saved.css"),
    include_str!("../../assets/office.css"),
    include_str!("../../assets/print.css"),
);
const SCRIPT: &str = include_str!("../../assets/duikou.js");
const MARK: &str = include_str!("../../assets/mark.svg");

/// A file with its address.
pub(crate) struct Asset {
    path: String,
    kind: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, kind: &'static str, body: &'static str) -> Self {
        let hash = blake3::hash(body.as_bytes()).to_hex();
        Self { path: format!("/assets/{name}-{}.{ending}", &hash[..16]), kind, body }
    }

    /// Its address on this site.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

/// The style sheet.
pub(crate) static STYLE_FILE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("duikou", "css", "text/css; charset=utf-8", STYLE));
/// The script, without which everything works too.
pub(crate) static SCRIPT_FILE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("duikou", "js", "text/javascript; charset=utf-8", SCRIPT));
/// The mark.
pub(crate) static MARK_FILE: LazyLock<Asset> = LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", MARK));

pub(super) fn routes() -> Router {
    Router::new().route("/assets/{file}", get(file)).route("/robots.txt", get(robots))
}

/// What search engines need not look at: what is made anew for each look, and what programs ask.
const ROBOTS: &str =
    "User-agent: *\nDisallow: /v1/\nDisallow: /listings/*/counterparts\nDisallow: /design\nDisallow: /sign-in\n";

async fn robots() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], ROBOTS).into_response()
}

async fn file(Path(file): Path<String>, request: axum::extract::Request) -> Response {
    let wanted = format!("/assets/{file}");
    match [&*STYLE_FILE, &*SCRIPT_FILE, &*MARK_FILE].into_iter().find(|asset| asset.path == wanted) {
        Some(asset) => sent(asset),
        None => {
            let language = Exchange::of(&request).language;
            let text = Text::new("没有这个文件，请重新打开页面。", "There is no such file: open the page anew.");
            let problem = Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NOT_FOUND", &text, language);
            Failed(problem).into_response()
        }
    }
}

fn sent(asset: &Asset) -> Response {
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    ([(CONTENT_TYPE, HeaderValue::from_static(asset.kind)), (CACHE_CONTROL, kept)], asset.body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_paper_is_dark() {
        let dark = include_str!("../../assets/dark.css");
        let before: Vec<&str> = STYLE.split(dark).collect();
        assert_eq!(before.len(), 3, "the colours stand twice");
        for text in &before[..2] {
            // Of the blocks that are open where they stand, the outer one is for screens.
            let mut open = Vec::new();
            for (at, c) in text.char_indices() {
                match c {
                    '{' => open.push(text[..at].rsplit(['}', '{', ';']).next().unwrap_or_default().trim()),
                    '}' => drop(open.pop()),
                    _ => {}
                }
            }
            assert!(open.len() == 2 && open[0].starts_with("@media screen"), "{open:?}");
        }
    }

    #[test]
    fn style_and_script_need_nobody_else_and_no_new_browser() {
        for (text, foreign) in
            [(STYLE, ["http:", "https:", "@import", ":has("]), (SCRIPT, ["http:", "https:", "eval(", "innerHTML"])]
        {
            for word in foreign {
                assert!(!text.contains(word), "{word}");
            }
        }
        assert!(STYLE.len() < 40 * 1024, "{} bytes of style", STYLE.len());
        let (open, shut) = (STYLE.matches('{').count(), STYLE.matches('}').count());
        assert_eq!(open, shut, "every block is closed");
    }
}
