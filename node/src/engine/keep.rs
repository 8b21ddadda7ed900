//! Small things under a key: those that are kept once, of many callers one gets its own in; and those that change.

use async_trait::async_trait;
use serde::Serialize;

use super::work::Work;
use super::writer::Command;
use crate::store::StoreError;

/// A small thing that is set, or taken away.
pub(crate) struct Put<T> {
    pub(crate) key: String,
    pub(crate) value: Option<T>,
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

pub(crate) struct Keep<T> {
    pub(crate) key: String,
    pub(crate) value: T,
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
