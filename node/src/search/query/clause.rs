//! A query of people as clauses of the index.

use duikou_proto::envelope::Micros;
use tantivy::Term;
use tantivy::query::{FuzzyTermQuery, PhrasePrefixQuery, PhraseQuery};
use tantivy::schema::Field;

use super::meant::{Meant, names_in, places_by_initials};
use super::{Item, Query};
use crate::search::analysis::{cut, is_han, is_letters, is_single, kept, pair, stem};
use crate::search::clauses::{Clause, Clauses};
use crate::search::document::code_form;
use crate::search::filter::overlapping;
use crate::search::schema::Fields;

/// How far a word may be from what stands in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// As it was typed.
    Exact,
    /// Chinese that is cut into other words too, and ends with what only begins one.
    Otherwise,
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
/// Words that a begun one may be in a phrase: of a single character many words begin with it, and the first of them by
/// code point are looked for.
const BEGUN_WORDS: u32 = 512;
/// A Chinese word of so many characters may stand in a title across the borders of others.
const ACROSS_CHARS: usize = 3;
/// A code has at least so many letters and digits.
const CODE_CHARS: usize = 6;

/// Whether a word, without what people leave out of codes, may be one.
pub(in crate::search) fn is_code(form: &str) -> bool {
    form.chars().count() >= CODE_CHARS && form.bytes().any(|byte| byte.is_ascii_digit())
}

/// Turns a query into clauses, as it is meant at `now`.
pub(in crate::search) fn words_clauses(fields: &Fields, query: &Query, reach: Reach, now: Micros) -> Clauses {
    let builder = Builder { fields, reach, alone: query.wanted.len() == 1, now };
    let mut clauses = Clauses::default();
    for item in &query.wanted {
        clauses.wanted.push(builder.item(item));
        for piece in pieces(&item.words) {
            let title = match piece {
                Piece::Word((word, _)) => term(fields.title, word),
                Piece::Run(run) => pairs(fields.title, run.iter().map(|(word, _)| &**word)),
            };
            clauses.ranking.push(title.times(TITLE_BOOST));
        }
        // By initials much is called alike: what lies in a place that is comes before.
        let initials = item.words.iter().filter(|(_, han)| !han).flat_map(|(word, _)| places_by_initials(word));
        let places = initials.map(|code| term(fields.region, code)).collect::<Vec<_>>();
        if !places.is_empty() {
            clauses.ranking.push(guess(Clause::any(places)));
        }
    }
    for item in &query.unwanted {
        clauses.unwanted.push(Builder { fields, reach: Reach::Exact, alone: true, now }.item(item));
    }
    clauses
}

struct Builder<'a> {
    fields: &'a Fields,
    reach: Reach,
    /// Whether nothing else is looked for.
    alone: bool,
    now: Micros,
}

fn term(field: Field, text: &str) -> Clause {
    Clause::Term(Term::from_field_text(field, text))
}

fn guess(clause: Clause) -> Clause {
    clause.flat(GUESS_SCORE)
}

impl Builder<'_> {
    fn begins(&self, field: Field, text: &str) -> Clause {
        guess(FuzzyTermQuery::new_prefix(Term::from_field_text(field, text), 0, false).into())
    }

    fn item(&self, item: &Item) -> Clause {
        let mut ways = vec![if item.phrase { self.phrase(item) } else { self.words(item) }];
        ways.extend(self.characters(item));
        ways.extend(self.single(item));
        if self.reach != Reach::Exact && !item.phrase {
            ways.extend(self.otherwise(item));
        }
        let code = code_form(&item.text);
        if is_code(&code) {
            ways.push(guess(term(self.fields.code, &code)));
        }
        Clause::any(ways)
    }

    /// Each word, or what it is the name of.
    fn words(&self, item: &Item) -> Clause {
        let mut clauses = Vec::new();
        let mut at = 0;
        for (range, meant) in names_in(&item.words, self.alone) {
            clauses.extend(self.each(&item.words[at..range.start], false));
            at = range.end;
            let begun = item.begun && at == item.words.len();
            let words = &item.words[range];
            // A number and 月 by themselves are in many texts.
            let said = match meant.as_slice() {
                [Meant::Month(_)] if words.len() > 1 => {
                    self.neighbours(words.iter().map(|(word, _)| &**word).collect(), begun)
                }
                _ => Clause::all(self.each(words, begun)),
            };
            clauses.push(Clause::any(
                std::iter::once(said).chain(meant.into_iter().filter_map(|meant| self.meant(meant))).collect(),
            ));
        }
        clauses.extend(self.each(&item.words[at..], item.begun));
        Clause::all(clauses)
    }

    /// What it may be where the segmenter has cut it, or what holds it, in another way.
    fn otherwise(&self, item: &Item) -> Vec<Clause> {
        let begun = item.ends_begun().map(|[words, end]| {
            let mut clauses = self.each(words, false);
            clauses.push(self.neighbours(end.iter().map(|(word, _)| &**word).collect(), true));
            clauses
        });
        let cut = item.cut_otherwise().map(|words| self.each(&words, item.begun));
        begun.into_iter().chain(cut).map(|clauses| guess(Clause::all(clauses))).collect()
    }

    fn each(&self, words: &[(String, bool)], begun: bool) -> Vec<Clause> {
        let pieces = pieces(words);
        let last = pieces.len();
        let clause = |(number, piece): (usize, Piece<'_>)| {
            let begun = begun && number == last;
            match piece {
                Piece::Word((word, true)) => self.han(word, begun),
                Piece::Word((word, false)) => self.latin(word, begun),
                Piece::Run(run) => self.neighbours(run.iter().map(|(word, _)| &**word).collect(), begun),
            }
        };
        (1..).zip(pieces).map(clause).collect()
    }

    /// What lies there, or is of it: whoever says the word comes before.
    fn meant(&self, meant: Meant) -> Option<Clause> {
        let (field, value) = match meant {
            Meant::Region(code) => (self.fields.region, code),
            Meant::Industry(code) => (self.fields.industry, code),
            Meant::Occupation(code) => (self.fields.occupation, code),
            Meant::Kind(kind) => (self.fields.kind, kind),
            Meant::Month(month) => {
                let events = overlapping(self.fields.event_from, self.fields.event_to, month.span(self.now)?);
                return Some(guess(Clause::all(events.map(Clause::from).into())));
            }
        };
        Some(guess(term(field, value)))
    }

    fn phrase(&self, item: &Item) -> Clause {
        let words: Vec<&str> = item.words.iter().map(|(word, _)| &**word).collect();
        match words.as_slice() {
            [word] if item.begun => {
                Clause::any([self.begins(self.fields.text, word)].into_iter().chain(self.across(word)).collect())
            }
            [word] => term(self.fields.text, word),
            // A single character at the end may begin a longer word in the text: 物流园 in 物流园区.
            _ => {
                let single = item.words.last().is_some_and(|(word, han)| *han && is_single(word));
                self.neighbours(words, item.begun || single)
            }
        }
    }

    fn neighbours(&self, words: Vec<&str>, begun: bool) -> Clause {
        if !begun && words.len() > 1 && words.iter().all(|word| is_single(word) && word.chars().all(is_han)) {
            return pairs(self.fields.text, words.into_iter());
        }
        let terms = words.into_iter().map(|word| Term::from_field_text(self.fields.text, word)).collect();
        if !begun {
            return PhraseQuery::new(terms).into();
        }
        let mut begun = PhrasePrefixQuery::new(terms);
        begun.set_max_expansions(BEGUN_WORDS);
        begun.into()
    }

    /// A begun Chinese word that is a word by itself, where what it begins is cut otherwise: 合作方 in 合作 方式.
    fn across(&self, word: &str) -> Vec<Clause> {
        let borders = word.char_indices().skip(1).map(|(at, _)| word.split_at(at));
        let phrase = |(head, tail): (&str, &str)| {
            let words = cut(head).into_iter().map(|word| word.text).chain([tail]).collect();
            guess(self.neighbours(words, true))
        };
        borders.filter(|_| word.chars().all(is_han)).map(phrase).collect()
    }

    /// The words that begin with an item of one character, which by itself is in few texts: 茶 in 茶叶.
    fn single(&self, item: &Item) -> Option<Clause> {
        match &*item.words {
            [(word, true)] if is_single(word) && !item.phrase => Some(self.begins(self.fields.text, word)),
            _ => None,
        }
    }

    /// The characters of an item, in titles: there a query finds what the segmenter cut otherwise.
    fn characters(&self, item: &Item) -> Option<Clause> {
        let cut = item.phrase || item.begun || item.words.iter().any(|(word, _)| is_single(word));
        if !cut || item.text.is_empty() || !item.text.chars().all(is_han) {
            return None;
        }
        Some(self.in_titles(&item.text))
    }

    /// Titles are short: where all pairs of a word stand in one, they hardly stand apart, and their places are not read.
    fn in_titles(&self, text: &str) -> Clause {
        let characters: Vec<&str> = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect();
        if let [only] = characters.as_slice() {
            return term(self.fields.characters, only);
        }
        let last = characters.len().saturating_sub(2);
        let pair = |(at, two): (usize, &[&str])| {
            let pair = term(self.fields.characters, &two.concat());
            if is_covering(at, last) { pair } else { pair.flat(0.0) }
        };
        Clause::all(characters.windows(2).enumerate().map(pair).collect())
    }

    fn han(&self, word: &str, begun: bool) -> Clause {
        let mut ways = vec![term(self.fields.text, word)];
        if word.chars().count() >= ACROSS_CHARS {
            // 深加工 in 精深 加工.
            ways.push(guess(self.in_titles(word)));
        }
        if begun {
            ways.push(self.begins(self.fields.text, word));
            ways.extend(self.across(word));
        }
        Clause::any(ways)
    }

    fn latin(&self, word: &str, begun: bool) -> Clause {
        let mut ways = vec![term(self.fields.text, word)];
        if let Some(stem) = stem(word) {
            ways.push(term(self.fields.text, &stem));
        }
        if begun && word.len() > 1 {
            ways.push(self.begins(self.fields.text, word));
        }
        if is_letters(word) {
            ways.push(self.begins(self.fields.reading, kept(word)));
        }
        let typos = typos(word);
        if self.reach == Reach::Typos && typos > 0 {
            let text = Term::from_field_text(self.fields.text, word);
            ways.push(guess(FuzzyTermQuery::new(text, typos, true).into()));
        }
        Clause::any(ways)
    }
}

/// A piece of what is looked for: a word, or characters that make no word that is known and stand together, or they are
/// something else.
enum Piece<'a> {
    Word((&'a str, bool)),
    Run(&'a [(String, bool)]),
}

fn pieces(words: &[(String, bool)]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut words = words;
    while let Some(((word, han), rest)) = words.split_first() {
        let singles = words.iter().take_while(|(word, han)| *han && is_single(word)).count();
        if singles > 1 {
            let (run, rest) = words.split_at(singles);
            pieces.push(Piece::Run(run));
            words = rest;
        } else {
            pieces.push(Piece::Word((word, *han)));
            words = rest;
        }
    }
    pieces
}

/// Whether the pair that begins at `at` is one of those, as few as can be, that cover all up to the `last`.
fn is_covering(at: usize, last: usize) -> bool {
    at.is_multiple_of(2) || at == last
}

/// Words of one character that follow each other in `field`, which has them in pairs. As few pairs as cover them are held
/// against each other's places, where all pairs are there.
fn pairs<'a>(field: Field, words: impl Iterator<Item = &'a str>) -> Clause {
    let words: Vec<&str> = words.collect();
    let terms = words.windows(2).filter_map(|two| match two {
        [one, other] => Some(Term::from_field_text(field, &pair(one, other))),
        _ => None,
    });
    let mut terms: Vec<Term> = terms.collect();
    if terms.len() <= 1 {
        return Clause::any(terms.pop().map(Clause::Term).into_iter().collect());
    }
    let last = terms.len() - 1;
    let covering = terms.iter().cloned().enumerate().filter(|(at, _)| is_covering(*at, last));
    let phrase = PhraseQuery::new_with_offset(covering.collect());
    let there = terms.into_iter().map(|term| Clause::Term(term).flat(0.0));
    Clause::all(there.chain([phrase.into()]).collect())
}
