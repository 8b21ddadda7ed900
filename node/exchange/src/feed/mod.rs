//! The feed: the rows of the store in the order in which it last accepted them. The newest changes are in memory, so
//! that readers near the head do not touch the database; readers that have caught up sleep in an index of their filters.

mod events;
mod index;
mod listing;
#[cfg(any(test, feature = "conformance"))]
pub mod model;
mod named;
mod ring;
mod shown;
mod step;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use duikou_proto::directory::Directory;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::RecordName;
use tokio::sync::watch;

use crate::store::{Order, Page, Row, Seq};

pub use events::EventReader;
pub use index::Change;
use index::Index;
pub use listing::{listing_in, listing_of, revision_of};
use named::ByName;
pub use named::{Named, Recalled};
use ring::Ring;
use shown::Shelf;
pub use shown::{Shown, readable};
pub use step::{Cursor, Step};
use turns::Turns;

/// The newest part of the feed, and its head.
pub(crate) struct Feed {
    ring: RwLock<Ring>,
    index: Arc<Index>,
    turns: Turns,
    shelf: Shelf,
    named: ByName,
    /// The same as `newest`, for who waits for it to move.
    head: watch::Sender<Seq>,
    newest: AtomicI64,
}

impl Feed {
    /// A feed at `head` that keeps about `bytes` of changes in memory.
    pub(crate) fn new(head: Seq, bytes: usize) -> Self {
        Self {
            ring: RwLock::new(Ring::new(head, bytes)),
            index: Arc::new(Index::new(head)),
            turns: Turns::default(),
            shelf: Shelf::default(),
            named: ByName::default(),
            head: watch::Sender::new(head),
            newest: AtomicI64::new(head),
        }
    }

    /// Takes in what a transaction has committed, and wakes the readers that it is for, by the directory after it.
    pub(crate) fn push(
        &self,
        changes: &[Change],
        deleted: &[RecordName],
        head: Seq,
        directory: &Directory,
        now: Micros,
    ) {
        self.named.changed(changes.iter().map(|change| &change.row.name).chain(deleted));
        let rows = changes.iter().map(|change| &change.row);
        self.ring.write().unwrap_or_else(PoisonError::into_inner).push(rows, deleted, head);
        self.turns.forget();
        self.index.announce(changes, head, directory, now, &self.shelf);
        self.newest.store(head, Ordering::Release);
        self.head.send_if_modified(|old| std::mem::replace(old, head) != head);
    }

    /// The rows after `after`, where memory reaches back that far.
    pub(crate) fn page(&self, order: Order, after: Seq, limit: usize) -> Option<Page> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).page(order, after, limit)
    }

    /// Whether what follows `after` is in memory.
    fn is_near(&self, after: Seq) -> bool {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).reaches(after)
    }

    /// What is to be shown of a record; `near`: that others read just now, too.
    fn shown(&self, part: &Part, near: bool) -> Option<Arc<Shown>> {
        if near { self.shelf.of_part(part) } else { Shown::read(part).map(Arc::new) }
    }

    /// How many bytes it holds in memory, and how many it may.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    /// The same of what was read and encoded for readers.
    pub(crate) fn shelf_bytes(&self) -> (usize, usize) {
        self.shelf.bytes()
    }

    /// Rows by name, as far as they are in memory.
    pub(crate) fn recall(&self, names: &[RecordName]) -> Recalled {
        self.named.recall(names)
    }

    /// Adds what was missed and has been read from the store since.
    pub(crate) fn complete(&self, recalled: &mut Recalled, rows: Vec<Row>) {
        self.named.complete(recalled, rows);
    }

    /// The same of rows that were asked for by name.
    pub(crate) fn named_bytes(&self) -> (usize, usize) {
        self.named.bytes()
    }

    /// The newest number.
    pub(crate) fn head(&self) -> Seq {
        self.newest.load(Ordering::Acquire)
    }

    /// Wakes every reader once: the server stops.
    pub(crate) fn close(&self) {
        self.index.close();
    }

    /// Changes whenever the head moves.
    pub(crate) fn watch(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }
}
