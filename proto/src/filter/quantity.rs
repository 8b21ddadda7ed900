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

    /// Whether `number` lies in it.
    pub fn contains(self, number: i64) -> bool {
        (self.from..=self.to).contains(&number)
    }
}

/// The quantities of one listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quantities {
    /// When an event takes place, in microseconds since 1970 UTC.
    pub event: Option<Span>,
    /// The currency and the amounts of capital, or of the investment that a project wants.
    pub amount: Option<(String, Span)>,
    /// The currency, the period ([`v1::talent::WagePeriod`]) and the wages of talent.
    pub wage: Option<(String, i32, Span)>,
    /// The readiness level of technology.
    pub level: Option<i64>,
}

impl Quantities {
    /// Those of `opportunity`, as far as it names them.
    pub fn of(opportunity: &v1::Opportunity) -> Self {
        let none = Self::default();
        match &opportunity.details {
            Some(Details::Capital(part)) => {
                Self { amount: money(part.amount_min.as_ref(), part.amount_max.as_ref()), ..none }
            }
            Some(Details::Project(part)) => {
                Self { amount: money(part.investment_min.as_ref(), part.investment_max.as_ref()), ..none }
            }
            Some(Details::Technology(part)) => {
                Self { level: (part.maturity_trl != 0).then(|| part.maturity_trl.into()), ..none }
            }
            Some(Details::Talent(part)) => {
                let wage = money(part.wage_min.as_ref(), part.wage_max.as_ref());
                Self { wage: wage.map(|(currency, span)| (currency, part.wage_period, span)), ..none }
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

fn money(min: Option<&Money>, max: Option<&Money>) -> Option<(String, Span)> {
    let currency = min.or(max)?.currency_code.clone();
    Some((currency, Span::between(min.map(amount), max.map(amount))))
}

/// Ten thousandths of a currency's unit, which are exact in every currency; above 900 trillion units, all the same.
pub(super) fn amount(money: &Money) -> i64 {
    let parts = i64::from(money.nanos) / 100_000;
    money.units.saturating_mul(10_000).saturating_add(parts)
}

/// Microseconds since 1970 UTC; what is finer is cut off.
pub(super) fn micros(time: &Timestamp) -> Micros {
    time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos) / 1_000)
}
