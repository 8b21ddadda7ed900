//! Messages as JSON schemas (2020-12), as the JSON form of proto3 has them.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use crate::contract;
use crate::http::transcode::is_scalar;

/// Removed from names: the package of the public services.
const PACKAGE: &str = "duikou.v1.";

/// The schemas that a document needs, by name.
pub(super) struct Schemas<'a> {
    comments: &'a Comments,
    /// Full names of the fields that paths give.
    bound: BTreeSet<String>,
    made: BTreeMap<String, Value>,
    begun: BTreeSet<String>,
}

/// How the contract says that a number has no sign.
const NO_NEGATIVE: &str = "Negative: INVALID_ARGUMENT";

/// What `google.api.field_behavior` says of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour {
    Required = 2,
    OutputOnly = 3,
}

impl<'a> Schemas<'a> {
    /// None made yet. `bound`: full names of the fields that paths give, so that no body has to.
    pub(super) fn new(comments: &'a Comments, bound: BTreeSet<String>) -> Self {
        Self { comments, bound, made: BTreeMap::new(), begun: BTreeSet::new() }
    }

    pub(super) fn into_components(self) -> Value {
        Value::Object(self.made.into_iter().collect())
    }

    /// A reference to the schema of `message`, which is made where it is not there yet.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(schema) = scalar_message(message) {
            return schema;
        }
        let name = short(message.full_name());
        if self.begun.insert(name.clone()) {
            let schema = self.object(message);
            self.made.insert(name.clone(), schema);
        }
        reference(&name)
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields() {
            properties.insert(field.json_name().to_owned(), self.field(&field));
            if has_behaviour(&field, Behaviour::Required) && !self.bound.contains(field.full_name()) {
                required.push(field.json_name().to_owned());
            }
        }
        let mut schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
        describe(&mut schema, self.comments.message(message));
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        let choices: Vec<Value> = message
            .oneofs()
            .filter(|oneof| !oneof.is_synthetic())
            .map(|oneof| {
                let mut one: Vec<Value> =
                    oneof.fields().map(|field| json!({"required": [field.json_name()]})).collect();
                one.push(json!({"not": {"anyOf": one.clone()}}));
                json!({"oneOf": one})
            })
            .collect();
        if !choices.is_empty() {
            schema["allOf"] = json!(choices);
        }
        schema
    }

    /// The schema of a field's value.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = self.kind(&entry.map_entry_value_field().kind());
                json!({"type": "object", "additionalProperties": values})
            }
            kind if field.is_list() => json!({"type": "array", "items": self.kind(&kind)}),
            kind => self.kind(&kind),
        };
        let comment = self.comments.field(field);
        if field.kind() == Kind::Int32 && comment.contains(NO_NEGATIVE) {
            schema["minimum"] = 0.into();
        }
        describe(&mut schema, comment);
        if has_behaviour(field, Behaviour::OutputOnly) {
            schema["readOnly"] = true.into();
        }
        if field.field_descriptor_proto().options.as_ref().is_some_and(|options| options.deprecated()) {
            schema["deprecated"] = true.into();
        }
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "int64", "minimum": 0}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "format": "byte", "contentEncoding": "base64"}),
            Kind::Message(message) => self.message(message),
            Kind::Enum(list) => self.list(list),
        }
    }

    fn list(&mut self, list: &EnumDescriptor) -> Value {
        let name = short(list.full_name());
        if self.begun.insert(name.clone()) {
            let names: Vec<String> = list.values().map(|value| value.name().to_owned()).collect();
            let told: Vec<String> = list
                .values()
                .filter_map(|value| {
                    let comment = self.comments.value(&value);
                    (!comment.is_empty()).then(|| format!("- `{}`: {comment}", value.name()))
                })
                .collect();
            let parts = [self.comments.list(list), told.join("\n")];
            let mut schema = json!({"type": "string", "enum": names});
            describe(&mut schema, parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"));
            self.made.insert(name.clone(), schema);
        }
        reference(&name)
    }
}

/// The name of a message or an enum in the document.
pub(super) fn short(full: &str) -> String {
    full.strip_prefix(PACKAGE).unwrap_or(full).to_owned()
}

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn describe(schema: &mut Value, text: String) {
    if !text.is_empty() {
        schema["description"] = text.into();
    }
}

pub(super) fn has_behaviour(field: &FieldDescriptor, behaviour: Behaviour) -> bool {
    let Some(extension) = contract::pool().get_extension_by_name("google.api.field_behavior") else { return false };
    let options = field.options();
    let value = options.get_extension(&extension);
    value.as_list().unwrap_or_default().iter().any(|value| value.as_enum_number() == Some(behaviour as i32))
}

/// Messages that are one value in JSON.
fn scalar_message(message: &MessageDescriptor) -> Option<Value> {
    if !is_scalar(message) {
        return None;
    }
    Some(match message.full_name() {
        "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
        "google.protobuf.Duration" => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"}),
        "google.protobuf.FieldMask" => json!({"type": "string"}),
        "google.protobuf.Struct" | "google.protobuf.Empty" => json!({"type": "object"}),
        _ => json!({}),
    })
}
