//! What people type to find listings, as pieces; and those that a listing holds, found without an index: for the few
//! listings of one member.

use crate::fold::fold;
use crate::limits;
use crate::v1::Opportunity;
use crate::validate::{Check, Violation, reason};

/// A word or a phrase, as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Without the signs around it.
    pub text: &'a str,
    /// Whether it must not be there: `-` stood before it.
    pub unwanted: bool,
    /// Whether it stood in quotation marks.
    pub phrase: bool,
    /// Whether it is only begun: `*` stood after it.
    pub begun: bool,
}

/// A quotation mark is open: what stands after it, and what would close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open<'a> {
    /// The piece so far.
    pub piece: Piece<'a>,
    /// What would close it.
    pub close: char,
}

/// Quotation marks that open a phrase, with those that close it.
const QUOTES: [(char, char); 4] = [('"', '"'), ('“', '”'), ('「', '」'), ('『', '』')];

/// The next piece of `rest`, which then begins after it; None at the end.
///
/// # Errors
/// Where a quotation mark is open; then nothing is left.
pub fn next_piece<'a>(rest: &mut &'a str) -> Option<Result<Piece<'a>, Open<'a>>> {
    *rest = rest.trim_start();
    if rest.is_empty() {
        return None;
    }
    let unwanted = rest.strip_prefix(['-', '－']).filter(|after| !after.starts_with(char::is_whitespace));
    let unwanted = unwanted.filter(|after| !after.is_empty());
    if let Some(after) = unwanted {
        *rest = after;
    }
    let unwanted = unwanted.is_some();
    let quoted = QUOTES.into_iter().find_map(|(open, close)| Some((rest.strip_prefix(open)?, close)));
    if let Some((inner, close)) = quoted {
        let (text, after) = inner.split_once(close).map_or((inner, None), |(text, after)| (text, Some(after)));
        let piece = Piece { text, unwanted, phrase: true, begun: false };
        *rest = after.unwrap_or_default();
        return Some(if after.is_some() { Ok(piece) } else { Err(Open { piece, close }) });
    }
    let opens = |character: char| QUOTES.iter().any(|(open, _)| *open == character);
    let end = rest.find(|character: char| character.is_whitespace() || opens(character)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    let begun = word.strip_suffix(['*', '＊']);
    Some(Ok(Piece { text: begun.unwrap_or(word), unwanted, phrase: false, begun: begun.is_some() }))
}

/// Words of a question, folded; none match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

/// What a word counts that stands in the title, a tag, the summary, the body.
const WEIGHTS: [u32; 4] = [8, 4, 2, 1];

impl Words {
    /// Reads words as a search does: with spaces between them, or phrases in quotation marks, those after `-` unwanted. A
    /// word that is only begun is one that is held anyway. The path of a violation is `words`.
    ///
    /// # Errors
    /// Where there are more than [`limits::LIVE_WORDS`], or more than [`limits::LIVE_WORDS_CHARS`] characters; where a
    /// quotation mark is open, or there is text and no word in it.
    pub fn parse(text: &str) -> Result<Self, Vec<Violation>> {
        let mut found = Vec::new();
        Check::new("", &mut found).line("words", text, limits::LIVE_WORDS_CHARS);
        let mut words = Self::default();
        let mut rest = text;
        while words.count() <= limits::LIVE_WORDS
            && let Some(piece) = next_piece(&mut rest)
        {
            let piece = piece.unwrap_or_else(|Open { piece, close }| {
                Check::new("", &mut found).fail(
                    "words",
                    reason::BAD_FORMAT,
                    format!("引号没有闭合，请补上{close}，或删除引号。"),
                    format!("A quotation mark is open: close it with {close}, or remove it."),
                );
                piece
            });
            if piece.text.chars().any(char::is_alphanumeric) {
                let words = if piece.unwanted { &mut words.unwanted } else { &mut words.wanted };
                words.push(folded(piece.text));
            }
        }
        if words.count() == 0 && found.is_empty() && !text.trim().is_empty() {
            Check::new("", &mut found).fail(
                "words",
                reason::BAD_FORMAT,
                "其中没有可检索的文字，请输入汉字、字母或数字。",
                "There is nothing to search for in this: give words.",
            );
        }
        if words.count() > limits::LIVE_WORDS {
            Check::new("", &mut found).fail(
                "words",
                reason::TOO_MANY,
                format!("检索词最多{}个，请删减。", limits::LIVE_WORDS),
                format!("There may be {} words: remove some.", limits::LIVE_WORDS),
            );
        }
        if found.is_empty() { Ok(words) } else { Err(found) }
    }

    fn count(&self) -> usize {
        self.wanted.len() + self.unwanted.len()
    }

    /// Whether there are none by which one listing answers better than another.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// How well a listing answers; None where it lacks a word that is wanted, or holds one that is not. Each word counts
    /// for the best place that has it.
    pub fn score(&self, opportunity: &Opportunity) -> Option<u32> {
        if self.count() == 0 {
            return Some(0);
        }
        let tags = opportunity.tags.join("\n");
        let places = [&opportunity.title, &tags, &opportunity.summary, &opportunity.body].map(|text| folded(text));
        let of_word = |word: &String| {
            let found = places.iter().zip(WEIGHTS).find(|(place, _)| place.contains(word.as_str()));
            found.map(|(_, weight)| weight)
        };
        if self.unwanted.iter().any(|word| of_word(word).is_some()) {
            return None;
        }
        self.wanted.iter().map(of_word).sum()
    }
}

fn folded(text: &str) -> String {
    fold(text).text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(title: &str, body: &str) -> Opportunity {
        Opportunity {
            title: title.to_owned(),
            body: body.to_owned(),
            tags: vec!["冷链".to_owned()],
            ..Default::default()
        }
    }

    fn score(words: &str, title: &str, body: &str) -> Option<u32> {
        Words::parse(words).unwrap().score(&listing(title, body))
    }

    #[test]
    fn all_words_occur_and_the_best_place_counts() {
        assert_eq!(score("", "茶", ""), Some(0));
        assert_eq!(score("绿茶", "高山绿茶", "绿茶"), Some(8));
        assert_eq!(score("绿茶 冷链", "求购", "高山绿茶"), Some(5));
        assert_eq!(score("绿茶 咖啡", "高山绿茶", ""), None);
    }

    #[test]
    fn phrases_begun_words_and_exclusions_are_read_as_a_search_reads_them() {
        for words in
            ["\"绿茶\"", "“绿茶”", "「绿茶」", "绿茶*", "绿茶＊", "\"高山绿茶\" 绿茶*", "-咖啡 绿茶", "绿茶 - "]
        {
            assert!(score(words, "高山绿茶", "").is_some(), "{words}");
        }
        assert_eq!(score("\"cold chain\"", "", "A chain of cold"), None, "what is quoted stands together");
        assert_eq!(score("\"cold chain\"", "", "The cold chain"), Some(1));
        assert_eq!(score("cold chain", "", "A chain of cold"), Some(2));
        assert_eq!(score("绿茶 -咖啡", "绿茶和咖啡", ""), None);
        assert_eq!(score("-咖啡", "绿茶", ""), Some(0));
        assert_eq!(score("-\"高山 绿茶\"", "高山绿茶", ""), Some(0));
        assert_eq!(score("高山\"绿茶\"", "高山绿茶", ""), Some(16), "a mark begins a phrase without a space");
    }

    #[test]
    fn width_case_and_traditional_characters_do_not_count() {
        assert_eq!(score("冷鏈", "冷链物流", ""), Some(8));
        assert_eq!(score("開發區", "", "经济开发区"), Some(1));
        assert_eq!(score("开发区", "", "經濟開發區"), Some(1));
        assert_eq!(score("ＴＥＡ", "Green tea", ""), Some(8));
        assert_eq!(score("tea", "", "ＧＲＥＥＮ ＴＥＡ"), Some(1));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(Words::parse(&"茶".repeat(limits::LIVE_WORDS_CHARS)).is_ok());
        let reasons = |text: &str| -> Vec<&str> {
            Words::parse(text).unwrap_err().iter().map(|violation| violation.reason).collect()
        };
        assert_eq!(reasons(&"茶".repeat(limits::LIVE_WORDS_CHARS + 1)), [reason::TOO_LONG]);
        assert_eq!(reasons(&"茶 ".repeat(limits::LIVE_WORDS + 1)), [reason::TOO_MANY]);
        assert_eq!(reasons(&"-茶 ".repeat(limits::LIVE_WORDS + 1)), [reason::TOO_MANY]);
        for open in ["\"绿茶", "“绿茶\"", "绿茶 「", "-『"] {
            assert_eq!(reasons(open), [reason::BAD_FORMAT], "{open}");
        }
        for nothing in ["？！", "-", "\"\"", "*"] {
            assert_eq!(reasons(nothing), [reason::BAD_FORMAT], "{nothing}");
        }
        assert_eq!(reasons("a\nb"), [reason::BAD_FORMAT]);
    }
}
