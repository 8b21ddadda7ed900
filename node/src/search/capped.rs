//! A query whose scores are scaled, rounded and bounded.

use tantivy::index::SegmentReader;
use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocId, DocSet, Score, SeekDangerResult, TantivyError, Term};

/// Finds what `inner` finds, with so many times its score, rounded, and at most so much.
#[derive(Debug)]
pub(super) struct Capped<Q> {
    inner: Q,
    scale: Score,
    most: Score,
}

impl<Q> Capped<Q> {
    pub(super) fn new(inner: Q, scale: Score, most: Score) -> Self {
        Self { inner, scale, most }
    }
}

impl<Q: Clone> Clone for Capped<Q> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), scale: self.scale, most: self.most }
    }
}

impl<Q: Query + Clone> Query for Capped<Q> {
    fn weight(&self, enable_scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let inner = self.inner.weight(enable_scoring)?;
        Ok(Box::new(Capped { inner, scale: self.scale, most: self.most }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.inner.query_terms(visitor);
    }
}

impl Weight for Capped<Box<dyn Weight>> {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let (scale, most) = (self.scale * boost, self.most * boost);
        Ok(Box::new(Capped { inner: self.inner.scorer(reader, 1.0)?, scale, most }))
    }

    fn explain(&self, reader: &SegmentReader, document: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.doc() > document || scorer.seek(document) != document {
            return Err(TantivyError::InvalidArgument(format!("document {document} is not found")));
        }
        Ok(Explanation::new("Capped", scorer.score()))
    }
}

impl Scorer for Capped<Box<dyn Scorer>> {
    fn score(&mut self) -> Score {
        (self.inner.score() * self.scale).round().min(self.most)
    }
}

impl DocSet for Capped<Box<dyn Scorer>> {
    fn advance(&mut self) -> DocId {
        self.inner.advance()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.inner.seek(target)
    }

    fn seek_danger(&mut self, target: DocId) -> SeekDangerResult {
        self.inner.seek_danger(target)
    }

    fn fill_buffer(&mut self, buffer: &mut [DocId; COLLECT_BLOCK_BUFFER_LEN]) -> usize {
        self.inner.fill_buffer(buffer)
    }

    fn doc(&self) -> DocId {
        self.inner.doc()
    }

    fn size_hint(&self) -> u32 {
        self.inner.size_hint()
    }

    fn cost(&self) -> u64 {
        self.inner.cost()
    }
}
