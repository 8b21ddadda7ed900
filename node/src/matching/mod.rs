//! Matching 对口: what answers a listing. `pairs` says which listings can answer each other, `score` how well two do and
//! why, `words` says the reasons to people, `text` compares texts, `rank` is how the search index is asked for what answers one
//! best, `find` compares what it finds.
//!
//! A score is a function of two listings and nothing else: the same at every node, in both directions.

mod find;
mod near;
mod pairs;
mod rank;
mod score;
mod text;
mod words;

use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::{Filter, MatchReason, Opportunity};
use duikou_proto::validate::kind_of;

pub(crate) use find::{Asked, Found, find};
pub(crate) use score::MIN_SCORE;
pub(crate) use words::{kind_named, sums};

/// A listing whose counterparts are wanted, read once.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    opportunity: Opportunity,
    kind: &'static str,
    text: text::Texts,
}

/// How well another answers it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    /// 0 to 100.
    pub(crate) points: u32,
    /// The weightiest first.
    pub(crate) reasons: Vec<MatchReason>,
}

impl Subject {
    /// None where it is of no kind or direction.
    pub(crate) fn new(opportunity: Opportunity) -> Option<Self> {
        let kind = kind_of(&opportunity)?;
        if opportunity.direction() == Direction::Unspecified {
            return None;
        }
        let text = text::Texts::of(&opportunity);
        Some(Self { opportunity, kind, text })
    }

    /// What any counterpart has: for whoever follows a feed and scores what comes.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            kinds: pairs::kinds(self.kind).map(str::to_owned).collect(),
            directions: vec![pairs::opposite(self.opportunity.direction()).into()],
            ..Filter::default()
        }
    }

    /// How well `other` answers it; None where it does not.
    pub(crate) fn score(&self, other: &Opportunity) -> Option<Score> {
        self.score_of(&Candidate::new(other)?)
    }

    /// The same of one that has been read.
    pub(crate) fn score_of(&self, other: &Candidate<'_>) -> Option<Score> {
        score::score(self.view(), other.view())
    }

    fn view(&self) -> View<'_> {
        View { opportunity: &self.opportunity, kind: self.kind, text: &self.text }
    }
}

/// A listing that may answer others, read once for all of them.
pub(crate) struct Candidate<'a> {
    opportunity: &'a Opportunity,
    kind: &'static str,
    text: text::Texts,
}

impl<'a> Candidate<'a> {
    /// None where it is of no kind.
    pub(crate) fn new(opportunity: &'a Opportunity) -> Option<Self> {
        Some(Self { opportunity, kind: kind_of(opportunity)?, text: text::Texts::of(opportunity) })
    }

    fn view(&self) -> View<'_> {
        View { opportunity: self.opportunity, kind: self.kind, text: &self.text }
    }
}

/// One of two listings that are compared.
#[derive(Debug, Clone, Copy)]
struct View<'a> {
    opportunity: &'a Opportunity,
    kind: &'static str,
    text: &'a text::Texts,
}
