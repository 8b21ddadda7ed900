//! When things were last used: noted in memory as calls come, and kept once a minute, all of them in one command. What
//! has ended meanwhile stays so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::engine::{Command, Engine, Work, facts};
use crate::store::StoreError;

/// How often what was noted is kept.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// What is used, and where its last use is kept: beginnings of facts.
#[derive(Debug, Clone, Copy)]
struct Places {
    things: &'static str,
    uses: &'static str,
}

impl Places {
    /// Where the last use of the thing under `key` is kept.
    fn of(self, key: &str) -> String {
        format!("{}{}", self.uses, key.strip_prefix(self.things).unwrap_or(key))
    }
}

/// The last uses, by the key of the thing's fact; those that were not used since they were kept are in the store only.
#[derive(Debug, Clone)]
pub struct Uses<V = Micros> {
    places: Places,
    /// With whether it is yet to be kept.
    noted: Arc<Mutex<HashMap<String, (V, bool)>>>,
}

impl Uses {
    /// Of tokens.
    pub fn of_tokens() -> Self {
        Self::new(facts::TOKENS, facts::TOKEN_USES)
    }

    /// Of sessions.
    pub(crate) fn of_sessions() -> Self {
        Self::new(facts::SESSIONS, facts::SESSION_USES)
    }
}

impl<V: Copy + Serialize + DeserializeOwned + Send + Sync + 'static> Uses<V> {
    /// Of the things that are kept under keys that begin with `things`.
    pub(crate) fn new(things: &'static str, uses: &'static str) -> Self {
        Self { places: Places { things, uses }, noted: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (V, bool)>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use of something that is there.
    pub(crate) fn note(&self, key: &str, last: V) {
        let mut noted = self.lock();
        match noted.get_mut(key) {
            Some(known) => *known = (last, true),
            None => drop(noted.insert(key.to_owned(), (last, true))),
        }
    }

    /// The last use, as far as it is in memory.
    pub(crate) fn noted(&self, key: &str) -> Option<V> {
        self.lock().get(key).map(|(last, _)| *last)
    }

    /// The last use.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn of(&self, engine: &Engine, key: &str) -> Result<Option<V>, StoreError> {
        if let Some(last) = self.noted(key) {
            return Ok(Some(last));
        }
        let kept: Option<V> = engine.fact(&self.places.of(key)).await?;
        if let Some(kept) = kept {
            self.lock().entry(key.to_owned()).or_insert((kept, false));
        }
        Ok(kept)
    }

    /// Keeps what was noted, until told to stop, and then once more.
    pub(crate) async fn keep(self, engine: Engine, stop: CancellationToken) {
        loop {
            let stopped = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(KEEP_EVERY) => false,
            };
            self.keep_now(&engine).await;
            if stopped {
                return;
            }
        }
    }

    pub(crate) async fn keep_now(&self, engine: &Engine) {
        let fresh: Vec<(String, V)> = {
            let mut noted = self.lock();
            noted.retain(|_, (_, fresh)| *fresh);
            let take = |(key, (last, fresh)): (&String, &mut (V, bool))| {
                *fresh = false;
                (key.clone(), *last)
            };
            noted.iter_mut().map(take).collect()
        };
        if fresh.is_empty() {
            return;
        }
        let keys: Vec<String> = fresh.iter().map(|(key, _)| key.clone()).collect();
        match engine.submit(Keep { places: self.places, fresh }).await {
            Ok(ended) => self.lock().retain(|key, _| !ended.contains(key)),
            Err(error) => {
                let mut noted = self.lock();
                for key in keys {
                    if let Some((_, fresh)) = noted.get_mut(&key) {
                        *fresh = true;
                    }
                }
                tracing::warn!(error = %crate::error::chain(&error), of = self.places.things, "last uses could not be kept");
            }
        }
    }
}

/// Keeps last uses; tells those of things that have ended.
struct Keep<V> {
    places: Places,
    fresh: Vec<(String, V)>,
}

#[async_trait]
impl<V: Serialize + Send + Sync + 'static> Command for Keep<V> {
    type Output = Vec<String>;

    fn bytes(&self) -> usize {
        self.fresh.iter().map(|(key, _)| key.len() + 256).sum()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Vec<String>, StoreError> {
        let mut ended = Vec::new();
        for (key, last) in self.fresh {
            match work.fact::<serde_json::Value>(&key).await? {
                Some(_) => work.put_fact(self.places.of(&key), &last),
                None => ended.push(key),
            }
        }
        Ok(ended)
    }
}
