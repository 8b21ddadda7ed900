//! The store on a simulated disk. It promises what every store does: it passes the conformance suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use duikou_exchange::limits;
use duikou_exchange::store::{
    Counter, Fact, Found, Order, Page, Read, Row, Seq, Store, StoreError, Stretch, Transaction,
};
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::RecordName;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use super::disk::{Disk, Fault, Tables};

/// How long a sync takes: the time in which the power may go. Timers know no less than a millisecond.
const SYNC: Duration = Duration::from_millis(2);

/// A database on a [`Disk`], as one process has it open.
#[derive(Debug, Clone)]
pub struct SimulatedStore {
    disk: Disk,
    path: PathBuf,
    writer: Arc<Mutex<()>>,
    died: CancellationToken,
}

impl SimulatedStore {
    /// Opens the database at `path`, or begins one, for a process that ends when `died` is cancelled: whatever of it
    /// still runs then waits for the disk for ever.
    pub fn open(disk: &Disk, path: &Path, died: CancellationToken) -> Self {
        disk.open(path);
        Self { disk: disk.clone(), path: path.to_owned(), writer: Arc::default(), died }
    }

    async fn living(&self) {
        if self.died.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    fn now(&self) -> Arc<Tables> {
        self.disk.read(&self.path)
    }
}

/// Rows up to the one with which there are `limit`, or `bytes` in their parts; and whether that one was met.
fn fitting(rows: impl Iterator<Item = Row>, limit: usize, bytes: usize) -> (Vec<Row>, bool) {
    let (mut fit, mut held) = (Vec::new(), 0);
    for row in rows {
        held += row.parts_bytes();
        fit.push(row);
        if fit.len() >= limit || held >= bytes {
            return (fit, true);
        }
    }
    (fit, false)
}

fn failed(fault: Fault) -> StoreError {
    match fault {
        Fault::Full => StoreError::Full("the simulated disk is full".into()),
        Fault::Broken => StoreError::Database("the simulated disk is broken".into()),
    }
}

/// Reads what there is now at each question anew, or, within a transaction, what it will leave.
struct Reader {
    store: SimulatedStore,
    changing: Option<Arc<Tables>>,
}

impl Reader {
    fn view(&self) -> Arc<Tables> {
        self.changing.clone().unwrap_or_else(|| self.store.now())
    }
}

#[async_trait]
impl Read for Reader {
    async fn counter(&mut self) -> Result<Counter, StoreError> {
        Ok(self.view().counter)
    }

    async fn rows(&mut self, names: &[RecordName]) -> Result<Found, StoreError> {
        let tables = self.view();
        let rows = names.iter().filter_map(|name| tables.rows.get(name).cloned()).collect();
        Ok(Found { rows, damaged: Vec::new() })
    }

    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError> {
        let within = |name: &RecordName| name.as_str().starts_with(prefix) && name.as_str() > after;
        let tables = self.view();
        let rows = tables.rows.values().filter(|row| within(&row.name)).cloned();
        let (rows, full) = fitting(rows, limit, limits::STRETCH_BYTES);
        let next = rows.last().filter(|_| full).map(|row| row.name.to_string());
        Ok(Stretch { rows, damaged: Vec::new(), next })
    }

    async fn names(&mut self, after: &str, limit: usize) -> Result<(Vec<String>, Option<String>), StoreError> {
        let tables = self.view();
        let names = tables.rows.keys().map(ToString::to_string).filter(|name| name.as_str() > after);
        let names: Vec<String> = names.take(limit).collect();
        let next = names.last().filter(|_| names.len() == limit).cloned();
        Ok((names, next))
    }

    async fn due(&mut self, now: Micros, limit: usize) -> Result<(Vec<Row>, bool), StoreError> {
        let tables = self.view();
        let mut due: Vec<&Row> = tables.rows.values().filter(|row| 0 < row.due && row.due <= now).collect();
        due.sort_by_key(|row| row.due);
        Ok(fitting(due.into_iter().cloned(), limit, limits::STRETCH_BYTES))
    }

    async fn fact(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.view().facts.get(key).cloned())
    }

    async fn facts(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let tables = self.view();
        let from = prefix.max(after).to_owned();
        let found = tables.facts.range(from..).take_while(|(key, _)| key.starts_with(prefix));
        let found = found.filter(|(key, _)| key.as_str() > after);
        Ok(found.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn facts_before(
        &mut self,
        prefix: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let tables = self.view();
        let found = tables.facts.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let found = found.filter(|(key, _)| before.is_empty() || key.as_str() < before);
        let mut found: Vec<_> = found.map(|(key, value)| (key.clone(), value.clone())).collect();
        found.reverse();
        found.truncate(limit);
        Ok(found)
    }
}

struct SimulatedTransaction {
    // Nobody else writes until this one has ended.
    _writer: OwnedMutexGuard<()>,
    reader: Reader,
}

impl SimulatedTransaction {
    fn tables(&mut self) -> &mut Tables {
        let Reader { store, changing } = &mut self.reader;
        Arc::make_mut(changing.get_or_insert_with(|| store.now()))
    }
}

#[async_trait]
impl Read for SimulatedTransaction {
    async fn counter(&mut self) -> Result<Counter, StoreError> {
        self.reader.counter().await
    }

    async fn rows(&mut self, names: &[RecordName]) -> Result<Found, StoreError> {
        self.reader.rows(names).await
    }

    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError> {
        self.reader.range(prefix, after, limit).await
    }

    async fn names(&mut self, after: &str, limit: usize) -> Result<(Vec<String>, Option<String>), StoreError> {
        self.reader.names(after, limit).await
    }

    async fn due(&mut self, now: Micros, limit: usize) -> Result<(Vec<Row>, bool), StoreError> {
        self.reader.due(now, limit).await
    }

    async fn fact(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.fact(key).await
    }

    async fn facts(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.reader.facts(prefix, after, limit).await
    }

    async fn facts_before(
        &mut self,
        prefix: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.reader.facts_before(prefix, before, limit).await
    }
}

#[async_trait]
impl Transaction for SimulatedTransaction {
    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let tables = self.tables();
        for row in rows {
            let before = tables.rows.get(&row.name).and_then(|before| before.record.clone());
            tables.rows.insert_mut(row.name.clone(), row.clone());
            let scopes = row.record.as_ref().map(Part::scopes);
            let narrower = before.is_some_and(|before| scopes.is_some_and(|scopes| !before.scopes().is_within(scopes)));
            if row.gone.is_some() || narrower {
                let mut told = tables.to_all.get(&row.name).cloned().unwrap_or_default();
                told.insert(row.withdrawal_content_seq);
                tables.to_all.insert_mut(row.name.clone(), told);
            }
        }
        Ok(())
    }

    async fn delete_rows(&mut self, names: &[RecordName]) -> Result<(), StoreError> {
        let tables = self.tables();
        for name in names {
            tables.rows.remove_mut(name);
        }
        Ok(())
    }

    async fn put_counter(&mut self, counter: Counter) -> Result<(), StoreError> {
        self.tables().counter = counter;
        Ok(())
    }

    async fn put_facts(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        let tables = self.tables();
        for (key, value) in facts {
            match value {
                Some(value) => tables.facts.insert_mut(key.clone(), value.clone()),
                None => _ = tables.facts.remove_mut(key),
            };
        }
        Ok(())
    }

    async fn append_entries(&mut self, first: i64, entries: &[Bytes]) -> Result<(), StoreError> {
        let tables = self.tables();
        (first..).zip(entries).for_each(|(at, entry)| tables.entries.insert_mut(at, entry.clone()));
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Some(tables) = self.reader.changing else { return Ok(()) };
        let store = &self.reader.store;
        let SimulatedStore { disk, path, .. } = store;
        store.living().await;
        disk.write(path, tables).map_err(failed)?;
        tokio::time::sleep(SYNC).await;
        store.living().await;
        disk.sync(path).map_err(failed)
    }
}

#[async_trait]
impl Store for SimulatedStore {
    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        let writer = self.writer.clone().lock_owned().await;
        self.living().await;
        Ok(Box::new(SimulatedTransaction { _writer: writer, reader: Reader { store: self.clone(), changing: None } }))
    }

    async fn read(&self) -> Result<Box<dyn Read>, StoreError> {
        self.living().await;
        Ok(Box::new(Reader { store: self.clone(), changing: None }))
    }

    async fn page(&self, order: Order, after: Seq, limit: usize, bytes: usize) -> Result<Page, StoreError> {
        self.living().await;
        let tables = self.now();
        let head = tables.counter.seq;
        let mut found: BTreeMap<Seq, &Row> = BTreeMap::new();
        for row in tables.rows.values() {
            found.extend(row.positions(order).into_iter().filter(|seq| *seq > after).map(|seq| (seq, row)));
        }
        let (fit, full) = fitting(found.values().copied().cloned(), limit, bytes);
        let upto = found.keys().nth(fit.len().wrapping_sub(1)).copied().filter(|_| full).unwrap_or(head);
        let mut rows: Vec<Arc<Row>> = Vec::new();
        for row in found.range(..=upto).map(|(_, row)| *row) {
            if rows.iter().all(|met| met.name != row.name) {
                rows.push(Arc::new(row.clone()));
            }
        }
        let mut page = Page { rows, upto, head };
        page.sort(order, after);
        Ok(page)
    }

    async fn entries(&self, first: i64, limit: usize) -> Result<Vec<Bytes>, StoreError> {
        Ok(self.now().entries.range(first..).take(limit).map(|(_, entry)| entry.clone()).collect())
    }

    async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        self.disk.copy(&self.path, file);
        Ok(())
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use duikou_exchange::store_conformance;

    use super::*;
    use crate::seed::Seed;

    thread_local! {
        static DISK: Disk = Disk::new(Seed::new(1));
    }

    store_conformance!(simulated, async |file: &Path| {
        Box::new(DISK.with(|disk| SimulatedStore::open(disk, file, CancellationToken::new()))) as Box<dyn Store>
    });

    async fn put(store: &SimulatedStore, key: &str) -> Result<(), StoreError> {
        let mut transaction = store.begin().await?;
        transaction.put_facts(&[(key.to_owned(), Some(vec![1]))]).await?;
        transaction.commit().await
    }

    async fn has(store: &SimulatedStore, key: &str) -> bool {
        store.read().await.unwrap().fact(key).await.unwrap().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_synced_survives_the_power_and_the_rest_may() {
        let path = Path::new("data");
        let (mut kept, mut lost) = (0, 0);
        for seed in 0..64 {
            let disk = Disk::new(Seed::new(seed));
            let store = SimulatedStore::open(&disk, path, CancellationToken::new());
            put(&store, "synced").await.unwrap();
            let late = tokio::time::timeout(SYNC / 2, put(&store, "late")).await;
            assert!(late.is_err(), "it was still being synced");
            assert!(!has(&store, "late").await, "nobody reads what may still be lost");
            disk.lose_power();
            let store = SimulatedStore::open(&disk, path, CancellationToken::new());
            assert!(has(&store, "synced").await);
            if has(&store, "late").await { kept += 1 } else { lost += 1 }
        }
        assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_killed_process_had_written_is_there_when_the_next_one_opens() {
        let disk = Disk::new(Seed::new(1));
        let store = SimulatedStore::open(&disk, Path::new("data"), CancellationToken::new());
        assert!(tokio::time::timeout(SYNC / 2, put(&store, "late")).await.is_err());
        drop(store);
        let store = SimulatedStore::open(&disk, Path::new("data"), CancellationToken::new());
        assert!(has(&store, "late").await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_fails_keeps_what_it_had_and_works_again_afterwards() {
        let disk = Disk::new(Seed::new(1));
        let store = SimulatedStore::open(&disk, Path::new("data"), CancellationToken::new());
        put(&store, "before").await.unwrap();
        disk.set_fault(Some(Fault::Full));
        assert!(matches!(put(&store, "full").await, Err(StoreError::Full(_))));
        disk.set_fault(Some(Fault::Broken));
        assert!(matches!(put(&store, "broken").await, Err(StoreError::Database(_))));
        disk.set_fault(None);
        put(&store, "after").await.unwrap();
        for (key, there) in [("before", true), ("full", false), ("broken", false), ("after", true)] {
            assert_eq!(has(&store, key).await, there, "{key}");
        }
    }
}
