//! What is going on under a name, one thing at a time: it stands here for as long as whoever does it holds its place, and
//! not longer, however that ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known of it, by name. Cheap to clone.
pub(crate) struct Ongoing<T>(Arc<Mutex<HashMap<String, Arc<T>>>>);

impl<T> Clone for Ongoing<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Ongoing<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Ongoing<T> {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place of this name; None where it is taken.
    pub(crate) fn begin(&self, name: &str, what: T) -> Option<Place<T>> {
        let what = Arc::new(what);
        match self.all().entry(name.to_owned()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => drop(free.insert(what.clone())),
        }
        Some(Place { all: self.clone(), name: name.to_owned(), what })
    }

    /// What is going on under this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<T>> {
        self.all().get(name).cloned()
    }

    /// The names under which anything is.
    pub(crate) fn names(&self) -> Vec<String> {
        self.all().keys().cloned().collect()
    }
}

/// The place of whoever does it, free again when this is dropped.
pub(crate) struct Place<T> {
    all: Ongoing<T>,
    name: String,
    what: Arc<T>,
}

impl<T> Deref for Place<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.what
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.all.all().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_free_again_however_what_went_on_there_ends() {
        let ongoing = Ongoing::default();
        let place = ongoing.begin("a", 1).unwrap();
        assert!(ongoing.begin("a", 2).is_none());
        assert_eq!((ongoing.get("a").as_deref(), ongoing.get("b"), *place), (Some(&1), None, 1));
        drop(place);
        assert_eq!(ongoing.names(), [""; 0]);

        let place = ongoing.begin("a", 3).unwrap();
        let broken = tokio::spawn(async move { assert_eq!(*place, 4) });
        assert!(broken.await.unwrap_err().is_panic());
        let place = ongoing.begin("a", 5).unwrap();
        let dropped = async move {
            tokio::task::yield_now().await;
            drop(place);
        };
        drop(dropped);
        assert!(ongoing.begin("a", 6).is_some());
    }
}
