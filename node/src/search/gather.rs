//! One pass over what words and filter find: what of it may be seen, how much that is, its facets, and the first of it.

use std::cmp::Ordering;
use std::sync::Arc;

use tantivy::collector::TopNComputer;
use tantivy::collector::sort_key::NaturalComparator;
use tantivy::index::SegmentReader;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal};

use super::clauses::{Clauses, Spare, Weighed};
use super::facets::{Facets, SegmentFacets, merged};
use super::order::{Key, SegmentOrder, TimeOrder};
use super::view::View;
use super::visible::{SegmentVisible, Visible};

/// See the module.
pub(super) struct Gather {
    pub(super) view: Arc<View>,
    pub(super) visible: Visible,
    pub(super) first: First,
    /// Names of fields that keep their values in columns.
    pub(super) facets: Vec<&'static str>,
}

/// Which of them come first.
#[derive(Debug, Clone, Copy)]
pub(super) enum First {
    /// The best matches after so many better ones.
    Best { offset: usize, limit: usize },
    /// By a time, after a key.
    Timed { order: TimeOrder, after: Option<Key>, limit: usize },
}

/// What decides about the order; only those of one kind are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rank {
    Best(Score),
    Timed(Key),
}

/// What was found.
pub(super) struct Gathered {
    pub(super) total: usize,
    /// The first, in order.
    pub(super) places: Vec<(Rank, DocAddress)>,
    pub(super) facets: Facets,
}

type Top<K> = TopNComputer<K, DocId, NaturalComparator>;

enum SegmentFirst {
    Best(Top<Score>),
    Timed { order: Box<SegmentOrder>, after: Option<Key>, top: Top<Key> },
}

/// The same on one segment.
pub(super) struct SegmentGather {
    segment: SegmentOrdinal,
    /// None: nothing of it may be seen.
    visible: Option<SegmentVisible>,
    total: usize,
    first: SegmentFirst,
    facets: SegmentFacets,
}

impl Gather {
    /// What `clauses` find.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(super) fn of(&self, clauses: Clauses) -> tantivy::Result<Gathered> {
        let searcher = &self.view.searcher;
        let clauses = Weighed::new(clauses, searcher, matches!(self.first, First::Best { .. }))?;
        let mut spare = Spare::default();
        let mut gathered = Vec::with_capacity(searcher.segment_readers().len());
        for (number, segment) in (0..).zip(searcher.segment_readers()) {
            let mut gather = self.on(number, segment)?;
            // Where nothing may be seen, it is not looked for.
            if gather.visible.is_some() {
                let alive = segment.alive_bitset();
                clauses.each(segment, &mut spare, |document, score| {
                    if alive.is_none_or(|alive| alive.is_alive(document)) {
                        gather.collect(document, score);
                    }
                })?;
            }
            gathered.push(gather.harvest());
        }
        Ok(self.merged(gathered))
    }

    fn on(&self, number: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentGather> {
        let first = match self.first {
            First::Best { offset, limit } => {
                SegmentFirst::Best(Top::new_with_comparator(offset + limit, NaturalComparator))
            }
            First::Timed { order, after, limit } => SegmentFirst::Timed {
                order: Box::new(order.on(segment)?),
                after,
                top: Top::new_with_comparator(limit, NaturalComparator),
            },
        };
        let facets = SegmentFacets::open(&self.facets, segment, &self.view)?;
        Ok(SegmentGather { segment: number, visible: self.visible.on(segment)?, total: 0, first, facets })
    }

    fn merged(&self, segments: Vec<Gathered>) -> Gathered {
        let total = segments.iter().map(|segment| segment.total).sum();
        let mut places = Vec::new();
        let mut facets = Vec::with_capacity(segments.len());
        for segment in segments {
            places.extend(segment.places);
            facets.push(segment.facets);
        }
        places.sort_by(|one, other| compare(other.0, one.0).then_with(|| one.1.cmp(&other.1)));
        let (offset, limit) = match self.first {
            First::Best { offset, limit } => (offset, limit),
            First::Timed { limit, .. } => (0, limit),
        };
        places.drain(..offset.min(places.len()));
        places.truncate(limit);
        Gathered { total, places, facets: merged(self.facets.len(), facets) }
    }
}

fn compare(one: Rank, other: Rank) -> Ordering {
    match (one, other) {
        (Rank::Best(one), Rank::Best(other)) => one.total_cmp(&other),
        (Rank::Timed(one), Rank::Timed(other)) => one.cmp(&other),
        (Rank::Best(_), Rank::Timed(_)) | (Rank::Timed(_), Rank::Best(_)) => Ordering::Equal,
    }
}

impl SegmentGather {
    #[inline]
    fn collect(&mut self, document: DocId, score: Score) {
        if !self.visible.as_ref().is_some_and(|visible| visible.admits(document)) {
            return;
        }
        self.total += 1;
        self.facets.count(document);
        match &mut self.first {
            SegmentFirst::Best(top) => top.push(score, document),
            SegmentFirst::Timed { order, after, top } => {
                let key = order.key(document);
                if after.is_none_or(|after| key < after) {
                    top.push(key, document);
                }
            }
        }
    }

    fn harvest(self) -> Gathered {
        let address = |document| DocAddress::new(self.segment, document);
        let places = match self.first {
            SegmentFirst::Best(top) => {
                top.into_vec().into_iter().map(|found| (Rank::Best(found.sort_key), address(found.doc))).collect()
            }
            SegmentFirst::Timed { top, .. } => {
                top.into_vec().into_iter().map(|found| (Rank::Timed(found.sort_key), address(found.doc))).collect()
            }
        };
        Gathered { total: self.total, places, facets: self.facets.named() }
    }
}
