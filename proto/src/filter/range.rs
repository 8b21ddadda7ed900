//! The ranges of a filter, read and checked.

use super::Money;
use super::quantity::{Amounts, Span, Wages, micros};
use crate::v1;
use crate::v1::talent::WagePeriod;
use crate::validate::{Check, bounds, moment, money_range, reason};

pub(super) fn times(check: &mut Check<'_>, field: &str, range: Option<&v1::TimeRange>) -> Option<Span> {
    let range = range?;
    let mut check = check.part(field);
    let mut bound = |field: &str, time: Option<&prost_types::Timestamp>| {
        time.map(|time| moment(&mut check, field, time).map(|_| micros(time)))
    };
    let (start, end) = (bound("start_time", range.start_time.as_ref()), bound("end_time", range.end_time.as_ref()));
    match (start, end) {
        (None, None) => boundless(&mut check),
        (Some(None), _) | (_, Some(None)) => None,
        (start, end) => {
            let span = Span::between(start.flatten(), end.flatten().map(|end| end - 1));
            ordered(&mut check, "end_time", span)
        }
    }
}

pub(super) fn amounts(check: &mut Check<'_>, field: &str, range: Option<&v1::MoneyRange>) -> Option<Amounts> {
    let range = range?;
    bounded_by(&mut check.part(field), range.min.as_ref(), range.max.as_ref())
}

pub(super) fn wages(check: &mut Check<'_>, field: &str, range: Option<&v1::WageRange>) -> Option<Wages> {
    let range = range?;
    let mut check = check.part(field);
    check.required_choice::<WagePeriod>("period", range.period);
    let amounts = bounded_by(&mut check, range.min.as_ref(), range.max.as_ref())?;
    Some(Wages { amounts, period: range.period })
}

fn bounded_by(check: &mut Check<'_>, min: Option<&Money>, max: Option<&Money>) -> Option<Amounts> {
    if min.or(max).is_none() {
        return boundless(check);
    }
    let sound = money_range(check, ["min", "max"], min, max);
    Amounts::between(min, max).filter(|_| sound)
}

pub(super) fn levels(check: &mut Check<'_>, field: &str, range: Option<&v1::LevelRange>) -> Option<Span> {
    let range = range?;
    let mut check = check.part(field);
    let mut bound = |field: &str, level: i32| {
        check.number(field, level.into(), bounds::MATURITY_TRL);
        (level != 0).then(|| i64::from(level))
    };
    match (bound("min", range.min), bound("max", range.max)) {
        (None, None) => boundless(&mut check),
        (min, max) => ordered(&mut check, "max", Span::between(min, max)),
    }
}

/// A range that asks for nothing was meant to ask for something.
fn boundless<T>(check: &mut Check<'_>) -> Option<T> {
    check.fail(
        "",
        reason::REQUIRED,
        "范围没有上限也没有下限，请至少填写一个，或删除此项。",
        "This range has no bound: give one, or leave it out.",
    );
    None
}

fn ordered(check: &mut Check<'_>, field: &str, span: Span) -> Option<Span> {
    if span.from > span.to {
        check.fail(
            field,
            reason::INCONSISTENT,
            "这个范围不含任何值，请检查上限与下限。",
            "This range holds nothing: check both bounds.",
        );
        return None;
    }
    Some(span)
}
