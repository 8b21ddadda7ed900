//! The latest state of one name, as a store holds it.

use std::collections::BTreeMap;
use std::ops::{AddAssign, SubAssign};

use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::RecordName;
use duikou_proto::scope::ScopeSet;

/// A store's sequence number: grows with every change that the store accepts.
pub type Seq = i64;

/// What a row takes beside its parts, with its places in the feed's memory; measured, as [`PART_BYTES`].
const ROW_BYTES: usize = 512;
/// What a part takes beside its bytes: what was read of them.
const PART_BYTES: usize = 600;

/// Why a store dropped a row without a signed withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum GoneReason {
    /// No member here holds a scope of it any longer.
    ScopeLost = 1,
    /// Its origin left the network.
    Removed = 2,
    /// Its origin took it back before anybody could see it.
    Withdrawn = 3,
    /// Likewise, for good.
    Deleted = 4,
    /// Its date passed, and no withdrawal of its origin came; or nobody had to be told.
    Expired = 5,
    /// What was offered or sought has been found, before anybody could see it.
    Filled = 6,
}

impl GoneReason {
    /// Reads the number that stands in a store.
    pub fn from_number(number: i64) -> Option<Self> {
        let all = [Self::ScopeLost, Self::Removed, Self::Withdrawn, Self::Deleted, Self::Expired, Self::Filled];
        all.into_iter().find(|reason| *reason as i64 == number)
    }
}

/// A row: a record, a withdrawal, both (narrowed), or neither (gone).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose and what.
    pub name: RecordName,
    /// The content now.
    pub record: Option<Part>,
    /// Who no longer sees it.
    pub withdrawal: Option<Part>,
    /// Where links find the record.
    pub record_seq: Seq,
    /// Where people and subscribers find it.
    pub record_content_seq: Seq,
    /// Where links find the withdrawal.
    pub withdrawal_seq: Seq,
    /// Where people and subscribers learn that it is gone for them.
    pub withdrawal_content_seq: Seq,
    /// When the name came.
    pub first_seq: Seq,
    /// Every scope that this store saw or a withdrawal names.
    pub exposed: ScopeSet,
    /// The latest date that the name ever had.
    pub expire_max: Micros,
    /// Dropped without a signed withdrawal, and until when that is remembered.
    pub gone: Option<(GoneReason, Micros)>,
    /// When the engine must look at it again; 0: never.
    pub due: Micros,
}

impl Row {
    /// A name that nothing is known of yet.
    pub fn new(name: RecordName) -> Self {
        Self {
            name,
            record: None,
            withdrawal: None,
            record_seq: 0,
            record_content_seq: 0,
            withdrawal_seq: 0,
            withdrawal_content_seq: 0,
            first_seq: 0,
            exposed: ScopeSet::new(),
            expire_max: 0,
            gone: None,
            due: 0,
        }
    }

    /// The record and the withdrawal, with the positions where `order` finds them.
    pub fn positions(&self, order: Order) -> [Seq; 2] {
        match order {
            Order::Link => [
                self.record.as_ref().map_or(0, |_| self.record_seq),
                self.withdrawal.as_ref().map_or(0, |_| self.withdrawal_seq),
            ],
            Order::Content => [self.record_content_seq, self.withdrawal_content_seq],
        }
    }

    /// Whether it lies between `after` (not itself) and `upto`.
    pub fn lies_in(&self, order: Order, after: Seq, upto: Seq) -> bool {
        self.positions(order).iter().any(|seq| after < *seq && *seq <= upto)
    }

    /// The newest revision of anything in it.
    pub fn revision(&self) -> i64 {
        self.record.iter().chain(&self.withdrawal).map(Part::revision).max().unwrap_or(0)
    }

    /// The bytes of its parts.
    pub fn parts_bytes(&self) -> usize {
        self.record.iter().chain(&self.withdrawal).map(|part| part.bytes().len()).sum()
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        ROW_BYTES
            + self.record.iter().chain(&self.withdrawal).map(|part| PART_BYTES + part.bytes().len()).sum::<usize>()
    }
}

/// A row that is there and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Under which it lies, as far as that can be read.
    pub name: String,
    /// What is wrong with it.
    pub detail: String,
}

/// Rows that were asked for, as far as there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that can be read.
    pub rows: Vec<Row>,
    /// And those that cannot: they are not absent, and what they say nobody knows.
    pub damaged: Vec<Damaged>,
}

/// A piece of the rows by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Those that can be read.
    pub rows: Vec<Row>,
    /// And those that cannot. One that is damaged stops no other.
    pub damaged: Vec<Damaged>,
    /// The name after which to go on, where there may be more. That few or no rows came says nothing of that.
    pub next: Option<String>,
}

/// Which of its positions a reader goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What links carry.
    Link,
    /// What people and subscribers see: moves only with content.
    Content,
}

/// A piece of the feed: every row that lies in it, in the order of their first position there.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<std::sync::Arc<Row>>,
    /// Where it ends. Everything up to here is in it.
    pub upto: Seq,
    /// The store's newest number when it was read.
    pub head: Seq,
}

impl Page {
    /// Orders rows by their first position after `after`.
    pub fn sort(&mut self, order: Order, after: Seq) {
        let first = |row: &Row| {
            row.positions(order).into_iter().filter(|seq| *seq > after && *seq <= self.upto).min().unwrap_or(Seq::MAX)
        };
        self.rows.sort_by_key(|row| first(row));
    }
}

/// The counter row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// The newest sequence number.
    pub seq: Seq,
    /// Link positions below it may have missed a purged row.
    pub floor: Seq,
    /// Likewise for people and subscribers.
    pub content_floor: Seq,
}

/// How many rows an origin has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// With a record.
    pub records: i64,
    /// With a withdrawal.
    pub withdrawals: i64,
    /// Heads and receipts.
    pub statements: i64,
}

impl Count {
    /// Whether it is none of anything.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.withdrawals += other.withdrawals;
        self.statements += other.statements;
    }
}

impl SubAssign for Count {
    fn sub_assign(&mut self, other: Self) {
        self.records -= other.records;
        self.withdrawals -= other.withdrawals;
        self.statements -= other.statements;
    }
}

/// By origin (full id).
pub type Counts = BTreeMap<String, Count>;
