//! Text as the index and queries see it, folded: `dictionary` is what the segmenter knows, `words` are what is searched
//! for, `tokens` gives them to the index, `reading` is how Chinese is typed in Latin letters.

mod dictionary;
mod reading;
mod tokens;
mod words;

use dictionary::dictionary;
pub(super) use duikou_proto::fold::{Folded, fold};
pub(crate) use reading::{is_letters, spells, spelt_length};
pub(super) use reading::{kept, readings, syllables_of};
pub(super) use tokens::{Characters, PIECES_END, Words, pair};
pub(crate) use words::{Word, cut};
pub(super) use words::{is_han, is_known, is_single, made_of, stem, with_parts};
