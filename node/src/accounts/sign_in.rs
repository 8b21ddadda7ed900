//! Signing in and out. A login that nobody has costs what a wrong password costs, and is answered alike.
//!
//! An attempt is counted as failed first, by login and by address, in a transaction of its own: many at once are no way
//! around the wait, nor is a restart. Then Argon2id looks at the password beside the tasks, two at a time; where it does not
//! come to that, or the password was right and a code is to come, the attempt is taken back. Where there is
//! a second factor, what stands for the right password waits five minutes for its code. The session begins in one
//! transaction that looks at the account again, takes the code (a step is good once), forgives the attempt and tells the
//! trail. From then on each request is made by the account as it is then: a role that is taken away is gone at once, and
//! what is under way ends.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::account::{self, Account, login_form};
use super::desk::{Accounts, Bounds};
use super::refusal::Refusal;
use super::session::{self, Person, Session};
use super::throttle::{Attempt, Counted};
use crate::audit::{Action, Actor, Event};
use crate::engine::{Command, Work, WriteError, facts};
use crate::limits;
use crate::store::StoreError;
use crate::world::random_text;

/// How long a second factor is waited for after the password.
const CHALLENGE_GOOD: Micros = 5 * 60 * 1_000_000;
/// Begins the secret that stands for a password that was right.
const CHALLENGE_PREFIX: &str = "dc_";
/// Bytes of whatever is shown as one.
const CHALLENGE_BYTES: usize = 128;

/// Where somebody calls from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(crate) address: Option<IpAddr>,
    /// What the browser says of itself.
    pub(crate) agent: String,
}

/// What somebody proves who they are with.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// A login and its password; the code of a second factor where it is at hand already, else empty.
    Password {
        /// As it was typed.
        login: String,
        /// As it was typed.
        password: Zeroizing<String>,
        /// As it was typed.
        code: String,
    },
    /// What the first step answered, and the code of a second factor, or a recovery code.
    Code {
        /// From [`SignedIn::CodeNeeded`].
        challenge: String,
        /// As it was typed.
        code: String,
    },
}

/// How far somebody has come.
#[derive(Debug, Clone)]
pub(crate) enum SignedIn {
    /// All the way.
    Done {
        /// What the browser shows from now on. Nobody else ever sees it.
        secret: Zeroizing<String>,
        /// The session.
        session: Session,
        /// Whose it is.
        account: Box<Account>,
    },
    /// The password was right; a code is needed as well, within five minutes.
    CodeNeeded {
        /// Stands for the password.
        challenge: String,
    },
}

/// A password that was right, under the hash of the secret that stands for it.
#[derive(Debug, Serialize, Deserialize)]
struct Challenge {
    account: String,
    expire_time: Micros,
}

fn challenge_key(secret: &str) -> Option<String> {
    let shown = secret.starts_with(CHALLENGE_PREFIX) && secret.len() <= CHALLENGE_BYTES;
    shown.then(|| format!("{}{}", facts::CHALLENGES, blake3::hash(secret.as_bytes()).to_hex()))
}

impl Accounts {
    /// Begins a session for whoever proves who they are.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::BadCredentials`], [`Refusal::Throttled`] or
    /// [`Refusal::Busy`].
    pub(crate) async fn sign_in(
        &self,
        credentials: Credentials,
        from: Origin,
    ) -> Result<Result<SignedIn, Refusal>, WriteError> {
        match credentials {
            Credentials::Password { login, password, code } => self.by_password(&login, &password, code, from).await,
            Credentials::Code { challenge, code } => self.by_code(&challenge, code, from).await,
        }
    }

    async fn by_password(
        &self,
        login: &str,
        password: &str,
        code: String,
        from: Origin,
    ) -> Result<Result<SignedIn, Refusal>, WriteError> {
        let login = login_form(login);
        let attempt = Attempt { login: login.clone(), address: from.address };
        let counted = match self.engine.submit(Try(attempt.clone())).await? {
            Ok(counted) => counted,
            Err(wait) => return Ok(Err(Refusal::Throttled(wait))),
        };
        let account = self.all().await.map_err(unread)?.into_iter().find(|account| account.login == login);
        let kept = account.as_ref().and_then(|account| account.password.as_deref());
        let fits = match self.passwords.fits(password, kept).await {
            Ok(fits) => fits,
            Err(refusal) => {
                self.engine.submit(TakeBack(counted)).await?;
                return Ok(Err(refusal));
            }
        };
        let able = account.filter(|account| fits && !account.disabled && self.has_work(account));
        let Some(account) = able else {
            self.engine.submit(Failed { attempt }).await?;
            return Ok(Err(Refusal::BadCredentials));
        };
        if account.factor.is_some() && code.is_empty() {
            let keep = KeepChallenge { account: account.id, counted: Some(counted) };
            let challenge = self.engine.submit(keep).await?;
            return Ok(challenge.map(|challenge| SignedIn::CodeNeeded { challenge }));
        }
        self.begin(account, None, code, attempt, from).await
    }

    async fn by_code(
        &self,
        challenge: &str,
        code: String,
        from: Origin,
    ) -> Result<Result<SignedIn, Refusal>, WriteError> {
        let Some(key) = challenge_key(challenge) else { return Ok(Err(Refusal::BadCredentials)) };
        let now = self.engine.now();
        let held = self.engine.fact::<Challenge>(&key).await.map_err(unread)?;
        let Some(held) = held.filter(|held| held.expire_time > now) else { return Ok(Err(Refusal::BadCredentials)) };
        let account = self.engine.fact::<Account>(&facts::account(&held.account)).await.map_err(unread)?;
        let Some(account) = account else { return Ok(Err(Refusal::BadCredentials)) };
        let attempt = Attempt { login: account.login.clone(), address: from.address };
        if let Err(wait) = self.engine.submit(Try(attempt.clone())).await? {
            return Ok(Err(Refusal::Throttled(wait)));
        }
        self.begin(account, Some(key), code, attempt, from).await
    }

    async fn begin(
        &self,
        account: Account,
        challenge: Option<String>,
        code: String,
        attempt: Attempt,
        from: Origin,
    ) -> Result<Result<SignedIn, Refusal>, WriteError> {
        let member = self.first_member(&account);
        let bounds = self.bounds();
        self.engine.submit(Begin { proven: account, challenge, code, member, attempt, from, bounds }).await
    }

    /// Whether an account may do anything here.
    pub(super) fn has_work(&self, account: &Account) -> bool {
        account.node_admin || self.first_member(account).is_some()
    }

    /// Ends the session of somebody who asks for it.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub(crate) async fn sign_out(&self, person: &Person, by: Actor) -> Result<(), WriteError> {
        self.engine.submit(SignOut { person: person.clone(), by }).await
    }

    /// Lets somebody act for another of their members; None: for the whole server, as its administrator. The session goes
    /// on under another secret.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::NotPermitted`] where they may not.
    pub(crate) async fn switch(
        &self,
        person: &Person,
        member: Option<MemberId>,
        by: Actor,
    ) -> Result<Result<Zeroizing<String>, Refusal>, WriteError> {
        let may = match &member {
            None => person.account.node_admin,
            Some(member) => person.account.role_at(member).is_some() && self.lives_here(member),
        };
        if !may {
            return Ok(Err(Refusal::NotPermitted));
        }
        self.engine.submit(Switch { key: person.key.clone(), member, by }).await
    }
}

pub(super) fn unread(error: StoreError) -> WriteError {
    WriteError::Store(std::sync::Arc::new(error))
}

/// Counts an attempt before it is looked at.
pub(super) struct Try(pub(super) Attempt);

#[async_trait]
impl Command for Try {
    type Output = Result<Counted, Duration>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        self.0.begin(work).await
    }
}

/// Takes back that an attempt has failed at which nobody has looked.
pub(super) struct TakeBack(pub(super) Counted);

#[async_trait]
impl Command for TakeBack {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.0.take_back(work).await
    }
}

/// Tells the audit trail of an attempt that failed.
struct Failed {
    attempt: Attempt,
}

#[async_trait]
impl Command for Failed {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        failed(work, &self.attempt).await
    }
}

async fn failed(work: &mut Work<'_>, attempt: &Attempt) -> Result<(), StoreError> {
    let account = account::accounts(work).await?.into_iter().find(|account| account.login == attempt.login);
    // What was typed as a login may be somebody's password: it is not written down unless it is one.
    let (resource, member) = match &account {
        Some(account) => (account.name(), account.only_member()),
        None => ("accounts/-".to_owned(), None),
    };
    let event = Event::new(Action::SignInFailed, resource).of_any(member.as_ref());
    work.audit(&Actor::default().from(attempt.address), event).await
}

/// Keeps that a password was right, which is no failure; the code is an attempt of its own.
pub(super) struct KeepChallenge {
    pub(super) account: String,
    /// The attempt that it was, where it was one.
    pub(super) counted: Option<Counted>,
}

#[async_trait]
impl Command for KeepChallenge {
    type Output = Result<String, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        if let Some(counted) = self.counted {
            counted.take_back(work).await?;
        }
        let now = work.now;
        let held = work.facts::<Challenge>(facts::CHALLENGES, limits::ACCOUNTS).await?;
        let mut open = 0;
        for (key, challenge) in held {
            if challenge.expire_time <= now {
                work.remove_fact(key);
            } else {
                open += 1;
            }
        }
        if open >= limits::ACCOUNTS {
            return Ok(Err(Refusal::Busy));
        }
        let secret = format!("{CHALLENGE_PREFIX}{}", *random_text());
        if let Some(key) = challenge_key(&secret) {
            work.put_fact(key, &Challenge { account: self.account, expire_time: now + CHALLENGE_GOOD });
        }
        Ok(Ok(secret))
    }
}

/// Begins a session, where the code is good and nothing has changed since the password was looked at.
struct Begin {
    proven: Account,
    challenge: Option<String>,
    code: String,
    member: Option<MemberId>,
    attempt: Attempt,
    from: Origin,
    bounds: Bounds,
}

#[async_trait]
impl Command for Begin {
    type Output = Result<SignedIn, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        if let Some(key) = &self.challenge
            && work.fact::<Challenge>(key).await?.is_none()
        {
            return Ok(Err(Refusal::BadCredentials));
        }
        let held = account::account(work, &self.proven.id).await?;
        let same = |held: &Account| !held.disabled && held.password == self.proven.password;
        let Some(mut account) = held.filter(same) else { return Ok(Err(Refusal::BadCredentials)) };
        let now = work.now;
        if let Some(factor) = &mut account.factor {
            if !factor.take(&self.code, now) {
                failed(work, &self.attempt).await?;
                return Ok(Err(Refusal::BadCredentials));
            }
            account::put_account(work, &account);
        }
        if let Some(key) = self.challenge {
            work.remove_fact(key);
        }
        self.attempt.forgive(work).await?;
        let begun = session::begin(work, &account, self.member.as_ref(), self.bounds, &self.from).await?;
        let (secret, session) = begun;
        let event = Event::new(Action::SignIn, account.name()).of_any(self.member.as_ref());
        work.audit(&Actor::account(&account.id).from(self.from.address), event).await?;
        Ok(Ok(SignedIn::Done { secret, session, account: Box::new(account) }))
    }
}

struct SignOut {
    person: Person,
    by: Actor,
}

#[async_trait]
impl Command for SignOut {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        if work.fact::<Session>(&self.person.key).await?.is_none() {
            return Ok(());
        }
        session::end(work, &self.person.key);
        let event = Event::new(Action::SignOut, self.person.account.name()).of_any(self.person.member.as_ref());
        work.audit(&self.by, event).await
    }
}

struct Switch {
    key: String,
    member: Option<MemberId>,
    by: Actor,
}

#[async_trait]
impl Command for Switch {
    type Output = Result<Zeroizing<String>, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Some(held) = work.fact::<Session>(&self.key).await? else { return Ok(Err(Refusal::SessionEnded)) };
        let session = Session { member: self.member.as_ref().map(MemberId::to_string), ..held };
        let secret = session::rotate(work, &self.key, &session);
        let event = Event::new(Action::SessionSwitch, format!("accounts/{}", session.account));
        work.audit(&self.by, event.of_any(self.member.as_ref())).await?;
        Ok(Ok(secret))
    }
}
