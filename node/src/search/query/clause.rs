//! A query of people as a query of the index.

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, FuzzyTermQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query as Clause,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::{Item, Query};
use crate::search::analysis::{is_han, is_letters, stem};
use crate::search::document::code_form;
use crate::search::schema::Fields;

/// How far a word may be from what stands in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// As it was typed.
    Exact,
    /// English words with a typo too.
    Typos,
}

/// How many letters may be wrong in a word.
pub(super) fn typos(word: &str) -> u8 {
    match word.len() {
        _ if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) => 0,
        0..4 => 0,
        4..8 => 1,
        8.. => 2,
    }
}

/// How much a word in the title counts beside one in the text.
const TITLE_BOOST: f32 = 2.0;
/// How much what is only spelt, begun or misspelt counts.
const GUESS_SCORE: f32 = 0.5;
/// A code has at least so many letters and digits.
const CODE_CHARS: usize = 6;

/// The clauses of a query: what must be there and what must not, and what only makes a result a better one.
#[derive(Debug, Default)]
pub(crate) struct Clauses {
    pub(crate) deciding: Vec<(Occur, Box<dyn Clause>)>,
    pub(crate) ranking: Vec<(Occur, Box<dyn Clause>)>,
}

/// Turns a query into clauses.
pub(crate) fn words_query(fields: &Fields, query: &Query, reach: Reach) -> Clauses {
    let builder = Builder { fields, reach };
    let mut clauses = Clauses::default();
    for item in &query.wanted {
        clauses.deciding.push((Occur::Must, builder.item(item)));
        for (word, _) in &item.words {
            let title = BoostQuery::new(builder.scored(fields.title, word), TITLE_BOOST);
            clauses.ranking.push((Occur::Should, Box::new(title)));
        }
    }
    for item in &query.unwanted {
        clauses.deciding.push((Occur::MustNot, Builder { reach: Reach::Exact, fields }.item(item)));
    }
    clauses
}

struct Builder<'a> {
    fields: &'a Fields,
    reach: Reach,
}

fn term(field: Field, text: &str) -> Term {
    Term::from_field_text(field, text)
}

fn any(mut clauses: Vec<Box<dyn Clause>>) -> Box<dyn Clause> {
    match clauses.pop() {
        Some(only) if clauses.is_empty() => only,
        last => {
            clauses.extend(last);
            Box::new(BooleanQuery::union(clauses))
        }
    }
}

fn all(mut clauses: Vec<Box<dyn Clause>>) -> Box<dyn Clause> {
    match clauses.pop() {
        Some(only) if clauses.is_empty() => only,
        last => {
            clauses.extend(last);
            Box::new(BooleanQuery::intersection(clauses))
        }
    }
}

fn guess(clause: Box<dyn Clause>) -> Box<dyn Clause> {
    Box::new(ConstScoreQuery::new(clause, GUESS_SCORE))
}

impl Builder<'_> {
    fn scored(&self, field: Field, word: &str) -> Box<dyn Clause> {
        Box::new(TermQuery::new(term(field, word), IndexRecordOption::WithFreqs))
    }

    fn begins(&self, field: Field, text: &str) -> Box<dyn Clause> {
        guess(Box::new(FuzzyTermQuery::new_prefix(term(field, text), 0, false)))
    }

    fn item(&self, item: &Item) -> Box<dyn Clause> {
        let mut ways = vec![if item.phrase { self.phrase(item) } else { self.words(item) }];
        ways.extend(self.characters(item));
        let code = code_form(&item.text);
        if code.len() >= CODE_CHARS && code.bytes().any(|byte| byte.is_ascii_digit()) {
            ways.push(guess(Box::new(TermQuery::new(term(self.fields.code, &code), IndexRecordOption::Basic))));
        }
        any(ways)
    }

    fn words(&self, item: &Item) -> Box<dyn Clause> {
        let mut parts = Vec::new();
        let mut words = item.words.as_slice();
        while let Some(((word, han), rest)) = words.split_first() {
            let begun = item.begun && rest.is_empty();
            let singles = words.iter().take_while(|(word, han)| *han && is_single(word)).count();
            if singles > 1 {
                // Characters that make no word that is known: they stand together, or they are something else.
                let (run, rest) = words.split_at(singles);
                let begun = item.begun && rest.is_empty();
                parts.push(self.neighbours(run.iter().map(|(word, _)| &**word).collect(), begun));
                words = rest;
                continue;
            }
            parts.push(if *han { self.han(word, begun) } else { self.latin(word, begun) });
            words = rest;
        }
        all(parts)
    }

    fn phrase(&self, item: &Item) -> Box<dyn Clause> {
        let words: Vec<&str> = item.words.iter().map(|(word, _)| &**word).collect();
        match words.as_slice() {
            [word] if item.begun => self.begins(self.fields.text, word),
            [word] => self.scored(self.fields.text, word),
            // A single character at the end may begin a longer word in the text: 物流园 in 物流园区.
            _ => {
                let single = item.words.last().is_some_and(|(word, han)| *han && is_single(word));
                self.neighbours(words, item.begun || single)
            }
        }
    }

    fn neighbours(&self, words: Vec<&str>, begun: bool) -> Box<dyn Clause> {
        let terms = words.into_iter().map(|word| term(self.fields.text, word)).collect();
        if begun { Box::new(PhrasePrefixQuery::new(terms)) } else { Box::new(PhraseQuery::new(terms)) }
    }

    /// The characters of an item one by one, in titles: there a query finds what the segmenter cut otherwise.
    fn characters(&self, item: &Item) -> Option<Box<dyn Clause>> {
        let characters: Vec<String> = item.text.chars().map(String::from).collect();
        let cut = item.phrase || item.words.iter().any(|(word, _)| is_single(word));
        if !cut || !item.text.chars().all(is_han) {
            return None;
        }
        let terms: Vec<Term> = characters.iter().map(|text| term(self.fields.characters, text)).collect();
        Some(match <[Term; 1]>::try_from(terms) {
            Ok([only]) => Box::new(TermQuery::new(only, IndexRecordOption::WithFreqs)),
            Err(terms) if terms.is_empty() => return None,
            Err(terms) => Box::new(PhraseQuery::new(terms)),
        })
    }

    fn han(&self, word: &str, begun: bool) -> Box<dyn Clause> {
        let exact = self.scored(self.fields.text, word);
        if begun { any(vec![exact, self.begins(self.fields.text, word)]) } else { exact }
    }

    fn latin(&self, word: &str, begun: bool) -> Box<dyn Clause> {
        let mut ways = vec![self.scored(self.fields.text, word)];
        if let Some(stem) = stem(word) {
            ways.push(self.scored(self.fields.text, &stem));
        }
        if begun && word.len() > 1 {
            ways.push(self.begins(self.fields.text, word));
        }
        if is_letters(word) {
            ways.push(self.begins(self.fields.reading, word));
        }
        let typos = typos(word);
        if self.reach == Reach::Typos && typos > 0 {
            ways.push(guess(Box::new(FuzzyTermQuery::new(term(self.fields.text, word), typos, true))));
        }
        any(ways)
    }
}

fn is_single(word: &str) -> bool {
    word.chars().nth(1).is_none()
}
