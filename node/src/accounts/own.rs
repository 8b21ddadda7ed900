//! What people do with their own account: take a link, change the password, set up a second factor.

use async_trait::async_trait;

use super::account::{self, Account, check_language, check_name};
use super::desk::Accounts;
use super::factor::Factor;
use super::link::{LinkFact, forget, link_key};
use super::password;
use super::refusal::Refusal;
use super::session::{self, Person};
use super::sign_in::{Origin, TakeBack, Try};
use super::throttle::Attempt;
use crate::audit::{Action, Actor, Event};
use crate::engine::{Command, Work, WriteError, facts};
use crate::store::StoreError;

type Done<T> = Result<Result<T, Refusal>, WriteError>;

impl Accounts {
    /// The account that a link is for.
    ///
    /// # Errors
    /// Where the store cannot be read; inside, [`Refusal::LinkBad`].
    pub(crate) async fn link(&self, secret: &str) -> Result<Result<Account, Refusal>, StoreError> {
        let Some(key) = link_key(secret) else { return Ok(Err(Refusal::LinkBad)) };
        let now = self.engine.now();
        let Some(link) = self.engine.fact::<LinkFact>(&key).await?.filter(|link| link.expire_time > now) else {
            return Ok(Err(Refusal::LinkBad));
        };
        let account = self.engine.fact::<Account>(&facts::account(&link.account)).await?;
        Ok(account.filter(|account| !account.disabled).ok_or(Refusal::LinkBad))
    }

    /// Sets the password of the account that a link is for. The link is good for nothing afterwards.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn accept(&self, secret: &str, password: &str, from: &Origin) -> Done<Account> {
        let account = match self.link(secret).await.map_err(unread)? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(key) = link_key(secret) else { return Ok(Err(Refusal::LinkBad)) };
        let hash = match self.checked(password, &account.login).await {
            Ok(hash) => hash,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let by = Actor::account(&account.id).from(from.address);
        self.engine.submit(Accept { key, account: account.id, hash, by }).await
    }

    /// What is kept of a good password.
    async fn checked(&self, password: &str, login: &str) -> Result<String, Refusal> {
        let mut found = Vec::new();
        password::check("password", password, login, &mut found);
        if !found.is_empty() {
            return Err(Refusal::Violations(found));
        }
        self.passwords.hash(password).await
    }

    /// Changes somebody's password. Their other sessions end.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::BadCredentials`] where the old one is wrong, or
    /// what is wrong with the new one.
    pub(crate) async fn change_password(&self, person: &Person, old: &str, new: &str, from: &Origin) -> Done<()> {
        if let Err(refusal) = self.prove(person, old, from).await? {
            return Ok(Err(refusal));
        }
        let hash = match self.checked(new, &person.account.login).await {
            Ok(hash) => hash,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let act = Act::Password(hash);
        Ok(self.engine.submit(Own { person: person.clone(), act, from: from.clone() }).await?.map(drop))
    }

    /// Changes somebody's own name or language.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn change_own(
        &self,
        person: &Person,
        name: Option<String>,
        language: Option<String>,
        from: &Origin,
    ) -> Done<Account> {
        let mut found = Vec::new();
        name.iter().for_each(|name| check_name(name, &mut found));
        language.iter().for_each(|language| check_language(language, &mut found));
        if !found.is_empty() {
            return Ok(Err(Refusal::Violations(found)));
        }
        let act = Act::Profile { name, language };
        let done = self.engine.submit(Own { person: person.clone(), act, from: from.clone() }).await?;
        Ok(done.map(|(account, _)| account))
    }

    /// Begins to set up a second factor: the secret as people type it, and the address that telephones read. It counts
    /// from the first code on. `issuer` is what the telephone calls this server.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn enrol_factor(
        &self,
        person: &Person,
        password: &str,
        issuer: &str,
        from: &Origin,
    ) -> Done<(String, String)> {
        if let Err(refusal) = self.prove(person, password, from).await? {
            return Ok(Err(refusal));
        }
        let factor = Factor::new();
        let shown = (factor.typed(), factor.uri(issuer, &person.account.login));
        let act = Act::Enrol(factor);
        let done = self.engine.submit(Own { person: person.clone(), act, from: from.clone() }).await?;
        Ok(done.map(|_| shown))
    }

    /// The first code of a second factor: from now on it is needed. The recovery codes, which are shown once.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn confirm_factor(&self, person: &Person, code: &str, from: &Origin) -> Done<Vec<String>> {
        let act = Act::Confirm(code.to_owned());
        let done = self.engine.submit(Own { person: person.clone(), act, from: from.clone() }).await?;
        Ok(done.map(|(_, codes)| codes))
    }

    /// Removes somebody's second factor.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn remove_factor(&self, person: &Person, password: &str, from: &Origin) -> Done<()> {
        if let Err(refusal) = self.prove(person, password, from).await? {
            return Ok(Err(refusal));
        }
        let own = Own { person: person.clone(), act: Act::Remove, from: from.clone() };
        Ok(self.engine.submit(own).await?.map(drop))
    }

    /// Whether somebody who is signed in knows their password: what they want is more than a session left open allows.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::BadCredentials`] where they do not, or
    /// [`Refusal::Throttled`].
    pub(crate) async fn prove(&self, person: &Person, password: &str, from: &Origin) -> Done<()> {
        let attempt = Attempt { login: person.account.login.clone(), address: from.address };
        let counted = match self.engine.submit(Try(attempt.clone())).await? {
            Ok(counted) => counted,
            Err(wait) => return Ok(Err(Refusal::Throttled(wait))),
        };
        match self.passwords.fits(password, person.account.password.as_deref()).await {
            Ok(true) => {}
            Ok(false) => return Ok(Err(Refusal::BadCredentials)),
            Err(refusal) => {
                self.engine.submit(TakeBack(counted)).await?;
                return Ok(Err(refusal));
            }
        }
        self.engine.submit(Forgive(attempt)).await?;
        Ok(Ok(()))
    }
}

fn unread(error: StoreError) -> WriteError {
    WriteError::Store(std::sync::Arc::new(error))
}

/// Forgives an attempt that has succeeded.
struct Forgive(Attempt);

#[async_trait]
impl Command for Forgive {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.0.forgive(work).await
    }
}

struct Accept {
    key: String,
    account: String,
    hash: String,
    by: Actor,
}

#[async_trait]
impl Command for Accept {
    type Output = Result<Account, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let now = work.now;
        let link = work.fact::<LinkFact>(&self.key).await?;
        if link.is_none_or(|link| link.expire_time <= now || link.account != self.account) {
            return Ok(Err(Refusal::LinkBad));
        }
        let Some(held) = account::account(work, &self.account).await?.filter(|account| !account.disabled) else {
            return Ok(Err(Refusal::LinkBad));
        };
        forget(work, &self.account).await?;
        session::end_all(work, &self.account, None).await?;
        let account = Account { password: Some(self.hash), password_time: Some(now), ..held };
        account::put_account(work, &account);
        let event = Event::new(Action::AccountAccept, account.name()).of_any(account.only_member().as_ref());
        work.audit(&self.by, event.saying(&account.login)).await?;
        Ok(Ok(account))
    }
}

enum Act {
    Password(String),
    Profile { name: Option<String>, language: Option<String> },
    Enrol(Factor),
    Confirm(String),
    Remove,
}

/// Changes somebody's own account, while their session lasts.
struct Own {
    person: Person,
    act: Act,
    from: Origin,
}

#[async_trait]
impl Command for Own {
    type Output = Result<(Account, Vec<String>), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { person, act, from } = self;
        if work.fact::<serde_json::Value>(&person.key).await?.is_none() {
            return Ok(Err(Refusal::SessionEnded));
        }
        let Some(mut account) = account::account(work, &person.account.id).await?.filter(|account| !account.disabled)
        else {
            return Ok(Err(Refusal::SessionEnded));
        };
        let now = work.now;
        let mut codes = Vec::new();
        let action = match act {
            Act::Password(hash) => {
                account.password = Some(hash);
                account.password_time = Some(now);
                session::end_all(work, &account.id, Some(&person.key)).await?;
                Some(Action::PasswordChange)
            }
            Act::Profile { name, language } => {
                account.display_name = name.unwrap_or(account.display_name);
                account.language = language.unwrap_or(account.language);
                Some(Action::AccountUpdate)
            }
            Act::Enrol(_) if account.factor.is_some() => return Ok(Err(Refusal::FactorExists)),
            Act::Enrol(factor) => {
                account.factor_pending = Some(factor);
                None
            }
            Act::Confirm(code) => {
                let Some(mut factor) = account.factor_pending.take() else { return Ok(Err(Refusal::NoFactor)) };
                if !factor.take(&code, now) {
                    return Ok(Err(Refusal::BadCredentials));
                }
                codes = factor.renew_recovery();
                account.factor = Some(factor);
                Some(Action::FactorAdd)
            }
            Act::Remove if account.factor.is_none() => return Ok(Err(Refusal::NoFactor)),
            Act::Remove => {
                account.factor = None;
                account.factor_pending = None;
                Some(Action::FactorRemove)
            }
        };
        account::put_account(work, &account);
        if let Some(action) = action {
            let event = Event::new(action, account.name()).of_any(account.only_member().as_ref());
            work.audit(&Actor::account(&account.id).from(from.address), event.saying(&account.login)).await?;
        }
        Ok(Ok((account, codes)))
    }
}
