//! What is wanted of a listing, each thing with its points: the index finds the listings that have the most.

use duikou_proto::filter::{Amounts, Span, Wages};
use duikou_proto::v1::opportunity::Direction;
use tantivy::query::{BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, Query};

use super::capped::Capped;
use super::filter::{any, overlapping, within};
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
    let unwanted = any(fields.member, ranking.not_of.as_deref());
    parts.extend(unwanted.map(|clause| (Occur::MustNot, clause)));
    Box::new(BooleanQuery::new(parts))
}

/// None where there is nothing to be had.
fn clause(fields: &Fields, points: &Points) -> Option<Clause> {
    let each = |of: &[(Trait, f32)]| -> Option<Vec<Clause>> {
        let scored = |(wanted, points): &(Trait, f32)| -> Option<Clause> {
            Some(Box::new(ConstScoreQuery::new(has(fields, wanted)?, *points)))
        };
        Some(of.iter().filter_map(scored).collect()).filter(|clauses: &Vec<Clause>| !clauses.is_empty())
    };
    Some(match points {
        Points::Best(of) => Box::new(DisjunctionMaxQuery::new(each(of)?)),
        Points::Sum { of, scale, most } => Box::new(Capped::new(BooleanQuery::union(each(of)?), *scale, *most)),
    })
}

/// None where nothing can have it.
fn has(fields: &Fields, wanted: &Trait) -> Option<Clause> {
    let all = |clauses: Vec<Clause>| -> Clause { Box::new(BooleanQuery::intersection(clauses)) };
    let sums = |unit, from, to, span| {
        let [begins, ends] = overlapping(from, to, span);
        Some(all(vec![unit?, begins, ends]))
    };
    match wanted {
        Trait::Kind(kind) => any(fields.kind, [*kind]),
        Trait::Direction(direction) => any(fields.direction, [direction.as_str_name()]),
        Trait::Region(code) => any(fields.region, [*code]),
        Trait::Industry(code) => any(fields.industry, [*code]),
        Trait::Occupation(code) => any(fields.occupation, [*code]),
        Trait::Tag(tag) => any(fields.tag, [tag.as_str()]),
        Trait::InTitle(feature) => any(fields.in_title, [feature.as_str()]),
        Trait::InSummary(feature) => any(fields.in_summary, [feature.as_str()]),
        Trait::Way(way) => any(fields.way, [way.as_str()]),
        Trait::Amount(Amounts { currency, span }) => {
            sums(any(fields.amount_in, [currency.as_str()]), fields.amount_from, fields.amount_to, *span)
        }
        Trait::Wage(Wages { amounts, period }) => {
            let unit = super::document::wage_unit(&amounts.currency, *period);
            sums(any(fields.wage_in, [unit.as_str()]), fields.wage_from, fields.wage_to, amounts.span)
        }
        Trait::Level(span) => Some(within(fields.level, *span)),
        Trait::TakesPlace(span) => Some(all(overlapping(fields.event_from, fields.event_to, *span).into())),
    }
}
