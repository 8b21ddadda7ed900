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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::engine::WriteError;
    use crate::feed::model::World;

    #[tokio::test]
    async fn what_cannot_be_kept_is_an_error_and_no_empty_fact() {
        let world = World::new().await;
        // JSON has no keys but texts.
        let shapeless: BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
        let refused = world.engine.put_fact("kept".to_owned(), Some(shapeless.clone())).await;
        assert!(matches!(refused, Err(WriteError::Store(_))), "{refused:?}");
        assert!(world.engine.keep_fact("kept".to_owned(), shapeless).await.is_err());
        assert_eq!(world.engine.fact::<serde_json::Value>("kept").await.unwrap(), None);
        world.engine.put_fact("kept".to_owned(), Some(1)).await.unwrap();
        assert_eq!(world.engine.fact::<i32>("kept").await.unwrap(), Some(1), "the next is written");
    }
}
