//! One query on one state of the index.

use std::sync::Arc;

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::name::RecordName;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::doc_predicate_query::DocPredicateQuery;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query as Clause};
use tantivy::schema::Value as _;
use tantivy::{DocAddress, TantivyDocument};

use super::Wanted;
use super::duplicates::alike;
use super::facets::{FacetCollector, Facets};
use super::filter::filter_query;
use super::order::{Key, TimeOrder};
use super::page::Start;
use super::query::{Clauses, Reach, words_query};
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

/// Answers it. Where nothing holds the words as they were typed, and only then, those with a typo count: whether that is
/// so depends on what the viewer sees alone.
pub(crate) fn look(asked: &Asked) -> tantivy::Result<Found> {
    let found = with_reach(asked, Reach::Exact)?;
    if found.total > 0 || asked.wanted.query.wanted.is_empty() {
        return Ok(found);
    }
    with_reach(asked, Reach::Typos)
}

fn with_reach(asked: &Asked, reach: Reach) -> tantivy::Result<Found> {
    let Asked { fields, view, viewer, directory, now, wanted } = asked;
    let searcher = &view.searcher;
    let verdicts = Arc::new(view.verdicts(viewer, directory, *now));
    let visible = |after| -> (Occur, Box<dyn Clause>) {
        let visible = DocPredicateQuery::from(Visible { verdicts: verdicts.clone(), now: *now, after });
        (Occur::Must, Box::new(ConstScoreQuery::new(Box::new(visible), 0.0)))
    };
    let Clauses { mut deciding, ranking } = words_query(fields, &wanted.query, reach);
    deciding.extend(filter_query(fields, &wanted.filter));
    deciding.extend(wanted.alike.iter().map(|listing| (Occur::Must, alike(fields, listing))));
    let query = |more: Vec<(Occur, Box<dyn Clause>)>| {
        let always = deciding.iter().map(|(occur, clause)| (*occur, clause.box_clone()));
        BooleanQuery::new(always.chain(more).collect())
    };

    let counted = query(vec![visible(None)]);
    let (total, facets) = if wanted.facets.is_empty() {
        (counted.count(searcher)?, Facets::new())
    } else {
        searcher.search(&counted, &(Count, FacetCollector { fields: wanted.facets.clone() }))?
    };
    if total == 0 {
        return Ok(Found { names: Vec::new(), next: None, total, facets, reach });
    }
    let limit = wanted.size + 1;
    let mut places: Vec<(DocAddress, Start)> = match wanted.order {
        OrderBy::Relevance => {
            let offset = match wanted.start {
                Start::Offset { offset, .. } => offset,
                Start::First | Start::After(_) => 0,
            };
            let limit = limit.min(limits::SEARCH_DEPTH.saturating_sub(offset)).max(1);
            let ranked = query(std::iter::once(visible(None)).chain(ranking).collect());
            let top = searcher.search(&ranked, &TopDocs::with_limit(limit).and_offset(offset).order_by_score())?;
            let start = |number: usize| Start::Offset { state: 0, offset: offset + number + 1 };
            top.into_iter().enumerate().map(|(number, (_, address))| (address, start(number))).collect()
        }
        OrderBy::Time(order) => {
            let after: Option<(TimeOrder, Key)> = match wanted.start {
                Start::After(key) => Some((order, key)),
                Start::First | Start::Offset { .. } => None,
            };
            let ordered = query(vec![visible(after)]);
            let top = searcher.search(&ordered, &TopDocs::with_limit(limit).order_by(order))?;
            top.into_iter().map(|(key, address)| (address, Start::After(key))).collect()
        }
    };
    let more = places.len() > wanted.size;
    places.truncate(wanted.size);
    let next = places.last().filter(|_| more).map(|(_, start)| *start);
    let names = places.into_iter().map(|(address, start)| Ok(name_of(asked, address)?.map(|name| (name, start))));
    let names = names.collect::<tantivy::Result<Vec<_>>>()?.into_iter().flatten().collect();
    Ok(Found { names, next, total, facets, reach })
}

fn name_of(asked: &Asked, address: DocAddress) -> tantivy::Result<Option<RecordName>> {
    let document: TantivyDocument = asked.view.searcher.doc(address)?;
    let name = document.get_first(asked.fields.name);
    Ok(name.and_then(|name| name.as_str()).and_then(|name| name.parse().ok()))
}
