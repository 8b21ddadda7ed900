//! What a server has acknowledged to its writers, and what of that must be found again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::v1::Listing;

/// A withdrawal is kept at least as long as its record would have been: longer than any scenario lasts.
const KEPT: Micros = 3600 * 1_000_000;

/// The newest that was acknowledged of one name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) revision: Revision,
    pub(crate) until: Micros,
    /// It never leaves the node on which it was written.
    pub(crate) stays: bool,
    /// Whether it may have been lost with a disk.
    pub(crate) perhaps: bool,
}

/// By full name of a listing.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Entry>>);

impl Ledger {
    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A listing is on disk.
    pub(crate) fn written(&self, listing: &Listing, now: Micros) {
        let until = listing.expire_time.map_or(0, |time| time.seconds * 1_000_000);
        let stays = listing.scopes.is_empty();
        // A clock that was ahead gives it later a revision of then.
        let entry = Entry { revision: listing.revision.min(now), until, stays, perhaps: false };
        self.entries().insert(listing.name.clone(), entry);
    }

    /// An end is on disk; 0: nothing is left of the name.
    pub(crate) fn ended(&self, name: &str, revision: Revision, now: Micros) {
        let entry = Entry { revision: revision.min(now), until: now + KEPT, stays: false, perhaps: false };
        let mut entries = self.entries();
        entries.remove(name);
        if revision > 0 {
            entries.insert(name.to_owned(), entry);
        }
    }

    /// The disk was lost, or an earlier state put back: what is found nowhere any longer is not expected back.
    pub(crate) fn lost(&self) {
        self.entries().values_mut().for_each(|entry| entry.perhaps = true);
    }

    /// All of it.
    pub(crate) fn all(&self) -> Vec<(String, Entry)> {
        self.entries().iter().map(|(name, entry)| (name.clone(), *entry)).collect()
    }
}
