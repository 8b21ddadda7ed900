//! One state of the index, with what its segments say of who may see their documents.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::scope::ScopeSet;
use tantivy::Searcher;
use tantivy::columnar::StrColumn;
use tantivy::index::{SegmentId, SegmentReader};

use super::document::read_class;
use crate::engine::{Standing, Viewer};

/// Verdicts that are remembered; when there are more, all are made anew.
const VERDICTS: usize = 512;

/// What of a record decides who sees it, as read from the index. None: unreadable, and seen by nobody.
type Class = Option<(i32, String, ScopeSet)>;

/// By segment, and by everything on which a verdict depends.
type Verdicts = HashMap<(SegmentId, [u8; 32]), Arc<Verdict>>;

/// The values of a field in one segment, by their numbers in its dictionary.
pub(super) type Names = Vec<Arc<str>>;

/// A state of the index.
pub(crate) struct View {
    pub(crate) searcher: Searcher,
    classes: HashMap<SegmentId, Arc<Vec<Class>>>,
    /// The keys, by origin, that signed anything in it.
    signers: BTreeSet<(String, i32)>,
    verdicts: Mutex<Verdicts>,
    /// Of the fields that were counted by: a dictionary is read as a whole, since it finds single values slowly.
    names: Mutex<HashMap<(SegmentId, &'static str), Arc<Names>>>,
}

/// Which classes of a segment a viewer is admitted to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) admitted: Vec<bool>,
    pub(crate) all: bool,
    pub(crate) none: bool,
}

impl View {
    /// Reads the classes of the segments that `before` does not have.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(crate) fn new(searcher: Searcher, before: Option<&Self>) -> tantivy::Result<Self> {
        let mut classes = HashMap::new();
        for segment in searcher.segment_readers() {
            let id = segment.segment_id();
            let known = before.and_then(|before| before.classes.get(&id).cloned());
            let read = match known {
                Some(known) => known,
                None => Arc::new(read_classes(segment)?),
            };
            classes.insert(id, read);
        }
        let mut names = before.map(|before| lock(&before.names).clone()).unwrap_or_default();
        names.retain(|(segment, _), _| classes.contains_key(segment));
        let all = classes.values().flat_map(|classes| classes.iter().flatten());
        let signers = all.map(|(key, origin, _)| (origin.clone(), *key)).collect();
        Ok(Self { searcher, classes, signers, verdicts: Mutex::default(), names: Mutex::new(names) })
    }

    /// What the viewer is admitted to in each segment, by the directory as it is at `now`.
    pub(crate) fn verdicts(
        &self,
        viewer: &Viewer,
        directory: &Directory,
        now: Micros,
    ) -> HashMap<SegmentId, Arc<Verdict>> {
        let under = self.circumstances(viewer, directory, now);
        let mut known = lock(&self.verdicts);
        if known.len() > VERDICTS {
            known.clear();
        }
        let judged = self.classes.iter().map(|(id, classes)| {
            let verdict = known.entry((*id, under)).or_insert_with(|| Arc::new(judge(classes, viewer, directory, now)));
            (*id, verdict.clone())
        });
        judged.collect()
    }

    /// The values that `field` has in a segment.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(super) fn names(
        &self,
        segment: &SegmentReader,
        field: &'static str,
        column: &StrColumn,
    ) -> tantivy::Result<Arc<Names>> {
        let key = (segment.segment_id(), field);
        if let Some(known) = lock(&self.names).get(&key) {
            return Ok(known.clone());
        }
        let mut names = Names::with_capacity(column.num_terms());
        let mut terms = column.dictionary().stream()?;
        while terms.advance() {
            names.push(String::from_utf8_lossy(terms.key()).into());
        }
        let names = Arc::new(names);
        lock(&self.names).insert(key, names.clone());
        Ok(names)
    }

    /// Everything on which a verdict depends: the rights, the directory, and which keys verify now.
    fn circumstances(&self, viewer: &Viewer, directory: &Directory, now: Micros) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&viewer.hash()).update(&directory.index().to_le_bytes());
        for (origin, key) in &self.signers {
            hasher.update(&[u8::from(directory.verifying_key(origin, *key, now).is_some())]);
        }
        *hasher.finalize().as_bytes()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_classes(segment: &SegmentReader) -> tantivy::Result<Vec<Class>> {
    let Some(column) = segment.fast_fields().str("class")? else { return Ok(Vec::new()) };
    let mut classes = Vec::with_capacity(column.num_terms());
    let mut terms = column.dictionary().stream()?;
    while terms.advance() {
        classes.push(std::str::from_utf8(terms.key()).ok().and_then(read_class));
    }
    Ok(classes)
}

fn judge(classes: &[Class], viewer: &Viewer, directory: &Directory, now: Micros) -> Verdict {
    let admits = |class: &Class| {
        class.as_ref().is_some_and(|(key_number, origin, scopes)| {
            viewer.admits(&Standing { origin, scopes, key_number: *key_number }, directory, now)
        })
    };
    let admitted: Vec<bool> = classes.iter().map(admits).collect();
    let (all, none) = (admitted.iter().all(|admitted| *admitted), !admitted.contains(&true));
    Verdict { admitted, all, none }
}
