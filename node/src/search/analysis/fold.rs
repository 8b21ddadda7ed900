//! Folding: full width and half width, capital and small, traditional and simplified become one.

use unicode_normalization::UnicodeNormalization;

use super::dictionary;

/// A folded text that remembers where each of its characters came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    /// What is searched.
    pub(crate) text: String,
    /// For each of its characters the number of the character of the original from which it came.
    pub(crate) origins: Vec<u32>,
}

/// Folds a text: compatibility forms (NFKC) of each character, small letters, simplified characters.
pub(crate) fn fold(original: &str) -> Folded {
    let dictionary = dictionary();
    let mut folded =
        Folded { text: String::with_capacity(original.len()), origins: Vec::with_capacity(original.len()) };
    for (origin, character) in (0_u32..).zip(original.chars()) {
        let mut push = |character: char| {
            folded.text.push(dictionary.simplify(character));
            folded.origins.push(origin);
        };
        match character {
            '\0'..='\u{7f}' => push(character.to_ascii_lowercase()),
            '\u{4e00}'..='\u{9fff}' => push(character),
            _ => std::iter::once(character).nfkc().flat_map(char::to_lowercase).for_each(push),
        }
    }
    folded
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
