//! Facts that nearly every transaction reads, changes and writes: as they were committed last they are kept here, so that
//! no commit waits for them to be read. Only the writer changes facts.

use std::collections::HashMap;

use super::facts;
use crate::limits;
use crate::store::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Warm {
    values: HashMap<String, Vec<u8>>,
    bytes: usize,
}

impl Warm {
    /// A fact as it was committed last; None where that is not known here.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        self.values.get(key).map(Vec::as_slice)
    }

    /// Notes what was committed.
    pub(crate) fn keep(&mut self, committed: Vec<Fact>) {
        for (key, value) in committed.into_iter().filter(|(key, _)| facts::is_warm(key)) {
            if let Some(before) = self.values.remove(&key) {
                self.bytes -= key.len() + before.len();
            }
            let Some(value) = value else { continue };
            let size = key.len() + value.len();
            // Months that are over are written no longer.
            if self.bytes + size > limits::WARM_BYTES {
                self.forget();
            }
            if size <= limits::WARM_BYTES {
                self.bytes += size;
                self.values.insert(key, value);
            }
        }
    }

    /// Forgets all of it: what it knew may not be so.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(number: usize) -> String {
        facts::month("2026-11", &format!("m{number}.n.example"))
    }

    #[test]
    fn what_was_committed_last_is_known_until_it_is_taken_away() {
        let mut warm = Warm::default();
        warm.keep(vec![(month(1), Some(vec![1])), (month(2), Some(vec![2])), ("feed".to_owned(), Some(vec![3]))]);
        warm.keep(vec![(month(1), Some(vec![4, 5])), (month(2), None)]);
        assert_eq!((warm.get(&month(1)), warm.get(&month(2)), warm.get("feed")), (Some(&[4, 5][..]), None, None));
        warm.forget();
        assert_eq!((warm.get(&month(1)), warm.bytes), (None, 0));
    }

    #[test]
    fn it_never_holds_more_than_its_bound() {
        let mut warm = Warm::default();
        for number in 0..50 {
            warm.keep(vec![(month(number % 20), Some(vec![0; limits::WARM_BYTES / 10]))]);
            let held: usize = warm.values.iter().map(|(key, value)| key.len() + value.len()).sum();
            assert!(held == warm.bytes && held <= limits::WARM_BYTES, "{held}");
            assert!(warm.get(&month(number % 20)).is_some());
        }
        warm.keep(vec![(month(1), Some(vec![0; limits::WARM_BYTES + 1]))]);
        assert_eq!(warm.get(&month(1)), None);
    }
}
