//! A disk that outlives the processes on it: it fills, fails, and forgets what was not synced when the power goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use duikou_exchange::store::{Counter, Row, Seq};
use duikou_proto::name::RecordName;
use rpds::RedBlackTreeMapSync;
use tokio::sync::watch;

use crate::seed::Seed;

/// A table. Its copies share what they have in common: each transaction makes one.
pub(crate) type Table<K, V> = RedBlackTreeMapSync<K, V>;

/// What a database holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tables {
    pub(crate) rows: Table<RecordName, Row>,
    pub(crate) facts: Table<String, Vec<u8>>,
    pub(crate) entries: Table<i64, Bytes>,
    pub(crate) counter: Counter,
    /// Where rows told all who could ever see them, without a withdrawal of then: they were let go of, or became narrower.
    /// No database keeps this.
    pub(super) to_all: Table<RecordName, BTreeSet<Seq>>,
}

/// How a disk can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No room: nothing more is written.
    Full,
    /// Writes and syncs fail.
    Broken,
}

#[derive(Debug, Default)]
struct Database {
    /// What survives.
    synced: Arc<Tables>,
    /// States that were written after it, oldest first.
    written: Vec<Arc<Tables>>,
}

#[derive(Debug)]
struct State {
    databases: BTreeMap<PathBuf, Database>,
    fault: Option<Fault>,
    seed: Seed,
    syncs: watch::Sender<u64>,
}

/// A disk with databases by path. Its clones are the same disk.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// An empty one, whose luck depends on `seed` alone.
    pub fn new(seed: Seed) -> Self {
        Self(Arc::new(Mutex::new(State {
            databases: BTreeMap::new(),
            fault: None,
            seed,
            syncs: watch::Sender::new(0),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to fail, or is whole again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// The power goes: of what was written after the last sync, some of the oldest survives, or nothing.
    pub fn lose_power(&self) {
        let mut state = self.state();
        let State { databases, seed, .. } = &mut *state;
        for database in databases.values_mut() {
            let kept = seed.below(database.written.len() as u64 + 1) as usize;
            if let Some(last) = database.written.drain(..).take(kept).next_back() {
                database.synced = last;
            }
        }
    }

    /// Puts the database at `from`, as it is now, in the place of the one at `to`.
    pub fn copy(&self, from: &Path, to: &Path) {
        let tables = self.read(from);
        self.state().databases.insert(to.to_owned(), Database { synced: tables, written: Vec::new() });
    }

    /// Counts what was made to survive, as it happens.
    pub(crate) fn watch_syncs(&self) -> watch::Receiver<u64> {
        self.state().syncs.subscribe()
    }

    /// Puts `tables` in the place of the database at `path`.
    pub(crate) fn replace(&self, path: &Path, tables: Tables) {
        let database = Database { synced: Arc::new(tables), written: Vec::new() };
        self.state().databases.insert(path.to_owned(), database);
    }

    /// Takes the database at `path` away.
    pub fn remove(&self, path: &Path) {
        self.state().databases.remove(path);
    }

    /// A process opens the database: what a killed one had written there is still known to the system.
    pub(crate) fn open(&self, path: &Path) {
        let mut state = self.state();
        let database = state.databases.entry(path.to_owned()).or_default();
        if let Some(last) = database.written.drain(..).next_back() {
            database.synced = last;
        }
    }

    /// What a process reads there: nothing that may still be lost.
    pub(crate) fn read(&self, path: &Path) -> Arc<Tables> {
        self.state().databases.get(path).map(|database| database.synced.clone()).unwrap_or_default()
    }

    /// Writes a state, which may be lost until it is synced.
    pub(crate) fn write(&self, path: &Path, tables: Arc<Tables>) -> Result<(), Fault> {
        let mut state = self.state();
        if let Some(fault) = state.fault {
            return Err(fault);
        }
        state.databases.entry(path.to_owned()).or_default().written.push(tables);
        Ok(())
    }

    /// Makes all that was written survive. Where it fails, nothing of it is there any longer.
    pub(crate) fn sync(&self, path: &Path) -> Result<(), Fault> {
        let mut state = self.state();
        let fault = state.fault;
        let database = state.databases.entry(path.to_owned()).or_default();
        let last = database.written.drain(..).next_back();
        match (fault, last) {
            (Some(fault), _) => Err(fault),
            (None, Some(last)) => {
                database.synced = last;
                state.syncs.send_modify(|syncs| *syncs += 1);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
}
