//! How deliveries have gone since the start, by outcome.

use std::sync::atomic::{AtomicI64, Ordering};

use duikou_proto::v1::delivery::Outcome;

/// The outcomes that are counted.
const OUTCOMES: [Outcome; 6] = [
    Outcome::Delivered,
    Outcome::Refused,
    Outcome::Unreachable,
    Outcome::TimedOut,
    Outcome::TlsFailed,
    Outcome::AddressForbidden,
];

/// Counters, one for each outcome.
#[derive(Debug, Default)]
pub(crate) struct Tally([AtomicI64; OUTCOMES.len()]);

impl Tally {
    /// One more.
    pub(crate) fn count(&self, outcome: Outcome) {
        if let Some(place) = OUTCOMES.iter().position(|known| *known == outcome) {
            self.0[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What they say now.
    pub(crate) fn counts(&self) -> Vec<(&'static str, i64)> {
        let count = |(outcome, count): (&Outcome, &AtomicI64)| (outcome.as_str_name(), count.load(Ordering::Relaxed));
        OUTCOMES.iter().zip(&self.0).map(count).collect()
    }
}
