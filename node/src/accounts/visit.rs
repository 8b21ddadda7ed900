//! When somebody was here before: a visit ends where nothing is looked at for half an hour.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::envelope::Micros;
use serde::{Deserialize, Serialize};

use super::Accounts;
use super::session::Session;
use crate::engine::facts;
use crate::limits;
use crate::store::StoreError;

/// How long nothing is looked at between two visits.
const BETWEEN: Micros = 30 * 60 * 1_000_000;

/// The visit that somebody is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    /// When the one before ended; None: it is the first.
    before: Option<Micros>,
    /// When something was last looked at.
    last: Micros,
}

impl Visit {
    /// What it is when something is looked at now.
    fn at(known: Option<Self>, now: Micros) -> Self {
        match known {
            None => Self { before: None, last: now },
            Some(known) if now.saturating_sub(known.last) >= BETWEEN => Self { before: Some(known.last), last: now },
            Some(known) => Self { last: now.max(known.last), ..known },
        }
    }
}

impl Accounts {
    /// Notes that somebody looks at what there is; when the visit before ended, where there was one.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn visit(&self, account: &str) -> Result<Option<Micros>, StoreError> {
        let key = facts::account(account);
        let visit = Visit::at(self.visits.of(&self.engine, &key).await?, self.engine.now());
        self.visits.note(&key, visit);
        Ok(visit.before)
    }

    /// When the visit before the one that was noted last ended: for what looks again by itself while nobody does.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn visited(&self, account: &str) -> Result<Option<Micros>, StoreError> {
        let known: Option<Visit> = self.visits.of(&self.engine, &facts::account(account)).await?;
        Ok(known.and_then(|visit| visit.before))
    }
}

impl Accounts {
    /// When each of these accounts was last here, as far as is known: looked at something, or used a session that there
    /// still is.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn last_uses(&self, ids: &[String]) -> Result<BTreeMap<String, Micros>, StoreError> {
        let mut last = BTreeMap::new();
        for id in ids {
            let visit: Option<Visit> = self.visits.of(&self.engine, &facts::account(id)).await?;
            last.extend(visit.map(|visit| (id.clone(), visit.last)));
        }
        let wanted: BTreeSet<&String> = ids.iter().collect();
        for (key, session) in self.engine.facts::<Session>(facts::SESSIONS, limits::SESSIONS).await? {
            if wanted.contains(&session.account) {
                let used = self.uses.of(&self.engine, &key).await?.unwrap_or(session.create_time);
                let last = last.entry(session.account).or_insert(used);
                *last = used.max(*last);
            }
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_lasts_as_long_as_somebody_looks() {
        let first = Visit::at(None, 1_000);
        assert_eq!(first.before, None);
        let later = Visit::at(Some(first), 1_000 + BETWEEN - 1);
        assert_eq!((later.before, later.last), (None, 1_000 + BETWEEN - 1));
        let next = Visit::at(Some(later), later.last + BETWEEN);
        assert_eq!(next.before, Some(later.last));
        let again = Visit::at(Some(next), next.last + 5);
        assert_eq!(again.before, Some(later.last), "what is new stays new while they look");
        assert_eq!(Visit::at(Some(next), 0), next, "a clock that is set back ends nothing");
    }
}
