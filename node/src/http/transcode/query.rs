//! Query parameters: `filter.kinds=talent&filter.kinds=event&pageSize=20` into the fields of a request.

use std::borrow::Cow;

use duikou_proto::validate::{Violation, reason};
use percent_encoding::percent_decode;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use serde_json::Value as Json;

use super::message::{Described, VIOLATIONS, field_of, is_scalar, item, join, twice, unknown};
use crate::services::violation;

/// Bytes of a query.
pub(crate) const QUERY_BYTES: usize = 16 * 1024;
/// Parameters of a query.
pub(crate) const PARAMETERS: usize = 1024;

/// Sets what `query` gives in `message`. Fields that the path or the body has given are `taken`.
pub(crate) fn fill(message: &mut DynamicMessage, query: &str, taken: &[&str], found: &mut Vec<Violation>) {
    let mut given: Vec<String> = Vec::new();
    for (index, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if found.len() >= VIOLATIONS {
            return;
        }
        if index >= PARAMETERS {
            let (zh, en) = ("查询参数过多", "The query has too many parameters");
            found.push(violation(
                "",
                reason::TOO_MANY,
                format!("{zh}（最多{PARAMETERS}个）。"),
                format!("{en}: at most {PARAMETERS}."),
            ));
            return;
        }
        let (key, text) = pair.split_once('=').unwrap_or((pair, ""));
        match (decode(key), decode(text)) {
            (Some(key), Some(text)) => set(message, &key, &text, taken, &mut given, found),
            _ => found.push(violation(
                "",
                reason::BAD_FORMAT,
                "查询参数不是有效的UTF-8百分号编码，请修改。",
                "A query parameter is not UTF-8 in percent-encoding: encode it again.",
            )),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode(spaced.as_bytes()).decode_utf8().ok().map(Cow::into_owned)
}

fn set(
    message: &mut DynamicMessage,
    key: &str,
    text: &str,
    taken: &[&str],
    given: &mut Vec<String>,
    found: &mut Vec<Violation>,
) {
    let mut target = message;
    let mut path = String::new();
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        let Some(field) = field_of(&target.descriptor_of(), part) else {
            return found.push(unknown(&target.descriptor_of(), &path, part, taken));
        };
        path = join(&path, field.name());
        if taken.contains(&&*path) {
            return found.push(twice(&path));
        }
        if parts.peek().is_none() {
            return assign(target, &field, text, &path, given, found);
        }
        let nested = field.kind().as_message().is_some_and(|nested| !is_scalar(nested));
        if field.is_list() || field.is_map() || !nested {
            return found.push(violation(
                &path,
                reason::BAD_FORMAT,
                "此字段没有下级字段，请修改查询参数。",
                "This field has no fields of its own: correct the parameter.",
            ));
        }
        let Some(next) = target.get_field_mut(&field).as_message_mut() else { return };
        target = next;
    }
}

fn assign(
    target: &mut DynamicMessage,
    field: &FieldDescriptor,
    text: &str,
    path: &str,
    given: &mut Vec<String>,
    found: &mut Vec<Violation>,
) {
    if field.is_map() || field.kind().as_message().is_some_and(|nested| !is_scalar(nested)) {
        return found.push(violation(
            path,
            reason::BAD_FORMAT,
            "此字段不能直接作为查询参数，请写明其下级字段，如 filter.kinds。",
            "A query cannot give this field as a whole: name a field of it, for example filter.kinds.",
        ));
    }
    if !field.is_list() {
        if given.iter().any(|known| known == path) {
            return found.push(twice(path));
        }
        given.push(path.to_owned());
    }
    let place = match target.get_field(field).as_list() {
        Some(list) if field.is_list() => format!("{path}[{}]", list.len()),
        _ => path.to_owned(),
    };
    let Some(value) = item(field, &json_of(&field.kind(), text), &place, found) else { return };
    match target.get_field_mut(field) {
        Value::List(list) if field.is_list() => list.push(value),
        single => *single = value,
    }
}

/// Everything in a query is text; JSON tells some kinds apart.
pub(crate) fn json_of(kind: &Kind, text: &str) -> Json {
    match (kind, text) {
        (Kind::Bool, "true") => Json::Bool(true),
        (Kind::Bool, "false") => Json::Bool(false),
        (Kind::Enum(_), number) => number.parse::<i32>().map_or_else(|_| Json::from(text), Json::from),
        _ => Json::from(text),
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1;
    use proptest::prelude::*;

    use super::*;
    use crate::contract::descriptor;

    fn read(query: &str) -> Result<v1::ListListingsRequest, Vec<String>> {
        let mut message = DynamicMessage::new(descriptor("duikou.v1.ListListingsRequest"));
        let mut found = Vec::new();
        fill(&mut message, query, &["parent"], &mut found);
        if found.is_empty() {
            Ok(message.transcode_to().expect("of this type"))
        } else {
            Err(found.iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect())
        }
    }

    #[test]
    fn parameters_reach_nested_and_repeated_fields_in_both_spellings() {
        let request = read("filter.kinds=talent&filter.kinds=event&filter.directions=OFFER&filter.directions=2&pageSize=20&page_token=a%2Bb+c")
            .expect("valid");
        let filter = request.filter.expect("given");
        assert_eq!(filter.kinds, ["talent", "event"]);
        assert_eq!(filter.directions, [1, 2]);
        assert_eq!((request.page_size, &*request.page_token), (20, "a+b c"));
        assert_eq!(read("pageSize=0").expect("valid").page_size, 0);
        assert_eq!(read("").expect("valid"), v1::ListListingsRequest::default());
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once() {
        let faults = read("pagesize=1&page_size=x&filter.directions=UP&filter=a&page_token.a=b&parent=members/-&%FF=1");
        assert_eq!(
            faults.expect_err("faulty"),
            [
                "pagesize UNKNOWN_FIELD",
                "page_size BAD_FORMAT",
                "filter.directions[0] BAD_FORMAT",
                "filter BAD_FORMAT",
                "page_token BAD_FORMAT",
                "parent DUPLICATE",
                " BAD_FORMAT",
            ]
        );
        assert_eq!(read("pageSize=1&page_size=2").expect_err("twice"), ["page_size DUPLICATE"]);
        let many = "filter.tags=x&".repeat(PARAMETERS + 1);
        assert_eq!(read(&many).expect_err("too many"), [" TOO_MANY"]);
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(query in any::<String>()) {
            let _ = read(&query);
        }

        #[test]
        fn no_query_of_known_fields_is_too_strange(
            parts in prop::collection::vec(("(filter|page_size|filter\\.kinds|filter\\.directions|parent)(\\.[a-z]{0,4})?", "\\PC{0,12}"), 0..8)
        ) {
            let query: Vec<String> = parts.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            let _ = read(&query.join("&"));
        }
    }
}
