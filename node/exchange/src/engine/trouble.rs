//! The store does not take what is written: why, since when, and whether it does again.

use duikou_proto::envelope::Micros;

use super::writer::WriteError;
use super::{Engine, Shared, facts};
use crate::store::StoreError;

/// What is written to see whether there is room again: more than any one record.
const TRIAL_BYTES: usize = 128 * 1024;

/// Why nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// There is no room on the disk.
    Full,
    /// Anything else.
    Failing,
}

/// Since when the store does not take everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Why.
    pub kind: TroubleKind,
    /// When it began.
    pub since: Micros,
    /// What the store said the last time.
    pub detail: String,
}

impl Shared {
    /// A transaction could not be written. Whether that is news: the same was not so of the one before.
    pub(super) fn troubled(&self, error: &StoreError) -> bool {
        let kind = match error {
            StoreError::Full(_) => TroubleKind::Full,
            StoreError::Newer { .. }
            | StoreError::Inconsistent { .. }
            | StoreError::Damaged(_)
            | StoreError::Database(_) => TroubleKind::Failing,
        };
        let before = self.trouble.load();
        let detail = crate::error::chain(error);
        let is_news = before.as_ref().is_none_or(|before| before.kind != kind || before.detail != detail);
        let since =
            before.as_ref().filter(|before| before.kind == kind).map_or(self.world.now(), |before| before.since);
        self.trouble.store(Some(Trouble { kind, since, detail }.into()));
        is_news
    }
}

impl Engine {
    /// Why the store does not take everything that is to be written, if so.
    pub fn trouble(&self) -> Option<Trouble> {
        self.0.trouble.load().as_deref().cloned()
    }

    /// Where the store did not take something, sees whether it takes as much as any record needs, and then says so no
    /// longer. That a small write succeeds between others says nothing.
    pub async fn try_store(&self) {
        if self.trouble().is_none() {
            return;
        }
        let tried = async {
            self.put_fact(facts::TRIAL.to_owned(), Some("x".repeat(TRIAL_BYTES))).await?;
            self.put_fact::<String>(facts::TRIAL.to_owned(), None).await?;
            Ok::<(), WriteError>(())
        };
        if tried.await.is_ok() {
            self.0.trouble.store(None);
        }
    }
}
