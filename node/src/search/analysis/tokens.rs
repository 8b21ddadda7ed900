//! What the index takes of a folded text: its words, or its characters, each with its place. Words within a word and the
//! stem stand at its place, and so does a pair: single characters are in so many texts that to look for those that stand
//! together would be to read all of them.

use std::borrow::Cow;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::{cut, is_han, is_single, stem, with_parts};

/// Between two pieces of a text: what stands at both sides are no neighbours.
pub(crate) const PIECES_END: char = '\u{1e}';
/// So far apart are they.
const GAP: usize = 16;

/// Before a pair of characters that are words by themselves: no word is like it.
const PAIR: char = '\u{1f}';

/// Two words of one character that follow each other.
pub(crate) fn pair(one: &str, other: &str) -> String {
    format!("{PAIR}{one}{other}")
}

/// The words of a folded text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words;

/// The ideographs of a folded text, one by one and two by two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Characters;

/// What one of them finds.
#[derive(Debug, Default)]
pub(crate) struct Tokens<'a> {
    found: std::vec::IntoIter<(Cow<'a, str>, usize)>,
    token: Token,
}

impl<'a> Tokens<'a> {
    fn of(folded: &'a str, mut piece: impl FnMut(&'a str, &mut usize, &mut Vec<(Cow<'a, str>, usize)>)) -> Self {
        let (mut found, mut position) = (Vec::with_capacity(folded.len() / 4), 0);
        for text in folded.split(PIECES_END) {
            piece(text, &mut position, &mut found);
            position += GAP;
        }
        Self { found: found.into_iter(), token: Token { position_length: 1, ..Token::default() } }
    }
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        let Some((text, position)) = self.found.next() else { return false };
        self.token.text.clear();
        self.token.text.push_str(&text);
        self.token.position = position;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

impl Tokenizer for Words {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, folded: &'a str) -> Tokens<'a> {
        Tokens::of(folded, |text, position, found| {
            let words = cut(text);
            let single =
                |at: usize| words.get(at).filter(|word| word.han && is_single(word.text)).map(|word| word.text);
            for (at, word) in words.iter().enumerate() {
                if let (Some(one), Some(other)) = (single(at), single(at + 1)) {
                    found.push((pair(one, other).into(), *position));
                }
                if word.han {
                    with_parts(word.text, |part| found.push((part.into(), *position)));
                } else {
                    found.push((word.text.into(), *position));
                    found.extend(stem(word.text).map(|stem| (stem.into(), *position)));
                }
                *position += 1;
            }
        })
    }
}

impl Tokenizer for Characters {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, folded: &'a str) -> Tokens<'a> {
        Tokens::of(folded, |text, position, found| {
            let mut characters = text.char_indices().peekable();
            while let Some((at, character)) = characters.next() {
                let end = at + character.len_utf8();
                if is_han(character) {
                    found.push((text[at..end].into(), *position));
                    if let Some((_, next)) = characters.peek().filter(|(_, next)| is_han(*next)) {
                        found.push((text[at..end + next.len_utf8()].into(), *position));
                    }
                }
                *position += 1;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(mut tokenizer: impl Tokenizer, text: &str) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let mut stream = tokenizer.token_stream(text);
        stream.process(&mut |token| found.push((token.text.clone(), token.position)));
        found
    }

    #[test]
    fn parts_and_stems_stand_at_the_place_of_their_word() {
        let found = tokens(Words, "中华人民共和国 logistics");
        let at = |text: &str| found.iter().find(|(found, _)| found == text).map(|(_, position)| *position);
        assert_eq!((at("中华人民共和国"), at("人民"), at("logistics")), (Some(0), Some(0), Some(1)));
        assert_eq!(at(&stem("logistics").unwrap()), Some(1));
    }

    #[test]
    fn pieces_are_no_neighbours() {
        let text = format!("冷链{PIECES_END}物流");
        assert_eq!(tokens(Words, &text), [("冷链".to_owned(), 0), ("物流".to_owned(), 1 + GAP)]);
        let places: Vec<usize> = tokens(Characters, &text).into_iter().map(|(_, position)| position).collect();
        assert_eq!(places, [0, 0, 1, 2 + GAP, 2 + GAP, 3 + GAP]);
    }

    #[test]
    fn characters_that_stand_together_are_pairs() {
        let found = tokens(Characters, "冷链a物");
        let found: Vec<(&str, usize)> = found.iter().map(|(text, position)| (&**text, *position)).collect();
        assert_eq!(found, [("冷", 0), ("冷链", 0), ("链", 1), ("物", 3)]);
        // Words of one character, whatever stands between them.
        let found = tokens(Words, "小，单");
        assert!(found.contains(&(pair("小", "单"), 0)), "{found:?}");
    }
}
