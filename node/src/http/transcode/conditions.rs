//! Headers of a request that become fields of it: `If-Match`, `Idempotency-Key`, `Last-Event-ID`.

use duikou_proto::validate::{Violation, reason};
use http::header::{IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName, Method};
use prost_reflect::{DynamicMessage, Kind, Value};
use uuid::Uuid;

use super::message::Described;
use super::table::{Body, Route};
use crate::http::tags;
use crate::services::violation;

/// The key under which a request is carried out once (draft-ietf-httpapi-idempotency-key-header).
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Where a reader of events was when its connection broke.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Characters of an idempotency key.
pub(crate) const KEY_CHARS: usize = 255;

/// Sets what the headers say in `message`.
pub(crate) fn apply(route: &Route, headers: &HeaderMap, message: &mut DynamicMessage, found: &mut Vec<Violation>) {
    if let Ok(Some(cursor)) = sole(headers, &LAST_EVENT_ID) {
        // A browser that comes back names the address with which it began; what it has read since counts.
        set(message, "cursor", cursor);
    }
    if matches!(route.verb, Method::GET | Method::HEAD) {
        return;
    }
    match sole(headers, &IDEMPOTENCY_KEY).and_then(|key| key.map(|key| request_id(key).ok_or(())).transpose()) {
        Ok(None) => {}
        Err(()) => found.push(violation(
            "Idempotency-Key",
            reason::BAD_FORMAT,
            format!("应给出一次，为1至{KEY_CHARS}个可见字符（空格只能在引号内），建议使用UUID，请修改。"),
            format!("A key is given once and has 1 to {KEY_CHARS} visible characters, spaces only within quotation marks, best those of a UUID: change it."),
        )),
        Ok(Some(id)) => match own(message, "request_id").filter(|own| !own.is_empty()) {
            Some(own) if own != id => found.push(violation(
                "request_id",
                reason::INCONSISTENT,
                "与Idempotency-Key不一致，请只给出其中之一。",
                "It differs from the Idempotency-Key: give one of the two.",
            )),
            _ if !set(message, "request_id", &id) => found.push(violation(
                "Idempotency-Key",
                reason::INCONSISTENT,
                "此方法没有request_id，重复请求无法识别，请去掉该请求头。",
                "This method has no request_id and cannot tell a repeated request: leave the header out.",
            )),
            _ => {}
        },
    }
    match expected(headers) {
        Ok(None) => {}
        Ok(Some(_)) if !takes_etag(route) => found.push(unknown("If-Match")),
        Ok(Some(Expected::Anything)) => {}
        Ok(Some(Expected::Tag(tag))) => {
            expect(route, message, tag);
        }
        Err(()) => found.push(violation(
            "If-Match",
            reason::BAD_FORMAT,
            "应给出一次，为一个带引号的ETag，如 \"17\"，或 *，请修改。",
            "One tag in quotes is wanted here, for example \"17\", or *, and once: change it.",
        )),
    }
    // A condition that is not kept must not be passed over: whoever sets it relies on it.
    let others = [(IF_NONE_MATCH, "If-None-Match"), (IF_UNMODIFIED_SINCE, "If-Unmodified-Since")];
    found.extend(others.iter().filter(|(header, _)| headers.contains_key(header)).map(|(_, name)| unknown(name)));
}

/// Under which condition the caller changes something.
#[derive(Debug, PartialEq, Eq)]
enum Expected<'a> {
    /// That it is there.
    Anything,
    /// That it has this tag.
    Tag(&'a str),
}

/// What `If-Match` says; an error where that is nothing, several things, or no tag.
fn expected(headers: &HeaderMap) -> Result<Option<Expected<'_>>, ()> {
    let Some(text) = sole(headers, &IF_MATCH)? else { return Ok(None) };
    if text == "*" {
        return Ok(Some(Expected::Anything));
    }
    match tags::list(text).as_deref() {
        Some([tag]) => Ok(Some(Expected::Tag(tag))),
        _ => Err(()),
    }
}

/// A condition that the method does not look at.
fn unknown(header: &str) -> Violation {
    violation(
        header,
        reason::INCONSISTENT,
        format!("此方法不支持{header}，请去掉该请求头。"),
        format!("This method knows no {header}: leave the header out."),
    )
}

/// Whether what the request would make where it is not there is to be there already (RFC 9110, 13.1.1). It then makes
/// nothing, and the answer that there is nothing says that the condition does not hold.
pub(crate) fn must_exist(headers: &HeaderMap, message: &mut DynamicMessage) -> bool {
    let wanted = expected(headers) == Ok(Some(Expected::Anything));
    let field = message.descriptor_of().get_field_by_name("allow_missing").filter(|field| message.has_field(field));
    match field.filter(|_| wanted) {
        Some(field) => {
            message.clear_field(&field);
            true
        }
        None => false,
    }
}

/// Whether the request stands under a condition that a conflict answers.
pub(crate) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_MATCH)
}

/// The request id of a key: a UUID stands for itself, anything else for one that is made of it.
fn request_id(key: &str) -> Option<String> {
    let quoted = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    let taken = |byte: u8| byte.is_ascii_graphic() || (byte == b' ' && quoted.is_some());
    let key = quoted.unwrap_or(key);
    if key.is_empty() || key.len() > KEY_CHARS || !key.bytes().all(taken) {
        return None;
    }
    let made = || {
        let hash = blake3::derive_key("duikou idempotency key, form 1", key.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    };
    Some(Uuid::try_parse(key).unwrap_or_else(|_| made()).to_string())
}

/// What a header says; an error where it is given twice, is empty, or is no text: whoever reads such a one as none does
/// what the caller wanted to keep from happening.
fn sole<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map(str::trim).map_err(|_| ())?;
    if text.is_empty() || values.next().is_some() { Err(()) } else { Ok(Some(text)) }
}

fn own(message: &DynamicMessage, field: &str) -> Option<String> {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned))
}

/// Sets a field of text; false where there is none.
fn set(message: &mut DynamicMessage, field: &str, text: &str) -> bool {
    let field = message.descriptor_of().get_field_by_name(field);
    let Some(field) = field.filter(|field| field.kind() == Kind::String && !field.is_list()) else { return false };
    message.set_field(&field, Value::String(text.to_owned()));
    true
}

/// Whether the method of `route` looks at a tag.
pub(crate) fn takes_etag(route: &Route) -> bool {
    expect(route, &mut DynamicMessage::new(route.method.input()), "")
}

/// Puts the tag where the method looks for it: in the request, or in the resource that it changes.
fn expect(route: &Route, message: &mut DynamicMessage, tag: &str) -> bool {
    if set(message, "etag", tag) {
        return true;
    }
    let Body::Field(body) = &route.body else { return false };
    if !matches!(route.verb, Method::PATCH | Method::PUT) {
        return false;
    }
    message.get_field_by_name_mut(body).and_then(Value::as_message_mut).is_some_and(|body| set(body, "etag", tag))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uuid_stands_for_itself_and_another_key_for_one_of_its_own() {
        let uuid = "7f9c24e8-3b12-4fef-91e0-1f2b3c4d5e6f";
        assert_eq!(request_id(uuid).as_deref(), Some(uuid));
        assert_eq!(request_id(&format!("\"{uuid}\"")).as_deref(), Some(uuid));
        let made = request_id("order-17").expect("a key");
        assert!(Uuid::try_parse(&made).is_ok());
        assert_eq!(request_id("order-17"), Some(made.clone()));
        assert_ne!(request_id("order-18"), Some(made));
        for key in ["", "\"\"", "\n", "order 17", "深"] {
            assert_eq!(request_id(key), None, "{key:?}");
        }
        assert!(request_id(&"k".repeat(KEY_CHARS)).is_some());
        assert!(request_id(&"k".repeat(KEY_CHARS + 1)).is_none());
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(text in "\\PC{0,64}") {
            let _ = request_id(&text);
        }
    }
}
