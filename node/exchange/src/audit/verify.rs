//! Reading the chain from its beginning and saying where it breaks first.

use super::chain::{Hash, Head, hash};
use super::entry::Entry;

/// Why a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is no entry with this number.
    Missing,
    /// It cannot be read, or bears another number.
    Unreadable,
    /// It is another than was written: the one after it, the head, or a seal has another hash.
    Changed,
    /// A seal over it is no signature of a key that the network knows.
    BadSeal,
}

impl Why {
    /// A stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Unreadable => "UNREADABLE",
            Self::Changed => "CHANGED",
            Self::BadSeal => "BAD_SEAL",
        }
    }
}

/// The first entry that is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub number: u64,
    /// What is wrong with it.
    pub why: Why,
}

/// What became of a chain that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The newest entry that was read.
    pub head: Head,
    /// The newest number that a good seal covers; 0: none.
    pub sealed: u64,
    /// Where it breaks first.
    pub broken: Option<Broken>,
}

/// Reads entries in order. What a later entry, head or seal says of an earlier one decides.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    head: Head,
    /// An entry whose `previous` is not the hash of the one before: one of the two was changed, and the next one tells
    /// which.
    doubt: Option<Doubt>,
    broken: Option<Broken>,
    sealed: u64,
    /// Heads that are known from elsewhere and lie before us, by number.
    expected: Vec<(Head, Source)>,
}

#[derive(Debug, Clone, Copy)]
struct Doubt {
    number: u64,
    hash: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Seal,
    Elsewhere,
}

impl Verifier {
    /// Begins with an empty chain.
    pub fn new() -> Self {
        Self::default()
    }

    /// The chain must hold this head, which somebody noted.
    #[must_use]
    pub fn expecting(mut self, head: Head) -> Self {
        self.expected.push((head, Source::Elsewhere));
        self.expected.sort_by_key(|(head, _)| head.number);
        self
    }

    /// The chain must hold this head, which a key has signed. Seals come before the entries, in any order.
    pub fn seal(&mut self, head: Head, good: bool) {
        if good {
            self.expected.push((head, Source::Seal));
            self.expected.sort_by_key(|(head, _)| head.number);
        } else {
            self.breaks(head.number, Why::BadSeal);
        }
    }

    /// Where it has broken so far.
    pub fn broken(&self) -> Option<Broken> {
        self.broken
    }

    fn breaks(&mut self, number: u64, why: Why) {
        if self.broken.is_none_or(|broken| number < broken.number) {
            self.broken = Some(Broken { number, why });
        }
    }

    /// The entry that is kept under `number`, as its bytes. After a break nothing more is to be learnt.
    pub fn entry(&mut self, number: u64, bytes: &[u8]) {
        let next = self.head.number + 1;
        if number != next {
            self.breaks(next, Why::Missing);
        }
        let read: Option<Entry> = serde_json::from_slice(bytes).ok();
        let Some(entry) = read.filter(|entry| entry.number == number) else {
            self.breaks(number, Why::Unreadable);
            return self.goes_on(number, bytes);
        };
        self.settle(entry.previous);
        if number == next && entry.previous != self.head.hash {
            self.doubt = Some(Doubt { number, hash: hash(bytes) });
        }
        self.goes_on(number, bytes);
    }

    /// What follows says which hash the newest entry has: that entry is sound, or it is the one that was changed.
    fn settle(&mut self, said: Hash) {
        if let Some(doubt) = self.doubt.take() {
            let at = if said == doubt.hash { doubt.number - 1 } else { doubt.number };
            self.breaks(at, Why::Changed);
        }
    }

    fn goes_on(&mut self, number: u64, bytes: &[u8]) {
        self.head = Head { number, hash: hash(bytes) };
        let due = self.expected.partition_point(|(head, _)| head.number <= number);
        for (head, source) in self.expected.drain(..due).collect::<Vec<_>>() {
            if head != self.head {
                self.breaks(head.number, Why::Changed);
            } else if source == Source::Seal {
                self.sealed = number;
            }
        }
    }

    /// All entries were read, and the head is kept as `kept`.
    pub fn end(mut self, kept: Head) -> Verdict {
        self.settle(kept.hash);
        let newest = self.expected.iter().map(|(head, _)| head.number).chain([kept.number]).max().unwrap_or_default();
        if newest > self.head.number {
            self.breaks(self.head.number + 1, Why::Missing);
        } else if kept != self.head {
            self.breaks(self.head.number.min(kept.number + 1), Why::Changed);
        }
        Verdict { head: self.head, sealed: self.sealed, broken: self.broken }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::{Action, Actor, Event};

    /// A chain of `count` entries.
    fn chain(count: u64) -> (Vec<(u64, Vec<u8>)>, Head) {
        let mut head = Head::default();
        let entries = (0..count).map(|at| {
            let event = Event::new(Action::ListingCreate, format!("members/a/listings/{at}")).saying("x");
            let (entry, bytes) = head.follow(1_000 + at as i64, &Actor::local(), event);
            (entry.number, bytes)
        });
        let entries = entries.collect();
        (entries, head)
    }

    fn verdict(entries: &[(u64, Vec<u8>)], head: Head) -> Verdict {
        judged(Verifier::new(), entries, head)
    }

    fn judged(mut verifier: Verifier, entries: &[(u64, Vec<u8>)], head: Head) -> Verdict {
        entries.iter().for_each(|(number, bytes)| verifier.entry(*number, bytes));
        verifier.end(head)
    }

    /// Writes an entry anew, after `change`.
    fn rewritten(bytes: &[u8], change: impl FnOnce(&mut Entry)) -> Vec<u8> {
        let mut entry: Entry = serde_json::from_slice(bytes).unwrap();
        change(&mut entry);
        serde_json::to_vec(&entry).unwrap()
    }

    proptest! {
        #[test]
        fn an_untouched_chain_is_whole(count in 0u64..40) {
            let (entries, head) = chain(count);
            let found = verdict(&entries, head);
            prop_assert_eq!(found, Verdict { head, sealed: 0, broken: None });
        }

        #[test]
        fn whatever_is_done_to_one_entry_is_found_there(count in 1u64..40, pick in any::<prop::sample::Index>(), how in 0..6) {
            let (mut entries, head) = chain(count);
            let at = pick.index(entries.len());
            let number = entries[at].0;
            let bytes = entries[at].1.clone();
            let (first, why) = match how {
                0 => {
                    entries[at].1 = rewritten(&bytes, |entry| entry.detail = "y".to_owned());
                    (number, Why::Changed)
                }
                1 => {
                    entries[at].1 = rewritten(&bytes, |entry| entry.previous = Hash([7; 32]));
                    (number, Why::Changed)
                }
                2 => {
                    entries[at].1 = b"{".to_vec();
                    (number, Why::Unreadable)
                }
                3 => {
                    entries[at].1 = rewritten(&bytes, |entry| entry.number += 1);
                    (number, Why::Unreadable)
                }
                4 => {
                    entries.remove(at);
                    (number, Why::Missing)
                }
                _ => {
                    entries.truncate(at);
                    (number, Why::Missing)
                }
            };
            prop_assert_eq!(verdict(&entries, head).broken, Some(Broken { number: first, why }));
        }

        #[test]
        fn two_that_change_places_are_found(count in 2u64..40, pick in any::<prop::sample::Index>()) {
            let (mut entries, head) = chain(count);
            let at = pick.index(entries.len() - 1);
            let (first, second) = (entries[at].1.clone(), entries[at + 1].1.clone());
            (entries[at].1, entries[at + 1].1) = (second, first);
            prop_assert_eq!(verdict(&entries, head).broken.map(|broken| broken.number), Some(at as u64 + 1));
        }

        #[test]
        fn a_chain_that_was_written_anew_contradicts_its_seal(count in 2u64..40, pick in any::<prop::sample::Index>()) {
            let (entries, head) = chain(count);
            let at = pick.index(entries.len());
            // Everything from one entry on is made again, the head included.
            let mut anew = Head::default();
            let mut forged = Vec::new();
            for (index, (_, bytes)) in entries.iter().enumerate() {
                let entry: Entry = serde_json::from_slice(bytes).unwrap();
                let event = Event::new(Action::ListingCreate, entry.resource).saying(if index < at { "x" } else { "y" });
                let (entry, bytes) = anew.follow(entry.time, &Actor::local(), event);
                forged.push((entry.number, bytes));
            }
            prop_assert_eq!(verdict(&forged, anew).broken, None, "alone, it looks whole");
            let mut verifier = Verifier::new();
            verifier.seal(head, true);
            prop_assert_eq!(judged(verifier, &forged, anew).broken, Some(Broken { number: head.number, why: Why::Changed }));
            let noted = Verifier::new().expecting(head);
            prop_assert_eq!(judged(noted, &forged, anew).broken, Some(Broken { number: head.number, why: Why::Changed }));
        }

        #[test]
        fn an_end_that_was_cut_off_contradicts_a_seal_or_a_note(count in 1u64..40, pick in any::<prop::sample::Index>()) {
            let (mut entries, head) = chain(count);
            let left = pick.index(entries.len());
            entries.truncate(left);
            let cut = entries.last().map_or(Head::default(), |(number, bytes)| Head { number: *number, hash: hash(bytes) });
            prop_assert_eq!(verdict(&entries, cut).broken, None, "alone, it looks whole");
            let missing = Some(Broken { number: left as u64 + 1, why: Why::Missing });
            let mut verifier = Verifier::new();
            verifier.seal(head, true);
            prop_assert_eq!(judged(verifier, &entries, cut).broken, missing);
            prop_assert_eq!(judged(Verifier::new().expecting(head), &entries, cut).broken, missing);
        }

        #[test]
        fn nothing_is_too_strange(entries in prop::collection::vec((0u64..9, prop::collection::vec(any::<u8>(), 0..80)), 0..9)) {
            let _ = verdict(&entries, Head::default());
        }
    }

    #[test]
    fn a_seal_that_nobody_signed_is_told() {
        let (entries, head) = chain(3);
        let mut verifier = Verifier::new();
        verifier.seal(Head { number: 2, hash: head.hash }, false);
        assert_eq!(judged(verifier, &entries, head).broken, Some(Broken { number: 2, why: Why::BadSeal }));
        let mut verifier = Verifier::new();
        verifier.seal(head, true);
        assert_eq!(judged(verifier, &entries, head), Verdict { head, sealed: 3, broken: None });
    }
}
