//! What is looked for in the index, and how it is found: all clauses together, window by window ([`windows`]), since most
//! searches find tens of thousands of listings, all of which are counted, and one call for each clause and document would
//! cost more than what is read.

mod readers;
mod weighed;
mod window;
mod windows;

use tantivy::query::Query;
use tantivy::{Score, Term};

pub(super) use weighed::Weighed;
pub(super) use window::Spare;

/// Finds documents, and gives each a score.
#[derive(Debug)]
pub(super) enum Clause {
    /// All of them.
    Everything,
    /// Those with a term: BM25, where the field keeps lengths and frequencies.
    Term(Term),
    /// Whatever a query of the library finds.
    Query(Box<dyn Query>),
    /// What one of them finds; the scores of those that do are added up.
    Any(Vec<Clause>),
    /// What all of them find.
    All(Vec<Clause>),
    /// The same documents, each with this score.
    Flat(Box<Clause>, Score),
    /// The same documents with so many times their score.
    Times(Box<Clause>, Score),
}

/// A question to the index.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    /// All of these find what is looked for; none: everything is.
    pub(super) wanted: Vec<Clause>,
    /// None of these does.
    pub(super) unwanted: Vec<Clause>,
    /// What these find too scores more.
    pub(super) ranking: Vec<Clause>,
}

impl Clause {
    /// What one of them finds.
    pub(super) fn any(mut clauses: Vec<Self>) -> Self {
        match clauses.pop() {
            Some(only) if clauses.is_empty() => only,
            last => {
                clauses.extend(last);
                Self::Any(clauses)
            }
        }
    }

    /// What all of them find; of none, everything.
    pub(super) fn all(mut clauses: Vec<Self>) -> Self {
        match clauses.pop() {
            None => Self::Everything,
            Some(only) if clauses.is_empty() => only,
            Some(last) => {
                clauses.push(last);
                Self::All(clauses)
            }
        }
    }

    /// The same documents, each with this score.
    pub(super) fn flat(self, score: Score) -> Self {
        Self::Flat(Box::new(self), score)
    }

    /// The same documents with so many times their score.
    pub(super) fn times(self, factor: Score) -> Self {
        Self::Times(Box::new(self), factor)
    }
}

impl<Q: Query> From<Q> for Clause {
    fn from(query: Q) -> Self {
        Self::Query(Box::new(query))
    }
}

#[cfg(test)]
mod tests;
