//! Small things under a key: those that are kept once, of many callers one gets its own in; and those that change.

use async_trait::async_trait;
use serde::Serialize;

use super::Engine;
use super::work::Work;
use super::writer::{Command, WriteError};
use crate::audit::{Actor, Event};
use crate::store::StoreError;

impl Engine {
    /// Keeps a small thing under `key` if nothing is there; whether it did.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn keep_fact<T: Serialize + Send + Sync + 'static>(
        &self,
        key: String,
        value: T,
    ) -> Result<bool, WriteError> {
        self.submit(Keep { key, value }).await
    }

    /// Sets the small thing under `key`, or takes it away.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn put_fact<T: Serialize + Send + Sync + 'static>(
        &self,
        key: String,
        value: Option<T>,
    ) -> Result<(), WriteError> {
        self.submit(Put { key, value }).await
    }

    /// Likewise, of which the audit trail is told.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn put_fact_by<T: Serialize + Send + Sync + 'static>(
        &self,
        by: Actor,
        event: Event,
        key: String,
        value: Option<T>,
    ) -> Result<(), WriteError> {
        self.submit_audited(by, Put { key, value }, move |()| Some(event.clone())).await
    }
}

/// A small thing that is set, or taken away.
struct Put<T> {
    key: String,
    value: Option<T>,
}

#[async_trait]
impl<T: Serialize + Send + Sync + 'static> Command for Put<T> {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        match self.value {
            Some(value) => work.put_fact(self.key, &value),
            None => work.remove_fact(self.key),
        }
        Ok(())
    }
}

struct Keep<T> {
    key: String,
    value: T,
}

#[async_trait]
impl<T: Serialize + Send + Sync + 'static> Command for Keep<T> {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        let free = work.fact::<serde_json::Value>(&self.key).await?.is_none();
        if free {
            work.put_fact(self.key, &self.value);
        }
        Ok(free)
    }
}
