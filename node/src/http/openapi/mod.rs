//! The OpenAPI 3.1 document of the REST interface, from the table by which calls are answered and the comments of the
//! contract; `page` shows it to people.

mod comments;
mod page;
mod reasons;
mod schema;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::problem::{PROBLEM_JSON, TYPE_PREFIX};
use super::tags;
use super::transcode::table::{Body, Route, Table};
use super::transcode::template::Segment;
use super::transcode::{is_scalar, takes_etag};
use crate::services::roles::{self, Need};
use comments::Comments;
use schema::{Behaviour, Schemas, describe, has_behaviour};

/// How deep a query reaches into a request.
const QUERY_DEPTH: usize = 4;

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);

/// `/openapi.json` and `/docs`.
pub(super) fn routes() -> Router {
    Router::new().route("/openapi.json", get(serve)).merge(page::routes())
}

async fn serve(headers: HeaderMap) -> Response {
    static TEXT: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
        let text = serde_json::to_vec(&*DOCUMENT).unwrap_or_default();
        let tag = tags::tag_of(&text);
        (text, tag)
    });
    let (text, tag) = &*TEXT;
    let held = tags::holds(&headers, tag);
    let status = if held { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let body = if held { Vec::new() } else { text.clone() };
    let kind = HeaderValue::from_static("application/json");
    let mut response = (status, [(CONTENT_TYPE, kind)], body).into_response();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

fn build() -> Value {
    let comments = Comments::read();
    let mut schemas = Schemas::new(&comments, bound());
    let mut paths: Map<String, Value> = Map::new();
    let mut tags: Vec<Value> = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut routes: Vec<&Route> = Table::get().routes().iter().collect();
    routes.sort_by_key(|route| (route.method.parent_service().full_name().to_owned(), route.method.index()));
    for route in routes {
        let service = route.method.parent_service();
        if tags.last().is_none_or(|tag| tag["name"] != service.name()) {
            let mut tag = json!({"name": service.name()});
            describe(&mut tag, comments.service(service));
            tags.push(tag);
        }
        let (path, parameters) = path_of(route, &comments);
        let mut operation = operation(route, parameters, &comments, &mut schemas);
        // A method that is called in several ways is one in the contract, and several operations here.
        let mut id = route.method.name().to_owned();
        if !ids.insert(id.clone()) {
            id = format!("{id}By{}", route.verb);
            ids.insert(id.clone());
        }
        operation["operationId"] = id.into();
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[route.verb.as_str().to_lowercase()] = operation;
    }
    let mut components = schemas.into_components();
    components["Problem"] = problem_schema();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Duikou 对口",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Information exchange for regional cooperation 对口合作、服务全国信息交流专网",
            "description": "Made from the contract `duikou.v1`, which gRPC callers use on the same port. Fields are taken in \
    lowerCamelCase and in snake_case; numbers of 64 bits are texts. Beyond this document the JSON form of proto3 is taken: null \
    for what is absent, and numbers for those of 64 bits and for choices. Errors are problem documents (RFC 9457) in Chinese or \
    English, by `Accept-Language`. What is absent and what is not for the caller are the same 404.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token, as `tokens create` makes it. Without one: what is public."},
            },
            "responses": {
                "Problem": {
                    "description": "What was wrong, and what to do",
                    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            },
        },
    })
}

/// Full names of the fields of requests that stand in paths: what a body says of them is not looked at.
fn bound() -> BTreeSet<String> {
    let fields = |route: &Route| {
        let input = route.method.input();
        let variables = route.template.variables.iter();
        let fields = variables.filter_map(|variable| input.get_field_by_name(&variable.field));
        fields.map(|field| field.full_name().to_owned()).collect::<Vec<_>>()
    };
    Table::get().routes().iter().flat_map(fields).collect()
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457, in the language asked for.",
        "required": ["type", "title", "status", "detail", "instance", "code", "reason", "violations", "requestId"],
        "properties": {
            "type": {"type": "string", "description": format!("`{TYPE_PREFIX}` and the reason.")},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What was wrong, and what to do."},
            "instance": {"type": "string", "description": "The path that was asked for."},
            "code": {"type": "string", "description": "The gRPC code, for example `INVALID_ARGUMENT`."},
            "reason": {
                "type": "string",
                "description": "A stable word for programs, for example `ETAG_MISMATCH`, or the name of the code where nothing more is known.",
                "x-reasons": reasons::document(reasons::REASONS),
            },
            "violations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "reason", "description"],
                    "properties": {
                        "field": {"type": "string", "description": "Its path in the body, in lowerCamelCase, for example `listing.title`; of what stands in the query or in the path, its path there; of a header, its name. Empty: the whole body."},
                        "reason": {
                            "type": "string",
                            "description": "A stable word for programs, for example `TOO_LONG`.",
                            "x-reasons": reasons::document(reasons::FIELD_REASONS),
                        },
                        "description": {"type": "string"},
                    },
                },
            },
            "requestId": {"type": "string", "format": "uuid", "description": "As in `x-request-id`: by which the server's log speaks of it."},
        },
    })
}

fn operation(route: &Route, mut parameters: Vec<Value>, comments: &Comments, schemas: &mut Schemas<'_>) -> Value {
    let method = &route.method;
    let input = method.input();
    let text = comments.method(method);
    let mut operation = json!({
        "tags": [method.parent_service().name()],
        "summary": comments::summary(&text),
    });
    describe(&mut operation, text);

    let taken: Vec<&str> = route.template.variables.iter().map(|variable| &*variable.field).collect();
    let body = match &route.body {
        Body::None => None,
        Body::Whole => Some((schemas.message(&input), false)),
        Body::Field(field) => input.get_field_by_name(field).map(|field| (schemas.field(&field), true)),
    };
    if route.body != Body::Whole {
        let skip = match &route.body {
            Body::Field(field) => Some(&**field),
            Body::None | Body::Whole => None,
        };
        query(&input, "", "", 0, &taken, skip, schemas, &mut parameters);
    }
    parameters.extend(header_parameters(route, &input));
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some((schema, required)) = body {
        operation["requestBody"] = json!({"required": required, "content": {"application/json": {"schema": schema}}});
    }
    operation["responses"] = responses(route, schemas);
    if roles::need(&route.grpc_path()) != Some(Need::Nobody) {
        // Of the others the document says that a token may be left out.
        operation["security"] = json!([{"bearer": []}]);
    }
    if method.method_descriptor_proto().options.as_ref().is_some_and(|options| options.deprecated()) {
        operation["deprecated"] = true.into();
    }
    operation
}

fn responses(route: &Route, schemas: &mut Schemas<'_>) -> Value {
    let schema = schemas.message(&route.method.output());
    let mut answers = Map::new();
    if route.method.is_server_streaming() {
        answers.insert("200".to_owned(), json!({
            "description": "A stream that goes on. As events: `data` is a message, `id` its cursor, an event `problem` the end",
            "content": {"application/x-ndjson": {"schema": schema}, "text/event-stream": {"schema": {"type": "string"}}},
        }));
    } else {
        let tag = json!({"ETag": {"schema": {"type": "string"}, "description": "For `If-None-Match` and `If-Match`."}});
        answers.insert(
            "200".to_owned(),
            json!({
                "description": "Done",
                "headers": tag,
                "content": {"application/json": {"schema": schema}},
            }),
        );
        if route.verb == Method::GET {
            answers.insert("304".to_owned(), json!({"description": "You hold it: `If-None-Match` names it"}));
        }
    }
    answers.insert("default".to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    Value::Object(answers)
}

/// The path as OpenAPI writes it, and its parameters: each is named by what goes before it.
fn path_of(route: &Route, comments: &Comments) -> (String, Vec<Value>) {
    let template = &route.template;
    let mut path = String::new();
    let mut parameters: Vec<Value> = Vec::new();
    let mut before = "id";
    for (index, segment) in template.segments.iter().enumerate() {
        path.push('/');
        match segment {
            Segment::Literal(text) => {
                path.push_str(text);
                before = text;
            }
            Segment::One | Segment::Rest => {
                let name = before.strip_suffix("ies").map(|stem| format!("{stem}y"));
                let name = name.unwrap_or_else(|| before.strip_suffix('s').unwrap_or(before).to_owned());
                path.push_str(&format!("{{{name}}}"));
                let schema = json!({"type": "string", "minLength": 1});
                let mut parameter = json!({"name": name, "in": "path", "required": true, "schema": schema});
                // What the contract says of a field stands at the last of the parameters that make it.
                let field = template.variables.iter().find(|variable| variable.to == index + 1);
                let field = field.and_then(|variable| field_at(&route.method.input(), &variable.field));
                describe(&mut parameter, field.map(|field| comments.field(&field)).unwrap_or_default());
                parameters.push(parameter);
            }
        }
    }
    if let Some(verb) = &template.verb {
        path.push(':');
        path.push_str(verb);
    }
    (path, parameters)
}

/// The field of `message` at a path such as `listing.name`.
fn field_at(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    match path.split_once('.') {
        None => message.get_field_by_name(path),
        Some((first, rest)) => field_at(message.get_field_by_name(first)?.kind().as_message()?, rest),
    }
}

#[expect(clippy::too_many_arguments, reason = "a walk with its state")]
fn query(
    message: &MessageDescriptor,
    path: &str,
    shown: &str,
    depth: usize,
    taken: &[&str],
    skip: Option<&str>,
    schemas: &mut Schemas<'_>,
    parameters: &mut Vec<Value>,
) {
    for field in message.fields() {
        let join = |path: &str, name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let (path, shown) = (join(path, field.name()), join(shown, field.json_name()));
        if taken.contains(&&*path) || skip == Some(&*path) || field.is_map() {
            continue;
        }
        match field.kind().as_message().filter(|nested| !is_scalar(nested)) {
            Some(_) if field.is_list() || depth >= QUERY_DEPTH => {}
            Some(nested) => query(nested, &path, &shown, depth + 1, taken, None, schemas, parameters),
            None => parameters.push(parameter(&field, &shown, schemas)),
        }
    }
}

fn parameter(field: &FieldDescriptor, name: &str, schemas: &mut Schemas<'_>) -> Value {
    let mut schema = schemas.field(field);
    let text = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut parameter = json!({"name": name, "in": "query", "schema": schema});
    if let Some(text) = text {
        parameter["description"] = text;
    }
    if has_behaviour(field, Behaviour::Required) {
        parameter["required"] = true.into();
    }
    parameter
}

fn header_parameters(route: &Route, input: &MessageDescriptor) -> Vec<Value> {
    let header = |name: &str, text: &str, schema: Value| json!({"name": name, "in": "header", "description": text, "schema": schema});
    let text = || json!({"type": "string"});
    let mut headers = Vec::new();
    if route.verb == Method::GET {
        if route.method.is_server_streaming() {
            if input.get_field_by_name("cursor").is_some() {
                headers.push(header("Last-Event-ID", "The cursor to go on from; it goes before `cursor`.", text()));
            }
        } else {
            headers.push(header(
                "If-None-Match",
                "Tags of answers that you hold: 304 where one is still right.",
                text(),
            ));
        }
        return headers;
    }
    if input.get_field_by_name("request_id").is_some() {
        let key = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^([!-~]+|\"[ -~]+\")$"});
        headers.push(header(
            "Idempotency-Key",
            "Stands for `requestId`: the same key carries a request out once in 24 hours; 422 with another request.",
            key,
        ));
    }
    if takes_etag(route) {
        headers.push(header(
            "If-Match",
            "The tag that you read: 412 where it has changed since. `*`: it is to be there, and nothing is made.",
            text(),
        ));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the document lies that reviewers read.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/openapi.json");
    const RENEW: &str = "DUIKOU_RENEW_OPENAPI";

    #[test]
    fn the_document_is_the_one_that_was_reviewed() {
        let text = format!("{}\n", serde_json::to_string_pretty(&*DOCUMENT).unwrap());
        if std::env::var_os(RENEW).is_some() {
            std::fs::write(FILE, &text).unwrap();
        }
        let reviewed = std::fs::read_to_string(FILE).unwrap_or_default();
        let line = text.lines().zip(reviewed.lines()).position(|(now, then)| now != then);
        assert!(
            text == reviewed,
            "proto/openapi.json differs from the contract (line {line:?}): read the difference that \
             `{RENEW}=1 cargo test -p duikou-node openapi` makes, and commit it"
        );
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, seen: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    seen.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| walk(value, seen));
                }
                Value::Array(list) => list.iter().for_each(|value| walk(value, seen)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let mut seen = Vec::new();
        walk(&DOCUMENT, &mut seen);
        assert!(!seen.is_empty());
        for reference in seen {
            let pointer = reference.strip_prefix('#').expect("of this document");
            assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_says_what_it_does_and_how_it_fails() {
        let mut ids = std::collections::BTreeSet::new();
        for (path, entry) in DOCUMENT["paths"].as_object().unwrap() {
            for (verb, operation) in entry.as_object().unwrap() {
                assert!(operation["description"].as_str().is_some_and(|text| !text.is_empty()), "{verb} {path}");
                assert!(operation["responses"]["default"].is_object(), "{verb} {path}");
                assert!(ids.insert(operation["operationId"].to_string()), "{verb} {path}");
            }
        }
        assert_eq!(ids.len(), Table::get().routes().len());
        let listings = &DOCUMENT["paths"]["/v1/members/{member}/listings"];
        assert_eq!(listings["post"]["security"], json!([{"bearer": []}]), "writing needs a token");
        assert!(listings["get"]["security"].is_null(), "reading does not");
        let member = listings["get"]["parameters"][0]["description"].as_str().unwrap_or_default();
        assert!(member.contains("`members/-` for all"), "{member}");
        let get = &DOCUMENT["paths"]["/v1/members/{member}/listings/{listing}"]["get"];
        assert_eq!(get["operationId"], "GetListing");
        assert_eq!(get["parameters"].as_array().unwrap().len(), 3);
    }
}
