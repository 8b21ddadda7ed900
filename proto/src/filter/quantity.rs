//! What of a listing has a size: times, money, levels, as whole numbers that a filter compares and an index keeps.

use prost_types::Timestamp;

use super::{Money, v1};
use crate::envelope::Micros;
use crate::v1::opportunity::Details;

/// All numbers from the first to the second, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The least.
    pub from: i64,
    /// The greatest, not below `from`.
    pub to: i64,
}

impl Span {
    /// Between two bounds, of which an absent one does not bound.
    pub fn between(from: Option<i64>, to: Option<i64>) -> Self {
        Self { from: from.unwrap_or(i64::MIN), to: to.unwrap_or(i64::MAX) }
    }

    /// Whether both have a number in common.
    pub fn meets(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    /// The numbers that both have; None where they have none in common.
    pub fn overlap(self, other: Self) -> Option<Self> {
        self.meets(other).then(|| Self { from: self.from.max(other.from), to: self.to.min(other.to) })
    }

    /// The bounds that [`Self::between`] was given.
    pub fn bounds(self) -> (Option<i64>, Option<i64>) {
        ((self.from != i64::MIN).then_some(self.from), (self.to != i64::MAX).then_some(self.to))
    }

    /// Whether `number` lies in it.
    pub fn contains(self, number: i64) -> bool {
        (self.from..=self.to).contains(&number)
    }
}

/// Amounts in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amounts {
    /// ISO 4217.
    pub currency: String,
    /// In parts of its unit, of which it has [`Self::PARTS`].
    pub span: Span,
}

impl Amounts {
    /// Parts of a currency's unit, in which amounts of every currency are exact.
    pub const PARTS: i64 = 10_000;

    /// Between two bounds in one currency, of which an absent one does not bound; None where both are absent.
    pub fn between(min: Option<&Money>, max: Option<&Money>) -> Option<Self> {
        let currency = min.or(max)?.currency_code.clone();
        Some(Self { currency, span: Span::between(min.map(amount), max.map(amount)) })
    }

    /// Whether both have an amount in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.currency == other.currency && self.span.meets(other.span)
    }

    /// The amounts that both have; None where there are none, or where they cannot be compared.
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        let span = self.span.overlap(other.span).filter(|_| self.currency == other.currency)?;
        Some(Self { currency: self.currency.clone(), span })
    }
}

/// Wages in one currency, for one period.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wages {
    /// How much.
    pub amounts: Amounts,
    /// [`v1::talent::WagePeriod`].
    pub period: i32,
}

impl Wages {
    /// Whether both have a wage in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.period == other.period && self.amounts.meets(&other.amounts)
    }
}

/// The quantities of one listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quantities {
    /// When an event takes place, in microseconds since 1970 UTC.
    pub event: Option<Span>,
    /// The amounts of capital, or of the investment that a project wants.
    pub amount: Option<Amounts>,
    /// The wages of talent.
    pub wage: Option<Wages>,
    /// The readiness level of technology.
    pub level: Option<i64>,
}

impl Quantities {
    /// Those of `opportunity`, as far as it names them.
    pub fn of(opportunity: &v1::Opportunity) -> Self {
        let none = Self::default();
        match &opportunity.details {
            Some(Details::Capital(part)) => {
                Self { amount: Amounts::between(part.amount_min.as_ref(), part.amount_max.as_ref()), ..none }
            }
            Some(Details::Project(part)) => {
                Self { amount: Amounts::between(part.investment_min.as_ref(), part.investment_max.as_ref()), ..none }
            }
            Some(Details::Technology(part)) => {
                Self { level: (part.maturity_trl != 0).then(|| part.maturity_trl.into()), ..none }
            }
            Some(Details::Talent(part)) => {
                let amounts = Amounts::between(part.wage_min.as_ref(), part.wage_max.as_ref());
                Self { wage: amounts.map(|amounts| Wages { amounts, period: part.wage_period }), ..none }
            }
            Some(Details::Event(part)) => {
                let times = part.start_time.as_ref().zip(part.end_time.as_ref());
                // It no longer takes place at its end.
                let span = |(start, end)| Span { from: micros(start), to: micros(start).max(micros(end) - 1) };
                Self { event: times.map(span), ..none }
            }
            None => none,
        }
    }
}

/// In parts of the currency's unit; above 900 trillion units, all the same.
pub(super) fn amount(money: &Money) -> i64 {
    let parts = i64::from(money.nanos) / (1_000_000_000 / Amounts::PARTS);
    money.units.saturating_mul(Amounts::PARTS).saturating_add(parts)
}

/// Microseconds since 1970 UTC; what is finer is cut off.
pub(super) fn micros(time: &Timestamp) -> Micros {
    time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(min: Option<i64>, max: Option<i64>) -> Amounts {
        let money = |units| Money { currency_code: "CNY".to_owned(), units, nanos: 0 };
        Amounts::between(min.map(money).as_ref(), max.map(money).as_ref()).unwrap()
    }

    #[test]
    fn what_lies_in_both_is_the_same_from_either_side() {
        for (one, other, common) in [
            ((Some(1), Some(5)), (Some(3), Some(9)), Some((Some(3), Some(5)))),
            ((Some(1), Some(5)), (Some(5), None), Some((Some(5), Some(5)))),
            ((Some(1), Some(5)), (Some(6), Some(9)), None),
            ((None, Some(5)), (None, Some(3)), Some((None, Some(3)))),
            ((Some(1), None), (None, Some(3)), Some((Some(1), Some(3)))),
            ((Some(4), None), (Some(2), None), Some((Some(4), None))),
        ] {
            let (one, other) = (amounts(one.0, one.1), amounts(other.0, other.1));
            let common = common.map(|(min, max)| amounts(min, max));
            assert_eq!(one.overlap(&other), common);
            assert_eq!(other.overlap(&one), common);
            assert_eq!(one.meets(&other), common.is_some());
        }
        let dollars = Amounts { currency: "USD".to_owned(), ..amounts(Some(1), None) };
        assert_eq!(dollars.overlap(&amounts(Some(1), None)), None);
        assert!(!dollars.meets(&amounts(Some(1), None)));
        let bounds = |min, max| amounts(min, max).span.bounds();
        assert_eq!(bounds(None, Some(2)), (None, Some(2 * Amounts::PARTS)));
        assert_eq!(bounds(Some(2), None), (Some(2 * Amounts::PARTS), None));
    }
}
