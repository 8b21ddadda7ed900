//! What people type: `parse` reads it, `clause` turns it into a query of the index, `matched` finds it in texts again.

mod clause;
mod matched;
mod parse;

pub(crate) use clause::Reach;
pub(super) use clause::{Clauses, words_query};
pub(super) use matched::matched;
pub(super) use parse::Item;
pub(crate) use parse::{Query, parse};
