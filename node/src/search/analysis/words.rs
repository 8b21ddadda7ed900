//! Words: of Chinese what the segmenter finds, of everything else what lies between the gaps.

use std::cell::RefCell;
use std::collections::HashMap;

use tantivy::tokenizer::{Language, RawTokenizer, Stemmer, TextAnalyzer, TokenStream as _};

use super::dictionary;

/// One word of a folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// As it stands in the folded text.
    pub(crate) text: &'a str,
    /// Whether it is Chinese.
    pub(crate) han: bool,
    /// Whether nothing, not even a space, lies between it and the word before.
    pub(crate) joined: bool,
}

/// A longer word is cut off here, in bytes; nobody searches for it.
const WORD_BYTES: usize = 96;
/// Stems that a thread keeps.
const STEMS: usize = 10_000;
/// The longest part of a word that is a word of its own, in characters.
const PART_CHARS: usize = 4;

/// Whether a character is an ideograph.
pub(crate) fn is_han(character: char) -> bool {
    matches!(u32::from(character), 0x3005..=0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3134f)
}

/// Whether a word is of one character.
pub(crate) fn is_single(word: &str) -> bool {
    word.chars().nth(1).is_none()
}

/// Cuts a folded text into its words, in order. The segmenter guesses no words that it does not know: a guess depends on
/// what stands around, and a query has nothing around.
pub(crate) fn cut(folded: &str) -> Vec<Word<'_>> {
    let mut words = Vec::with_capacity(folded.len() / 4);
    let mut rest = folded;
    let mut joined = false;
    while let Some(first) = rest.chars().next() {
        let class = Class::of(first);
        let end = rest.find(|character| Class::of(character) != class).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        match class {
            Class::Gap => {}
            Class::Han => {
                for token in dictionary().cut(run, false) {
                    words.push(Word { text: token.word, han: true, joined });
                    joined = true;
                }
            }
            Class::Other => {
                words.push(Word { text: run.get(..floor(run, WORD_BYTES)).unwrap_or(run), han: false, joined })
            }
        }
        joined = class != Class::Gap;
    }
    words
}

fn floor(text: &str, bytes: usize) -> usize {
    (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Han,
    Other,
    Gap,
}

impl Class {
    fn of(character: char) -> Self {
        if is_han(character) {
            Self::Han
        } else if character.is_alphanumeric() {
            Self::Other
        } else {
            Self::Gap
        }
    }
}

/// The words within a Chinese word, itself included: 中华人民共和国 is found by 人民 and by 共和国.
pub(crate) fn with_parts<'a>(word: &'a str, mut each: impl FnMut(&'a str)) {
    each(word);
    if word.chars().nth(2).is_none() {
        return;
    }
    let ends: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
    let count = ends.len() - 1;
    for length in 2..=PART_CHARS.min(count.saturating_sub(1)) {
        for start in 0..=count - length {
            let part = &word[ends[start]..ends[start + length]];
            if is_known(part) {
                each(part);
            }
        }
    }
}

/// Whether the segmenter knows it as a word.
pub(crate) fn is_known(word: &str) -> bool {
    dictionary().has_word(word)
}

/// The fewest known words of two characters or more that make up a Chinese text; None where there are none that do.
pub(crate) fn made_of(han: &str) -> Option<Vec<&str>> {
    let ends: Vec<usize> = han.char_indices().map(|(at, _)| at).chain([han.len()]).collect();
    let count = ends.len() - 1;
    // For each end the fewest words up to there, with where the last of them begins.
    let mut fewest: Vec<Option<(usize, usize)>> = vec![None; count + 1];
    fewest[0] = Some((0, 0));
    for end in 2..=count {
        let known = |start: &usize| is_known(&han[ends[*start]..ends[end]]);
        let starts = (end.saturating_sub(PART_CHARS)..=end - 2).filter(known);
        fewest[end] = starts.filter_map(|start| Some((fewest[start]?.0 + 1, start))).min();
    }
    let mut words = Vec::new();
    let mut end = count;
    while end > 0 {
        let (_, start) = fewest[end]?;
        words.push(&han[ends[start]..ends[end]]);
        end = start;
    }
    words.reverse();
    Some(words)
}

/// The stem of an English word where it is another than the word itself: `logistics` and `logistic` meet in `logist`.
pub(crate) fn stem(word: &str) -> Option<String> {
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    thread_local! {
        static STEMS: RefCell<Stems> = RefCell::new(Stems::new());
    }
    STEMS.with_borrow_mut(|stems| stems.of(word))
}

/// Stems that were found lately: texts repeat their words.
struct Stems {
    stemmer: TextAnalyzer,
    known: HashMap<String, Option<String>>,
}

impl Stems {
    fn new() -> Self {
        let stemmer = TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(Language::English)).build();
        Self { stemmer, known: HashMap::new() }
    }

    fn of(&mut self, word: &str) -> Option<String> {
        if let Some(known) = self.known.get(word) {
            return known.clone();
        }
        let mut stream = self.stemmer.token_stream(word);
        let stem = stream.advance().then(|| stream.token().text.clone()).filter(|stem| stem != word);
        drop(stream);
        if self.known.len() >= STEMS {
            self.known.clear();
        }
        self.known.insert(word.to_owned(), stem.clone());
        stem
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold;
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        cut(&fold(text).text).into_iter().map(|word| word.text.to_owned()).collect()
    }

    #[test]
    fn chinese_and_english_are_cut_into_words() {
        assert_eq!(
            texts("在线冷链物流平台 Cold-chain 4.0"),
            ["在线", "冷链", "物流", "平台", "cold", "chain", "4", "0"]
        );
        assert_eq!(texts("深圳市與畢節市對口合作"), texts("深圳市与毕节市对口合作"));
        assert_eq!(texts("，。！ "), Vec::<String>::new());
    }

    #[test]
    fn a_short_place_name_breaks_no_other_word() {
        assert_eq!(texts("城市中心"), ["城市", "中心"]);
        assert!(texts("贵州长顺刺绣").contains(&"长顺".to_owned()));
    }

    #[test]
    fn the_words_within_a_word_are_found() {
        let mut parts = Vec::new();
        with_parts("中华人民共和国", |part| parts.push(part));
        assert!(["中华人民共和国", "中华", "人民", "共和国"].iter().all(|part| parts.contains(part)), "{parts:?}");
    }

    #[test]
    fn a_text_is_made_of_known_words_or_of_none() {
        assert_eq!(made_of("出租厂房"), Some(vec!["出租", "厂房"]), "where the segmenter sees another word: 租厂房");
        assert_eq!(made_of("中华人民共和国"), Some(vec!["中华人民", "共和国"]));
        assert_eq!(made_of("招商引资"), Some(vec!["招商引资"]), "the fewest");
        for none in ["茶", "茶与茶叶", "刺梨汁"] {
            assert_eq!(made_of(none), None, "{none}");
        }
        assert_eq!(made_of(""), Some(Vec::new()));
    }

    #[test]
    fn words_that_touch_know_it() {
        let folded = fold("A冷链 b").text;
        assert_eq!(cut(&folded).iter().map(|word| word.joined).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn english_words_meet_in_their_stem() {
        assert_eq!(stem("logistics"), stem("logistic"));
        assert_eq!(stem("4g"), None);
    }
}
