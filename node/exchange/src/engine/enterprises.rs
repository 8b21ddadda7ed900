//! Registered readers: vetted enterprises, kept as facts of the gateway. Their tokens are good while they are active.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use serde::{Deserialize, Serialize};

use super::{Command, Engine, TokenFact, Work, WriteError, facts, forget_token};
use crate::audit::{Action, Actor, Event};
use crate::store::StoreError;

/// Registered readers of one gateway.
const ENTERPRISES: usize = 10_000;
/// Tokens that are looked through for those of one; more than a server has.
const TOKENS: usize = 100_000;

/// Whether a registered reader reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It does.
    Active,
    /// It does not, until it is resumed.
    Suspended,
}

/// A registered reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// Its label.
    pub id: String,
    /// In Chinese.
    pub name_zh: String,
    /// In English.
    pub name_en: String,
    /// 统一社会信用代码 (GB 32100).
    pub credit_code: String,
    /// An e-mail address.
    pub contact: String,
    /// Whether it reads.
    pub state: State,
    /// Why it is suspended.
    pub reason: String,
    /// When it was registered.
    pub create_time: Micros,
}

/// Why an enterprise is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// It is.
    Done,
    /// The id belongs to another.
    IdTaken,
    /// The code belongs to another.
    CodeTaken,
    /// There are as many as there may be.
    Full,
}

fn key(id: &str) -> String {
    format!("{}{id}", facts::ENTERPRISES)
}

fn event(action: Action, id: &str) -> Event {
    Event::new(action, format!("enterprises/{id}"))
}

impl Engine {
    /// All registered readers, by id.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn enterprises(&self) -> Result<Vec<Enterprise>, StoreError> {
        let found = self.facts::<Enterprise>(facts::ENTERPRISES, ENTERPRISES).await?;
        Ok(found.into_iter().map(|(_, enterprise)| enterprise).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn enterprise(&self, id: &str) -> Result<Option<Enterprise>, StoreError> {
        self.fact(&key(id)).await
    }

    /// Registers one.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn register_enterprise(&self, enterprise: Enterprise, by: Actor) -> Result<Registration, WriteError> {
        let event = event(Action::EnterpriseCreate, &enterprise.id).saying(&enterprise.name_zh);
        let tell = move |done: &Registration| (*done == Registration::Done).then(|| event.clone());
        self.submit_audited(by, Register(enterprise), tell).await
    }

    /// Suspends or resumes one; None where there is none.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn set_enterprise(
        &self,
        id: &str,
        state: State,
        reason: String,
        by: Actor,
    ) -> Result<Option<Enterprise>, WriteError> {
        let tell = move |done: &Option<Enterprise>| {
            let enterprise = done.as_ref()?;
            let action = match enterprise.state {
                State::Active => Action::EnterpriseResume,
                State::Suspended => Action::EnterpriseSuspend,
            };
            Some(event(action, &enterprise.id).saying(&enterprise.reason))
        };
        self.submit_audited(by, Set { id: id.to_owned(), state, reason }, tell).await
    }

    /// Removes one with its tokens; false where there is none.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn remove_enterprise(&self, id: &str, by: Actor) -> Result<bool, WriteError> {
        let told = event(Action::EnterpriseRemove, id);
        self.submit_audited(by, Remove(id.to_owned()), move |removed| removed.then(|| told.clone())).await
    }
}

struct Register(Enterprise);

#[async_trait]
impl Command for Register {
    type Output = Registration;

    async fn run(self, work: &mut Work<'_>) -> Result<Registration, StoreError> {
        let held = work.facts::<Enterprise>(facts::ENTERPRISES, ENTERPRISES).await?;
        if held.iter().any(|(_, other)| other.id == self.0.id) {
            return Ok(Registration::IdTaken);
        }
        if held.iter().any(|(_, other)| other.credit_code == self.0.credit_code) {
            return Ok(Registration::CodeTaken);
        }
        if held.len() >= ENTERPRISES {
            return Ok(Registration::Full);
        }
        work.put_fact(key(&self.0.id), &self.0);
        Ok(Registration::Done)
    }
}

struct Set {
    id: String,
    state: State,
    reason: String,
}

#[async_trait]
impl Command for Set {
    type Output = Option<Enterprise>;

    async fn run(self, work: &mut Work<'_>) -> Result<Option<Enterprise>, StoreError> {
        let Some(held) = work.fact::<Enterprise>(&key(&self.id)).await? else { return Ok(None) };
        let changed = Enterprise { state: self.state, reason: self.reason, ..held.clone() };
        if changed != held {
            work.put_fact(key(&self.id), &changed);
        }
        Ok(Some(changed))
    }
}

struct Remove(String);

#[async_trait]
impl Command for Remove {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        if work.fact::<Enterprise>(&key(&self.0)).await?.is_none() {
            return Ok(false);
        }
        for (key, token) in work.facts::<TokenFact>(facts::TOKENS, TOKENS).await? {
            if token.enterprise.as_ref() == Some(&self.0) {
                forget_token(work, key);
            }
        }
        work.remove_fact(key(&self.0));
        Ok(true)
    }
}
