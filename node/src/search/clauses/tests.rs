//! Clauses find and score as the library's own queries do.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tantivy::collector::TopDocs;
use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STRING, Schema, TEXT};
use tantivy::{DocAddress, Index, IndexReader, Score, TantivyDocument, Term};

use super::window::WINDOW;
use super::{Clause, Clauses, Spare, Weighed};

/// So many documents that the larger segment has several windows.
const DOCUMENTS: usize = 3 * WINDOW;
const WORDS: [&str; 6] = ["everywhere", "often", "sometimes", "seldom", "once", "never"];

/// A clause, as it can be made by both.
#[derive(Debug, Clone)]
enum Tree {
    Everything,
    Word(usize),
    Tag(usize),
    Phrase(usize, usize),
    Any(Vec<Tree>),
    All(Vec<Tree>),
    Flat(Box<Tree>, u8),
    Times(Box<Tree>, u8),
}

struct World {
    reader: IndexReader,
    text: Field,
    tag: Field,
}

impl World {
    fn new() -> Self {
        let mut builder = Schema::builder();
        let (text, tag) = (builder.add_text_field("text", TEXT), builder.add_text_field("tag", STRING));
        let index = Index::create_in_ram(builder.build());
        let mut writer = index.writer_with_num_threads(1, 50_000_000).unwrap();
        writer.set_merge_policy(Box::new(tantivy::merge_policy::NoMergePolicy));
        for number in 0..DOCUMENTS {
            let mut document = TantivyDocument::new();
            let mut words = vec!["everywhere"];
            let seed = blake3::hash(&number.to_le_bytes());
            for (word, rarity) in [("often", 2), ("sometimes", 20), ("seldom", 700)] {
                let chance = |at: usize| usize::from(seed.as_bytes()[at]) * 256 + usize::from(seed.as_bytes()[at + 1]);
                if chance(rarity % 29) % rarity == 0 {
                    words.extend(std::iter::repeat_n(word, 1 + chance(3) % 3));
                }
            }
            if number == DOCUMENTS / 2 {
                words.push("once");
            }
            document.add_text(text, words.join(" "));
            document.add_text(tag, WORDS[number % WORDS.len()]);
            writer.add_document(document).unwrap();
            if number == DOCUMENTS - 500 {
                writer.commit().unwrap();
            }
        }
        writer.commit().unwrap();
        Self { reader: index.reader().unwrap(), text, tag }
    }

    fn clause(&self, tree: &Tree) -> Clause {
        let all = |trees: &[Tree]| trees.iter().map(|tree| self.clause(tree)).collect();
        match tree {
            Tree::Everything => Clause::Everything,
            Tree::Word(word) => Clause::Term(Term::from_field_text(self.text, WORDS[*word])),
            Tree::Tag(word) => Clause::Term(Term::from_field_text(self.tag, WORDS[*word])),
            Tree::Phrase(one, other) => self.phrase(*one, *other).into(),
            Tree::Any(trees) => Clause::any(all(trees)),
            Tree::All(trees) => Clause::all(all(trees)),
            Tree::Flat(tree, score) => self.clause(tree).flat((*score).into()),
            Tree::Times(tree, times) => self.clause(tree).times((*times).into()),
        }
    }

    fn query(&self, tree: &Tree) -> Box<dyn Query> {
        let all = |trees: &[Tree]| trees.iter().map(|tree| self.query(tree)).collect();
        let term = |field, word: usize| -> Box<dyn Query> {
            Box::new(TermQuery::new(Term::from_field_text(field, WORDS[word]), IndexRecordOption::WithFreqs))
        };
        match tree {
            Tree::Everything => Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0)),
            Tree::Word(word) => term(self.text, *word),
            Tree::Tag(word) => term(self.tag, *word),
            Tree::Phrase(one, other) => Box::new(self.phrase(*one, *other)),
            Tree::Any(trees) => Box::new(BooleanQuery::union(all(trees))),
            Tree::All(trees) => Box::new(BooleanQuery::intersection(all(trees))),
            Tree::Flat(tree, score) => Box::new(ConstScoreQuery::new(self.query(tree), (*score).into())),
            Tree::Times(tree, times) => Box::new(BoostQuery::new(self.query(tree), (*times).into())),
        }
    }

    fn phrase(&self, one: usize, other: usize) -> PhraseQuery {
        PhraseQuery::new([one, other].map(|word| Term::from_field_text(self.text, WORDS[word])).into())
    }

    fn found(&self, clauses: Clauses, scored: bool) -> BTreeMap<DocAddress, Score> {
        let searcher = self.reader.searcher();
        let weighed = Weighed::new(clauses, &searcher, scored).unwrap();
        let (mut found, mut spare) = (BTreeMap::new(), Spare::default());
        for (number, segment) in (0..).zip(searcher.segment_readers()) {
            let mut last = None;
            let each = |document, score| {
                assert!(last < Some(document), "in order, each once");
                last = Some(document);
                found.insert(DocAddress::new(number, document), score);
            };
            weighed.each(segment, &mut spare, each).unwrap();
        }
        found
    }

    fn expected(&self, clauses: Vec<(Occur, Box<dyn Query>)>) -> BTreeMap<DocAddress, Score> {
        let all = TopDocs::with_limit(DOCUMENTS).order_by_score();
        let found = self.reader.searcher().search(&BooleanQuery::new(clauses), &all).unwrap();
        found.into_iter().map(|(score, address)| (address, score)).collect()
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        1 => Just(Tree::Everything),
        6 => (0..WORDS.len()).prop_map(Tree::Word),
        3 => (0..WORDS.len()).prop_map(Tree::Tag),
        3 => (0..WORDS.len(), 0..WORDS.len()).prop_map(|(one, other)| Tree::Phrase(one, other)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::Any),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::All),
            (inner.clone(), 0..3u8).prop_map(|(tree, score)| Tree::Flat(Box::new(tree), score)),
            (inner, 1..4u8).prop_map(|(tree, times)| Tree::Times(Box::new(tree), times)),
        ]
    })
}

#[test]
fn what_is_found_and_how_it_scores_is_what_the_library_says() {
    let world = World::new();
    assert!(world.reader.searcher().segment_readers().len() > 1);
    let trees = |count| prop::collection::vec(tree(), count);
    proptest!(ProptestConfig::with_cases(64), |(wanted in trees(0..3), unwanted in trees(0..2), ranking in trees(0..3))| {
        let clauses = || {
            let all = |trees: &[Tree]| trees.iter().map(|tree| world.clause(tree)).collect();
            Clauses { wanted: all(&wanted), unwanted: all(&unwanted), ranking: all(&ranking) }
        };
        let everything = wanted.is_empty().then_some(Tree::Everything);
        let as_queries = |occur, trees: &[Tree]| trees.iter().map(|tree| (occur, world.query(tree))).collect::<Vec<_>>();
        let mut queries = as_queries(Occur::Must, &wanted);
        queries.extend(as_queries(Occur::Must, everything.as_slice()));
        queries.extend(as_queries(Occur::Should, &ranking));
        let (found, mut expected) = (world.found(clauses(), true), world.expected(queries));
        for unwanted in &unwanted {
            // Not by the library, some of whose queries may not be excluded: they assert that nobody does.
            let gone = world.expected(vec![(Occur::Must, world.query(unwanted))]);
            expected.retain(|address, _| !gone.contains_key(address));
        }
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (address, score) in &found {
            let other = expected[address];
            prop_assert!((score - other).abs() <= other.abs() * 1e-4, "{address:?}: {score} and not {other}");
        }
        let unscored = world.found(clauses(), false);
        prop_assert_eq!(unscored.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    });
}
