//! How long to wait before dialling again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LAST: Duration = Duration::from_secs(15);

/// Doubles from a quarter of a second to 15 seconds; half of each wait is chance, so that many nodes do not come back
/// at one moment.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure; `chance` is any number.
    pub(crate) fn next(&mut self, chance: u32) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(10)).min(LAST);
        self.failures += 1;
        whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }

    /// The link was good.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(0), FIRST / 2);
        assert_eq!(backoff.next(u32::MAX), FIRST * 2);
        for _ in 0..50 {
            assert!(backoff.next(u32::MAX) <= LAST);
        }
        assert_eq!(backoff.next(0), LAST / 2);
        backoff.reset();
        assert_eq!(backoff.next(u32::MAX), FIRST);
    }
}
