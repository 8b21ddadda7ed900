//! An answer of one message as JSON, with a tag by which it is asked for again.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use tonic::Status;

use crate::http::{names, tags};

/// The media type of answers.
pub(crate) const JSON: &str = "application/json";
/// How answers are written: every key stands there, so that programs find them; numbers of 64 bits are texts.
pub(crate) const OPTIONS: SerializeOptions =
    SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(true);

/// `bytes` as JSON on one line.
///
/// # Errors
/// Where they are no such message, or one without a JSON form: a fault of the server.
pub(crate) fn json(descriptor: MessageDescriptor, bytes: Bytes) -> Result<(DynamicMessage, Vec<u8>), Status> {
    let fault = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an answer has no JSON form");
        Status::internal("the answer has no JSON form")
    };
    let mut message = DynamicMessage::decode(descriptor, bytes).map_err(|error| fault(&error))?;
    names::of_answer(&mut message);
    let mut text = Vec::new();
    let written = message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &OPTIONS);
    written.map_err(|error| fault(&error))?;
    Ok((message, text))
}

/// The answer to `verb`; 304 where the caller holds it.
///
/// # Errors
/// As [`json`].
pub(crate) fn respond(
    verb: &Method,
    headers: &HeaderMap,
    descriptor: MessageDescriptor,
    bytes: Bytes,
) -> Result<Response, Status> {
    let (message, text) = json(descriptor, bytes)?;
    let own = message.get_field_by_name("etag").and_then(|tag| tag.as_str().map(str::to_owned));
    let safe = matches!(*verb, Method::GET | Method::HEAD);
    let tag = match own.filter(|tag| !tag.is_empty()) {
        Some(tag) => Some(format!("\"{tag}\"")),
        None => safe.then(|| tags::tag_of(&text)),
    };
    let held = safe && tag.as_ref().is_some_and(|tag| tags::holds(headers, tag));
    let mut response = Response::new(if held { Body::empty() } else { Body::from(text) });
    if held {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    }
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}
