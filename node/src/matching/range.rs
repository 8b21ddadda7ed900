//! Sums from one to another, as listings write them.

use duikou_proto::Money;

/// At least one end is given. In billionths of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// ISO 4217.
    pub(super) currency: String,
    pub(super) min: Option<i128>,
    pub(super) max: Option<i128>,
}

/// Billionths of a unit.
pub(super) const UNIT: i128 = 1_000_000_000;

fn nanos(money: &Money) -> i128 {
    i128::from(money.units) * UNIT + i128::from(money.nanos)
}

impl Range {
    /// None where neither end is given.
    pub(super) fn new(min: Option<&Money>, max: Option<&Money>) -> Option<Self> {
        let currency = min.or(max)?.currency_code.clone();
        Some(Self { currency, min: min.map(nanos), max: max.map(nanos) })
    }

    /// What lies in both; None where nothing does, or where they cannot be compared.
    pub(super) fn overlap(&self, other: &Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        // An end that is not given sets no bound.
        let min = self.min.max(other.min);
        let max = match (self.max, other.max) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let empty = min.zip(max).is_some_and(|(min, max)| min > max);
        (!empty).then(|| Self { currency: self.currency.clone(), min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(min: Option<i64>, max: Option<i64>) -> Range {
        let money = |units| Money { currency_code: "CNY".to_owned(), units, nanos: 0 };
        Range::new(min.map(money).as_ref(), max.map(money).as_ref()).unwrap()
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
            let (one, other) = (range(one.0, one.1), range(other.0, other.1));
            let common = common.map(|(min, max)| range(min, max));
            assert_eq!(one.overlap(&other), common);
            assert_eq!(other.overlap(&one), common);
        }
        let dollars = Range { currency: "USD".to_owned(), ..range(Some(1), None) };
        assert_eq!(dollars.overlap(&range(Some(1), None)), None);
    }
}
