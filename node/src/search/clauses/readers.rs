//! Clauses on one segment: each adds what it finds among the documents of a window.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::query::Scorer;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score, TERMINATED, Term};

use super::weighed::{Node, Points};
use super::window::{Hits, Spare, WINDOW, Window, count, each};

/// To go to one document of a term costs as much as to read so many in order.
const SEEK: usize = 16;

/// See the module. Windows are asked for in order; some may be left out.
pub(super) enum Reader {
    Nothing,
    /// All before the end of the segment.
    Everything(DocId),
    Term(Box<Postings>),
    Query {
        scorer: Box<dyn Scorer>,
        scored: bool,
    },
    Any(Vec<Reader>),
    /// What is read quickly first, and of that the one that finds least.
    All(Vec<Reader>),
    Flat(Box<Reader>, Score),
}

/// The documents with one term.
pub(super) struct Postings {
    blocks: BlockSegmentPostings,
    /// The next of the block.
    at: usize,
    norms: FieldNormReader,
    points: Points,
    /// How many there are in a window on average.
    dense: usize,
}

impl Reader {
    /// # Errors
    /// Where the index is damaged.
    pub(super) fn open(node: &Node, segment: &SegmentReader) -> tantivy::Result<Self> {
        let open = |nodes: &[Node]| -> tantivy::Result<Vec<Self>> {
            nodes.iter().map(|node| Self::open(node, segment)).collect()
        };
        Ok(match node {
            Node::Everything => Self::Everything(segment.max_doc()),
            Node::Term(term, points) => {
                Postings::open(term, points, segment)?.map_or(Self::Nothing, |postings| Self::Term(Box::new(postings)))
            }
            Node::Query { weight, factor, scored } => {
                let scorer = weight.scorer(segment, *factor)?;
                if scorer.doc() == TERMINATED { Self::Nothing } else { Self::Query { scorer, scored: *scored } }
            }
            Node::Any(nodes) => {
                let mut readers = open(nodes)?;
                readers.retain(|reader| !matches!(reader, Self::Nothing));
                if readers.is_empty() { Self::Nothing } else { Self::Any(readers) }
            }
            Node::All(nodes) => {
                let mut readers = open(nodes)?;
                readers.sort_by_key(|reader| (reader.is_slow(), reader.size()));
                if readers.iter().any(|reader| matches!(reader, Self::Nothing)) {
                    Self::Nothing
                } else {
                    Self::All(readers)
                }
            }
            Node::Flat(node, score) => match Self::open(node, segment)? {
                Self::Nothing => Self::Nothing,
                reader => Self::Flat(Box::new(reader), *score),
            },
        })
    }

    /// About how many documents it finds.
    fn size(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Everything(end) => u64::from(*end),
            Self::Term(postings) => u64::from(postings.blocks.doc_freq()),
            Self::Query { scorer, .. } => scorer.cost(),
            Self::Any(readers) => readers.iter().map(Self::size).sum(),
            Self::All(readers) => readers.iter().map(Self::size).min().unwrap_or_default(),
            Self::Flat(reader, _) => reader.size(),
        }
    }

    /// Whether it is better asked for single documents than for all.
    fn is_slow(&self) -> bool {
        match self {
            Self::Nothing | Self::Everything(_) | Self::Term(_) => false,
            Self::Query { .. } => true,
            Self::Any(readers) => readers.iter().any(Self::is_slow),
            Self::All(readers) => readers.first().is_some_and(Self::is_slow),
            Self::Flat(reader, _) => reader.is_slow(),
        }
    }

    /// Adds what it finds in a window: at least what is `among` those that matter, where these are known.
    pub(super) fn fill(&mut self, into: &mut Window, among: Option<&Hits>, spare: &mut Spare) {
        match self {
            Self::Nothing => {}
            Self::Everything(end) => into.add_all(*end),
            Self::Term(postings) => match among {
                Some(among) if count(among) * SEEK < postings.dense => postings.seek(into, among),
                _ => postings.read(into),
            },
            Self::Query { scorer, scored } => {
                let (scorer, scored) = (&mut **scorer, *scored);
                match among {
                    Some(among) => ask(scorer, scored, into, among),
                    None => run(scorer, scored, into),
                }
            }
            Self::Any(readers) => readers.iter_mut().for_each(|reader| reader.fill(into, among, spare)),
            Self::All(readers) => {
                let mut all = spare.take(into.first());
                for (number, reader) in readers.iter_mut().enumerate() {
                    if number == 0 {
                        reader.fill(&mut all, among, spare);
                    } else {
                        let mut one = spare.take(into.first());
                        reader.fill(&mut one, Some(all.hits()), spare);
                        all.meet(&one);
                        spare.give(one);
                    }
                    if all.is_empty() {
                        break;
                    }
                }
                into.join(&all);
                spare.give(all);
            }
            Self::Flat(reader, score) => {
                let mut one = spare.take(into.first());
                reader.fill(&mut one, among, spare);
                into.join_flat(&one, *score);
                spare.give(one);
            }
        }
    }
}

/// Everything that it finds in a window.
fn run(scorer: &mut dyn Scorer, scored: bool, into: &mut Window) {
    let mut document = scorer.doc();
    if document < into.first() {
        document = scorer.seek(into.first());
    }
    while document < into.end() {
        into.add(document, if scored { scorer.score() } else { 0.0 });
        document = scorer.advance();
    }
}

/// Whether it finds these.
fn ask(scorer: &mut dyn Scorer, scored: bool, into: &mut Window, among: &Hits) {
    let first = into.first();
    each(among, |at| {
        let document = first + at as DocId;
        let found = if scorer.doc() < document { scorer.seek(document) } else { scorer.doc() };
        if found == document {
            into.add(document, if scored { scorer.score() } else { 0.0 });
        }
    });
}

impl Postings {
    /// None where no document has the term.
    fn open(term: &Term, points: &Points, segment: &SegmentReader) -> tantivy::Result<Option<Self>> {
        let field = term.field();
        let option = match points {
            Points::Rarity(_) => IndexRecordOption::WithFreqs,
            Points::Flat(_) | Points::None => IndexRecordOption::Basic,
        };
        let Some(blocks) = segment.inverted_index(field)?.read_block_postings(term, option)? else { return Ok(None) };
        let norms = match points {
            Points::Rarity(_) => segment.fieldnorms_readers().get_field(field)?,
            Points::Flat(_) | Points::None => None,
        };
        let norms = norms.unwrap_or_else(|| FieldNormReader::constant(segment.max_doc(), 1));
        let dense = blocks.doc_freq() as usize * WINDOW / (segment.max_doc() as usize).max(1);
        Ok(Some(Self { blocks, at: 0, norms, points: points.clone(), dense }))
    }

    /// All that lie in a window.
    fn read(&mut self, into: &mut Window) {
        self.go(into.first());
        let end = into.end();
        loop {
            let docs = self.blocks.docs();
            let (from, rest) = (self.at, docs.get(self.at..).unwrap_or_default());
            let within = rest.partition_point(|document| *document < end);
            let documents = &rest[..within];
            into.mark(documents);
            match &self.points {
                Points::None => {}
                Points::Flat(score) => documents.iter().for_each(|document| into.score(*document, *score)),
                Points::Rarity(weight) => {
                    for (at, document) in (from..).zip(documents) {
                        into.score(*document, weight.score(self.norms.fieldnorm_id(*document), self.blocks.freq(at)));
                    }
                }
            }
            if within < rest.len() || docs.is_empty() {
                self.at = from + within;
                return;
            }
            self.blocks.advance();
            self.at = 0;
        }
    }

    /// Those of them that are among others.
    fn seek(&mut self, into: &mut Window, among: &Hits) {
        let first = into.first();
        each(among, |at| {
            let document = first + at as DocId;
            self.go(document);
            if self.blocks.docs().get(self.at) == Some(&document) {
                let score = match &self.points {
                    Points::None => 0.0,
                    Points::Flat(score) => *score,
                    Points::Rarity(weight) => {
                        weight.score(self.norms.fieldnorm_id(document), self.blocks.freq(self.at))
                    }
                };
                into.add(document, score);
            }
        });
    }

    /// To the first that is not before `document`.
    fn go(&mut self, document: DocId) {
        let docs = self.blocks.docs();
        let before = match docs.get(self.at) {
            Some(next) => *next < document,
            // At the end of a block others may follow; at the end of all there is none.
            None => !docs.is_empty(),
        };
        if before {
            self.at = self.blocks.seek(document);
        }
    }
}
