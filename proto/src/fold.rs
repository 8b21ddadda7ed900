//! Folding: full width and half width, capital and small, traditional and simplified become one, for whoever looks for
//! words: the index, live questions, matching.

use std::collections::HashMap;
use std::sync::OnceLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use unicode_normalization::UnicodeNormalization;

/// A folded text that remembers where each of its characters came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// What is searched.
    pub text: String,
    /// For each of its characters the number of the character of the original from which it came.
    pub origins: Vec<u32>,
}

/// Characters that can have a simplified form: the ideographs of the Basic Multilingual Plane, and those beyond.
const IDEOGRAPHS: [std::ops::RangeInclusive<u32>; 3] = [0x3400..=0x9fff, 0xf900..=0xfaff, 0x20000..=0x2a6df];

/// Folds a text: compatibility forms (NFKC) of each character, small letters, simplified characters. Each by itself, so
/// that a text folds alike wherever it stands. The first call makes the table that this takes.
pub fn fold(original: &str) -> Folded {
    let simplified = simplified();
    let mut folded =
        Folded { text: String::with_capacity(original.len()), origins: Vec::with_capacity(original.len()) };
    for (origin, character) in (0_u32..).zip(original.chars()) {
        let mut push = |character: char| {
            folded.text.push(character);
            folded.origins.push(origin);
        };
        // Most are their own.
        let simplify = |character| simplified.get(&character).copied().unwrap_or(character);
        match character {
            '\0'..='\u{7f}' => push(character.to_ascii_lowercase()),
            '\u{4e00}'..='\u{9fff}' => push(simplify(character)),
            _ => std::iter::once(character).nfkc().flat_map(char::to_lowercase).map(simplify).for_each(push),
        }
    }
    folded
}

/// Traditional characters and variants with their simplified forms, by OpenCC's table.
fn simplified() -> &'static HashMap<char, char> {
    static TABLE: OnceLock<HashMap<char, char>> = OnceLock::new();
    TABLE.get_or_init(|| {
        // The tables are compiled in: that they cannot be read is a fault of the build, and the tests below show it.
        let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else { return HashMap::new() };
        let mut table = HashMap::new();
        let mut buffer = [0; 4];
        for character in IDEOGRAPHS.into_iter().flatten().filter_map(char::from_u32) {
            let converted = converter.convert(character.encode_utf8(&mut buffer));
            let mut characters = converted.chars();
            if let (Some(simple), None) = (characters.next(), characters.next())
                && simple != character
            {
                table.insert(character, simple);
            }
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_alike_is_the_same() {
        for (one, other) in [
            ("冷鏈物流", "冷链物流"),
            ("ＡＢＣ１２３", "abc123"),
            ("ﬁber", "fiber"),
            ("Ⅳ期", "iv期"),
            ("開發區", "开发区"),
            ("對口合作", "对口合作"),
            ("Straße", "straße"),
        ] {
            assert_eq!(fold(one).text, fold(other).text, "{one}");
        }
    }

    #[test]
    fn folded_characters_know_where_they_came_from() {
        let folded = fold("Aﬁ鏈");
        assert_eq!((folded.text.as_str(), folded.origins), ("afi链", vec![0, 1, 1, 2]));
    }
}
