//! Clauses with what their scores go by in one state of the index: how rare each term is in all segments together.

use tantivy::query::{Bm25Weight, EnableScoring, Weight};
use tantivy::{Score, Searcher, Term};

use super::{Clause, Clauses};

/// Clauses that can be read on each segment.
pub(in crate::search) struct Weighed {
    pub(super) wanted: Node,
    pub(super) unwanted: Vec<Node>,
    pub(super) ranking: Option<Node>,
}

/// See [`Clause`].
pub(super) enum Node {
    Everything,
    Term(Term, Points),
    Query { weight: Box<dyn Weight>, factor: Score, scored: bool },
    Any(Vec<Node>),
    All(Vec<Node>),
    Flat(Box<Node>, Score),
}

/// The scores of the documents with a term.
#[derive(Clone)]
pub(super) enum Points {
    /// Not asked for.
    None,
    Flat(Score),
    Rarity(Bm25Weight),
}

impl Weighed {
    /// Weighs them; without scores where the order goes by something else.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(in crate::search) fn new(clauses: Clauses, searcher: &Searcher, scored: bool) -> tantivy::Result<Self> {
        let Clauses { wanted, unwanted, ranking } = clauses;
        let ranking = (scored && !ranking.is_empty()).then(|| weigh(Clause::any(ranking), searcher, Some(1.0)));
        Ok(Self {
            wanted: weigh(Clause::all(wanted), searcher, scored.then_some(1.0))?,
            unwanted: unwanted.into_iter().map(|clause| weigh(clause, searcher, None)).collect::<Result<_, _>>()?,
            ranking: ranking.transpose()?,
        })
    }
}

/// `factor`: by how much scores are multiplied; None: there are none.
fn weigh(clause: Clause, searcher: &Searcher, factor: Option<Score>) -> tantivy::Result<Node> {
    let all = |clauses: Vec<Clause>| -> tantivy::Result<Vec<Node>> {
        clauses.into_iter().map(|clause| weigh(clause, searcher, factor)).collect()
    };
    Ok(match clause {
        Clause::Everything => Node::Everything,
        Clause::Term(term) => {
            let points = match factor {
                None => Points::None,
                Some(factor) => {
                    Points::Rarity(Bm25Weight::for_terms(searcher, std::slice::from_ref(&term))?.boost_by(factor))
                }
            };
            Node::Term(term, points)
        }
        Clause::Query(query) => {
            let scoring = match factor {
                Some(_) => EnableScoring::enabled_from_searcher(searcher),
                None => EnableScoring::disabled_from_searcher(searcher),
            };
            Node::Query { weight: query.weight(scoring)?, factor: factor.unwrap_or(1.0), scored: factor.is_some() }
        }
        Clause::Any(clauses) => Node::Any(all(clauses)?),
        Clause::All(clauses) => Node::All(all(clauses)?),
        Clause::Flat(clause, score) => match (weigh(*clause, searcher, None)?, factor) {
            (node, None) => node,
            (Node::Term(term, _), Some(factor)) => Node::Term(term, Points::Flat(score * factor)),
            (node, Some(factor)) => Node::Flat(Box::new(node), score * factor),
        },
        Clause::Times(clause, times) => weigh(*clause, searcher, factor.map(|factor| factor * times))?,
    })
}
