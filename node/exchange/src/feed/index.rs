//! Where readers sleep that have read everything: an index of their filters. A change is held against the filters that
//! share an anchor with it, each once however many readers have it, and wakes the readers of those that want it.
//!
//! Whoever is not woken needs not look either: when it gets up, the index says up to where nothing was for it. A reader
//! keeps its place while it is awake. A new entry of the directory wakes everybody: rights may have changed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use duikou_proto::directory::Directory;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::filter::{Anchor, Filter, Header};
use tokio::sync::Notify;

use super::shown::Shelf;
use crate::engine::{Seen, Viewer};
use crate::store::{Order, Row, Seq};

/// A row as a transaction has left it, with the record that it held before.
pub struct Change {
    pub(crate) row: Arc<Row>,
    pub(crate) before: Option<Part>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Index(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Up to where changes have been held against the filters.
    upto: Seq,
    /// The directory's newest entry by which that was done.
    entry: i64,
    /// The server stops.
    closed: bool,
    next: u64,
    groups: HashMap<GroupKey, Group>,
    by_anchor: HashMap<Anchor, HashSet<GroupKey>>,
}

/// Readers with one filter and the same rights, by the hashes of both.
type GroupKey = ([u8; 32], [u8; 32]);

struct Group {
    filter: Arc<Filter>,
    viewer: Viewer,
    sleepers: HashMap<u64, Arc<Sleeper>>,
}

/// No change was for the reader yet.
const NONE: Seq = Seq::MAX;
/// The reader is not asleep.
const AWAKE: Seq = 0;

struct Sleeper {
    /// The first number of a change that is for the reader, since it lay down.
    wanted: AtomicI64,
    wake: Notify,
}

/// A reader's place in the index; it leaves with it.
pub(super) struct Place {
    index: Arc<Index>,
    key: GroupKey,
    number: u64,
    sleeper: Arc<Sleeper>,
}

impl Index {
    pub(super) fn new(head: Seq) -> Self {
        Self(Mutex::new(Inner { upto: head, ..Inner::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a reader; `key` holds the hashes of `filter` and of `viewer`.
    pub(super) fn enter(self: &Arc<Self>, filter: &Arc<Filter>, viewer: &Viewer, key: GroupKey) -> Place {
        let mut inner = self.lock();
        inner.next += 1;
        let number = inner.next;
        let sleeper = Arc::new(Sleeper { wanted: AtomicI64::new(AWAKE), wake: Notify::new() });
        if inner.closed {
            sleeper.wake.notify_one();
        }
        if let Some(group) = inner.groups.get_mut(&key) {
            group.sleepers.insert(number, sleeper.clone());
        } else {
            for anchor in filter.anchors() {
                inner.by_anchor.entry(anchor).or_default().insert(key);
            }
            let sleepers = HashMap::from([(number, sleeper.clone())]);
            inner.groups.insert(key, Group { filter: filter.clone(), viewer: viewer.clone(), sleepers });
        }
        drop(inner);
        Place { index: self.clone(), key, number, sleeper }
    }

    /// Wakes everybody once, whoever lies down or enters later included: the server stops.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.groups.values().flat_map(|group| group.sleepers.values()).for_each(|sleeper| sleeper.wake.notify_one());
    }

    /// Wakes whoever wants one of `changes`, which leave the feed at `head`.
    pub(super) fn announce(&self, changes: &[Change], head: Seq, directory: &Directory, now: Micros, shelf: &Shelf) {
        let mut inner = self.lock();
        let since = std::mem::replace(&mut inner.upto, head);
        if std::mem::replace(&mut inner.entry, directory.index()) != directory.index() {
            inner.groups.values().for_each(Group::wake_all);
        }
        if inner.groups.is_empty() {
            return;
        }
        for change in changes {
            let new = change.row.positions(Order::Content).into_iter().filter(|seq| *seq > since);
            let Some(first) = new.min() else { continue };
            if change.row.record.is_none() && change.row.first_seq > since {
                // It came and went at once: nobody ever had it.
                continue;
            }
            for key in inner.concerned(change, shelf) {
                let Some(group) = inner.groups.get(&key) else { continue };
                if group.wants(change, directory, now, shelf) {
                    group.wake(first);
                }
            }
        }
    }
}

impl Inner {
    /// The groups that may want a change.
    fn concerned(&self, change: &Change, shelf: &Shelf) -> BTreeSet<GroupKey> {
        let row = &change.row;
        if !row.record.as_ref().or(row.withdrawal.as_ref()).is_none_or(|part| part.kind().is_listing()) {
            return BTreeSet::new();
        }
        let contents: Vec<&Part> = row.record.iter().chain(&change.before).collect();
        if contents.is_empty() {
            // What it was is forgotten.
            return self.groups.keys().copied().collect();
        }
        let mut anchors = BTreeSet::new();
        for part in contents {
            if let Some(shown) = shelf.of_part(part) {
                anchors.extend(Filter::anchors_of(&Header::of(part), shown.opportunity()));
            }
        }
        anchors.iter().filter_map(|anchor| self.by_anchor.get(anchor)).flatten().copied().collect()
    }

    fn leave(&mut self, key: &GroupKey, number: u64) {
        let Some(group) = self.groups.get_mut(key) else { return };
        group.sleepers.remove(&number);
        if !group.sleepers.is_empty() {
            return;
        }
        let anchors = group.filter.anchors();
        self.groups.remove(key);
        for anchor in anchors {
            if let Some(keys) = self.by_anchor.get_mut(&anchor) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_anchor.remove(&anchor);
                }
            }
        }
    }
}

impl Group {
    fn matches(&self, part: &Part, shelf: &Shelf) -> bool {
        let header = Header::of(part);
        self.filter.matches_header(&header)
            && shelf.of_part(part).is_some_and(|shown| self.filter.matches(&header, shown.opportunity()))
    }

    /// Whether there is a step in it for these readers: a record that they want, or the end of one that they wanted.
    fn wants(&self, change: &Change, directory: &Directory, now: Micros, shelf: &Shelf) -> bool {
        let row = &*change.row;
        let had = || change.before.as_ref().is_none_or(|before| self.matches(before, shelf));
        match self.viewer.see(row, directory, now) {
            Seen::Record(part) => self.matches(part, shelf) || (change.before.is_some() && had()),
            Seen::Gone(_) => had(),
            Seen::Nothing => false,
        }
    }

    fn wake(&self, first: Seq) {
        for sleeper in self.sleepers.values() {
            if sleeper.wanted.fetch_min(first, Ordering::AcqRel) == NONE {
                sleeper.wake.notify_one();
            }
        }
    }

    fn wake_all(&self) {
        let asleep = |sleeper: &&Arc<Sleeper>| sleeper.wanted.load(Ordering::Acquire) == NONE;
        self.sleepers.values().filter(asleep).for_each(|sleeper| sleeper.wake.notify_one());
    }
}

impl Place {
    /// Lays the reader down that has read everything up to `after`; false where there is more already, or its rights are
    /// not `current`.
    pub(super) fn lie_down(&self, after: Seq, current: impl FnOnce() -> bool) -> bool {
        // The directory moves before this does: whoever is current here is woken by what comes.
        let inner = self.index.lock();
        let lies = inner.upto <= after && current();
        if lies {
            self.sleeper.wanted.store(NONE, Ordering::Release);
        }
        drop(inner);
        lies
    }

    /// Waits for a change that may be for the reader.
    pub(super) async fn sleep(&self) {
        self.sleeper.wake.notified().await;
    }

    /// Gets up: up to the number that this gives, nothing was for the reader.
    pub(super) fn get_up(&self) -> Seq {
        // What comes later than a change that is for the reader moves nothing.
        if self.sleeper.wanted.load(Ordering::Acquire) != NONE {
            return self.sleeper.wanted.swap(AWAKE, Ordering::AcqRel) - 1;
        }
        let inner = self.index.lock();
        match self.sleeper.wanted.swap(AWAKE, Ordering::AcqRel) {
            NONE => inner.upto,
            first => first - 1,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.index.lock().leave(&self.key, self.number);
    }
}
