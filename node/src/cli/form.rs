//! The import form: a listing as one JSON object, keys in camelCase or snake_case.

use std::fmt;

use duikou_proto::v1;
use duikou_proto::v1::opportunity::Details;
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::json::descriptor;
use super::language::{Language, Text};
use super::words::of_json;

/// How deep objects may lie in each other; the contract needs five.
const DEPTH: usize = 16;

/// One thing that is wrong with a listing's JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFault {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The field's path in snake_case, for example `listing.capital.amount_max`; empty for the whole.
    pub field: String,
    /// What is wrong with it.
    pub message: Text,
}

impl FormFault {
    /// For people.
    pub fn text(&self) -> Text {
        let line = self.line;
        let colon = |mark: &str| if self.field.is_empty() { String::new() } else { format!("{}{mark}", self.field) };
        Text::new(
            format!("第 {line} 行：{}{}", colon("："), self.message.in_language(Language::Zh)),
            format!("line {line}: {}{}", colon(": "), self.message.in_language(Language::En)),
        )
    }
}

impl fmt::Display for FormFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().in_language(Language::En))
    }
}

impl std::error::Error for FormFault {}

/// Reads one object that stands in `line`.
///
/// `listing.kind` may be given; it must be the name of the kind's part that is given too.
///
/// # Errors
/// Everything that is wrong with its form. What the values mean is the server's to judge.
pub fn parse_listing(text: &str, line: usize) -> Result<v1::Listing, Vec<FormFault>> {
    match serde_json::from_str(text) {
        Ok(value) => listing(value, line),
        Err(error) => {
            let line = line + error.line().saturating_sub(1);
            Err(vec![FormFault { line, field: String::new(), message: of_json(&error) }])
        }
    }
}

/// The same from a parsed document.
pub(crate) fn listing(mut value: Value, line: usize) -> Result<v1::Listing, Vec<FormFault>> {
    let message = descriptor("duikou.v1.Listing");
    let mut form = Form { line, faults: Vec::new() };
    let kind = value.get_mut("listing").and_then(Value::as_object_mut).and_then(|listing| listing.remove("kind"));
    form.message(&message, &value, "", 0);
    if !form.faults.is_empty() {
        return Err(form.faults);
    }
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(message, value, &options)
        .map_err(|error| error.to_string())
        .and_then(|dynamic| v1::Listing::decode(&*dynamic.encode_to_vec()).map_err(|error| error.to_string()));
    let listing = match read {
        Ok(listing) => listing,
        Err(error) => {
            form.fault("", Text::same(error));
            return Err(form.faults);
        }
    };
    if let Some(kind) = kind {
        form.kind(&kind, listing.listing.as_ref().and_then(|opportunity| opportunity.details.as_ref()));
    }
    if form.faults.is_empty() { Ok(listing) } else { Err(form.faults) }
}

struct Form {
    line: usize,
    faults: Vec<FormFault>,
}

impl Form {
    fn fault(&mut self, field: &str, message: Text) {
        self.faults.push(FormFault { line: self.line, field: field.to_owned(), message });
    }

    fn kind(&mut self, said: &Value, details: Option<&Details>) {
        let given = details.map(|details| match details {
            Details::Capital(_) => "capital",
            Details::Project(_) => "project",
            Details::Technology(_) => "technology",
            Details::Talent(_) => "talent",
            Details::Event(_) => "event",
        });
        // Enum values are written in capitals, parts in small letters: either will do.
        if given.zip(said.as_str()).is_some_and(|(given, said)| said.eq_ignore_ascii_case(given)) {
            return;
        }
        let given_zh = given.map_or("却没有类别内容".to_owned(), |given| format!("给出的却是 {given}"));
        let given_en = given.map_or("no kind's part is given".to_owned(), |given| format!("{given} is given"));
        self.fault(
            "listing.kind",
            Text::new(format!("写的是 {said}，{given_zh}"), format!("says {said}, but {given_en}")),
        );
    }

    fn message(&mut self, message: &MessageDescriptor, value: &Value, path: &str, depth: usize) {
        let Value::Object(object) = value else {
            return self.fault(path, Text::new("应为 JSON 对象", "must be a JSON object"));
        };
        if depth > DEPTH {
            return self.fault(path, Text::new("嵌套过深", "lies too deep"));
        }
        for (key, value) in object {
            let field = message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key));
            match field {
                Some(field) => {
                    let path = join(path, field.name());
                    self.field(message, &field, value, &path, depth);
                }
                None => self.fault(&join(path, key), unknown(message, key)),
            }
        }
    }

    fn field(&mut self, owner: &MessageDescriptor, field: &FieldDescriptor, value: &Value, path: &str, depth: usize) {
        // Messages with a JSON form of their own (times, masks) are leaves.
        let nested = match field.kind() {
            Kind::Message(inner) if !inner.full_name().starts_with("google.protobuf.") => Some(inner),
            _ => None,
        };
        match (nested, value) {
            (_, Value::Null) => {}
            (Some(inner), Value::Array(items)) if field.is_list() => {
                for (index, item) in items.iter().enumerate() {
                    self.message(&inner, item, &format!("{path}[{index}]"), depth + 1);
                }
            }
            (Some(inner), _) if !field.is_list() => self.message(&inner, value, path, depth + 1),
            _ => self.leaf(owner, field, value, path),
        }
    }

    /// Reads one field alone, so that what is wrong with it can be told by its path.
    fn leaf(&mut self, owner: &MessageDescriptor, field: &FieldDescriptor, value: &Value, path: &str) {
        let alone = Value::Object(Map::from_iter([(field.name().to_owned(), value.clone())]));
        if let Err(error) = DynamicMessage::deserialize(owner.clone(), alone) {
            let known = match field.kind() {
                Kind::Enum(kind) => kind.values().filter(|v| v.number() != 0).map(|v| v.name().to_owned()).collect(),
                _ => Vec::new(),
            };
            self.fault(
                path,
                if known.is_empty() {
                    Text::new(form_of(field), format!("cannot be read: {error}"))
                } else {
                    let known = known.join(", ");
                    Text::new(format!("{value} 不在 {known} 之中"), format!("{value} is none of {known}"))
                },
            );
        }
    }
}

/// What a field takes, in Chinese: what the parser says of it is English.
fn form_of(field: &FieldDescriptor) -> String {
    let one = match field.kind() {
        Kind::String => "加引号的文字",
        Kind::Bool => "true 或 false",
        Kind::Double | Kind::Float => "数字",
        Kind::Bytes => "Base64 文字",
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Timestamp" => {
            "时间，如 \"2027-03-01T09:00:00+08:00\""
        }
        Kind::Message(_) => "JSON 对象",
        Kind::Enum(_) => "可选值之一",
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Sint32 | Kind::Sint64 => "整数",
        Kind::Fixed32 | Kind::Fixed64 | Kind::Sfixed32 | Kind::Sfixed64 => "整数",
    };
    if field.is_list() { format!("应为列表 […]，每项为{one}") } else { format!("应为{one}") }
}

fn join(path: &str, key: &str) -> String {
    let key: String = key.chars().take(80).collect();
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn unknown(message: &MessageDescriptor, key: &str) -> Text {
    let fields = message.fields().map(|field| field.name().to_owned());
    let scored = fields.map(|name| (strsim::jaro_winkler(key, &name), name));
    match scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((_, near)) => {
            Text::new(format!("没有这个字段，是否应为 {near}？"), format!("is not known; did you mean {near}?"))
        }
        None => Text::new("没有这个字段", "is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::{Defaults, Layout, to_json};
    use super::*;

    const GOOD: &str = r#"{"name": "members/shenzhen/listings/fund", "scopes": ["network"],
        "expire_time": "2027-06-30T00:00:00Z",
        "listing": {"kind": "capital", "direction": "OFFER", "title": "产业基金", "language": "zh-CN",
            "regions": ["440300"], "capital": {"instrument": "FUND",
            "amountMax": {"currency_code": "CNY", "units": "50000000"}}}}"#;

    fn faults(text: &str) -> Vec<String> {
        parse_listing(text, 7).expect_err("faulty").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_spellings_are_read_and_what_is_exported_reads_back() {
        let listing = parse_listing(GOOD, 1).expect("good");
        let opportunity = listing.listing.as_ref().expect("given");
        assert_eq!(opportunity.title, "产业基金");
        let Some(Details::Capital(capital)) = &opportunity.details else { panic!("{opportunity:?}") };
        assert_eq!(capital.amount_max.as_ref().map(|money| money.units), Some(50_000_000));
        let exported = to_json(&listing, Layout::Line, Defaults::Left);
        assert_eq!(parse_listing(&exported, 1).as_ref(), Ok(&listing));
        let shown = to_json(&listing, Layout::Pretty, Defaults::Written);
        assert_eq!(parse_listing(&shown, 1).as_ref(), Ok(&listing));
    }

    #[test]
    fn every_fault_names_line_and_field() {
        assert_eq!(
            faults(
                r#"{"nme": 1, "scopes": "network", "listing": {"direction": "OFER", "titel": "x", "regions": [1],
                "links": [{"title": "a"}, {"uri": "b"}], "event": {"capacity": "many", "startTime": "noon"}}}"#
            )
            .iter()
            .map(|fault| fault.split(" cannot be read").next().unwrap_or_default().to_owned())
            .collect::<std::collections::BTreeSet<_>>(),
            [
                "line 7: nme: is not known; did you mean name?",
                "line 7: scopes:",
                "line 7: listing.direction: \"OFER\" is none of OFFER, REQUEST",
                "line 7: listing.titel: is not known; did you mean title?",
                "line 7: listing.regions:",
                "line 7: listing.links[1].uri: is not known; did you mean url?",
                "line 7: listing.event.capacity:",
                "line 7: listing.event.start_time:",
            ]
            .map(str::to_owned)
            .into()
        );
        let zh =
            parse_listing(r#"{"scopes": "network", "listing": {"event": {"capacity": "x", "startTime": "noon"}}}"#, 1);
        let zh: Vec<String> = zh.expect_err("faulty").iter().map(|fault| fault.text().zh).collect();
        assert_eq!(
            zh,
            [
                "第 1 行：listing.event.capacity：应为整数",
                "第 1 行：listing.event.start_time：应为时间，如 \"2027-03-01T09:00:00+08:00\"",
                "第 1 行：scopes：应为列表 […]，每项为加引号的文字",
            ]
        );
        assert_eq!(faults("[]"), ["line 7: must be a JSON object"]);
        assert!(faults("{\n\n").iter().all(|fault| fault.starts_with("line 9: is not JSON")));
    }

    #[test]
    fn the_kind_agrees_with_its_part() {
        assert_eq!(
            faults(&GOOD.replace("\"kind\": \"capital\"", "\"kind\": \"event\"")),
            ["line 7: listing.kind: says \"event\", but capital is given"]
        );
        assert_eq!(
            faults(r#"{"listing": {"kind": "event", "title": "x"}}"#),
            ["line 7: listing.kind: says \"event\", but no kind's part is given"]
        );
        assert!(parse_listing(&GOOD.replace("\"kind\": \"capital\",", ""), 1).is_ok());
    }

    #[test]
    fn two_kinds_at_once_are_refused() {
        let both = GOOD.replace("\"capital\": {", "\"event\": {}, \"capital\": {");
        assert_eq!(faults(&both).len(), 1);
    }

    #[test]
    fn a_hostile_depth_is_an_error_and_no_crash() {
        let deep = format!("{}1{}", "{\"listing\":".repeat(100_000), "}".repeat(100_000));
        assert!(parse_listing(&deep, 1).is_err());
    }
}
