//! The language of queries: words, "phrases", -exclusions and begun words*. It is flat, so nothing nests.

use duikou_proto::language::Text;
use duikou_proto::validate::{Violation, reason};
use duikou_proto::words::{Open, Piece, next_piece};

use super::clause::{Reach, typos};
use crate::search::analysis::{cut, fold, is_han, is_single, made_of};

/// Characters of a query.
pub(crate) const QUERY_CHARS: usize = 200;
/// Words and phrases of a query.
pub(crate) const QUERY_ITEMS: usize = 32;
/// Words that its items come to, at most: one a character.
const QUERY_WORDS: usize = QUERY_CHARS;

/// A query that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// What must be there.
    pub(crate) wanted: Vec<Item>,
    /// What must not.
    pub(crate) unwanted: Vec<Item>,
}

impl Query {
    /// How far its words may be looked for, the nearest first: each only where those before find nothing.
    pub(crate) fn reaches(&self) -> impl Iterator<Item = Reach> {
        let items = || self.wanted.iter().filter(|item| !item.phrase);
        let otherwise = items().any(|item| item.ends_begun().is_some() || item.cut_otherwise().is_some());
        let typos = items().flat_map(|item| &item.words).any(|(word, _)| typos(word) > 0);
        let reaches = [(Reach::Exact, true), (Reach::Otherwise, otherwise), (Reach::Typos, typos)];
        reaches.into_iter().filter_map(|(reach, may)| may.then_some(reach))
    }
}

/// A word or a phrase, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// As it was typed, folded.
    pub(crate) text: String,
    /// Its words with whether each is Chinese.
    pub(crate) words: Vec<(String, bool)>,
    /// Whether they stand next to each other.
    pub(crate) phrase: bool,
    /// Whether the last of them is only begun.
    pub(crate) begun: bool,
}

impl Item {
    /// Its words but the last two, and those, where the last is of one character and may begin a longer one: 万 in 500万元.
    pub(super) fn ends_begun(&self) -> Option<[&[(String, bool)]; 2]> {
        let (last, han) = self.words.last()?;
        let at = self.words.len().checked_sub(2)?;
        (*han && is_single(last)).then(|| self.words.split_at(at).into())
    }

    /// The words that it is made of where they are others than the segmenter cuts: 出租 厂房, and not 出 租厂房.
    pub(super) fn cut_otherwise(&self) -> Option<Vec<(String, bool)>> {
        let words = made_of(&self.text).filter(|_| !self.text.is_empty() && self.text.chars().all(is_han))?;
        let words: Vec<_> = words.into_iter().map(|word| (word.to_owned(), true)).collect();
        (words != self.words).then_some(words)
    }
}

/// Reads a query; `prefix` says that its last word is still being typed, for which an open phrase is no fault.
///
/// # Errors
/// What is wrong with it, as violations of `query`.
pub(crate) fn parse(text: &str, prefix: bool) -> Result<Query, Vec<Violation>> {
    let length = text.chars().count();
    if length > QUERY_CHARS {
        return Err(fault(
            reason::TOO_LONG,
            format!("检索词共{length}个字符，最多{QUERY_CHARS}个，请缩短。"),
            format!("The query has {length} characters and may have {QUERY_CHARS}: shorten it."),
        ));
    }
    let mut query = Query::default();
    let mut rest = text;
    while let Some(piece) = next_piece(&mut rest) {
        let (unwanted, item) = item(piece, prefix)?;
        if item.words.is_empty() {
            continue;
        }
        if unwanted { query.unwanted.push(item) } else { query.wanted.push(item) }
    }
    let items = query.wanted.len() + query.unwanted.len();
    if items > QUERY_ITEMS {
        return Err(fault(
            reason::TOO_MANY,
            format!("检索词共{items}个，最多{QUERY_ITEMS}个，请删减。"),
            format!("The query has {items} words and may have {QUERY_ITEMS}: remove some."),
        ));
    }
    if items == 0 && !text.trim().is_empty() {
        return Err(fault(
            reason::BAD_FORMAT,
            "其中没有可检索的文字，请输入汉字、字母或数字。",
            "There is nothing to search for in this: give words.",
        ));
    }
    if prefix && let Some(last) = query.wanted.last_mut() {
        last.begun |= !text.ends_with(char::is_whitespace);
    }
    Ok(query)
}

fn item(piece: Result<Piece<'_>, Open<'_>>, prefix: bool) -> Result<(bool, Item), Vec<Violation>> {
    let piece = match piece {
        Ok(piece) => piece,
        Err(Open { piece, .. }) if prefix => Piece { begun: true, ..piece },
        Err(Open { close, .. }) => {
            return Err(fault(
                reason::BAD_FORMAT,
                format!("引号没有闭合，请补上{close}，或删除引号。"),
                format!("A quotation mark is open: close it with {close}, or remove it."),
            ));
        }
    };
    let Piece { text, unwanted, phrase, begun } = piece;
    let folded = fold(text).text;
    let words = cut(&folded).into_iter().take(QUERY_WORDS).map(|word| (word.text.to_owned(), word.han)).collect();
    Ok((unwanted, Item { text: folded, words, phrase, begun }))
}

fn fault(reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Vec<Violation> {
    vec![Violation { field: "query".to_owned(), reason, text: Text::new(zh, en) }]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let query = parse(text, false).unwrap();
        let show = |sign: &str, item: &Item| {
            let words: Vec<&str> = item.words.iter().map(|(word, _)| &**word).collect();
            let phrase = if item.phrase { "\"" } else { "" };
            format!("{sign}{phrase}{}{phrase}{}", words.join("+"), if item.begun { "*" } else { "" })
        };
        query
            .wanted
            .iter()
            .map(|item| show("", item))
            .chain(query.unwanted.iter().map(|item| show("-", item)))
            .collect()
    }

    #[test]
    fn words_phrases_exclusions_and_beginnings_are_read() {
        for (text, expected) in [
            ("冷鏈物流 Logistics", vec!["冷链+物流", "logistics"]),
            ("“冷链物流” -深圳", vec!["\"冷链+物流\"", "-深圳"]),
            ("「冷鏈」logi*", vec!["\"冷链\"", "logi*"]),
            ("茶 - 叶", vec!["茶", "叶"]),
            ("cold-chain", vec!["cold+chain"]),
            ("-\"a b\" c", vec!["c", "-\"a+b\""]),
            ("", vec![]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_may_be_looked_for_otherwise_is_known() {
        use Reach::{Exact, Otherwise, Typos};
        for (text, expected) in [
            ("冷链物流", vec![Exact]),
            ("出租厂房", vec![Exact, Otherwise]),
            ("500万", vec![Exact, Otherwise]),
            ("500万 logistcs", vec![Exact, Otherwise, Typos]),
            ("“500万”", vec![Exact]),
            ("茶", vec![Exact]),
            ("", vec![Exact]),
        ] {
            assert_eq!(parse(text, false).unwrap().reaches().collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reasons = |text: &str| parse(text, false).unwrap_err().iter().map(|v| v.reason).collect::<Vec<_>>();
        assert_eq!(reasons(&"茶".repeat(QUERY_CHARS + 1)), [reason::TOO_LONG]);
        assert_eq!(reasons(&"a ".repeat(QUERY_ITEMS + 1)), [reason::TOO_MANY]);
        assert_eq!(reasons("\"茶"), [reason::BAD_FORMAT]);
        assert_eq!(reasons("？！"), [reason::BAD_FORMAT]);
        assert_eq!(reasons("-"), [reason::BAD_FORMAT]);
        assert!(parse("\"冷", true).is_ok(), "a phrase that is being typed is open");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_within_bounds(text in "\\PC{0,240}", prefix: bool) {
            match parse(&text, prefix) {
                Ok(query) => {
                    let items: Vec<&Item> = query.wanted.iter().chain(&query.unwanted).collect();
                    prop_assert!(items.len() <= QUERY_ITEMS);
                    prop_assert!(items.iter().all(|item| !item.words.is_empty()));
                }
                Err(violations) => prop_assert!(violations.iter().all(|violation| violation.field == "query")),
            }
        }

        #[test]
        fn signs_and_quotes_in_any_order_are_read_or_refused(text in "[-*\"“”「」 冷链a1，]{0,60}", prefix: bool) {
            let _ = parse(&text, prefix);
        }
    }
}
