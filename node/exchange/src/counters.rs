//! Counters that only grow: how often each of a few things has happened since the start.

use std::sync::atomic::{AtomicI64, Ordering};

/// One counter for each of the things that are told apart.
#[derive(Debug)]
pub struct Counters<T: 'static> {
    known: &'static [T],
    name: fn(&T) -> &'static str,
    counts: Vec<AtomicI64>,
}

impl<T: PartialEq> Counters<T> {
    /// For `known`, each with its name for people and machines.
    pub fn new(known: &'static [T], name: fn(&T) -> &'static str) -> Self {
        Self { known, name, counts: known.iter().map(|_| AtomicI64::new(0)).collect() }
    }

    /// Once more. What is not known is not counted.
    pub fn count(&self, happened: &T) {
        if let Some(place) = self.known.iter().position(|known| known == happened) {
            self.counts[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What they say now.
    pub fn counts(&self) -> Vec<(&'static str, i64)> {
        let count = |(known, count): (&T, &AtomicI64)| ((self.name)(known), count.load(Ordering::Relaxed));
        self.known.iter().zip(&self.counts).map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_by_itself() {
        let counters = Counters::new(&[1, 2], |number| if *number == 1 { "ONE" } else { "TWO" });
        for happened in [2, 2, 3, 1] {
            counters.count(&happened);
        }
        assert_eq!(counters.counts(), [("ONE", 1), ("TWO", 2)]);
    }
}
