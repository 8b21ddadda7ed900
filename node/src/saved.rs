//! Searches that people keep: by name, with when each was last looked at.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::facts::SAVED;
use crate::engine::{Command, Engine, Work, WriteError};
use crate::limits;
use crate::store::StoreError;

/// Characters of a name.
pub(crate) const NAME_CHARS: usize = 60;

/// A search that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedSearch {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The query of its address.
    pub(crate) query: String,
    pub(crate) create_time: Micros,
    /// When its owner last looked at it.
    pub(crate) seen: Micros,
}

fn prefix(account: &str) -> String {
    format!("{SAVED}{account}/")
}

fn key(account: &str, id: &str) -> String {
    format!("{}{id}", prefix(account))
}

/// Those of an account, oldest first.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn list(engine: &Engine, account: &str) -> Result<Vec<SavedSearch>, StoreError> {
    let mut all: Vec<SavedSearch> = engine
        .facts::<SavedSearch>(&prefix(account), limits::SAVED_SEARCHES)
        .await?
        .into_iter()
        .map(|(_, search)| search)
        .collect();
    all.sort_by_key(|search| search.create_time);
    Ok(all)
}

/// One of an account's.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn get(engine: &Engine, account: &str, id: &str) -> Result<Option<SavedSearch>, StoreError> {
    engine.fact(&key(account, id)).await
}

/// Keeps a search; None where the account has [`limits::SAVED_SEARCHES`] already. One with this query gets the name.
///
/// # Errors
/// Where it cannot be written.
pub(crate) async fn save(
    engine: &Engine,
    account: &str,
    name: &str,
    query: &str,
) -> Result<Option<SavedSearch>, WriteError> {
    let [account, name, query] = [account, name, query].map(str::to_owned);
    engine.submit(Save { account, name, query, id: Uuid::now_v7().to_string() }).await
}

/// Notes that its owner looks at one; what it was before that.
///
/// # Errors
/// Where it cannot be written.
pub(crate) async fn see(engine: &Engine, account: &str, id: &str) -> Result<Option<SavedSearch>, WriteError> {
    engine.submit(See(key(account, id))).await
}

/// Takes one away.
///
/// # Errors
/// Where it cannot be written.
pub(crate) async fn remove(engine: &Engine, account: &str, id: &str) -> Result<(), WriteError> {
    engine.submit(Remove(key(account, id))).await
}

struct Save {
    account: String,
    name: String,
    query: String,
    id: String,
}

#[async_trait]
impl Command for Save {
    type Output = Option<SavedSearch>;

    async fn run(self, work: &mut Work<'_>) -> Result<Option<SavedSearch>, StoreError> {
        let held = work.facts::<SavedSearch>(&prefix(&self.account), limits::SAVED_SEARCHES).await?;
        let known = held.iter().find(|(_, search)| search.query == self.query);
        let search = match known {
            Some((_, known)) => SavedSearch { name: self.name, ..known.clone() },
            None if held.len() >= limits::SAVED_SEARCHES => return Ok(None),
            None => {
                let now = work.now;
                SavedSearch { id: self.id, name: self.name, query: self.query, create_time: now, seen: now }
            }
        };
        work.put_fact(key(&self.account, &search.id), &search);
        Ok(Some(search))
    }
}

struct See(String);

#[async_trait]
impl Command for See {
    type Output = Option<SavedSearch>;

    async fn run(self, work: &mut Work<'_>) -> Result<Option<SavedSearch>, StoreError> {
        let Some(search) = work.fact::<SavedSearch>(&self.0).await? else { return Ok(None) };
        let seen = work.now;
        work.put_fact(self.0, &SavedSearch { seen, ..search.clone() });
        Ok(Some(search))
    }
}

struct Remove(String);

#[async_trait]
impl Command for Remove {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        work.remove_fact(self.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::tests::World;

    #[tokio::test]
    async fn searches_are_kept_for_one_account_and_within_a_bound() {
        let world = World::new().await;
        let engine = &world.engine;
        let first = save(engine, "one", "茶叶", "q=tea").await.unwrap().unwrap();
        assert_eq!(save(engine, "one", "茶", "q=tea").await.unwrap().unwrap().id, first.id, "one search, one name");
        assert_eq!(list(engine, "one").await.unwrap()[0].name, "茶");
        assert_eq!((list(engine, "two").await.unwrap(), see(engine, "two", &first.id).await.unwrap()), (vec![], None));
        world.pass(5);
        assert_eq!(see(engine, "one", &first.id).await.unwrap().unwrap().seen, first.seen, "what it was before");
        assert!(get(engine, "one", &first.id).await.unwrap().unwrap().seen > first.seen);
        for number in 1..limits::SAVED_SEARCHES {
            assert!(save(engine, "one", "x", &format!("q={number}")).await.unwrap().is_some());
        }
        assert_eq!(save(engine, "one", "x", "q=more").await.unwrap(), None);
        remove(engine, "one", &first.id).await.unwrap();
        assert_eq!(get(engine, "one", &first.id).await.unwrap(), None);
    }
}
