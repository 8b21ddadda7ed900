//! What is read of an engine: records for a reader, rows and pages of the feed for those who show them to a viewer first,
//! and the small things.

use duikou_proto::envelope::Part;
use duikou_proto::name::{MemberId, RecordName};
use serde::de::DeserializeOwned;

use super::approval::Policy;
use super::{Engine, Reader, Seen, facts};
use crate::feed::Recalled;
use crate::store::{Found, Order, Page, Row, Seq, StoreError, Stretch};

impl Engine {
    /// What `reader` sees of a name: the record with its row.
    ///
    /// # Errors
    /// Where the store cannot be read, or the row itself, and `reader` may know that there is one.
    pub async fn get(&self, name: &RecordName, reader: &Reader) -> Result<Option<(Part, Row)>, StoreError> {
        let Found { rows, damaged } = self.found(std::slice::from_ref(name)).await?;
        if let Some(damaged) = damaged.into_iter().next().filter(|_| self.may_know(reader, name)) {
            return Err(damaged.into());
        }
        // The rights of after the reading: what was written since they were lost is not shown.
        let viewer = self.viewer(reader);
        Ok(rows.into_iter().next().and_then(|row| {
            let part = match viewer.see(&row, &self.directory(), self.now()) {
                Seen::Record(part) => part.clone(),
                Seen::Gone(_) | Seen::Nothing => return None,
            };
            Some((part, row))
        }))
    }

    /// The records that `reader` sees whose name begins with `prefix` and comes after `after`: of `limit` rows looked
    /// at, with the last name looked at where there may be more.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn list(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
        reader: &Reader,
    ) -> Result<(Vec<Part>, Option<String>), StoreError> {
        let Stretch { rows, next, .. } = self.range(prefix, after, limit).await?;
        let (viewer, directory, now) = (self.viewer(reader), self.directory(), self.now());
        let seen = rows.iter().filter_map(|row| match viewer.see(row, &directory, now) {
            Seen::Record(part) => Some(part.clone()),
            Seen::Gone(_) | Seen::Nothing => None,
        });
        Ok((seen.collect(), next))
    }

    /// A piece of the feed: from memory near the head, from the store further back, where it is cut at so many bytes too.
    /// Whoever takes rows from here for somebody shows them to a [`Viewer`] or to the link's rule of parts first.
    pub async fn page(&self, order: Order, after: Seq, limit: usize, bytes: usize) -> Result<Page, StoreError> {
        match self.0.feed.page(order, after, limit) {
            Some(page) => Ok(page),
            None => self.0.store.page(order, after, limit, bytes).await,
        }
    }

    /// Own or carried rows by name, for those who may read everything: recovery and export.
    pub async fn range(&self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError> {
        let stretch = self.0.store.read().await?.range(prefix, after, limit).await?;
        self.look_at(&stretch.damaged).await;
        Ok(stretch)
    }

    /// The rows of these names, as far as there are any that can be read.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn rows(&self, names: &[RecordName]) -> Result<Vec<Row>, StoreError> {
        Ok(self.found(names).await?.rows)
    }

    /// The rows of these names, with those that cannot be read: for whom that is not the same as that there is none.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn found(&self, names: &[RecordName]) -> Result<Found, StoreError> {
        let found = self.0.store.read().await?.rows(names).await?;
        self.look_at(&found.damaged).await;
        Ok(found)
    }

    /// The row of this name, if there is one.
    ///
    /// # Errors
    /// Where the store cannot be read, or the row.
    pub async fn row(&self, name: &RecordName) -> Result<Option<Row>, StoreError> {
        let Found { rows, damaged } = self.found(std::slice::from_ref(name)).await?;
        damaged.into_iter().next().map_or_else(|| Ok(rows.into_iter().next()), |damaged| Err(damaged.into()))
    }

    /// The same, of those that are in memory: what was asked for in this way lately is, as long as it does not change.
    pub fn recall(&self, names: &[RecordName]) -> Recalled {
        self.0.feed.recall(names)
    }

    /// Reads what was not in memory.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn complete(&self, recalled: &mut Recalled) -> Result<(), StoreError> {
        if !recalled.is_whole() {
            let rows = self.rows(&recalled.missed()).await?;
            self.0.feed.complete(recalled, rows);
        }
        Ok(())
    }

    /// By which rule the listings of `member` are published.
    ///
    /// # Errors
    /// Where what is kept of that cannot be read.
    pub fn approval_policy(&self, member: &MemberId) -> Result<Policy, StoreError> {
        Policy::known(&self.0.memory.load(), member)
    }

    /// Reads the small thing under `key`.
    ///
    /// # Errors
    /// Where the store cannot be read, or holds something else there.
    pub async fn fact<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let value = if facts::is_hot(key) {
            self.0.memory.load().hot.get(key).cloned()
        } else {
            self.0.store.read().await?.fact(key).await?
        };
        value.map(|value| facts::decode(key, &value)).transpose()
    }

    /// Reads the small things whose keys begin with `prefix`, at most `limit`.
    ///
    /// # Errors
    /// Where the store cannot be read, or holds something else there.
    pub async fn facts<T: DeserializeOwned>(&self, prefix: &str, limit: usize) -> Result<Vec<(String, T)>, StoreError> {
        let found = if facts::is_hot(prefix) {
            self.0.memory.load().hot(prefix, limit)
        } else {
            self.0.store.read().await?.facts(prefix, "", limit).await?
        };
        found.into_iter().map(|(key, value)| Ok((key.clone(), facts::decode(&key, &value)?))).collect()
    }

    /// Encoded directory entries from `first` on, at most `limit`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn entries(&self, first: i64, limit: usize) -> Result<Vec<bytes::Bytes>, StoreError> {
        self.0.store.entries(first, limit).await
    }
}
