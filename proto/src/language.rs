//! The two languages in which Duikou speaks to people.

/// A language of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// Picks from an `Accept-Language` text (RFC 9110): the supported range of highest weight, the first of equals;
    /// Chinese where there is none.
    pub fn from_accept_language(text: &str) -> Self {
        let mut best = (Self::default(), 0.0);
        for range in text.split(',').take(RANGES) {
            let mut parts = range.split(';').map(str::trim);
            let Some(language) = parts.next().and_then(Self::of_tag) else { continue };
            let weight = match parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))) {
                None => 1.0,
                Some(text) => text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0),
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") || primary == "*" {
            Some(Self::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The BCP 47 tag for `Content-Language` and `lang`: `zh-CN` or `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

/// Ranges of an `Accept-Language` text that are looked at.
const RANGES: usize = 32;

/// A message to people, in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Text {
    /// Puts both together.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// One that is the same in both: a name, or what somebody else has said.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { zh: text.clone(), en: text }
    }

    /// The one of the two.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_supported_range_is_picked() {
        for (text, language) in [
            ("", Language::Zh),
            ("en", Language::En),
            ("EN-gb", Language::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("en;q=0.5, zh-HK;q=0.7", Language::Zh),
            ("fr, en;q=0.1", Language::En),
            ("zh;q=0, en;q=0.2", Language::En),
            ("en;q=0", Language::Zh),
            ("en;q=nonsense, fr", Language::Zh),
            ("*", Language::Zh),
            ("english", Language::Zh),
        ] {
            assert_eq!(Language::from_accept_language(text), language, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_read_in_the_language_asked_for() {
        let text = Text::new("标题", "title");
        assert_eq!((text.in_language(Language::Zh), text.in_language(Language::En)), ("标题", "title"));
    }
}
