//! What services and pages hold of all this: a handle, cheap to clone, and who is signed in with a secret.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use duikou_proto::directory::MemberState;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio_util::sync::CancellationToken;

use super::account::{Account, Over};
use super::password::Passwords;
use super::refusal::Refusal;
use super::session::{Person, Session, session_key};
use super::visit::Visit;
use crate::engine::{Engine, Role, facts};
use crate::limits;
use crate::store::StoreError;
use crate::uses::Uses;

/// See [`limits::OPENID_REFUSALS`].
const REFUSALS: NonZeroU32 = match NonZeroU32::new(limits::OPENID_REFUSALS) {
    Some(count) => count,
    None => NonZeroU32::MIN,
};

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Without use.
    pub(crate) idle: Duration,
    /// However much they are used.
    pub(crate) session: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30 * 60), session: Duration::from_secs(12 * 3600) }
    }
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(super) engine: Engine,
    pub(super) passwords: Passwords,
    bounds: Arc<ArcSwap<Bounds>>,
    pub(super) uses: Uses,
    pub(super) visits: Uses<Visit>,
    /// How often the trail is told that a provider brought nobody.
    pub(super) refusals: Arc<DefaultDirectRateLimiter>,
}

impl Accounts {
    /// The accounts of an engine.
    pub(crate) fn new(engine: Engine, bounds: Bounds) -> Self {
        Self {
            engine,
            passwords: Passwords::default(),
            bounds: Arc::new(ArcSwap::from_pointee(bounds)),
            uses: Uses::of_sessions(),
            visits: Uses::new(facts::ACCOUNTS, facts::VISITS),
            refusals: Arc::new(RateLimiter::direct(Quota::per_minute(REFUSALS))),
        }
    }

    /// How long sessions last from now on; those that are under way, without use.
    pub(crate) fn be_bound_by(&self, bounds: Bounds) {
        self.bounds.store(Arc::new(bounds));
    }

    /// How long sessions last.
    pub(super) fn bounds(&self) -> Bounds {
        **self.bounds.load()
    }

    /// Whose accounts these are.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Keeps when sessions were last used and people last here, until told to stop.
    pub(crate) async fn keep_uses(self, stop: CancellationToken) {
        let Self { engine, uses, visits, .. } = self;
        tokio::join!(uses.keep(engine.clone(), stop.clone()), visits.keep(engine, stop));
    }

    /// An account that whoever asks administers.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn get(&self, id: &str, over: &Over) -> Result<Option<Account>, StoreError> {
        let account = self.engine.fact::<Account>(&facts::account(id)).await?;
        Ok(account.filter(|account| over.sees(account)).map(|account| over.shown(account)))
    }

    /// All accounts that whoever asks administers, by login.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn list(&self, over: &Over) -> Result<Vec<Account>, StoreError> {
        let all = self.all().await?.into_iter().filter(|account| over.sees(account));
        let mut seen: Vec<Account> = all.map(|account| over.shown(account)).collect();
        seen.sort_by(|a, b| a.login.cmp(&b.login));
        Ok(seen)
    }

    pub(super) async fn all(&self) -> Result<Vec<Account>, StoreError> {
        let all = self.engine.facts::<Account>(facts::ACCOUNTS, limits::ACCOUNTS).await?;
        Ok(all.into_iter().map(|(_, account)| account).collect())
    }

    /// Who shows this secret. The session counts as used now.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`] where it is none, or no longer good.
    pub(crate) async fn person(&self, secret: &str) -> Result<Result<Person, Refusal>, StoreError> {
        let Some(key) = session_key(secret) else { return Ok(Err(Refusal::SessionEnded)) };
        let checked = self.check(&key).await?;
        if checked.is_ok() {
            self.uses.note(&key, self.engine.now());
        }
        Ok(checked.map(|(person, _)| person))
    }

    /// The same, and the session does not count as used.
    ///
    /// # Errors
    /// As of [`Accounts::person`].
    pub(crate) async fn bystander(&self, secret: &str) -> Result<Result<Person, Refusal>, StoreError> {
        let Some(key) = session_key(secret) else { return Ok(Err(Refusal::SessionEnded)) };
        Ok(self.check(&key).await?.map(|(person, _)| person))
    }

    /// Whether the session under `key` is good, and for how long it is if nobody uses it and nothing is changed.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`] where it is not.
    pub(crate) async fn check(&self, key: &str) -> Result<Result<(Person, Duration), Refusal>, StoreError> {
        let Some(session) = self.engine.fact::<Session>(key).await? else { return Ok(Err(Refusal::SessionEnded)) };
        let Some(account) = self.engine.fact::<Account>(&facts::account(&session.account)).await? else {
            return Ok(Err(Refusal::SessionEnded));
        };
        let used = self.uses.of(&self.engine, key).await?.unwrap_or(session.create_time);
        let end = session.expire_time.min(used.saturating_add(self.bounds().idle.as_micros() as Micros));
        let left = u64::try_from(end - self.engine.now()).unwrap_or(0);
        if left == 0 || account.disabled {
            return Ok(Err(Refusal::SessionEnded));
        }
        let member = match session.member.as_deref().map(str::parse::<MemberId>) {
            None => None,
            Some(Ok(member)) => Some(member),
            Some(Err(_)) => return Ok(Err(Refusal::SessionEnded)),
        };
        let Some(role) = self.role_for(&account, member.as_ref()) else { return Ok(Err(Refusal::SessionEnded)) };
        let person = Person { account, session, key: key.to_owned(), member, role };
        Ok(Ok((person, Duration::from_micros(left))))
    }

    /// Somebody as their account is now, whatever became of their session: for what they began and what goes on without
    /// them. None where the account may no longer act for that member.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn still(&self, person: &Person) -> Result<Option<Person>, StoreError> {
        let account = self.engine.fact::<Account>(&facts::account(&person.account.id)).await?;
        let Some(account) = account.filter(|account| !account.disabled) else { return Ok(None) };
        let role = self.role_for(&account, person.member.as_ref());
        Ok(role.map(|role| Person { account, role, ..person.clone() }))
    }

    /// What an account may do for a member, or for the whole server.
    fn role_for(&self, account: &Account, member: Option<&MemberId>) -> Option<Role> {
        match member {
            None => account.node_admin.then_some(Role::Admin),
            Some(member) => account.role_at(member).filter(|_| self.lives_here(member)),
        }
    }

    /// Whether accounts here can act for a member.
    pub(super) fn lives_here(&self, member: &MemberId) -> bool {
        let directory = self.engine.directory();
        let node = &self.engine.identity().node;
        let there = |state: MemberState| !matches!(state, MemberState::Removed(_));
        directory.member(member).is_some_and(|member| member.node == *node && there(member.state))
    }

    /// Whom somebody acts for at first: their own first member here; an administrator the first one that lives here.
    pub(super) fn first_member(&self, account: &Account) -> Option<MemberId> {
        let mut own = account.roles.keys().filter_map(|member| member.parse::<MemberId>().ok());
        let first = own.find(|member| self.lives_here(member));
        if account.node_admin { first.or_else(|| self.members_of(account).into_iter().next()) } else { first }
    }

    /// Those whom an account can act for.
    pub(crate) fn members_of(&self, account: &Account) -> Vec<MemberId> {
        let directory = self.engine.directory();
        let hosted = directory.hosted(&self.engine.identity().node).map(|member| member.id.clone());
        hosted.filter(|member| account.role_at(member).is_some() && self.lives_here(member)).collect()
    }
}
