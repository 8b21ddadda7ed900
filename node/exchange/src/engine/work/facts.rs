//! The facts of a transaction: as the commands before have left them, else as they are kept.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Work;
use crate::engine::facts;
use crate::store::StoreError;

impl Work<'_> {
    /// A hot fact as it is now.
    pub(crate) fn hot_fact<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let value = match self.facts.get(key) {
            Some(value) => value.as_ref(),
            None => self.memory.hot.get(key),
        };
        value.map(|value| facts::decode(key, value)).transpose()
    }

    /// A fact as it is now.
    pub async fn fact<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, StoreError> {
        let value = match self.facts.get(key) {
            Some(value) => value.clone(),
            None if facts::is_hot(key) => self.memory.hot.get(key).cloned(),
            None => match self.warm.get(key) {
                Some(value) => Some(value.to_owned()),
                None => self.transaction.fact(key).await?,
            },
        };
        value.map(|value| facts::decode(key, &value)).transpose()
    }

    /// Facts by prefix as they are now, at most `limit`.
    pub async fn facts<T: DeserializeOwned>(
        &mut self,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let kept = if facts::is_hot(prefix) {
            self.memory.hot(prefix, limit)
        } else {
            self.transaction.facts(prefix, "", limit).await?
        };
        let mut found: BTreeMap<String, Vec<u8>> = kept.into_iter().collect();
        for (key, value) in self.facts.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)) {
            match value {
                Some(value) => drop(found.insert(key.clone(), value.clone())),
                None => drop(found.remove(key)),
            }
        }
        found.into_iter().map(|(key, value)| Ok((key.clone(), facts::decode(&key, &value)?))).collect()
    }

    /// Facts by prefix after the key `after`, as they are now and as they are kept, about `limit` of them, and the key after
    /// which to go on where there may be more.
    pub(crate) async fn facts_after(
        &mut self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<(String, Vec<u8>)>, Option<String>), StoreError> {
        let kept = self.transaction.facts(prefix, after, limit).await?;
        let more = kept.last().filter(|_| kept.len() == limit).map(|(key, _)| key.clone());
        let mut found: BTreeMap<String, Vec<u8>> = kept.into_iter().collect();
        let within = |key: &String| {
            key.starts_with(prefix) && key.as_str() > after && more.as_ref().is_none_or(|last| key <= last)
        };
        for (key, value) in self.facts.iter().filter(|(key, _)| within(key)) {
            match value {
                Some(value) => drop(found.insert(key.clone(), value.clone())),
                None => drop(found.remove(key)),
            }
        }
        Ok((found.into_iter().collect(), more))
    }

    /// Sets a fact. Where it cannot be kept as it is, nothing of the transaction is.
    pub fn put_fact<T: Serialize>(&mut self, key: String, value: &T) {
        match facts::encode(&key, value) {
            Ok(bytes) => self.put_fact_bytes(key, bytes),
            Err(error) => {
                self.unkept.get_or_insert(error);
            }
        }
    }

    /// Sets a fact that is encoded already.
    pub(crate) fn put_fact_bytes(&mut self, key: String, value: Vec<u8>) {
        self.facts.insert(key, Some(value));
    }

    /// Takes a fact away.
    pub fn remove_fact(&mut self, key: String) {
        self.facts.insert(key, None);
    }
}
