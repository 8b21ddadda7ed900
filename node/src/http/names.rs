//! The names that the contract's fields have in JSON. Services speak of fields as the contract names them; whoever calls
//! over REST has written them in lowerCamelCase, and is answered so.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::contract::pool;

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

#[cfg(test)]
mod tests {
    use super::*;

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
