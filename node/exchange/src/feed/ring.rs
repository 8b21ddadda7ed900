//! The newest changes in memory: each row once, whatever number of readers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use duikou_proto::name::RecordName;

use crate::store::{Order, Page, Row, Seq};

/// Holds every row that has a position above `start`.
pub(super) struct Ring {
    start: Seq,
    head: Seq,
    budget: usize,
    bytes: usize,
    rows: HashMap<RecordName, Arc<Row>>,
    positions: [BTreeMap<Seq, RecordName>; 2],
}

fn index(order: Order) -> usize {
    match order {
        Order::Link => 0,
        Order::Content => 1,
    }
}

impl Ring {
    pub(super) fn new(head: Seq, budget: usize) -> Self {
        Self { start: head, head, budget, bytes: 0, rows: HashMap::new(), positions: Default::default() }
    }

    pub(super) fn push<'a>(&mut self, rows: impl Iterator<Item = &'a Arc<Row>>, deleted: &[RecordName], head: Seq) {
        for name in deleted {
            self.remove(name);
        }
        for row in rows {
            self.remove(&row.name);
            for order in [Order::Link, Order::Content] {
                for seq in row.positions(order).into_iter().filter(|seq| *seq > self.start) {
                    self.positions[index(order)].insert(seq, row.name.clone());
                }
            }
            self.bytes += row.bytes();
            self.rows.insert(row.name.clone(), row.clone());
        }
        self.head = head;
        while self.bytes > self.budget {
            let lowest = self.positions.iter().filter_map(|p| p.first_key_value().map(|(seq, _)| *seq)).min();
            let Some(lowest) = lowest else { break };
            self.start = lowest;
            for order in 0..2 {
                if let Some(name) = self.positions[order].remove(&lowest) {
                    self.forget(&name);
                }
            }
        }
    }

    fn remove(&mut self, name: &RecordName) {
        if let Some(row) = self.rows.remove(name) {
            self.bytes -= row.bytes();
            for order in [Order::Link, Order::Content] {
                for seq in row.positions(order) {
                    self.positions[index(order)].remove(&seq);
                }
            }
        }
    }

    /// Lets a row go that has no position above the start any longer.
    fn forget(&mut self, name: &RecordName) {
        let start = self.start;
        let stays = |row: &Arc<Row>| {
            [Order::Link, Order::Content].into_iter().flat_map(|order| row.positions(order)).any(|seq| seq > start)
        };
        if self.rows.get(name).is_some_and(|row| !stays(row))
            && let Some(row) = self.rows.remove(name)
        {
            self.bytes -= row.bytes();
        }
    }

    /// Whether it holds everything after `after`.
    pub(super) fn reaches(&self, after: Seq) -> bool {
        after >= self.start
    }

    /// What it holds, and what it may.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.rows.values().map(|row| row.bytes()).sum(), self.budget)
    }

    pub(super) fn page(&self, order: Order, after: Seq, limit: usize) -> Option<Page> {
        if !self.reaches(after) {
            return None;
        }
        let mut rows: Vec<Arc<Row>> = Vec::new();
        let mut met = std::collections::HashSet::new();
        let mut upto = self.head;
        for (seq, name) in self.positions[index(order)].range(after + 1..) {
            if rows.len() == limit {
                upto = seq - 1;
                break;
            }
            if met.insert(name)
                && let Some(row) = self.rows.get(name)
            {
                rows.push(row.clone());
            }
        }
        Some(Page { rows, upto, head: self.head })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(id: u8, record: Seq, withdrawal: Seq) -> Arc<Row> {
        let name: RecordName = format!("members/a.n/listings/x{id}").parse().unwrap();
        Arc::new(Row { record_content_seq: record, withdrawal_content_seq: withdrawal, first_seq: 1, ..Row::new(name) })
    }

    proptest! {
        /// Read from any point in pages of any size, memory gives the latest state of each name, once, or says that
        /// it does not reach back that far.
        #[test]
        fn a_page_is_what_the_table_would_give(
            changes in proptest::collection::vec((0u8..6, any::<bool>()), 1..60),
            after in 0i64..60,
            limit in 1usize..8,
            budget in 1_000usize..40_000,
        ) {
            let mut ring = Ring::new(0, budget);
            let mut table: BTreeMap<u8, Arc<Row>> = BTreeMap::new();
            for (seq, (id, narrowed)) in (1..).zip(&changes) {
                let old = table.get(id).map_or(0, |row| row.record_content_seq);
                let next = if *narrowed { row(*id, old, seq) } else { row(*id, seq, 0) };
                table.insert(*id, next.clone());
                ring.push([&next].into_iter(), &[], seq);
            }
            prop_assert!(ring.bytes <= budget);
            let head = changes.len() as Seq;
            let mut at = after.min(head);
            let mut got = BTreeMap::new();
            while let Some(page) = ring.page(Order::Content, at, limit) {
                for row in &page.rows {
                    got.insert(row.name.clone(), row.clone());
                }
                prop_assert!(page.upto > at || at == head);
                if page.upto == head {
                    let expected: BTreeMap<_, _> = table.values()
                        .filter(|row| row.lies_in(Order::Content, after.min(head), head))
                        .map(|row| (row.name.clone(), row.clone()))
                        .collect();
                    prop_assert_eq!(got, expected);
                    break;
                }
                at = page.upto;
            }
        }
    }
}
