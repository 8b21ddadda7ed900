//! What administrators do: make, change, disable, reset and delete accounts, and end sessions. An administrator of one
//! member has to do with the accounts and roles of that member, and with nothing else.

use std::collections::BTreeMap;

use async_trait::async_trait;
use duikou_proto::name::MemberId;
use duikou_proto::validate::{Violation, reason};
use uuid::Uuid;

use super::account::{self, Account, Over, check_language, check_login, check_name, login_form, violation};
use super::desk::Accounts;
use super::link::{self, Link};
use super::refusal::Refusal;
use super::session::{self, Session};
use crate::audit::{Action, Actor, Event};
use crate::engine::{Command, Role, Work, WriteError, facts};
use crate::limits;
use crate::store::StoreError;

/// An account that is to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewAccount {
    pub(crate) login: String,
    pub(crate) display_name: String,
    pub(crate) language: String,
    pub(crate) roles: BTreeMap<MemberId, Role>,
    pub(crate) node_admin: bool,
}

/// What is to become of an account; None: it stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) display_name: Option<String>,
    pub(crate) language: Option<String>,
    /// All of them, as far as whoever asks sees them.
    pub(crate) roles: Option<BTreeMap<MemberId, Role>>,
    pub(crate) node_admin: Option<bool>,
}

type Done<T> = Result<Result<T, Refusal>, WriteError>;

impl Accounts {
    /// Makes an account, and the link by which its owner sets a password.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn create(&self, new: NewAccount, over: Over, by: Actor) -> Done<(Account, Link)> {
        let new = NewAccount { login: login_form(&new.login), ..new };
        let mut found = Vec::new();
        check_login(&new.login, &mut found);
        check_name(&new.display_name, &mut found);
        check_language(&new.language, &mut found);
        self.check_members(&new.roles, &mut found);
        if new.roles.is_empty() && !new.node_admin {
            found.push(violation(
                "account.roles",
                reason::REQUIRED,
                "尚未授予任何角色，请至少选择一个成员和角色。",
                "The account may do nothing: give it a role for a member.",
            ));
        }
        if !found.is_empty() {
            return Ok(Err(Refusal::Violations(found)));
        }
        if !may_grant(&over, new.roles.keys(), new.node_admin) {
            return Ok(Err(Refusal::NotPermitted));
        }
        self.engine.submit(Create { new, by }).await
    }

    fn check_members(&self, roles: &BTreeMap<MemberId, Role>, found: &mut Vec<Violation>) {
        if roles.keys().any(|member| !self.lives_here(member)) {
            found.push(violation(
                "account.roles",
                reason::UNKNOWN_CODE,
                "本节点未托管该成员，请填写本节点的成员。",
                "This server hosts no such member: name one that it hosts.",
            ));
        }
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn update(&self, id: &str, changes: Changes, over: Over, by: Actor) -> Done<Account> {
        let mut found = Vec::new();
        if let Some(name) = &changes.display_name {
            check_name(name, &mut found);
        }
        if let Some(language) = &changes.language {
            check_language(language, &mut found);
        }
        if let Some(roles) = &changes.roles {
            self.check_members(roles, &mut found);
        }
        if !found.is_empty() {
            return Ok(Err(Refusal::Violations(found)));
        }
        let granted = changes.roles.iter().flat_map(BTreeMap::keys);
        if !may_grant(&over, granted, changes.node_admin.unwrap_or(false)) {
            return Ok(Err(Refusal::NotPermitted));
        }
        self.engine.submit(Update { id: id.to_owned(), changes, over, by }).await
    }

    /// Disables an account, whose sessions end at once, or enables it.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn set_disabled(&self, id: &str, disabled: bool, over: Over, by: Actor) -> Done<Account> {
        self.engine.submit(Disable { id: id.to_owned(), disabled, over, by }).await
    }

    /// Takes an account away, with its sessions.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn delete(&self, id: &str, over: Over, by: Actor) -> Done<()> {
        self.engine.submit(Delete { id: id.to_owned(), over, by }).await
    }

    /// Takes an account's password away, and its second factor where that is lost too; ends its sessions; and makes the
    /// link by which its owner sets a new one.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, what was wrong.
    pub(crate) async fn reset(&self, id: &str, factor: bool, over: Over, by: Actor) -> Done<Link> {
        self.engine.submit(Reset { id: id.to_owned(), factor, over, by }).await
    }

    /// Makes the first administrator of this server, or another one where `anyway`: whoever is at the machine may.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::AdministratorExists`] where there is one that
    /// can sign in, or what was wrong.
    pub(crate) async fn first_administrator(
        &self,
        login: &str,
        display_name: &str,
        anyway: bool,
        by: Actor,
    ) -> Done<(Account, Link)> {
        let login = login_form(login);
        let mut found = Vec::new();
        check_login(&login, &mut found);
        check_name(display_name, &mut found);
        if !found.is_empty() {
            return Ok(Err(Refusal::Violations(found)));
        }
        self.engine.submit(First { login, display_name: display_name.to_owned(), anyway, by }).await
    }

    /// The sessions of an account that are not over, newest first, with the time of their last use.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn sessions(&self, account: &str) -> Result<Vec<(String, Session, i64)>, StoreError> {
        let all = self.engine.facts::<Session>(facts::SESSIONS, limits::SESSIONS).await?;
        let mut found = Vec::new();
        for (key, session) in all.into_iter().filter(|(_, session)| session.account == account) {
            if self.check(&key).await?.is_ok() {
                let used = self.uses.of(&self.engine, &key).await?.unwrap_or(session.create_time);
                found.push((key, session, used));
            }
        }
        found.sort_by_key(|(_, session, _)| std::cmp::Reverse(session.create_time));
        Ok(found)
    }

    /// Ends one session of an account by its id, or all but the one under `spared`; how many.
    ///
    /// # Errors
    /// [`WriteError`] where nothing could be written; inside, [`Refusal::NoSuch`].
    pub(crate) async fn revoke_sessions(
        &self,
        account: &str,
        id: Option<&str>,
        spared: Option<&str>,
        by: Actor,
    ) -> Done<usize> {
        let (id, spared) = (id.map(str::to_owned), spared.map(str::to_owned));
        self.engine.submit(Revoke { account: account.to_owned(), id, spared, by }).await
    }
}

/// Whether somebody may give these away.
fn may_grant<'a>(over: &Over, mut members: impl Iterator<Item = &'a MemberId>, node_admin: bool) -> bool {
    match over {
        Over::All => true,
        Over::Member(own) => !node_admin && members.all(|member| member == own),
    }
}

/// Whether nobody but this account administers the server.
fn is_last(accounts: &[Account], account: &Account) -> bool {
    let able =
        |other: &Account| other.id != account.id && other.node_admin && !other.disabled && other.password.is_some();
    account.node_admin && !accounts.iter().any(able)
}

fn roles_text(roles: &BTreeMap<String, Role>, node_admin: bool) -> String {
    let one = |(member, role): (&String, &Role)| format!("{member} {}", role.shown().as_str_name());
    let texts = roles.iter().map(one).chain(node_admin.then(|| "administrator of the server".to_owned()));
    texts.collect::<Vec<_>>().join(", ")
}

struct Create {
    new: NewAccount,
    by: Actor,
}

#[async_trait]
impl Command for Create {
    type Output = Result<(Account, Link), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        create(work, self.new, &self.by).await
    }
}

async fn create(
    work: &mut Work<'_>,
    new: NewAccount,
    by: &Actor,
) -> Result<Result<(Account, Link), Refusal>, StoreError> {
    let held = account::accounts(work).await?;
    if held.iter().any(|account| account.login == new.login) {
        return Ok(Err(Refusal::LoginTaken));
    }
    if held.len() >= limits::ACCOUNTS {
        return Ok(Err(Refusal::Full));
    }
    let account = Account {
        id: Uuid::now_v7().to_string(),
        login: new.login,
        display_name: new.display_name,
        roles: new.roles.into_iter().map(|(member, role)| (member.to_string(), role)).collect(),
        node_admin: new.node_admin,
        language: new.language,
        create_time: work.now,
        disabled: false,
        password: None,
        password_time: None,
        factor: None,
        factor_pending: None,
        identities: Vec::new(),
    };
    account::put_account(work, &account);
    let link = link::make(work, &account.id).await?;
    let told = format!("{}: {}", account.login, roles_text(&account.roles, account.node_admin));
    let event = Event::new(Action::AccountCreate, account.name()).of_any(account.only_member().as_ref());
    work.audit(by, event.saying(told)).await?;
    Ok(Ok((account, link)))
}

struct Update {
    id: String,
    changes: Changes,
    over: Over,
    by: Actor,
}

#[async_trait]
impl Command for Update {
    type Output = Result<Account, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { id, changes, over, by } = self;
        let Changes { display_name, language, roles, node_admin } = changes;
        // Whoever gives an account of others its first role for their own member names it by its id.
        let grants = roles.as_ref().is_some_and(|roles| !roles.is_empty());
        let held = account::account(work, &id).await?.filter(|account| grants || over.sees(account));
        let Some(held) = held else { return Ok(Err(Refusal::NoSuch)) };
        if (display_name.is_some() || language.is_some()) && !over.owns(&held) {
            return Ok(Err(Refusal::NotPermitted));
        }
        let mut account = held.clone();
        if let Some(name) = display_name {
            account.display_name = name;
        }
        if let Some(language) = language {
            account.language = language;
        }
        if let Some(roles) = roles {
            match &over {
                Over::All => account.roles.clear(),
                Over::Member(own) => drop(account.roles.remove(own.as_str())),
            }
            account.roles.extend(roles.into_iter().map(|(member, role)| (member.to_string(), role)));
        }
        account.node_admin = node_admin.unwrap_or(account.node_admin);
        if held.node_admin && !account.node_admin && is_last(&account::accounts(work).await?, &held) {
            return Ok(Err(Refusal::LastAdministrator));
        }
        if account == held {
            return Ok(Ok(over.shown(account)));
        }
        account::put_account(work, &account);
        let member = match &over {
            Over::All => account.only_member().or(held.only_member()),
            Over::Member(own) => Some(own.clone()),
        };
        let (before, after) = (over.shown(held), over.shown(account));
        let told = format!(
            "{} ({}): {} → {}",
            after.login,
            after.display_name,
            roles_text(&before.roles, before.node_admin),
            roles_text(&after.roles, after.node_admin)
        );
        let event = Event::new(Action::AccountUpdate, after.name()).of_any(member.as_ref());
        work.audit(&by, event.saying(told)).await?;
        Ok(Ok(after))
    }
}

struct Disable {
    id: String,
    disabled: bool,
    over: Over,
    by: Actor,
}

#[async_trait]
impl Command for Disable {
    type Output = Result<Account, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let held = match owned(work, &self.id, &self.over).await? {
            Ok(held) => held,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if held.disabled == self.disabled {
            return Ok(Ok(self.over.shown(held)));
        }
        if self.disabled && is_last(&account::accounts(work).await?, &held) {
            return Ok(Err(Refusal::LastAdministrator));
        }
        let account = Account { disabled: self.disabled, ..held };
        account::put_account(work, &account);
        if self.disabled {
            session::end_all(work, &account.id, None).await?;
        }
        let action = if self.disabled { Action::AccountDisable } else { Action::AccountEnable };
        let event = Event::new(action, account.name()).of_any(account.only_member().as_ref());
        work.audit(&self.by, event.saying(&account.login)).await?;
        Ok(Ok(self.over.shown(account)))
    }
}

/// An account that is theirs as a whole.
pub(super) async fn owned(work: &mut Work<'_>, id: &str, over: &Over) -> Result<Result<Account, Refusal>, StoreError> {
    Ok(match account::account(work, id).await?.filter(|account| over.sees(account)) {
        None => Err(Refusal::NoSuch),
        Some(account) if !over.owns(&account) => Err(Refusal::NotPermitted),
        Some(account) => Ok(account),
    })
}

struct Delete {
    id: String,
    over: Over,
    by: Actor,
}

#[async_trait]
impl Command for Delete {
    type Output = Result<(), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let account = match owned(work, &self.id, &self.over).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if is_last(&account::accounts(work).await?, &account) {
            return Ok(Err(Refusal::LastAdministrator));
        }
        session::end_all(work, &account.id, None).await?;
        link::forget(work, &account.id).await?;
        work.remove_fact(facts::account(&account.id));
        let event = Event::new(Action::AccountDelete, account.name()).of_any(account.only_member().as_ref());
        work.audit(&self.by, event.saying(&account.login)).await?;
        Ok(Ok(()))
    }
}

struct Reset {
    id: String,
    factor: bool,
    over: Over,
    by: Actor,
}

#[async_trait]
impl Command for Reset {
    type Output = Result<Link, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let held = match owned(work, &self.id, &self.over).await? {
            Ok(held) => held,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let factor = if self.factor { None } else { held.factor.clone() };
        let account = Account { password: None, password_time: None, factor, factor_pending: None, ..held };
        account::put_account(work, &account);
        session::end_all(work, &account.id, None).await?;
        let link = link::make(work, &account.id).await?;
        let told = if self.factor { "password and second factor" } else { "password" };
        let event = Event::new(Action::AccountReset, account.name()).of_any(account.only_member().as_ref());
        work.audit(&self.by, event.saying(format!("{}: {told}", account.login))).await?;
        Ok(Ok(link))
    }
}

struct First {
    login: String,
    display_name: String,
    anyway: bool,
    by: Actor,
}

#[async_trait]
impl Command for First {
    type Output = Result<(Account, Link), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let held = account::accounts(work).await?;
        let able = |account: &Account| account.node_admin && account.password.is_some() && !account.disabled;
        if held.iter().any(able) && !self.anyway {
            return Ok(Err(Refusal::AdministratorExists));
        }
        let waiting = held.into_iter().find(|account| account.login == self.login);
        match waiting {
            // Its link was lost, or has expired.
            Some(account) if account.node_admin && account.password.is_none() && !account.disabled => {
                let link = link::make(work, &account.id).await?;
                work.audit(&self.by, Event::new(Action::AccountReset, account.name()).saying(&account.login)).await?;
                Ok(Ok((account, link)))
            }
            _ => {
                let (login, display_name) = (self.login, self.display_name);
                let new = NewAccount { login, display_name, node_admin: true, ..NewAccount::default() };
                create(work, new, &self.by).await
            }
        }
    }
}

struct Revoke {
    account: String,
    id: Option<String>,
    spared: Option<String>,
    by: Actor,
}

#[async_trait]
impl Command for Revoke {
    type Output = Result<usize, Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Some(account) = account::account(work, &self.account).await? else { return Ok(Err(Refusal::NoSuch)) };
        let ended = match &self.id {
            None => session::end_all(work, &account.id, self.spared.as_deref()).await?,
            Some(id) => {
                let held = session::of_account(work, &account.id).await?;
                let Some((key, _)) = held.into_iter().find(|(_, session)| session.id == *id) else {
                    return Ok(Err(Refusal::NoSuch));
                };
                session::end(work, &key);
                1
            }
        };
        if ended > 0 {
            let resource = match &self.id {
                Some(id) => format!("{}/sessions/{id}", account.name()),
                None => format!("{}/sessions/-", account.name()),
            };
            let event = Event::new(Action::SessionRevoke, resource).of_any(account.only_member().as_ref());
            work.audit(&self.by, event.saying(format!("{}: {ended}", account.login))).await?;
        }
        Ok(Ok(ended))
    }
}
