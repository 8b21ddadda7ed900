//! Entity tags (RFC 9110, 8.8.3): they name the bytes of an answer, so that nobody is sent what they hold already.

use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// Bytes of a header with tags.
const LIST_BYTES: usize = 4 * 1024;

/// The tag of an answer with this body, in quotes.
pub(crate) fn tag_of(body: &[u8]) -> String {
    format!("\"{}\"", &blake3::hash(body).to_hex()[..32])
}

/// Whether the caller names what it holds, so that older conditions do not count (RFC 9110, 13.2.2).
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH)
}

/// Whether the caller holds the answer with this tag already, by the weak comparison of RFC 9110.
pub(crate) fn holds(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lines.map(str::trim).any(|line| {
        line == "*" || list(line).is_some_and(|tags| tags.iter().any(|known| *known == tag.trim_matches('"')))
    })
}

/// The opaque parts of a list of tags; weak ones are taken for what they name.
pub(crate) fn list(text: &str) -> Option<Vec<&str>> {
    if text.len() > LIST_BYTES {
        return None;
    }
    let mut tags = Vec::new();
    let mut rest = text.trim();
    loop {
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = quoted.split_once('"')?;
        tags.push(tag);
        rest = match after.trim_start().strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.trim().is_empty() => return Some(tags),
            None => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_read_as_rfc_9110_writes_them() {
        assert_eq!(list("\"a\""), Some(vec!["a"]));
        assert_eq!(list("W/\"a\" , \"b,c\""), Some(vec!["a", "b,c"]));
        for text in ["", "a", "\"a", "\"a\"b", "\"a\",", "w/\"a\""] {
            assert_eq!(list(text), None, "{text}");
        }
    }

    #[test]
    fn whoever_holds_an_answer_is_known_by_its_tag() {
        let held = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(IF_NONE_MATCH, line.parse().unwrap());
            }
            holds(&headers, "\"a\"")
        };
        for lines in [&["\"a\""][..], &["W/\"a\""], &["\"b\", \"a\""], &["\"b\"", "\"a\""], &["*"]] {
            assert!(held(lines), "{lines:?}");
        }
        for lines in [&[][..], &["\"b\""], &["a"], &["\"ab\""], &["\"*\""]] {
            assert!(!held(lines), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn no_list_is_too_strange(text in "\\PC{0,64}") {
            let _ = list(&text);
        }
    }
}
