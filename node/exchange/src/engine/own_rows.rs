//! What somebody asks of the rows of this node's members again and again, kept up with the feed: each row is read once,
//! and once more when it has changed.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use duikou_proto::envelope::Micros;
use duikou_proto::name::RecordName;

use super::Engine;
use crate::limits;
use crate::store::{Order, Row, Seq, StoreError};

/// Rows looked at in one call, at most: the next one goes on.
const ROWS: usize = 100_000;
/// Rows of one page of them.
const PAGE: usize = 1_000;
/// How often all is read anew: a row that is purged leaves no trace in the feed.
const ANEW: Duration = Duration::from_hours(1);

/// What is kept of the rows that matter to somebody, by the hash of their names.
#[derive(Debug)]
pub struct OwnRows<T> {
    hasher: RandomState,
    begun: Option<Begun>,
    upto: Seq,
    kept: HashMap<u64, T>,
}

/// What of it was begun with; where that is another, all is read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Begun {
    feed: [u8; 16],
    directory: i64,
    time: Micros,
}

impl<T> Default for OwnRows<T> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), begun: None, upto: 0, kept: HashMap::new() }
    }
}

impl<T> OwnRows<T> {
    /// Keeps up with the feed after `from`: what `keep` makes of each row of a member here is kept, None is not. At most
    /// `most` are.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn follow(
        &mut self,
        engine: &Engine,
        from: Seq,
        most: usize,
        keep: impl Fn(&Row) -> Option<T>,
    ) -> Result<(), StoreError> {
        let (directory, node, now) = (engine.directory(), &engine.identity().node, engine.now());
        let next = Begun { feed: engine.feed_id(), directory: directory.index(), time: now };
        let fresh = |begun: &Begun| {
            let old = now.saturating_sub(begun.time) > ANEW.as_micros() as Micros;
            !old && *begun == Begun { time: begun.time, ..next }
        };
        if !self.begun.as_ref().is_some_and(fresh) {
            (self.begun, self.upto) = (Some(next), 0);
            self.kept.clear();
        }
        self.upto = self.upto.max(from);
        let is_own = |row: &Row| directory.member_by_text(row.name.origin_str()).is_some_and(|m| m.node == *node);
        let mut looked = 0;
        while self.upto < engine.head() && looked < ROWS && self.kept.len() < most {
            let page = engine.page(Order::Link, self.upto, PAGE, limits::FEED_PAGE_BYTES).await?;
            looked += page.rows.len();
            for row in &page.rows {
                let key = self.key(&row.name);
                match keep(row).filter(|_| is_own(row)) {
                    Some(value) => drop(self.kept.insert(key, value)),
                    None => drop(self.kept.remove(&key)),
                }
            }
            self.upto = page.upto;
        }
        Ok(())
    }

    /// What is kept, in no order.
    pub fn kept(&self) -> impl Iterator<Item = &T> {
        self.kept.values()
    }

    /// Forgets what does not matter any more.
    pub fn retain(&mut self, matters: impl Fn(&T) -> bool) {
        self.kept.retain(|_, value| matters(value));
    }

    /// Reads all anew next time.
    pub fn forget(&mut self) {
        self.begun = None;
    }

    fn key(&self, name: &RecordName) -> u64 {
        self.hasher.hash_one(name.as_str())
    }
}
