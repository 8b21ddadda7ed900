//! What a listing is looked for by another one.

use std::sync::Arc;

use super::clauses::Clause;
use super::duplicates::{Original, same};
use super::ranking::{Ranking, ranked};
use super::schema::Fields;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) enum Alike {
    /// Whatever may say the same, the more so the better.
    Same(Arc<Original>),
    /// The same, which says nothing of the order.
    Among(Arc<Original>),
    /// Whatever has some of this.
    Ranked(Arc<Ranking>),
}

/// As a clause.
pub(super) fn alike(fields: &Fields, alike: &Alike) -> Clause {
    match alike {
        Alike::Same(original) => same(fields, original),
        Alike::Among(original) => same(fields, original).flat(0.0),
        Alike::Ranked(ranking) => Clause::Query(ranked(fields, ranking)),
    }
}
