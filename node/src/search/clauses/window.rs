//! A piece of a segment: which of its documents were found, and their scores.

use tantivy::{DocId, Score};

/// Documents of a window: their scores fit into the first cache of a core beside what is read.
pub(super) const WINDOW: usize = 4096;

const BITS: usize = u64::BITS as usize;

/// One bit for each document of a window.
pub(super) type Hits = [u64; WINDOW / BITS];

/// See the module. What was not found has no score.
pub(super) struct Window {
    first: DocId,
    hits: Hits,
    scores: [Score; WINDOW],
}

/// Windows to be used again.
#[derive(Default)]
pub(in crate::search) struct Spare(Vec<Box<Window>>);

impl Spare {
    /// An empty window that begins with `first`.
    pub(super) fn take(&mut self, first: DocId) -> Box<Window> {
        let mut window =
            self.0.pop().unwrap_or_else(|| Box::new(Window { first, hits: [0; WINDOW / BITS], scores: [0.0; WINDOW] }));
        window.first = first;
        window
    }

    /// Takes a window back.
    pub(super) fn give(&mut self, mut window: Box<Window>) {
        window.clear();
        self.0.push(window);
    }
}

impl Window {
    /// Its first document.
    pub(super) fn first(&self) -> DocId {
        self.first
    }

    /// The first document behind it.
    pub(super) fn end(&self) -> DocId {
        self.first.saturating_add(WINDOW as DocId)
    }

    /// What was found.
    pub(super) fn hits(&self) -> &Hits {
        &self.hits
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hits.iter().all(|word| *word == 0)
    }

    fn clear(&mut self) {
        if !self.is_empty() {
            self.hits.fill(0);
            self.scores.fill(0.0);
        }
    }

    /// Adds a document, which lies in it.
    #[inline]
    pub(super) fn add(&mut self, document: DocId, score: Score) {
        let at = self.place(document);
        self.hits[at / BITS] |= 1 << (at % BITS);
        self.scores[at] += score;
    }

    /// Adds documents, which lie in it in order, without a score.
    pub(super) fn mark(&mut self, documents: &[DocId]) {
        // A word of bits at a time: each would wait for the one before.
        let (mut number, mut word) = (0, 0);
        for document in documents {
            let at = self.place(*document);
            if at / BITS != number {
                self.hits[number] |= word;
                (number, word) = (at / BITS, 0);
            }
            word |= 1 << (at % BITS);
        }
        self.hits[number] |= word;
    }

    /// Adds to the score of a document, which was added.
    #[inline]
    pub(super) fn score(&mut self, document: DocId, score: Score) {
        self.scores[self.place(document)] += score;
    }

    #[inline]
    fn place(&self, document: DocId) -> usize {
        (document - self.first) as usize % WINDOW
    }

    /// Adds everything that lies before `end`, without a score.
    pub(super) fn add_all(&mut self, end: DocId) {
        let count = (end.saturating_sub(self.first) as usize).min(WINDOW);
        let (whole, rest) = (count / BITS, count % BITS);
        self.hits[..whole].fill(u64::MAX);
        if let Some(last) = self.hits.get_mut(whole) {
            *last |= (1 << rest) - 1;
        }
    }

    /// Adds what another found, with its scores.
    pub(super) fn join(&mut self, other: &Self) {
        each(&other.hits, |at| self.scores[at] += other.scores[at]);
        self.hits.iter_mut().zip(&other.hits).for_each(|(mine, other)| *mine |= other);
    }

    /// Adds what another found, each with this score.
    pub(super) fn join_flat(&mut self, other: &Self, score: Score) {
        each(&other.hits, |at| self.scores[at] += score);
        self.hits.iter_mut().zip(&other.hits).for_each(|(mine, other)| *mine |= other);
    }

    /// Keeps what another found too, with both scores.
    pub(super) fn meet(&mut self, other: &Self) {
        for (number, (mine, other_hits)) in self.hits.iter_mut().zip(&other.hits).enumerate() {
            let (kept, gone) = (*mine & other_hits, *mine & !other_hits);
            *mine = kept;
            bits(kept, number * BITS, |at| self.scores[at] += other.scores[at]);
            bits(gone, number * BITS, |at| self.scores[at] = 0.0);
        }
    }

    /// Keeps what another did not find.
    pub(super) fn leave(&mut self, other: &Self) {
        for (number, (mine, other)) in self.hits.iter_mut().zip(&other.hits).enumerate() {
            bits(*mine & other, number * BITS, |at| self.scores[at] = 0.0);
            *mine &= !other;
        }
    }

    /// Adds the scores of what another found too.
    pub(super) fn raise(&mut self, other: &Self) {
        for (number, (mine, other_hits)) in self.hits.iter().zip(&other.hits).enumerate() {
            bits(mine & other_hits, number * BITS, |at| self.scores[at] += other.scores[at]);
        }
    }

    /// Every document that was found, in order, with its score.
    #[inline]
    pub(super) fn each(&self, mut found: impl FnMut(DocId, Score)) {
        each(&self.hits, |at| found(self.first + at as DocId, self.scores[at]));
    }
}

/// How many there are.
pub(super) fn count(hits: &Hits) -> usize {
    hits.iter().map(|word| word.count_ones() as usize).sum()
}

/// Their places in the window, in order.
#[inline]
pub(super) fn each(hits: &Hits, mut found: impl FnMut(usize)) {
    for (number, word) in hits.iter().enumerate() {
        bits(*word, number * BITS, &mut found);
    }
}

#[inline]
fn bits(mut word: u64, base: usize, mut found: impl FnMut(usize)) {
    while word != 0 {
        found((base + word.trailing_zeros() as usize) % WINDOW);
        word &= word - 1;
    }
}
