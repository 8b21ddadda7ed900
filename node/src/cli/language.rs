//! The two languages of the network.

use std::borrow::Cow;

use clap::ValueEnum;

/// A language for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    /// What the environment asks for: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set; Chinese where it
    /// is not English.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
        if set.is_some_and(|locale| locale.starts_with("en")) { Self::En } else { Self::Zh }
    }

    /// As in `accept-language`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    zh: Cow<'static, str>,
    en: Cow<'static, str>,
}

impl Text {
    /// Chinese, then English.
    pub fn new(zh: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// One that is the same in both: a name, or what a server said in the language that it was asked in.
    pub fn same(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self { zh: text.clone(), en: text }
    }

    /// In one language.
    pub fn get(&self, language: Language) -> &str {
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
    fn the_environment_chooses_and_chinese_is_the_default() {
        let of = |all: &str, lang: &str| {
            Language::from_variables(|name| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LANG" => Some(lang.to_owned()),
                _ => None,
            })
        };
        assert_eq!(of("", "en_GB.UTF-8"), Language::En);
        assert_eq!(of("zh_CN.UTF-8", "en_GB.UTF-8"), Language::Zh);
        assert_eq!(of("", "C.UTF-8"), Language::Zh);
        assert_eq!(Language::from_variables(|_| None), Language::Zh);
    }
}
