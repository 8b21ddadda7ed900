//! Path templates of `google.api.http`: `/v1/{name=members/*/listings/*}:withdraw`.

use percent_encoding::percent_decode_str;

/// Segments of a path that is looked at; the longest template has far fewer.
pub(crate) const SEGMENTS: usize = 32;

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any one segment.
    One,
    /// Any number of segments, at the end only.
    Rest,
}

/// A field that takes its value from the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Path of the field in the request, for example `listing.name`.
    pub(crate) field: String,
    /// The segments that make its value.
    pub(crate) from: usize,
    /// The first segment after it.
    pub(crate) to: usize,
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
    /// What follows the last `:`.
    pub(crate) verb: Option<String>,
}

impl Template {
    /// Reads a template; None where it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut this = Self { segments: Vec::new(), variables: Vec::new(), verb: None };
        let mut rest = text.strip_prefix('/')?;
        loop {
            rest = match rest.strip_prefix('{') {
                Some(variable) => {
                    let (variable, after) = variable.split_once('}')?;
                    let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
                    let from = this.segments.len();
                    pattern.split('/').try_for_each(|segment| this.push(segment))?;
                    this.variables.push(Variable { field: field.to_owned(), from, to: this.segments.len() });
                    after
                }
                None => {
                    let end = rest.find(['/', ':']).unwrap_or(rest.len());
                    this.push(&rest[..end])?;
                    &rest[end..]
                }
            };
            match rest.strip_prefix('/') {
                Some(more) => rest = more,
                None => break,
            }
        }
        this.verb = match rest.strip_prefix(':') {
            Some(verb) => Some(verb.to_owned()),
            None if rest.is_empty() => None,
            None => return None,
        };
        Some(this)
    }

    fn push(&mut self, segment: &str) -> Option<()> {
        let plain = |text: &str| !text.is_empty() && !text.contains(['{', '}', '*', '=', ':']);
        self.segments.push(match segment {
            "*" => Segment::One,
            "**" => Segment::Rest,
            text if plain(text) => Segment::Literal(text.to_owned()),
            _ => return None,
        });
        Some(())
    }

    /// The values of the variables, where `path` is of this form.
    pub(crate) fn matches(&self, path: &Path) -> Option<Vec<(&str, String)>> {
        if self.verb != path.verb {
            return None;
        }
        let endless = self.segments.last() == Some(&Segment::Rest);
        let fixed = self.segments.len() - usize::from(endless);
        if path.segments.len() < fixed || (!endless && path.segments.len() > fixed) {
            return None;
        }
        let alike = self.segments.iter().zip(&path.segments).all(|(segment, given)| match segment {
            Segment::Literal(text) => text == given,
            Segment::One => !given.is_empty(),
            Segment::Rest => true,
        });
        alike.then(|| self.variables.iter().map(|variable| (&*variable.field, self.value(variable, path))).collect())
    }

    fn value(&self, variable: &Variable, path: &Path) -> String {
        let endless = self.segments.get(variable.from..variable.to).is_some_and(|s| s.contains(&Segment::Rest));
        let to = if endless { path.segments.len() } else { variable.to };
        let segments = path.segments.get(variable.from..to).unwrap_or_default();
        match segments {
            [one] => one.clone(),
            // A slash that was escaped is none between segments.
            many => many.iter().map(|segment| segment.replace('/', "%2F")).collect::<Vec<_>>().join("/"),
        }
    }
}

/// The path of a request, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    segments: Vec<String>,
    verb: Option<String>,
}

impl Path {
    /// Takes `text` apart, decoding each segment by itself; None where that makes no text, or where it has too many.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('/')?;
        let (path, verb) = match text.rsplit_once(':').filter(|(_, verb)| !verb.contains('/')) {
            Some((path, verb)) => (path, Some(decode(verb)?)),
            None => (text, None),
        };
        if path.split('/').count() > SEGMENTS {
            return None;
        }
        let segments = path.split('/').map(decode).collect::<Option<_>>()?;
        Some(Self { segments, verb })
    }
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bound(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template).expect("a template");
        let bound = template.matches(&Path::parse(path)?)?;
        Some(bound.into_iter().map(|(field, value)| (field.to_owned(), value)).collect())
    }

    #[test]
    fn templates_bind_what_they_name() {
        let one = |field: &str, value: &str| Some(vec![(field.to_owned(), value.to_owned())]);
        for (template, path, expected) in [
            ("/v1/network", "/v1/network", Some(vec![])),
            ("/v1/network", "/v1/network/", None),
            ("/v1/network", "/v1/networks", None),
            ("/v1/{name=members/*}", "/v1/members/a", one("name", "members/a")),
            ("/v1/{name=members/*}", "/v1/members/", None),
            ("/v1/{name=members/*}", "/v1/members/a/b", None),
            ("/v1/{name=members/*}", "/v1/members/%E6%B7%B1", one("name", "members/深")),
            ("/v1/{name=members/*}", "/v1/members/a%2Fb", one("name", "members/a%2Fb")),
            ("/v1/{name=members/*}", "/v1/members/a:b", None),
            ("/v1/{name=members/*}", "/v1/members/a%3Ab", one("name", "members/a:b")),
            ("/v1/{name=m/*/l/*}:withdraw", "/v1/m/a/l/b:withdraw", one("name", "m/a/l/b")),
            ("/v1/{name=m/*/l/*}:withdraw", "/v1/m/a/l/b", None),
            ("/v1/{parent=m/*}/l:batchCreate", "/v1/m/-/l:batchCreate", one("parent", "m/-")),
            ("/v1/{x}", "/v1/a%2Fb", one("x", "a/b")),
            ("/v1/{x=files/**}", "/v1/files/a/b/c", one("x", "files/a/b/c")),
            ("/v1/{x=files/**}", "/v1/files", one("x", "files")),
        ] {
            assert_eq!(bound(template, path), expected, "{template} {path}");
        }
    }

    #[test]
    fn what_is_no_template_is_none() {
        for text in ["", "v1", "/", "/v1//x", "/{a", "/{a=}", "/a}", "/v1/{x=*/}"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_decodes_to_no_text_is_no_path() {
        assert_eq!(Path::parse("/v1/%FF"), None);
        assert_eq!(Path::parse("v1"), None);
        assert_eq!(Path::parse(&"/a".repeat(SEGMENTS + 1)), None);
    }

    proptest! {
        #[test]
        fn no_path_is_too_strange(path in any::<String>()) {
            let template = Template::parse("/v1/{name=members/*/listings/*}:withdraw").expect("a template");
            if let Some(path) = Path::parse(&path) {
                let _ = template.matches(&path);
            }
        }

        #[test]
        fn any_id_comes_back_as_it_was(id in "[^/]{1,20}") {
            let escaped = percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC).to_string();
            let expected = Some(vec![("x".to_owned(), id)]);
            prop_assert_eq!(bound("/v1/{x}", &format!("/v1/{escaped}")), expected);
        }
    }
}
