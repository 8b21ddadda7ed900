//! Accounts that people reach by an OpenID provider: which issuer and subject means which account is written down by its
//! owner or an administrator, and by nothing that the provider says. An address or a name never binds anything.

use async_trait::async_trait;
use duikou_proto::name::MemberId;
use duikou_proto::validate::reason;

use super::account::{self, Account, Identity, Over, violation};
use super::administer::owned;
use super::desk::{Accounts, Bounds};
use super::refusal::Refusal;
use super::session::{self, Person};
use super::sign_in::{KeepChallenge, Origin, SignedIn, unread};
use crate::audit::{Action, Actor, Event};
use crate::engine::{Command, Work, WriteError};
use crate::limits::OPENID_SUBJECT_CHARS;
use crate::openid::Vouched;
use crate::store::StoreError;

type Done<T> = Result<Result<T, Refusal>, WriteError>;

impl Accounts {
    /// Begins a session for whoever a provider vouches for; with `factor`, whoever has a second factor here is asked for
    /// it first.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::NotBound`] where no account that may do anything
    /// here is meant, whatever the reason.
    pub(crate) async fn sign_in_by(&self, who: Vouched, factor: bool, from: Origin) -> Done<SignedIn> {
        let all = self.all().await.map_err(unread)?;
        let meant = all.into_iter().find(|account| account.is_meant_by(&who.issuer, &who.subject));
        let able = meant.as_ref().filter(|account| !account.disabled && self.has_work(account));
        let Some(account) = able else {
            let why = if meant.is_some() { "may not sign in" } else { "is not bound" };
            self.turned_away(meant.as_ref(), format!("OpenID: {} {why}", who.subject), &from).await?;
            return Ok(Err(Refusal::NotBound(who.subject)));
        };
        if factor && account.factor.is_some() {
            let challenge = self.engine.submit(KeepChallenge { account: account.id.clone(), counted: None }).await?;
            return Ok(challenge.map(|challenge| SignedIn::CodeNeeded { challenge }));
        }
        let (account, member, bounds) = (account.id.clone(), self.first_member(account), self.bounds());
        self.engine.submit(Enter { account, who, member, from, bounds }).await
    }

    /// Tells the audit trail that a provider brought nobody, within a bound.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub(crate) async fn turned_away(
        &self,
        meant: Option<&Account>,
        why: String,
        from: &Origin,
    ) -> Result<(), WriteError> {
        if self.refusals.check().is_err() {
            tracing::warn!(
                %why,
                "a sign-in by the provider was refused; the audit trail has been told of enough others"
            );
            return Ok(());
        }
        let resource = meant.map_or_else(|| "accounts/-".to_owned(), Account::name);
        let member = meant.and_then(Account::only_member);
        self.engine.submit(TurnedAway { resource, member, why, by: Actor::default().from(from.address) }).await
    }

    /// Has a provider mean somebody's own account from now on, while the session lasts in which they asked for it.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::IdentityTaken`], [`Refusal::IdentityExists`] or
    /// [`Refusal::SessionEnded`].
    pub(crate) async fn bind_own(&self, person: &Person, who: Vouched, from: &Origin) -> Done<()> {
        let by = Actor::account(&person.account.id).from(from.address);
        let whose = Whose::Own(Box::new(person.clone()));
        Ok(self.engine.submit(Bind { whose, who, by }).await?.map(drop))
    }

    /// The same for an account that somebody administers.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn bind(&self, id: &str, who: Vouched, over: Over, by: Actor) -> Done<Account> {
        let Vouched { subject, .. } = &who;
        let fits = !subject.is_empty() && subject.chars().count() <= OPENID_SUBJECT_CHARS;
        if !fits || subject.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Ok(Err(Refusal::Violations(vec![violation(
                "subject",
                reason::BAD_FORMAT,
                format!("应为身份提供方给出的用户标识（sub），1至{OPENID_SUBJECT_CHARS}个字符，不含空格。"),
                format!(
                    "This is the provider's id of the person (sub), 1 to {OPENID_SUBJECT_CHARS} characters without spaces."
                ),
            )])));
        }
        self.engine.submit(Bind { whose: Whose::Other(id.to_owned(), over), who, by }).await
    }

    /// Ends that a provider means somebody's own account, whose password they give.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::BadCredentials`] or [`Refusal::NoIdentity`].
    pub(crate) async fn unbind_own(&self, person: &Person, issuer: &str, password: &str, from: &Origin) -> Done<()> {
        if let Err(refusal) = self.prove(person, password, from).await? {
            return Ok(Err(refusal));
        }
        let by = Actor::account(&person.account.id).from(from.address);
        let (whose, issuer) = (Whose::Own(Box::new(person.clone())), issuer.to_owned());
        Ok(self.engine.submit(Unbind { whose, issuer, by }).await?.map(drop))
    }

    /// The same for an account that somebody administers.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn unbind(&self, id: &str, issuer: &str, over: Over, by: Actor) -> Done<Account> {
        self.engine.submit(Unbind { whose: Whose::Other(id.to_owned(), over), issuer: issuer.to_owned(), by }).await
    }
}

/// Whose account is changed.
enum Whose {
    /// One's own, while the session lasts.
    Own(Box<Person>),
    /// By its id, where it is theirs to administer as a whole.
    Other(String, Over),
}

impl Whose {
    async fn account(&self, work: &mut Work<'_>) -> Result<Result<Account, Refusal>, StoreError> {
        let person = match self {
            Self::Other(id, over) => return owned(work, id, over).await,
            Self::Own(person) => person,
        };
        if work.fact::<serde_json::Value>(&person.key).await?.is_none() {
            return Ok(Err(Refusal::SessionEnded));
        }
        let held = account::account(work, &person.account.id).await?;
        Ok(held.filter(|account| !account.disabled).ok_or(Refusal::SessionEnded))
    }
}

struct Bind {
    whose: Whose,
    who: Vouched,
    by: Actor,
}

#[async_trait]
impl Command for Bind {
    type Output = Result<Account, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Vouched { issuer, subject } = self.who;
        let mut account = match self.whose.account(work).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if account.is_meant_by(&issuer, &subject) {
            return Ok(Ok(account));
        }
        if account.identities.iter().any(|identity| identity.issuer == issuer) {
            return Ok(Err(Refusal::IdentityExists));
        }
        if account::accounts(work).await?.iter().any(|other| other.is_meant_by(&issuer, &subject)) {
            return Ok(Err(Refusal::IdentityTaken));
        }
        let told = format!("{}: {subject} ({issuer})", account.login);
        account.identities.push(Identity { issuer, subject, bind_time: work.now });
        account::put_account(work, &account);
        let event = Event::new(Action::IdentityBind, account.name()).of_any(account.only_member().as_ref());
        work.audit(&self.by, event.saying(told)).await?;
        Ok(Ok(account))
    }
}

struct Unbind {
    whose: Whose,
    /// Empty: the only one that there is.
    issuer: String,
    by: Actor,
}

#[async_trait]
impl Command for Unbind {
    type Output = Result<Account, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let mut account = match self.whose.account(work).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let meant = |identity: &Identity| identity.issuer == self.issuer;
        let at = match account.identities.len() {
            1 if self.issuer.is_empty() => Some(0),
            _ => account.identities.iter().position(meant),
        };
        let Some(at) = at else { return Ok(Err(Refusal::NoIdentity)) };
        let Identity { issuer, subject, .. } = account.identities.remove(at);
        account::put_account(work, &account);
        let event = Event::new(Action::IdentityUnbind, account.name()).of_any(account.only_member().as_ref());
        work.audit(&self.by, event.saying(format!("{}: {subject} ({issuer})", account.login))).await?;
        Ok(Ok(account))
    }
}

/// Begins a session, where the provider still means this account.
struct Enter {
    account: String,
    who: Vouched,
    member: Option<MemberId>,
    from: Origin,
    bounds: Bounds,
}

#[async_trait]
impl Command for Enter {
    type Output = Result<SignedIn, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Vouched { issuer, subject } = self.who;
        let held = account::account(work, &self.account).await?;
        let still = |account: &Account| !account.disabled && account.is_meant_by(&issuer, &subject);
        let Some(account) = held.filter(still) else { return Ok(Err(Refusal::NotBound(subject))) };
        let begun = session::begin(work, &account, self.member.as_ref(), self.bounds, &self.from).await?;
        let (secret, session) = begun;
        let event = Event::new(Action::SignIn, account.name()).of_any(self.member.as_ref());
        let event = event.saying(format!("OpenID: {subject} ({issuer})"));
        work.audit(&Actor::account(&account.id).from(self.from.address), event).await?;
        Ok(Ok(SignedIn::Done { secret, session, account: Box::new(account) }))
    }
}

struct TurnedAway {
    resource: String,
    member: Option<MemberId>,
    why: String,
    by: Actor,
}

#[async_trait]
impl Command for TurnedAway {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let event = Event::new(Action::SignInFailed, self.resource).of_any(self.member.as_ref());
        work.audit(&self.by, event.saying(self.why)).await
    }
}
