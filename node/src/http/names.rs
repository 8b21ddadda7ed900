//! The names that the contract's fields have in JSON. Services speak of fields as the contract names them; whoever calls
//! over REST has written them in lowerCamelCase, and is answered so.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};

use crate::contract::pool;

/// Fields of answers in which other fields are named.
const NAMING: [&str; 4] = [
    "duikou.v1.FieldViolation.field",
    "duikou.v1.FieldViolation.description",
    "duikou.v1.BatchCreateListingsResponse.Result.changed_fields",
    "duikou.v1.DraftDifference.Change.path",
];

/// The messages in which one of them may stand, at whatever depth.
static SPEAKING: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut speaking: HashSet<String> = HashSet::new();
    loop {
        let before = speaking.len();
        let speaks = |message: &MessageDescriptor| {
            message.fields().any(|field| match field.kind() {
                Kind::Message(nested) => speaking.contains(nested.full_name()),
                _ => NAMING.contains(&field.full_name()),
            })
        };
        let more: Vec<String> = pool().all_messages().filter(speaks).map(|it| it.full_name().to_owned()).collect();
        speaking.extend(more);
        if speaking.len() == before {
            return speaking;
        }
    }
});

/// The names in JSON of those that have another there.
static IN_JSON: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let fields = pool().all_messages().flat_map(|message| message.fields().collect::<Vec<_>>());
    let named = fields.map(|field| (field.name().to_owned(), field.json_name().to_owned()));
    named.filter(|(name, in_json)| name != in_json).collect()
});

/// A path, a mask or a text in which fields are named, in whichever of the two ways.
pub(super) fn in_json(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    while let Some(start) = rest.find(is_name) {
        let (before, after) = rest.split_at(start);
        let (name, after) = after.split_at(after.find(|character| !is_name(character)).unwrap_or(after.len()));
        written.push_str(before);
        written.push_str(IN_JSON.get(name).map_or(name, String::as_str));
        rest = after;
    }
    written + rest
}

/// Has an answer name fields as JSON does, wherever it names any.
pub(super) fn of_answer(message: &mut DynamicMessage) {
    let descriptor = message.descriptor();
    if !SPEAKING.contains(descriptor.full_name()) {
        return;
    }
    for field in descriptor.fields().filter(|field| !field.is_map()) {
        let named = NAMING.contains(&field.full_name());
        if !message.has_field(&field) || !(named || field.kind().as_message().is_some()) {
            continue;
        }
        match message.get_field_mut(&field) {
            Value::List(items) => items.iter_mut().for_each(|item| of_value(item, named)),
            single => of_value(single, named),
        }
    }
}

fn of_value(value: &mut Value, named: bool) {
    match value {
        Value::Message(nested) => of_answer(nested),
        Value::String(text) if named => *text = in_json(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_has_the_fields_in_which_others_are_named() {
        for name in NAMING {
            let (message, field) = name.rsplit_once('.').unwrap();
            assert!(crate::contract::descriptor(message).get_field_by_name(field).is_some(), "{name}");
        }
        for (message, speaks) in
            [("BatchCreateListingsResponse", true), ("ListDraftsResponse", true), ("Listing", false)]
        {
            assert_eq!(SPEAKING.contains(&format!("duikou.v1.{message}")), speaks, "{message}");
        }
    }

    #[test]
    fn fields_are_named_as_in_json_and_nothing_else_is() {
        for (contract, json) in [
            ("update_mask", "updateMask"),
            ("filter.expire_time.start_time", "filter.expireTime.startTime"),
            ("label,counterpart_of,counterpartOf,nope_x", "label,counterpartOf,counterpartOf,nope_x"),
            ("请填写 start_time 或 cursor。", "请填写 startTime 或 cursor。"),
            ("not_a_field, start_time_of, x-start_time-", "not_a_field, start_time_of, x-startTime-"),
            ("", ""),
        ] {
            assert_eq!(in_json(contract), json);
        }
    }
}
