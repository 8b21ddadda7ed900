//! The end of a transaction: what follows from all that its commands have changed, and writing it.

use std::collections::HashMap;
use std::sync::Arc;

use duikou_proto::envelope::Part;
use duikou_proto::name::RecordName;

use super::{Memory, Work};
use crate::defects::{self, Defect};
use crate::engine::heads::Counted;
use crate::engine::{RejectionFact, approval, facts, months};
use crate::feed::Change;
use crate::store::{Counter, Fact, Row, StoreError};

/// What a committed transaction has changed.
pub(crate) struct Outcome {
    pub(crate) counter: Counter,
    pub(crate) changes: Vec<Change>,
    pub(crate) deleted: Vec<RecordName>,
    pub(crate) memory: Memory,
    pub(crate) scrub: bool,
    pub(crate) resign: bool,
    /// Whether more is to be swept through.
    pub(crate) sweeps: bool,
    /// Whether a head of a member here may be due.
    pub(crate) heads: bool,
    /// Whether a receipt of a member here may be due.
    pub(crate) receipts: bool,
    /// Whether a token or a registered reader has changed.
    pub(crate) rights: bool,
    /// The facts that it wrote.
    pub(crate) facts: Vec<Fact>,
}

impl Work<'_> {
    /// Writes everything; the caller commits.
    pub(crate) async fn flush(mut self) -> Result<Outcome, StoreError> {
        let touched = !self.before.is_empty();
        let mut records = self.follow_rows().await?;
        self.add_counts();
        let refused = self.follow_refusals().await?;
        if touched || refused {
            self.judge_heads();
        }
        if let Some(head) = self.audit {
            self.put_fact(facts::AUDIT_HEAD.to_owned(), &head);
        }
        if let Some(error) = self.unkept.take() {
            return Err(error);
        }
        let facts: Vec<Fact> = std::mem::take(&mut self.facts).into_iter().collect();
        self.remember(&facts)?;
        let (rows, deleted) = self.write(&facts).await?;
        let change = |row: Row| Change { before: records.remove(&row.name), row: Arc::new(row) };
        Ok(Outcome {
            counter: self.counter,
            changes: rows.into_iter().map(change).collect(),
            deleted,
            rights: facts.iter().any(|(key, _)| facts::is_right(key)),
            facts,
            memory: self.memory,
            scrub: self.scrub,
            resign: self.resign,
            sweeps: self.sweeps,
            heads: self.heads,
            receipts: self.receipts,
        })
    }

    /// What follows from each name that was written or taken away: for the sums of its heads, for what an office did, and for
    /// what is kept of listings that are over. The records that were there before.
    async fn follow_rows(&mut self) -> Result<HashMap<RecordName, Part>, StoreError> {
        let mut records = HashMap::with_capacity(self.before.len());
        let mut months = months::Changes::new(self.now);
        let mut ended = Vec::new();
        for (name, before) in std::mem::take(&mut self.before) {
            let row = self.rows.get(&name).and_then(Option::as_ref);
            months.note(&before, row);
            if self.may_have_ended(&before, row) {
                ended.extend(before.record().map(|old| (old.clone(), row.cloned())));
            }
            let after = row.map(Counted::of).unwrap_or_default();
            if !defects::on(Defect::NoHeads) {
                let changed = Arc::make_mut(&mut self.memory.heads).change(&name, &before, &after, self.now);
                self.heads |= changed && self.is_own(&name);
            }
            records.extend(before.into_record().map(|record| (name, record)));
        }
        self.add_to_months(months).await?;
        for (old, row) in ended {
            self.keep_ended(&old, row.as_ref()).await?;
        }
        Ok(records)
    }

    /// How many records and withdrawals each origin has here.
    fn add_counts(&mut self) {
        for (origin, added) in std::mem::take(&mut self.added) {
            if !added.is_nothing() {
                *self.memory.counts.entry(origin).or_default() += added;
            }
        }
    }

    /// What was refused, or no longer is, stands in for what is held; whether there is anything of it.
    async fn follow_refusals(&mut self) -> Result<bool, StoreError> {
        let refusals = self.facts.range(facts::REJECTIONS.to_owned()..);
        let refusals: Vec<(String, Option<RejectionFact>)> = refusals
            .take_while(|(key, _)| key.starts_with(facts::REJECTIONS))
            .map(|(key, value)| {
                let fact = value.as_ref().map(|value| facts::decode(key, value)).transpose()?;
                Ok((key.clone(), fact))
            })
            .collect::<Result<_, StoreError>>()?;
        self.receipts |= !refusals.is_empty();
        let any = !refusals.is_empty();
        for (key, fact) in refusals {
            let Some(name) = facts::refused_name(&key) else { continue };
            let held = self.row(&name).await?.as_ref().map(Counted::of).unwrap_or_default();
            let refused = fact.as_ref().and_then(RejectionFact::refused);
            Arc::make_mut(&mut self.memory.heads).refuse(&key, &name, refused, &held);
        }
        Ok(any)
    }

    /// Compares what has changed with its heads, once for all of it.
    fn judge_heads(&mut self) {
        let heads = Arc::make_mut(&mut self.memory.heads);
        heads.judge(self.now);
        let news = heads.take_news();
        self.receipts |= news.iter().any(|origin| !self.is_here(origin));
    }

    /// Keeps in memory what is always there of the facts.
    fn remember(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        for (key, value) in facts.iter().filter(|(key, _)| facts::is_hot(key)) {
            let hot = Arc::make_mut(&mut self.memory.hot);
            match value {
                Some(value) => drop(hot.insert(key.clone(), value.clone())),
                None => drop(hot.remove(key)),
            }
        }
        if facts.iter().any(|(key, _)| key.starts_with(facts::ACCOUNTS)) {
            self.memory.writers = Arc::new(approval::writers(&self.memory.hot)?);
        }
        Ok(())
    }

    /// Hands everything to the store; the rows that changed, in the order of their numbers, and the names that were taken
    /// away.
    async fn write(&mut self, facts: &[Fact]) -> Result<(Vec<Row>, Vec<RecordName>), StoreError> {
        let mut read = std::mem::take(&mut self.rows);
        let rows: Vec<Row> = self.changed.values().filter_map(|name| read.remove(name).flatten()).collect();
        let deleted: Vec<RecordName> = std::mem::take(&mut self.deleted).into_iter().collect();
        if !rows.is_empty() {
            self.transaction.put_rows(&rows).await?;
        }
        if !deleted.is_empty() {
            self.transaction.delete_rows(&deleted).await?;
        }
        if !self.entries.is_empty() {
            self.transaction.append_entries(self.first_entry, &self.entries).await?;
        }
        if !facts.is_empty() {
            self.transaction.put_facts(facts).await?;
        }
        if !rows.is_empty() || !deleted.is_empty() {
            self.transaction.put_counter(self.counter).await?;
        }
        Ok((rows, deleted))
    }
}
