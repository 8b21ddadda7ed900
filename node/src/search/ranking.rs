//! What is wanted of a listing, each thing with its points: the index finds the listings that have the most.

use duikou_proto::filter::{Amounts, Span, Wages};
use duikou_proto::v1::opportunity::Direction;
use tantivy::Term;
use tantivy::query::{BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::capped::Capped;
use super::filter::{overlapping, within};
use super::schema::Fields;

type Clause = Box<dyn Query>;

/// Something that a listing has or has not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trait {
    Kind(&'static str),
    Direction(Direction),
    /// Lies in it, or is it; so with the codes of the other tables.
    Region(&'static str),
    Industry(&'static str),
    Occupation(&'static str),
    Tag(String),
    /// A feature of title and tags, or of what the summary says beside.
    InTitle(String),
    InSummary(String),
    /// As [`super::document::ways`] calls it.
    Way(String),
    /// Sums that have one in common with these.
    Amount(Amounts),
    Wage(Wages),
    Level(Span),
    /// An event at some time of that, in microseconds since 1970 UTC.
    TakesPlace(Span),
}

/// How many points several traits come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Points {
    /// The most that any of them has.
    Best(Vec<(Trait, f32)>),
    /// Those of all, times `scale`, as far as that does not go over `most`; a whole number.
    Sum { of: Vec<(Trait, f32)>, scale: f32, most: f32 },
}

/// Which listings are looked for, the one with the most points first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ranking {
    /// Of each of these one is there.
    pub(crate) all: Vec<Points>,
    /// Something of one of these is there.
    pub(crate) about: Vec<Points>,
    /// These count, and need not be there.
    pub(crate) more: Vec<Points>,
    /// Full id of a member whose listings are not looked for.
    pub(crate) not_of: Option<String>,
}

/// As a query whose scores are the points.
pub(super) fn ranked(fields: &Fields, ranking: &Ranking) -> Clause {
    let clauses = |points: &[Points]| points.iter().filter_map(|points| clause(fields, points)).collect::<Vec<_>>();
    let about = clauses(&ranking.about);
    if about.is_empty() {
        return Box::new(EmptyQuery);
    }
    let mut parts: Vec<(Occur, Clause)> = vec![(Occur::Must, Box::new(BooleanQuery::union(about)))];
    parts.extend(clauses(&ranking.all).into_iter().map(|clause| (Occur::Must, clause)));
    parts.extend(clauses(&ranking.more).into_iter().map(|clause| (Occur::Should, clause)));
    let unwanted = ranking.not_of.as_deref().map(|member| with(fields.member, member));
    parts.extend(unwanted.map(|clause| (Occur::MustNot, clause)));
    Box::new(BooleanQuery::new(parts))
}

/// None where there is nothing to be had.
fn clause(fields: &Fields, points: &Points) -> Option<Clause> {
    let each = |of: &[(Trait, f32)]| -> Option<Vec<Clause>> {
        let scored = |(wanted, points): &(Trait, f32)| -> Clause {
            Box::new(ConstScoreQuery::new(has(fields, wanted), *points))
        };
        (!of.is_empty()).then(|| of.iter().map(scored).collect())
    };
    Some(match points {
        Points::Best(of) => Box::new(DisjunctionMaxQuery::new(each(of)?)),
        Points::Sum { of, scale, most } => Box::new(Capped::new(BooleanQuery::union(each(of)?), *scale, *most)),
    })
}

fn has(fields: &Fields, wanted: &Trait) -> Clause {
    let spans = |from, to, span| overlapping(from, to, span).map(|end| -> Clause { Box::new(end) });
    let sums = |unit, from, to, span| -> Clause {
        let [begins, ends] = spans(from, to, span);
        Box::new(BooleanQuery::intersection(vec![unit, begins, ends]))
    };
    match wanted {
        Trait::Kind(kind) => with(fields.kind, kind),
        Trait::Direction(direction) => with(fields.direction, direction.as_str_name()),
        Trait::Region(code) => with(fields.region, code),
        Trait::Industry(code) => with(fields.industry, code),
        Trait::Occupation(code) => with(fields.occupation, code),
        Trait::Tag(tag) => with(fields.tag, tag),
        Trait::InTitle(feature) => with(fields.in_title, feature),
        Trait::InSummary(feature) => with(fields.in_summary, feature),
        Trait::Way(way) => with(fields.way, way),
        Trait::Amount(Amounts { currency, span }) => {
            sums(with(fields.amount_in, currency), fields.amount_from, fields.amount_to, *span)
        }
        Trait::Wage(Wages { amounts, period }) => {
            let unit = super::document::wage_unit(&amounts.currency, *period);
            sums(with(fields.wage_in, &unit), fields.wage_from, fields.wage_to, amounts.span)
        }
        Trait::Level(span) => Box::new(within(fields.level, *span)),
        Trait::TakesPlace(span) => {
            Box::new(BooleanQuery::intersection(spans(fields.event_from, fields.event_to, *span).into()))
        }
    }
}

/// What has a value in a field.
fn with(field: Field, value: &str) -> Clause {
    Box::new(TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic))
}
