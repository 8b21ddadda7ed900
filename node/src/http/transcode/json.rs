//! JSON as RFC 8259 would like it: an object that names a key twice is refused, since two readers might take different
//! ones. Nesting is bounded by the parser.

use std::fmt;

use duikou_proto::language::Text;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// Why a body is no document.
#[derive(Debug, Error)]
pub(crate) enum Malformed {
    /// It is in another encoding (GBK, as consoles in Chinese have it), or not text at all.
    #[error("it is not UTF-8 from byte {0} on")]
    Encoding(usize),
    /// It begins with the mark by which some editors say UTF-8, which JSON does not have (RFC 8259, 8.1).
    #[error("it begins with a byte order mark")]
    Mark,
    /// The parser stopped.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// An object names a key twice.
    #[error("the key {0:?} comes twice in one object")]
    Twice(String),
}

impl Malformed {
    /// What is wrong and what to do, for whoever wrote it.
    pub(crate) fn text(&self) -> Text {
        match self {
            Self::Encoding(at) => Text::new(
                format!("请求正文自第{}字节起不是UTF-8编码，请以UTF-8（不是GBK）发送。", at + 1),
                format!("From byte {} on the body is not UTF-8: send it as UTF-8.", at + 1),
            ),
            Self::Mark => Text::new(
                "请求正文以字节顺序标记（BOM）开头，JSON不含此标记，请以“UTF-8（无BOM）”保存后发送。",
                "The body begins with a byte order mark, which JSON does not have: save it as UTF-8 without one.",
            ),
            Self::Json(error) => {
                let place = format!("{}:{}", error.line(), error.column());
                Text::new(
                    format!("请求正文不是有效的JSON（{place}）。"),
                    format!("The body is no JSON, at {place}: {error}."),
                )
            }
            Self::Twice(key) => Text::new(
                format!("同一对象中的“{key}”出现了两次，请只保留一处。"),
                format!("The key {key} comes twice in one object: keep one."),
            ),
        }
    }
}

/// Reads a document.
///
/// # Errors
/// Where it is none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|error| Malformed::Encoding(error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err(Malformed::Mark);
    }
    match serde_json::from_str::<Strict>(text) {
        Ok(strict) => Ok(strict.0),
        Err(error) => {
            let message = error.to_string();
            let key = message.strip_prefix(TWICE).and_then(|rest| rest.rsplit_once(" at line ")).map(|(key, _)| key);
            Err(key.map_or(Malformed::Json(error), |key| Malformed::Twice(key.to_owned())))
        }
    }
}

/// What the parser hands on of a key that comes twice begins so: it carries messages and nothing else.
const TWICE: &str = "twice: ";

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is none"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if object.contains_key(&key) {
                let key: String = key.chars().take(80).collect();
                return Err(A::Error::custom(format_args!("{TWICE}{key}")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_body_is_told() {
        let told = |bytes: &[u8]| parse(bytes).unwrap_err().text();
        let twice = told("{\"a\": 1,\n \"b\": {\"茶 at line\": 2, \"茶 at line\": 3}}".as_bytes());
        assert_eq!(twice.zh, "同一对象中的“茶 at line”出现了两次，请只保留一处。");
        // 茶 as a Chinese console sends it.
        assert!(told(b"{\"title\": \"\xb2\xe8\"}").zh.contains("自第12字节起不是UTF-8编码"));
        assert!(told("\u{feff}{}".as_bytes()).en.contains("byte order mark"));
        for text in ["", "{", "[1,]", "{} {}", "NaN", "{\"a\": 1e999}"] {
            assert!(matches!(parse(text.as_bytes()), Err(Malformed::Json(_))), "{text}");
        }
        assert!(told(b"{\n\"a\": }").zh.contains("（2:6）"));
        assert!(parse("[".repeat(100_000).as_bytes()).is_err(), "it is not followed to the bottom");
    }

    #[test]
    fn everything_else_is_read_as_it_stands() {
        let document = json!({"a": [null, true, -1, 18_446_744_073_709_551_615_u64, 1.5, "深\u{0}"], "b": {}});
        assert_eq!(parse(document.to_string().as_bytes()).unwrap(), document);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let known = serde_json::from_slice::<Value>(&bytes).ok();
            // Stricter, and otherwise the same.
            if let Ok(read) = parse(&bytes) {
                prop_assert_eq!(Some(read), known);
            }
        }
    }
}
