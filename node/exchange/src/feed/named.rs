//! Rows that were asked for by name lately, with what is shown of them: whoever searches comes upon the same ones again and
//! again. A row goes as soon as it has changed, before anybody is told that it has.
//!
//! What is read from the store meanwhile may be of before a change. So each shelf counts the changes of its names, and
//! takes in what was read only where there has been none since the name was missed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use duikou_proto::name::RecordName;
use lru::LruCache;

use super::Shown;
use crate::limits;
use crate::store::Row;

/// Shelves: as many callers get at them at once.
const SHELVES: usize = 16;

/// A row, and the listing in its record.
#[derive(Debug)]
pub struct Named {
    row: Row,
    shown: OnceLock<Option<Arc<Shown>>>,
}

impl Named {
    fn new(row: Row) -> Self {
        Self { row, shown: OnceLock::new() }
    }

    /// The row.
    pub fn row(&self) -> &Row {
        &self.row
    }

    /// The listing in its record; None where there is none, or its body breaks the rules.
    pub fn shown(&self) -> Option<&Arc<Shown>> {
        self.shown.get_or_init(|| self.row.record.as_ref().and_then(Shown::read).map(Arc::new)).as_ref()
    }

    /// About how much memory it takes, once it is shown.
    fn bytes(&self) -> usize {
        self.row.bytes() + self.row.record.as_ref().map_or(0, super::shown::listing_bytes)
    }
}

/// Rows by name, as far as they are in memory.
#[derive(Debug, Default)]
pub struct Recalled {
    found: HashMap<RecordName, Arc<Named>>,
    /// What was missed, with the count of changes then.
    missed: Vec<(RecordName, u64)>,
}

impl Recalled {
    /// Whether nothing was missed.
    pub fn is_whole(&self) -> bool {
        self.missed.is_empty()
    }

    /// The names of what was missed.
    pub(crate) fn missed(&self) -> Vec<RecordName> {
        self.missed.iter().map(|(name, _)| name.clone()).collect()
    }

    /// A row.
    pub fn get(&self, name: &RecordName) -> Option<&Named> {
        self.found.get(name).map(Arc::as_ref)
    }
}

/// See the module. At most [`limits::NAMED_BYTES`].
pub(crate) struct ByName([Mutex<Shelf>; SHELVES]);

struct Shelf {
    changes: u64,
    rows: LruCache<RecordName, Arc<Named>>,
    bytes: usize,
}

impl Default for ByName {
    fn default() -> Self {
        let shelf = |_| Mutex::new(Shelf { changes: 0, rows: LruCache::unbounded(), bytes: 0 });
        Self(std::array::from_fn(shelf))
    }
}

impl ByName {
    /// What there is of these names.
    pub(crate) fn recall(&self, names: &[RecordName]) -> Recalled {
        let mut recalled = Recalled { found: HashMap::with_capacity(names.len()), missed: Vec::new() };
        for name in names {
            let mut shelf = self.shelf(name);
            match shelf.rows.get(name) {
                Some(named) => drop(recalled.found.insert(name.clone(), named.clone())),
                None => recalled.missed.push((name.clone(), shelf.changes)),
            }
        }
        recalled
    }

    /// Adds what was missed and has been read since: what is not among `rows` is not there.
    pub(crate) fn complete(&self, recalled: &mut Recalled, rows: Vec<Row>) {
        let mut rows: HashMap<RecordName, Row> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        for (name, changes) in recalled.missed.drain(..) {
            let Some(row) = rows.remove(&name) else { continue };
            let named = Arc::new(Named::new(row));
            let mut shelf = self.shelf(&name);
            if shelf.changes == changes {
                shelf.keep(name.clone(), named.clone());
            }
            drop(shelf);
            recalled.found.insert(name, named);
        }
    }

    /// Lets go of rows that have changed, or are gone.
    pub(crate) fn changed<'a>(&self, names: impl Iterator<Item = &'a RecordName>) {
        for name in names {
            let mut shelf = self.shelf(name);
            shelf.changes += 1;
            if let Some(named) = shelf.rows.pop(name) {
                shelf.bytes -= named.bytes();
            }
        }
    }

    /// About how many bytes it holds, and how many it may.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (self.0.iter().map(|shelf| lock(shelf).bytes).sum(), limits::NAMED_BYTES)
    }

    fn shelf(&self, name: &RecordName) -> MutexGuard<'_, Shelf> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        lock(&self.0[hasher.finish() as usize % SHELVES])
    }
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    fn keep(&mut self, name: RecordName, named: Arc<Named>) {
        self.bytes += named.bytes();
        if let Some(before) = self.rows.put(name, named) {
            self.bytes -= before.bytes();
        }
        while self.bytes > limits::NAMED_BYTES / SHELVES {
            let Some((_, oldest)) = self.rows.pop_lru() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use duikou_proto::envelope::Part;
    use duikou_proto::sign::Signer;
    use duikou_proto::v1::{Lane, Record};

    use super::*;

    fn row(id: usize, revision: i64, bytes: usize) -> Row {
        let name: RecordName = format!("members/a.n/listings/l{id}").parse().unwrap();
        let record = Record {
            name: name.to_string(),
            revision,
            kind: "capital".to_owned(),
            lane: Lane::Bulk.into(),
            scopes: vec!["public".to_owned()],
            expire_time: 9,
            body: Bytes::from(vec![7; bytes]),
            ..Record::default()
        };
        let record = Part::sign_record(&Signer::from_seed(1, [1; 32]), &record).unwrap();
        Row { record: Some(record), record_seq: revision, ..Row::new(name) }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let shelves = ByName::default();
        let [old, new] = [row(1, 1, 10), row(1, 2, 10)];
        let names = [old.name.clone()];
        let mut first = shelves.recall(&names);
        assert!(!first.is_whole());
        shelves.changed(names.iter());
        shelves.complete(&mut first, vec![old.clone()]);
        assert_eq!(first.get(&names[0]).map(Named::row), Some(&old), "whoever has read it has it");
        let mut second = shelves.recall(&names);
        assert!(!second.is_whole(), "nobody else gets it");
        shelves.complete(&mut second, vec![new.clone()]);
        assert_eq!(shelves.recall(&names).get(&names[0]).map(Named::row), Some(&new));
        shelves.changed(names.iter());
        assert!(!shelves.recall(&names).is_whole());
        assert_eq!(shelves.bytes().0, 0);
    }

    #[test]
    fn it_is_bounded_and_what_was_asked_for_last_stays() {
        let shelves = ByName::default();
        for id in 0..400 {
            let row = row(id, 1, 48 * 1024);
            let names = [row.name.clone()];
            let mut recalled = shelves.recall(&names);
            shelves.complete(&mut recalled, vec![row]);
            assert!(shelves.recall(&names).is_whole());
        }
        let (held, most) = shelves.bytes();
        assert!(held <= most && held > most / 2, "{held} of {most}");
    }
}
