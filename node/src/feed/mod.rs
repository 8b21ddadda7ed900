//! The feed: the rows of the store in the order in which it last accepted them. The newest changes are in memory, so
//! that readers near the head do not touch the database.

mod events;
#[cfg(test)]
mod model;
mod ring;

use std::sync::{PoisonError, RwLock};

use duikou_proto::name::RecordName;
use tokio::sync::watch;

use crate::store::{Order, Page, Row, Seq};

pub use events::{Cursor, EventReader, Step, readable};
use ring::Ring;

/// The newest part of the feed, and its head.
pub(crate) struct Feed {
    ring: RwLock<Ring>,
    head: watch::Sender<Seq>,
}

impl Feed {
    /// A feed at `head` that keeps about `bytes` of changes in memory.
    pub(crate) fn new(head: Seq, bytes: usize) -> Self {
        Self { ring: RwLock::new(Ring::new(head, bytes)), head: watch::Sender::new(head) }
    }

    /// Takes in what a transaction has committed, and wakes the readers.
    pub(crate) fn push(&self, rows: &[std::sync::Arc<Row>], deleted: &[RecordName], head: Seq) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).push(rows, deleted, head);
        self.head.send_if_modified(|old| std::mem::replace(old, head) != head);
    }

    /// The rows after `after`, where memory reaches back that far.
    pub(crate) fn page(&self, order: Order, after: Seq, limit: usize) -> Option<Page> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).page(order, after, limit)
    }

    /// How many bytes it holds in memory, and how many it may.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    /// The newest number.
    pub(crate) fn head(&self) -> Seq {
        *self.head.borrow()
    }

    /// Changes whenever the head moves.
    pub(crate) fn watch(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }
}
