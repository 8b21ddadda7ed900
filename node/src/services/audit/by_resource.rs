//! Where in the audit trail each thing is: kept in memory for the newest entries, read when it is first asked for and gone
//! on with from there, so that a history costs what came since the last one.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use tokio::sync::Mutex;

use crate::engine::Engine;
use crate::limits;
use crate::store::StoreError;

/// See the module.
#[derive(Default)]
pub(super) struct ByResource(Mutex<Places>);

#[derive(Default)]
struct Places {
    /// Up to which entry it has been read.
    upto: u64,
    /// The numbers of the entries of a resource, by the hash of its name, oldest first.
    numbers: HashMap<u64, VecDeque<u64>>,
    /// The same hashes in the order of the entries, oldest first.
    order: VecDeque<u64>,
}

/// What of an entry is read.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    resource: String,
}

impl ByResource {
    /// The numbers of the entries that may be of `resource`, newest first, of the newest [`limits::AUDIT_LOOKED`].
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) async fn numbers(&self, engine: &Engine, resource: &str) -> Result<Vec<u64>, StoreError> {
        let mut places = self.0.lock().await;
        let head = engine.audit_head().await?.number;
        let most = limits::AUDIT_LOOKED as u64;
        if head < places.upto {
            // Another trail: the store was put back.
            *places = Places::default();
        }
        places.upto = places.upto.max(head.saturating_sub(most));
        while places.upto < head {
            let page = engine.audit_entries(places.upto, limits::AUDIT_PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            places.upto = *last;
            for (number, bytes) in &page {
                // What cannot be read is for `verify` to tell of.
                let hash = serde_json::from_slice(bytes).map_or(0, |named: Named| hash_of(&named.resource));
                places.add(*number, hash);
            }
        }
        Ok(places.numbers.get(&hash_of(resource)).into_iter().flatten().rev().copied().collect())
    }
}

impl Places {
    fn add(&mut self, number: u64, hash: u64) {
        self.numbers.entry(hash).or_default().push_back(number);
        self.order.push_back(hash);
        if self.order.len() > limits::AUDIT_LOOKED
            && let Some(oldest) = self.order.pop_front()
            && let Some(numbers) = self.numbers.get_mut(&oldest)
        {
            numbers.pop_front();
            if numbers.is_empty() {
                self.numbers.remove(&oldest);
            }
        }
    }
}

fn hash_of(resource: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    resource.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut places = Places::default();
        for number in 1..=limits::AUDIT_LOOKED as u64 + 3 {
            places.add(number, number % 2);
        }
        assert_eq!(places.order.len(), limits::AUDIT_LOOKED);
        assert_eq!((places.numbers[&0].front(), places.numbers[&1].front()), (Some(&4), Some(&5)));
    }
}
