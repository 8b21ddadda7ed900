//! In which of the network's two languages the command line speaks.

use clap::builder::{PossibleValuesParser, TypedValueParser};

pub use duikou_proto::language::{Language, Text};

/// What the environment asks for: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set; Chinese where it is not
/// English.
pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    if set.is_some_and(|locale| locale.starts_with("en")) { Language::En } else { Language::Zh }
}

/// Reads `zh` or `en`.
pub(crate) fn parser() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(["zh", "en"]).map(|text| if text == "en" { Language::En } else { Language::Zh })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_and_chinese_is_the_default() {
        let of = |all: &str, lang: &str| {
            from_variables(|name| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LANG" => Some(lang.to_owned()),
                _ => None,
            })
        };
        assert_eq!(of("", "en_GB.UTF-8"), Language::En);
        assert_eq!(of("zh_CN.UTF-8", "en_GB.UTF-8"), Language::Zh);
        assert_eq!(of("", "C.UTF-8"), Language::Zh);
        assert_eq!(from_variables(|_| None), Language::Zh);
    }
}
