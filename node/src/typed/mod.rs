//! What people type, read as values: money, dates, places, industries, occupations, choices, audiences, numbers.
//!
//! Pure functions, for forms and spreadsheets alike. Nothing is ever guessed: what may mean several things gives its
//! candidates, what means nothing says what to do, both in the two languages of the network. What each function has a
//! `format` for, it reads again as the same value.

pub mod area;
pub mod audience;
mod chinese_number;
pub mod choice;
pub mod count;
pub mod date;
pub mod industry;
pub mod labels;
pub mod money;
pub mod occupation;
pub(crate) mod personal;
pub mod place;
pub mod text;

#[cfg(test)]
mod tests;

use duikou_proto::language::Text;

pub use audience::Names;
pub use date::When;
pub use money::{Period, Range, Unit};

/// Characters of a typed value that are looked at; nothing longer is a number, a date or a name.
const TYPED_CHARS: usize = 200;
/// Candidates that are told of one ambiguous text.
const CANDIDATES: usize = 8;
/// Characters of what was typed that are repeated to its writer.
const SHOWN_CHARS: usize = 40;

/// A value that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood<T> {
    /// The value; absent where the text says that there is none (面议, 不限).
    pub value: Option<T>,
    /// What its writer should know of how it was read.
    pub note: Option<Text>,
}

impl<T> Understood<T> {
    /// A value that needs no words.
    pub fn plain(value: T) -> Self {
        Self { value: Some(value), note: None }
    }

    /// Nothing, and why.
    pub fn nothing(note: Option<Text>) -> Self {
        Self { value: None, note }
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Understood<U> {
        Understood { value: self.value.map(change), note: self.note }
    }
}

/// One of several things that a text may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What to type instead: a code, a date, an amount.
    pub typed: String,
    /// What it means, for people.
    pub text: Text,
}

/// Why a text gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// What is wrong and what to do.
    pub text: Text,
    /// What it may mean; empty where it means nothing.
    pub candidates: Vec<Candidate>,
}

impl Unclear {
    /// It means nothing.
    pub fn wrong(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { text: Text::new(zh, en), candidates: Vec::new() }
    }

    /// It may mean several things.
    pub fn between(zh: impl Into<String>, en: impl Into<String>, mut candidates: Vec<Candidate>) -> Self {
        candidates.truncate(CANDIDATES);
        Self { text: Text::new(zh, en), candidates }
    }

    /// The whole of it for people, candidates included.
    pub fn told(&self) -> Text {
        if self.candidates.is_empty() {
            return self.text.clone();
        }
        let list = |of: fn(&Candidate) -> String, separator: &str| {
            self.candidates.iter().map(of).collect::<Vec<_>>().join(separator)
        };
        let zh = |candidate: &Candidate| told(&candidate.typed, &candidate.text.zh);
        let en = |candidate: &Candidate| told(&candidate.typed, &candidate.text.en);
        Text::new(
            format!("{}可以填写：{}。", self.text.zh, list(zh, "、")),
            format!("{} Candidates: {}.", self.text.en, list(en, ", ")),
        )
    }
}

fn told(typed: &str, text: &str) -> String {
    if text.is_empty() || text == typed { typed.to_owned() } else { format!("{typed}（{text}）") }
}

/// What reading gives.
pub type Outcome<T> = Result<Understood<T>, Unclear>;

/// Several notes as one.
pub(crate) fn all_of(notes: Vec<Text>) -> Option<Text> {
    let joined = |of: fn(&Text) -> &str, separator: &str| notes.iter().map(of).collect::<Vec<_>>().join(separator);
    (!notes.is_empty()).then(|| Text::new(joined(|note| &note.zh, "；"), joined(|note| &note.en, "; ")))
}

/// What was typed, short enough to be repeated.
fn shown(typed: &str) -> String {
    let mut shown: String = typed.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if typed.chars().count() > SHOWN_CHARS {
        shown.push('…');
    }
    shown
}

fn too_long() -> Unclear {
    Unclear::wrong(
        format!("内容过长，应不超过{TYPED_CHARS}个字符，请缩短。"),
        format!("This is too long: write at most {TYPED_CHARS} characters."),
    )
}
