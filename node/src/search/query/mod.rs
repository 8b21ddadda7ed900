//! What people type: `parse` reads it, `meant` knows what is a name of the tables and `month` what is one of the calendar,
//! `clause` turns it into clauses of the index, `matched` finds it in texts again.

mod clause;
mod matched;
mod meant;
mod month;
mod parse;

pub(crate) use clause::Reach;
pub(super) use clause::{is_code, words_clauses};
pub(super) use matched::matched;
pub(super) use meant::{Meant, names_in};
pub(super) use parse::Item;
pub(crate) use parse::{Query, parse};
