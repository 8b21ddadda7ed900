//! Ranges as pieces: the whole scale, its halves, their halves, down to single steps. A range is made up of few of them,
//! and two ranges meet where a piece of one lies in a piece of the other, or is the same. So ranges that meet a given one
//! are found by equal values alone, as words are.

use std::ops::RangeInclusive;

use super::quantity::Span;

/// How numbers are laid on steps, in order; what lies on one step is not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scale {
    /// Microseconds since 1970 UTC, in steps of about 19 hours.
    Time,
    /// Parts of a currency's unit: eight steps from each power of two to the next.
    Money,
    /// Readiness levels, each a step.
    Level,
}

impl Scale {
    /// The scale has as many steps as this has bits.
    fn bits(self) -> u32 {
        match self {
            Self::Time => 24,
            Self::Money => 10,
            Self::Level => 4,
        }
    }

    fn step(self, number: i64) -> u32 {
        let last = (1 << self.bits()) - 1;
        let number = u64::try_from(number).unwrap_or(0);
        let step = match self {
            Self::Time => number >> 36,
            Self::Money => match number.checked_ilog2() {
                None => 0,
                Some(power) => {
                    let eighth = if power < 3 { number << (3 - power) } else { number >> (power - 3) };
                    1 + (u64::from(power) << 3) + (eighth & 7)
                }
            },
            Self::Level => number,
        };
        u32::try_from(step).unwrap_or(last).min(last)
    }
}

/// All steps whose numbers begin with the same bits: so many, and these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Piece {
    given: u32,
    bits: u32,
}

impl Piece {
    /// Itself, and all pieces in which it lies.
    pub(super) fn around(self) -> impl Iterator<Item = Piece> {
        (0..=self.given).map(move |less| Piece { given: self.given - less, bits: self.bits >> less })
    }
}

/// The fewest pieces that make up a range: at most two of each size.
pub(super) fn pieces(scale: Scale, span: Span) -> Vec<Piece> {
    cover(scale.bits(), scale.step(span.from)..=scale.step(span.to))
}

fn cover(bits: u32, steps: RangeInclusive<u32>) -> Vec<Piece> {
    let (mut at, end) = (u64::from(*steps.start()), u64::from(*steps.end()));
    let mut found = Vec::new();
    while at <= end {
        // The largest that begins here and does not end behind the range.
        let size = at.trailing_zeros().min((end - at + 1).ilog2()).min(bits);
        found.push(Piece { given: bits - size, bits: u32::try_from(at >> size).unwrap_or(u32::MAX) });
        at += 1 << size;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meet(one: &[Piece], other: &[Piece]) -> bool {
        let lies = |piece: &Piece, pieces: &[Piece]| piece.around().any(|around| pieces.contains(&around));
        one.iter().any(|piece| lies(piece, other)) || other.iter().any(|piece| lies(piece, one))
    }

    #[test]
    fn amounts_keep_their_order_and_large_ones_are_told_apart() {
        let numbers = [i64::MIN, -1, 0, 1, 2, 3, 7, 8, 9, 1_000, 1_200, 100_000_000, 120_000_000, i64::MAX];
        let steps: Vec<u32> = numbers.iter().map(|number| Scale::Money.step(*number)).collect();
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(steps[9] < steps[10] && steps[11] < steps[12], "{steps:?}");
    }

    proptest! {
        #[test]
        fn ranges_meet_where_a_piece_lies_in_a_piece(a in 0..64u32, b in 0..64u32, c in 0..64u32, d in 0..64u32) {
            let (one, other) = (a.min(b)..=a.max(b), c.min(d)..=c.max(d));
            let common = one.start() <= other.end() && other.start() <= one.end();
            let pieces = [cover(6, one), cover(6, other)];
            prop_assert!(pieces.iter().all(|pieces| pieces.len() <= 12));
            prop_assert_eq!(meet(&pieces[0], &pieces[1]), common);
        }

        #[test]
        fn what_meets_meets_on_every_scale(a in any::<i64>(), b in any::<i64>(), c in any::<i64>(), d in any::<i64>()) {
            let (one, other) = (Span { from: a.min(b), to: a.max(b) }, Span { from: c.min(d), to: c.max(d) });
            for scale in [Scale::Time, Scale::Money, Scale::Level] {
                let (one_in, other_in) = (pieces(scale, one), pieces(scale, other));
                prop_assert!(!one.meets(other) || meet(&one_in, &other_in), "{:?}", scale);
            }
        }
    }
}
