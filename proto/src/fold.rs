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

/// Where nearly all characters of any text lie: they are looked up by their place.
const COMMON: std::ops::Range<u32> = 0x3400..0xa000;

/// The simplified forms of traditional characters and variants.
struct Simplified {
    /// Of the characters of [`COMMON`], in order; most are their own.
    common: Vec<char>,
    /// Of those beyond that have one.
    rare: HashMap<char, char>,
}

impl Simplified {
    fn of(&self, character: char) -> char {
        let Some(place) = u32::from(character).checked_sub(COMMON.start) else { return character };
        match self.common.get(place as usize) {
            Some(simple) => *simple,
            None => self.rare.get(&character).copied().unwrap_or(character),
        }
    }
}

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
        let simplify = |character| simplified.of(character);
        match character {
            '\0'..='\u{7f}' => push(character.to_ascii_lowercase()),
            '\u{4e00}'..='\u{9fff}' => push(simplify(character)),
            // The other marks of Chinese texts, which are in every clause of them.
            '、' | '。' | '《' | '》' | '‘' | '’' | '“' | '”' | '·' | '—' => push(character),
            '！'..='～' => push(narrow(character).to_ascii_lowercase()),
            _ => folded_slowly(character).for_each(push),
        }
    }
    folded
}

/// As the standards say; what the common characters become is known without asking.
fn folded_slowly(character: char) -> impl Iterator<Item = char> {
    let simplified = simplified();
    let normal = std::iter::once(character).nfkc().flat_map(char::to_lowercase);
    normal.map(move |character| simplified.of(character))
}

/// The character of ASCII of which one from `！` to `～` is the full width.
fn narrow(wide: char) -> char {
    char::from_u32(u32::from(wide) - u32::from('！') + u32::from('!')).unwrap_or(wide)
}

/// The table, made once.
fn simplified() -> &'static Simplified {
    static TABLE: OnceLock<Simplified> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rare = read();
        let own = |character: char| rare.get(&character).copied().unwrap_or(character);
        Simplified { common: COMMON.filter_map(char::from_u32).map(own).collect(), rare }
    })
}

/// Reads OpenCC's table, character by character.
fn read() -> HashMap<char, char> {
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
    fn every_character_folds_as_the_standards_say() {
        for character in ('\0'..='\u{ffff}').chain('\u{1f100}'..='\u{2fa1f}') {
            let slowly: String = folded_slowly(character).collect();
            assert_eq!(fold(character.encode_utf8(&mut [0; 4])).text, slowly, "{character:?}");
        }
    }

    #[test]
    fn folded_characters_know_where_they_came_from() {
        let folded = fold("Aﬁ鏈");
        assert_eq!((folded.text.as_str(), folded.origins), ("afi链", vec![0, 1, 1, 2]));
    }
}
