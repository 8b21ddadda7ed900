//! Requests as JSON: the rules of proto3's JSON form, and everything that breaks them at once, by field.
//!
//! Field names are taken in lowerCamelCase and as the contract has them. Paths in violations are the contract's: they are
//! written in lowerCamelCase where all violations are.

use duikou_proto::validate::{Violation, reason};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde_json::{Map, Value as Json};

use crate::http::names;
use crate::services::violation;

/// Violations that are looked for in one request.
pub(crate) const VIOLATIONS: usize = 50;
/// How alike two names are before one is taken for a slip of the other.
const ALIKE: f64 = 0.7;

/// Fills `message` from `object`, which is the field `path` of the request; empty: the request itself.
pub(crate) fn fill(message: &mut DynamicMessage, object: &Map<String, Json>, path: &str, found: &mut Vec<Violation>) {
    for (key, json) in object {
        if found.len() >= VIOLATIONS {
            return;
        }
        let Some(field) = field_of(&message.descriptor_of(), key) else {
            found.push(unknown(&message.descriptor_of(), path, key, &[]));
            continue;
        };
        if json.is_null() {
            continue;
        }
        let path = join(path, field.name());
        if message.has_field(&field) {
            found.push(twice(&path));
            continue;
        }
        let rivals = field.containing_oneof().map(|oneof| oneof.fields().collect::<Vec<_>>()).unwrap_or_default();
        if let Some(rival) = rivals.iter().find(|rival| message.has_field(rival)) {
            found.push(rivalry(&path, rival.name()));
            continue;
        }
        if let Some(value) = value_of(&field, json, &path, found) {
            message.set_field(&field, value);
        }
    }
}

fn value_of(field: &FieldDescriptor, json: &Json, path: &str, found: &mut Vec<Violation>) -> Option<Value> {
    if field.is_map() {
        return leaf(field, json, path, found);
    }
    if !field.is_list() {
        return item(field, json, path, found);
    }
    let Some(items) = json.as_array() else {
        found.push(violation(path, reason::BAD_FORMAT, "应为列表（[…]），请修改。", "A list, [...], is wanted here."));
        return None;
    };
    let mut values = Vec::with_capacity(items.len());
    for (index, json) in items.iter().enumerate() {
        if found.len() >= VIOLATIONS {
            return None;
        }
        values.extend(item(field, json, &format!("{path}[{index}]"), found));
    }
    Some(Value::List(values))
}

/// One value of `field`; of a list, one of its items.
pub(crate) fn item(field: &FieldDescriptor, json: &Json, path: &str, found: &mut Vec<Violation>) -> Option<Value> {
    let kind = field.kind();
    let Some(nested) = kind.as_message().filter(|nested| !is_scalar(nested)) else {
        return leaf(field, json, path, found);
    };
    let Some(object) = json.as_object() else {
        found.push(violation(
            path,
            reason::BAD_FORMAT,
            "应为对象（{…}），请修改。",
            "An object, {...}, is wanted here.",
        ));
        return None;
    };
    let mut message = DynamicMessage::new(nested.clone());
    fill(&mut message, object, path, found);
    Some(Value::Message(message))
}

/// A value without fields of its own: the one mapping of proto3's JSON form reads it.
fn leaf(field: &FieldDescriptor, json: &Json, path: &str, found: &mut Vec<Violation>) -> Option<Value> {
    let listed = field.is_list();
    // Of masks its JSON form knows one way to write names, and all other names are taken in two.
    let mask = field.kind().as_message().is_some_and(|kind| kind.full_name() == "google.protobuf.FieldMask");
    let json = match json {
        Json::String(text) if mask => &Json::String(names::in_json(text)),
        other => other,
    };
    let wrapped = if listed { Json::Array(vec![json.clone()]) } else { json.clone() };
    let document = Json::Object(Map::from_iter([(field.json_name().to_owned(), wrapped)]));
    let read = DynamicMessage::deserialize(field.parent_message().clone(), document);
    let value = read.ok().and_then(|mut message| match message.take_field(field) {
        Some(Value::List(mut values)) if listed => values.pop(),
        // What equals its default is not kept.
        None if !listed => Some(Value::default_value_for_field(field)),
        other => other,
    });
    if value.is_none() {
        found.push(wanted(field, path));
    }
    value
}

/// Messages that are one value in JSON.
pub(crate) fn is_scalar(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

/// The field that `key` means.
pub(crate) fn field_of(message: &MessageDescriptor, key: &str) -> Option<FieldDescriptor> {
    message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key))
}

/// That there is no such field, with the nearest that there is. Those at the paths `taken` are given elsewhere.
pub(crate) fn unknown(message: &MessageDescriptor, path: &str, key: &str, taken: &[&str]) -> Violation {
    let key: String = key.chars().take(80).collect();
    let open = || message.fields().filter(move |field| !taken.contains(&&*join(path, field.name())));
    let scored = open().map(|field| {
        let name = field.json_name().to_owned();
        (strsim::jaro_winkler(&key, &name).max(strsim::jaro_winkler(&key, field.name())), name)
    });
    let nearest = scored.filter(|(score, _)| *score > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    let (zh, en) = match nearest {
        Some((_, name)) => {
            (format!("没有此字段，是否应为{name}？"), format!("There is no such field; did you mean {name}?"))
        }
        None if open().next().is_none() => {
            ("没有此字段，请去掉。".to_owned(), "There is no such field: leave it out.".to_owned())
        }
        None => {
            let names: Vec<String> = open().map(|field| field.json_name().to_owned()).collect();
            let names = names.join(", ");
            (format!("没有此字段，可用的有：{names}。"), format!("There is no such field; there are: {names}."))
        }
    };
    violation(&join(path, &key), reason::UNKNOWN_FIELD, zh, en)
}

/// That a field is given more than once.
pub(crate) fn twice(path: &str) -> Violation {
    violation(path, reason::DUPLICATE, "重复给出，请只保留一处。", "It is given twice: keep one of them.")
}

fn rivalry(path: &str, rival: &str) -> Violation {
    violation(
        path,
        reason::INCONSISTENT,
        format!("与{rival}只能二选一，请去掉其一。"),
        format!("It excludes {rival}, which is given too: remove one of them."),
    )
}

/// What a field takes.
fn wanted(field: &FieldDescriptor, path: &str) -> Violation {
    let (zh, en): (String, String) = match field.kind() {
        Kind::Bool => ("应为 true 或 false".into(), "true or false is wanted here".into()),
        Kind::Double | Kind::Float => ("应为数字".into(), "a number is wanted here".into()),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            ("应为整数，-2147483648至2147483647".into(), "a whole number of 32 bits is wanted here".into())
        }
        Kind::Uint32 | Kind::Fixed32 => ("应为整数，0至4294967295".into(), "0 to 4294967295 is wanted here".into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            ("应为64位整数（建议写作文本）".into(), "a whole number of 64 bits is wanted here, best in quotes".into())
        }
        Kind::String => ("应为文本".into(), "a text is wanted here".into()),
        Kind::Bytes => ("应为Base64文本".into(), "base64 is wanted here".into()),
        Kind::Enum(list) => {
            // The first of each list is that nothing is said.
            let names: Vec<String> =
                list.values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect();
            let names = names.join(", ");
            (format!("应为其中之一：{names}"), format!("one of these is wanted here: {names}"))
        }
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => (
                "应为时间，如 2027-03-01T09:00:00Z".into(),
                "a time is wanted here, for example 2027-03-01T09:00:00Z".into(),
            ),
            "google.protobuf.Duration" => {
                ("应为时长，如 3.5s".into(), "a duration is wanted here, for example 3.5s".into())
            }
            "google.protobuf.FieldMask" => (
                "应为字段列表，如 listing.title,scopes".into(),
                "field paths are wanted here, for example listing.title,scopes".into(),
            ),
            _ => ("应为对象（{…}）".into(), "an object, {...}, is wanted here".into()),
        },
    };
    violation(path, reason::BAD_FORMAT, format!("{zh}，请修改。"), format!("{}.", capitalised(&en)))
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The path of `name` in `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The descriptor of a message, whose method of this name needs a trait.
pub(crate) trait Described {
    /// Its descriptor.
    fn descriptor_of(&self) -> MessageDescriptor;
}

impl Described for DynamicMessage {
    fn descriptor_of(&self) -> MessageDescriptor {
        prost_reflect::ReflectMessage::descriptor(self)
    }
}
