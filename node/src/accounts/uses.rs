//! When sessions were last used: noted in memory as calls come, and kept once a minute, all of them in one command. A
//! session that nobody uses ends, also across a restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use tokio_util::sync::CancellationToken;

use crate::engine::{Command, Engine, Work, facts};
use crate::store::StoreError;

/// How often what was noted is kept.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// The last uses by the key of the session's fact, and whether each is yet to be kept. As many as there are sessions, at
/// most: whoever ends one takes it out.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionUses(Arc<Mutex<HashMap<String, (Micros, bool)>>>);

/// Where the last use of the session under `key` is kept.
pub(super) fn use_key(key: &str) -> String {
    format!("{}{}", facts::SESSION_USES, key.strip_prefix(facts::SESSIONS).unwrap_or(key))
}

impl SessionUses {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Micros, bool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a session, which is there, was used.
    pub(super) fn note(&self, key: &str, now: Micros) {
        let mut noted = self.lock();
        match noted.get_mut(key) {
            Some(last) => *last = (now, true),
            None => drop(noted.insert(key.to_owned(), (now, true))),
        }
    }

    /// When it was last used.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) async fn of(&self, engine: &Engine, key: &str) -> Result<Option<Micros>, StoreError> {
        if let Some((last, _)) = self.lock().get(key) {
            return Ok(Some(*last));
        }
        let kept: Option<Micros> = engine.fact(&use_key(key)).await?;
        if let Some(kept) = kept {
            self.lock().entry(key.to_owned()).or_insert((kept, false));
        }
        Ok(kept)
    }

    /// Keeps what was noted, until told to stop, and then once more.
    pub(super) async fn keep(self, engine: Engine, stop: CancellationToken) {
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

    pub(super) async fn keep_now(&self, engine: &Engine) {
        let fresh: Vec<(String, Micros)> = {
            let mut noted = self.lock();
            let fresh = noted.iter_mut().filter(|(_, (_, fresh))| *fresh);
            let take = |(key, (last, fresh)): (&String, &mut (Micros, bool))| {
                *fresh = false;
                (key.clone(), *last)
            };
            fresh.map(take).collect()
        };
        if fresh.is_empty() {
            return;
        }
        match engine.submit(Keep(fresh)).await {
            Ok(ended) => self.lock().retain(|key, _| !ended.contains(key)),
            Err(error) => {
                tracing::warn!(error = %crate::error::chain(&error), "the last uses of sessions could not be kept");
            }
        }
    }
}

/// Keeps last uses; those of them whose session has ended.
struct Keep(Vec<(String, Micros)>);

#[async_trait]
impl Command for Keep {
    type Output = Vec<String>;

    async fn run(self, work: &mut Work<'_>) -> Result<Vec<String>, StoreError> {
        let mut ended = Vec::new();
        for (key, last) in self.0 {
            match work.fact::<serde_json::Value>(&key).await? {
                Some(_) => work.put_fact(use_key(&key), &last),
                None => ended.push(key),
            }
        }
        Ok(ended)
    }
}
