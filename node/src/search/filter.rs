//! A filter as clauses of the index: they find exactly what [`Filter::matches`] lets through, so that counts are right.

use std::ops::Bound;

use duikou_proto::filter::{Amounts, Filter, Span, Wages};
use duikou_proto::v1::opportunity::Direction;
use tantivy::Term;
use tantivy::query::RangeQuery;
use tantivy::schema::Field;

use super::clauses::Clause;
use super::document::wage_unit;
use super::schema::Fields;

/// One clause for each field that asks for something; none of them changes the order.
pub(super) fn filter_clauses(fields: &Fields, filter: &Filter) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let directions = filter.directions().iter().filter_map(|number| Direction::try_from(*number).ok());
    let terms = [
        any(fields.kind, filter.kinds().iter().copied()),
        any(fields.direction, directions.map(|direction| direction.as_str_name())),
        any(fields.region, filter.regions().iter().copied()),
        any(fields.industry, filter.industries().iter().copied()),
        any(fields.occupation, filter.occupations().iter().copied()),
        any(fields.member, filter.members().iter().map(|member| member.as_str())),
        any(fields.circle, filter.circles().iter().map(|circle| circle.as_str())),
        any(fields.language, filter.languages().iter().map(String::as_str)),
        any(fields.tag, filter.tags().iter().map(String::as_str)),
    ];
    clauses.extend(terms.into_iter().flatten());
    clauses.extend(filter.expire().map(|span| within(fields.expire, span).into()));
    clauses.extend(filter.publish().map(|span| within(fields.publish, span).into()));
    clauses.extend(filter.level().map(|span| within(fields.level, span).into()));
    if let Some(span) = filter.event() {
        clauses.extend(overlapping(fields.event_from, fields.event_to, span).map(Clause::from));
    }
    if let Some(Amounts { currency, span }) = filter.amount() {
        clauses.extend(any(fields.amount_in, [&**currency]));
        clauses.extend(overlapping(fields.amount_from, fields.amount_to, *span).map(Clause::from));
    }
    if let Some(Wages { amounts, period }) = filter.wage() {
        clauses.extend(any(fields.wage_in, [&*wage_unit(&amounts.currency, *period)]));
        clauses.extend(overlapping(fields.wage_from, fields.wage_to, amounts.span).map(Clause::from));
    }
    clauses.into_iter().map(|clause| clause.flat(0.0)).collect()
}

/// Documents that have one of the values; None where none is asked for.
fn any<'a>(field: Field, values: impl IntoIterator<Item = &'a str>) -> Option<Clause> {
    let terms: Vec<Clause> =
        values.into_iter().map(|value| Clause::Term(Term::from_field_text(field, value))).collect();
    (!terms.is_empty()).then(|| Clause::any(terms))
}

pub(super) fn within(field: Field, span: Span) -> RangeQuery {
    let bound = |number| Bound::Included(Term::from_field_i64(field, number));
    RangeQuery::new(bound(span.from), bound(span.to))
}

/// Documents whose span, from one field to the other, has something in common with `span`.
pub(super) fn overlapping(from: Field, to: Field, span: Span) -> [RangeQuery; 2] {
    let unbounded = Span::between(None, None);
    [within(from, Span { to: span.to, ..unbounded }), within(to, Span { from: span.from, ..unbounded })]
}
