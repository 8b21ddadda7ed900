//! What a listing is looked for by another one.

use std::sync::Arc;

use tantivy::query::Query;

use super::duplicates::{Original, same};
use super::ranking::{Ranking, ranked};
use super::schema::Fields;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) enum Alike {
    /// Whatever may say the same.
    Same(Arc<Original>),
    /// Whatever has some of this.
    Ranked(Arc<Ranking>),
}

/// As a query.
pub(super) fn alike(fields: &Fields, alike: &Alike) -> Box<dyn Query> {
    match alike {
        Alike::Same(original) => same(fields, original),
        Alike::Ranked(ranking) => ranked(fields, ranking),
    }
}
