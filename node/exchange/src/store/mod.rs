//! Where a node keeps what it holds: the latest state of every name, the directory's log, and small facts by key.
//! One trait, so that a backend is one folder here; `conformance` is the suite that every backend passes.
//!
//! A store knows no services, no links and no rules: it hands out rows to the engine, which decides.

pub mod row;
pub mod sqlite;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use duikou_proto::envelope::Micros;
use duikou_proto::name::RecordName;
use thiserror::Error;

pub use row::{Count, Counter, Counts, Damaged, Found, GoneReason, Order, Page, Row, Seq, Stretch};

/// Why a store cannot do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No room on the disk.
    #[error("the disk is full")]
    Full(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Written by a newer version of this program.
    #[error("the data is of a newer version: schema {found}, this program knows {known}")]
    Newer {
        /// In the folder.
        found: i64,
        /// Known here.
        known: i64,
    },
    /// A row that cannot be read.
    #[error("table {table}, row {row}: {detail}")]
    Inconsistent {
        /// Where.
        table: &'static str,
        /// Which.
        row: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The file is no database, or its pages do not fit together.
    #[error("the database is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<Damaged> for StoreError {
    fn from(Damaged { name, detail }: Damaged) -> Self {
        Self::Inconsistent { table: "rows", row: name, detail }
    }
}

/// A small thing by its key; None takes it away.
pub type Fact = (String, Option<Vec<u8>>);

/// Reads, each of one consistent state.
#[async_trait]
pub trait Read: Send {
    /// The counter.
    async fn counter(&mut self) -> Result<Counter, StoreError>;
    /// Those of `names` that there are, in no order.
    async fn rows(&mut self, names: &[RecordName]) -> Result<Found, StoreError>;
    /// Rows whose name begins with `prefix` and comes after `after`, by name: of `limit` that are looked at, or of fewer
    /// where these hold more than [`STRETCH_BYTES`](crate::limits::STRETCH_BYTES).
    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError>;
    /// The names of rows after `after`, in order, at most `limit`, and the one after which to go on where there may be more:
    /// without what lies under them, and be that readable or not.
    async fn names(&mut self, after: &str, limit: usize) -> Result<(Vec<String>, Option<String>), StoreError>;
    /// Rows that are due by `now` and can be read, longest first, at most `limit`, or fewer as in a range; and whether there
    /// may be more.
    async fn due(&mut self, now: Micros, limit: usize) -> Result<(Vec<Row>, bool), StoreError>;
    /// One fact.
    async fn fact(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Facts whose key begins with `prefix` and comes after `after`, by key, at most `limit`.
    async fn facts(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
    /// Facts whose key begins with `prefix` and comes before `before` (empty: whichever), the last of them first, at most
    /// `limit`.
    async fn facts_before(
        &mut self,
        prefix: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
}

/// A writing transaction. Dropped without [`Self::commit`], it leaves nothing.
#[async_trait]
pub trait Transaction: Read {
    /// Writes whole rows.
    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), StoreError>;
    /// Takes rows away.
    async fn delete_rows(&mut self, names: &[RecordName]) -> Result<(), StoreError>;
    /// Sets the counter.
    async fn put_counter(&mut self, counter: Counter) -> Result<(), StoreError>;
    /// Writes and takes away facts.
    async fn put_facts(&mut self, facts: &[Fact]) -> Result<(), StoreError>;
    /// Adds to the directory's log, from `first` on.
    async fn append_entries(&mut self, first: i64, entries: &[Bytes]) -> Result<(), StoreError>;
    /// Makes all of it durable: on the disk when this returns.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A backend.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The one writing transaction. Waits for the one before it.
    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError>;
    /// A place to read from.
    async fn read(&self) -> Result<Box<dyn Read>, StoreError>;
    /// The rows after `after` in an order that can be read, from one consistent state. It ends with the row with which there
    /// are `limit`, or `bytes` in their parts, by either of their positions.
    async fn page(&self, order: Order, after: Seq, limit: usize, bytes: usize) -> Result<Page, StoreError>;
    /// Entries of the directory's log from `first` on, at most `limit`.
    async fn entries(&self, first: i64, limit: usize) -> Result<Vec<Bytes>, StoreError>;
    /// Writes a consistent copy of the data to a file that is not there yet, durably.
    async fn backup(&self, file: &Path) -> Result<(), StoreError>;
    /// What the backend itself finds wrong with its files and indexes, in its words; nothing where they are sound. Whether
    /// what stands in them can be read is not asked.
    async fn integrity(&self) -> Result<Vec<String>, StoreError>;
    /// Overwrites what was deleted, logs included.
    async fn scrub(&self) -> Result<(), StoreError>;
    /// Ends it; nothing can be read or written afterwards.
    async fn close(&self);
}
