//! When tokens were last shown: noted in memory as calls come, and kept once a minute, all of them in one command.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use tokio_util::sync::CancellationToken;

use crate::engine::{Command, Engine, TokenFact, Work, facts};
use crate::store::StoreError;

/// How often what was noted is kept.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// The last uses since they were last kept, by the key of the token's fact. As many as there are tokens, at most.
#[derive(Debug, Clone, Default)]
pub struct TokenUses(Arc<Mutex<HashMap<String, Micros>>>);

impl TokenUses {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Micros>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a token, which is there, was shown.
    pub(crate) fn note(&self, key: &str, now: Micros) {
        let mut noted = self.lock();
        match noted.get_mut(key) {
            Some(last) => *last = now,
            None => drop(noted.insert(key.to_owned(), now)),
        }
    }

    /// When a token was last shown, as far as that is not kept yet.
    pub(crate) fn of(&self, key: &str) -> Option<Micros> {
        self.lock().get(key).copied()
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
        let noted = std::mem::take(&mut *self.lock());
        if !noted.is_empty()
            && let Err(error) = engine.submit(Keep(noted)).await
        {
            tracing::warn!(error = %crate::error::chain(&error), "the last uses of tokens could not be kept");
        }
    }
}

struct Keep(HashMap<String, Micros>);

#[async_trait]
impl Command for Keep {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for (key, time) in self.0 {
            // One that was revoked meanwhile stays so.
            if work.fact::<TokenFact>(&key).await?.is_some() {
                work.put_fact(facts::token_use(&key), &time);
            }
        }
        Ok(())
    }
}
