//! Settings while the server runs: those of the file, and what was made of some of them since. What was made here is a
//! fact, outranks the file, and is there after a restart.
//!
//! A change is applied to the file's configuration and the whole checked as the file is; then it is a fact, with an entry
//! of the trail; then those who ask at each request are told: pages, sessions, the policy of live questions. The page and
//! the operator's socket come through the same function (`services/settings`). What needs a restart is only shown,
//! without secrets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::accounts::Accounts;
use crate::audit::{Action, Actor, Event};
use crate::config::{Config, Origin, Rule};
use crate::engine::{Command, Engine, Work, WriteError, facts};
use crate::live::Live;
use crate::store::StoreError;

/// A handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Settings(Arc<Shared>);

struct Shared {
    engine: Engine,
    /// As the server was started.
    file: Config,
    /// With what was made here.
    now: ArcSwap<Config>,
    made: ArcSwap<BTreeMap<String, String>>,
    generation: AtomicU64,
    accounts: Accounts,
    live: Live,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// `part.key`.
    pub(crate) key: String,
    /// As it is now; None: its default.
    pub(crate) value: Option<String>,
    /// As the server was started.
    pub(crate) file: Option<String>,
    /// By what that was given; None: it has its default.
    pub(crate) origin: Option<Origin>,
    /// What holds where nothing is set; None: nothing does.
    pub(crate) default: Option<String>,
    /// Whether it was made here.
    pub(crate) made: bool,
}

/// What is wrong with changes, by key.
pub(crate) type Faults = Vec<(String, Rule)>;

impl Settings {
    /// Those of `file`, with what was made here before.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn load(engine: Engine, file: Config, accounts: Accounts, live: Live) -> Result<Self, StoreError> {
        let mut made = BTreeMap::new();
        for (key, value) in engine.facts::<String>(facts::SETTINGS, crate::limits::SETTINGS).await? {
            let key = key.strip_prefix(facts::SETTINGS).unwrap_or(&key).to_owned();
            let mut with = made.clone();
            with.insert(key.clone(), value);
            match file.with(&with) {
                Ok(_) => made = with,
                Err(faults) => {
                    let why = faults.first().map_or("", |(_, rule)| rule.en);
                    tracing::warn!(
                        setting = key,
                        why,
                        "a setting that was made here is no longer good: the file's counts"
                    );
                }
            }
        }
        let now = file.with(&made).unwrap_or_else(|_| file.clone());
        let settings = Self(Arc::new(Shared {
            engine,
            file,
            now: ArcSwap::from_pointee(now),
            made: ArcSwap::from_pointee(made),
            generation: AtomicU64::new(0),
            accounts,
            live,
            turn: tokio::sync::Mutex::new(()),
        }));
        settings.apply();
        Ok(settings)
    }

    /// The configuration as it is now.
    pub(crate) fn now(&self) -> Arc<Config> {
        self.0.now.load_full()
    }

    /// Moves when anything was changed.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// Every setting that there is.
    pub(crate) fn all(&self) -> Vec<Setting> {
        let (now, made) = (self.now().values(), self.0.made.load());
        let (mut file, mut defaults) = (self.0.file.values(), Config::defaults());
        let setting = |(key, value): (String, Option<String>)| Setting {
            file: file.remove(&key).flatten(),
            origin: self.0.file.origins.of(&key),
            default: defaults.remove(&key),
            made: made.contains_key(&key),
            value,
            key,
        };
        now.into_iter().map(setting).collect()
    }

    /// Makes changes, all or none; None: back to what the file says. They count from the moment when they are on disk.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub(crate) async fn change(
        &self,
        by: Actor,
        changes: BTreeMap<String, Option<String>>,
    ) -> Result<Result<(), Faults>, WriteError> {
        let this = self.clone();
        self.0.engine.to_the_end(async move { this.make(by, changes).await }).await
    }

    async fn make(
        &self,
        by: Actor,
        changes: BTreeMap<String, Option<String>>,
    ) -> Result<Result<(), Faults>, WriteError> {
        let _turn = self.0.turn.lock().await;
        let mut made = (**self.0.made.load()).clone();
        for (key, value) in &changes {
            match value {
                Some(value) => drop(made.insert(key.clone(), value.clone())),
                None => drop(made.remove(key)),
            }
        }
        let now = match self.0.file.with(&made) {
            Ok(now) => now,
            Err(faults) => return Ok(Err(faults)),
        };
        self.0.engine.submit(Make { by, changes }).await?;
        self.0.made.store(Arc::new(made));
        self.0.now.store(Arc::new(now));
        self.apply();
        self.0.generation.fetch_add(1, Ordering::Release);
        Ok(Ok(()))
    }

    /// Tells those who ask at each request.
    fn apply(&self) {
        let now = self.now();
        self.0.accounts.be_bound_by(now.accounts.bounds());
        self.0.live.answer_by(now.live.policy());
    }
}

/// Keeps changes, and tells the audit trail of each.
struct Make {
    by: Actor,
    changes: BTreeMap<String, Option<String>>,
}

#[async_trait]
impl Command for Make {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for (key, value) in self.changes {
            let told = value.as_deref().unwrap_or("(file)").to_owned();
            work.audit(&self.by, Event::new(Action::SettingsSet, format!("settings/{key}")).saying(told)).await?;
            let fact = format!("{}{key}", facts::SETTINGS);
            match value {
                Some(value) => work.put_fact(fact, &value),
                None => work.remove_fact(fact),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::tests::{World, hang_up};

    #[tokio::test]
    async fn what_is_on_disk_holds_although_whoever_made_it_hangs_up() {
        let world = World::new().await;
        let settings = &world.context.settings;
        let changes = || BTreeMap::from([("accounts.idle".to_owned(), Some("10m".to_owned()))]);
        let made = async || !world.engine.facts::<String>(facts::SETTINGS, 10).await.unwrap().is_empty();
        hang_up(&world.engine, || settings.change(Actor::local(), changes()), made).await;
        // The next change comes after it, and starts from it.
        let changes = BTreeMap::from([("site.sponsor".to_owned(), Some("某市人民政府办公室".to_owned()))]);
        settings.change(Actor::local(), changes).await.unwrap().unwrap();
        let made: Vec<Setting> = settings.all().into_iter().filter(|setting| setting.made).collect();
        assert_eq!(made.iter().map(|setting| &*setting.key).collect::<Vec<_>>(), ["accounts.idle", "site.sponsor"]);
        assert_eq!(settings.generation(), 2);
    }
}
