//! One query on one state of the index.

use std::sync::Arc;

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::name::RecordName;
use tantivy::schema::Value as _;
use tantivy::{DocAddress, TantivyDocument};

use super::Wanted;
use super::alike::alike;
use super::clauses::Clauses;
use super::facets::Facets;
use super::filter::filter_clauses;
use super::gather::{First, Gather, Gathered, Rank};
use super::order::TimeOrder;
use super::page::Start;
use super::query::{Reach, words_clauses};
use super::schema::Fields;
use super::view::View;
use super::visible::Visible;
use crate::engine::Viewer;
use crate::limits;

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderBy {
    /// The best match first.
    Relevance,
    /// By a time.
    Time(TimeOrder),
}

impl OrderBy {
    /// The newest publication first.
    pub(crate) const NEWEST: Self = Self::Time(TimeOrder::Newest);
    /// What closes soonest first.
    pub(crate) const CLOSING: Self = Self::Time(TimeOrder::Closing);
}

/// A question to one state of the index, by the rights of one moment.
pub(crate) struct Asked {
    pub(crate) fields: Fields,
    pub(crate) view: Arc<View>,
    pub(crate) viewer: Viewer,
    pub(crate) directory: Arc<Directory>,
    pub(crate) now: Micros,
    pub(crate) wanted: Wanted,
}

/// What the index says.
pub(crate) struct Found {
    /// In order, each with where a page after it begins.
    pub(crate) names: Vec<(RecordName, Start)>,
    /// Where the next page begins.
    pub(crate) next: Option<Start>,
    pub(crate) total: usize,
    pub(crate) facets: Facets,
    pub(crate) reach: Reach,
}

/// Answers it. Where nothing holds the words as they were typed, and only then, they are looked for otherwise, and with
/// typos at last: whether that is so depends on what the viewer sees alone.
pub(crate) fn look(asked: &Asked) -> tantivy::Result<Found> {
    let mut found = with_reach(asked, Reach::Exact)?;
    for reach in asked.wanted.query.reaches().skip(1) {
        if found.total > 0 {
            break;
        }
        found = with_reach(asked, reach)?;
    }
    Ok(found)
}

fn with_reach(asked: &Asked, reach: Reach) -> tantivy::Result<Found> {
    let Asked { fields, view, viewer, directory, now, wanted } = asked;
    let visible = Visible { verdicts: Arc::new(view.verdicts(viewer, directory, *now)), now: *now };
    let mut clauses: Clauses = words_clauses(fields, &wanted.query, reach, *now);
    clauses.wanted.extend(filter_clauses(fields, &wanted.filter));
    clauses.wanted.extend(wanted.alike.iter().map(|listing| alike(fields, listing)));
    let limit = wanted.size + 1;
    let first = match wanted.order {
        OrderBy::Relevance => {
            let offset = match wanted.start {
                Start::Offset { offset, .. } => offset,
                Start::First | Start::After(_) => 0,
            };
            First::Best { offset, limit: limit.min(limits::SEARCH_DEPTH.saturating_sub(offset)).max(1) }
        }
        OrderBy::Time(order) => {
            let after = match wanted.start {
                Start::After(key) => Some(key),
                Start::First | Start::Offset { .. } => None,
            };
            First::Timed { order, after, limit }
        }
    };
    let gather = Gather { view: view.clone(), visible, first, facets: wanted.facets.clone() };
    let Gathered { total, mut places, facets } = gather.of(clauses)?;
    let more = places.len() > wanted.size;
    places.truncate(wanted.size);
    let start = |number: usize, rank: Rank| match (rank, first) {
        (Rank::Timed(key), _) => Start::After(key),
        (Rank::Best(_), First::Best { offset, .. }) => Start::Offset { state: 0, offset: offset + number + 1 },
        (Rank::Best(_), First::Timed { .. }) => Start::First,
    };
    let mut names = Vec::with_capacity(places.len());
    let mut next = None;
    for (number, (rank, address)) in places.into_iter().enumerate() {
        let start = start(number, rank);
        next = Some(start);
        names.extend(name_of(asked, address)?.map(|name| (name, start)));
    }
    Ok(Found { names, next: next.filter(|_| more), total, facets, reach })
}

fn name_of(asked: &Asked, address: DocAddress) -> tantivy::Result<Option<RecordName>> {
    let document: TantivyDocument = asked.view.searcher.doc(address)?;
    let name = document.get_first(asked.fields.name);
    Ok(name.and_then(|name| name.as_str()).and_then(|name| name.parse().ok()))
}
