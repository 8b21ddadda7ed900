//! `/docs`: the same document for people, made on the server, without scripts.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use duikou_proto::language::Language;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;

use super::DOCUMENT;
use crate::html::{self, Escaped};

const STYLE: &str = include_str!("style.css");
/// The page takes its own style sheet and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub(super) fn routes() -> Router {
    Router::new().route("/docs", get(page)).route("/docs/style.css", get(style))
}

async fn page() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| render(&DOCUMENT));
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY)], PAGE.as_str()).into_response()
}

async fn style() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))], STYLE).into_response()
}

fn text<'a>(value: &'a Value, key: &str) -> Escaped<'a> {
    Escaped(value[key].as_str().unwrap_or_default())
}

/// Each operation with the path and the verb under which it is called.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object();
    let entries = paths.iter().flat_map(|paths| paths.iter());
    entries
        .flat_map(|(path, entry)| {
            let verbs = entry.as_object();
            verbs.into_iter().flatten().map(move |(verb, operation)| (&**path, &**verb, operation))
        })
        .collect()
}

fn render(document: &Value) -> String {
    let mut body = String::new();
    // Writing into a String cannot fail.
    let _ = write_body(&mut body, document);
    let title = format!("接口文档 API - {}", document["info"]["title"].as_str().unwrap_or_default());
    html::document(Language::Zh, &title, Some("/docs/style.css"), body)
}

fn write_body(page: &mut String, document: &Value) -> std::fmt::Result {
    let info = &document["info"];
    write!(
        page,
        "<header><h1>{title} <span>接口文档 <span lang=\"en\">API</span></span></h1>\
         <p lang=\"en\">{about}</p>\
         <p>机器可读：<a href=\"/openapi.json\">/openapi.json</a>（OpenAPI 3.1）。\
         <span lang=\"en\">Machine-readable: the same link.</span></p>\
         <p><a href=\"/\">返回首页 <span lang=\"en\">to the pages</span></a></p></header>",
        title = text(info, "title"),
        about = text(info, "description"),
    )?;
    let all = operations(document);
    let tags = document["tags"].as_array().cloned().unwrap_or_default();
    page.write_str("<nav aria-label=\"目录 contents\"><ul>")?;
    for (path, verb, operation) in &all {
        let id = text(operation, "operationId");
        write!(page, "<li><a href=\"#{id}\">{} <code>{}</code></a></li>", verb.to_uppercase(), Escaped(path))?;
    }
    page.write_str("</ul></nav><main>")?;
    for tag in &tags {
        write!(page, "<h2>{}</h2><p lang=\"en\">{}</p>", text(tag, "name"), text(tag, "description"))?;
        for (path, verb, operation) in all.iter().filter(|(_, _, operation)| operation["tags"][0] == tag["name"]) {
            write_operation(page, path, verb, operation)?;
        }
    }
    page.write_str("<h2 id=\"reasons\">错误原因 <span lang=\"en\">Reasons of errors</span></h2>")?;
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    write_reasons(page, "reason", &problem["reason"])?;
    write_reasons(page, "violations[].reason", &problem["violations"]["items"]["properties"]["reason"])?;
    page.write_str("<h2>数据结构 <span lang=\"en\">Schemas</span></h2>")?;
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        write_schema(page, name, schema)?;
    }
    page.write_str("</main>")
}

/// What a word says, in a table.
fn write_reasons(page: &mut String, field: &str, schema: &Value) -> std::fmt::Result {
    write!(
        page,
        "<section><h3><code>{}</code></h3><p lang=\"en\">{}</p><table><thead><tr><th scope=\"col\">原因 <span lang=\"en\">Reason</span></th><th scope=\"col\">说明 <span lang=\"en\">Meaning</span></th></tr></thead><tbody>",
        Escaped(field),
        text(schema, "description"),
    )?;
    for (word, told) in schema["x-reasons"].as_object().into_iter().flatten() {
        write!(
            page,
            "<tr><td><code>{}</code></td><td>{} <span lang=\"en\">{}</span></td></tr>",
            Escaped(word),
            text(told, "zh"),
            text(told, "en"),
        )?;
    }
    page.write_str("</tbody></table></section>")
}

fn write_operation(page: &mut String, path: &str, verb: &str, operation: &Value) -> std::fmt::Result {
    let id = text(operation, "operationId");
    write!(
        page,
        "<section aria-labelledby=\"{id}\"><h3 id=\"{id}\"><span class=\"verb\">{}</span> <code>{}</code></h3>\
         <p lang=\"en\">{}</p>",
        verb.to_uppercase(),
        Escaped(path),
        text(operation, "description"),
    )?;
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        page.write_str("<table><thead><tr><th scope=\"col\">参数 <span lang=\"en\">Parameter</span></th><th scope=\"col\">位置 <span lang=\"en\">In</span></th><th scope=\"col\">类型 <span lang=\"en\">Type</span></th><th scope=\"col\">说明 <span lang=\"en\">Meaning</span></th></tr></thead><tbody>")?;
        for parameter in parameters {
            write!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>",
                text(parameter, "name"),
                text(parameter, "in")
            )?;
            write_type(page, &parameter["schema"])?;
            write!(page, "</td><td lang=\"en\">{}</td></tr>", text(parameter, "description"))?;
        }
        page.write_str("</tbody></table>")?;
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if body.is_object() {
        page.write_str("<p>正文 <span lang=\"en\">Body</span>: ")?;
        write_type(page, body)?;
        page.write_str("</p>")?;
    }
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        for (kind, content) in answer["content"].as_object().into_iter().flatten() {
            write!(page, "<p>{} <code>{}</code>: ", Escaped(status), Escaped(kind))?;
            write_type(page, &content["schema"])?;
            page.write_str("</p>")?;
        }
    }
    page.write_str("</section>")
}

fn write_schema(page: &mut String, name: &str, schema: &Value) -> std::fmt::Result {
    write!(
        page,
        "<section aria-labelledby=\"schema-{name}\"><h3 id=\"schema-{name}\">{name}</h3><p lang=\"en\">{about}</p>",
        name = Escaped(name),
        about = text(schema, "description"),
    )?;
    if let Some(names) = schema["enum"].as_array() {
        page.write_str("<ul>")?;
        for name in names.iter().filter_map(Value::as_str) {
            write!(page, "<li><code>{}</code></li>", Escaped(name))?;
        }
        page.write_str("</ul>")?;
    }
    if let Some(properties) = schema["properties"].as_object() {
        page.write_str("<table><thead><tr><th scope=\"col\">字段 <span lang=\"en\">Field</span></th><th scope=\"col\">类型 <span lang=\"en\">Type</span></th><th scope=\"col\">说明 <span lang=\"en\">Meaning</span></th></tr></thead><tbody>")?;
        for (field, schema) in properties {
            write!(page, "<tr><td><code>{}</code></td><td>", Escaped(field))?;
            write_type(page, schema)?;
            write!(page, "</td><td lang=\"en\">{}</td></tr>", text(schema, "description"))?;
        }
        page.write_str("</tbody></table>")?;
    }
    page.write_str("</section>")
}

fn write_type(page: &mut String, schema: &Value) -> std::fmt::Result {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return write!(page, "<a href=\"#schema-{name}\">{name}</a>", name = Escaped(name));
    }
    if schema["items"].is_object() {
        page.write_str("list of ")?;
        return write_type(page, &schema["items"]);
    }
    let kind = schema["type"].as_str().unwrap_or("any");
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    write!(page, "{}{}", Escaped(kind), Escaped(&format))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::reasons::{FIELD_REASONS, REASONS};
    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_every_schema_and_needs_nobody() {
        let page = render(&DOCUMENT);
        for (path, _, operation) in operations(&DOCUMENT) {
            assert!(page.contains(&format!("id={}", operation["operationId"])), "{path}");
        }
        for name in DOCUMENT["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        for (word, ..) in REASONS.iter().chain(FIELD_REASONS) {
            assert!(page.contains(&format!("<td><code>{word}</code></td>")), "{word}");
        }
        for foreign in ["http://", "https://", "<script", "style=", " on"] {
            let found =
                page.find(&format!("\"{foreign}")).or_else(|| page.find(foreign).filter(|_| foreign.starts_with('<')));
            assert_eq!(found, None, "{foreign}");
        }
    }

    #[test]
    fn markup_in_a_comment_is_text() {
        let page = render(&json!({"info": {"title": "<b>\"&'"}}));
        assert!(page.contains("&lt;b&gt;&quot;&amp;&#39;") && !page.contains("<b>"));
    }
}
