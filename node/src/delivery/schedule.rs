//! When a failed delivery is tried again.

use std::time::Duration;

use crate::limits::DELIVERY_RETRIES;

/// How long to wait after so many failures in a row, one at least; None: it has failed for long enough. `chance` spreads
/// receivers that failed together over a tenth of the wait. What the receiver asks for is granted where it is longer.
pub(crate) fn wait_after(failures: u32, chance: u8, asked: Option<Duration>) -> Option<Duration> {
    let place = usize::try_from(failures.saturating_sub(1)).ok()?;
    let wait = *DELIVERY_RETRIES.get(place)?;
    let spread = wait / 10 * u32::from(chance) / u32::from(u8::MAX);
    Some((wait + spread).max(asked.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_receiver_is_tried_for_more_than_three_days_and_then_left() {
        let minutes: Vec<u64> =
            (1..=9).filter_map(|failures| wait_after(failures, 0, None)).map(|wait| wait.as_secs() / 60).collect();
        assert_eq!(minutes, [0, 5, 30, 120, 300, 600, 840, 1200, 1440]);
        assert_eq!(wait_after(1, 0, None), Some(Duration::from_secs(5)));
        assert_eq!(wait_after(10, 0, None), None);
        let whole: Duration = (1..=9).filter_map(|failures| wait_after(failures, 0, None)).sum();
        assert!(whole > Duration::from_secs(3 * 24 * 60 * 60), "{whole:?}");
    }

    proptest! {
        #[test]
        fn waits_lie_within_a_tenth_or_are_what_was_asked(failures in 1u32..=9, chance: u8, asked in 0u64..3600) {
            let plain = wait_after(failures, 0, None).unwrap();
            let wait = wait_after(failures, chance, None).unwrap();
            prop_assert!(plain <= wait && wait <= plain + plain / 10);
            let asked = Duration::from_secs(asked);
            prop_assert_eq!(wait_after(failures, chance, Some(asked)).unwrap(), wait.max(asked));
        }
    }
}
