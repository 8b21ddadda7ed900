//! An account as it is kept, and who may administer it.

use std::collections::BTreeMap;

use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;
use duikou_proto::name::MemberId;
use duikou_proto::validate::{Violation, reason};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::factor::Factor;
use crate::engine::{Role, Work, facts};
use crate::limits;
use crate::store::StoreError;

/// Characters of a login.
const LOGIN_CHARS: std::ops::RangeInclusive<usize> = 2..=64;
/// Characters of the name that people see.
const NAME_CHARS: usize = 120;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// What people sign in with, in the form of [`login_form`].
    pub(crate) login: String,
    pub(crate) display_name: String,
    /// By the full id of the member.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, Role>,
    /// Administers the server and all members that live here.
    #[serde(default)]
    pub(crate) node_admin: bool,
    /// `zh`, `en`, or empty: as the browser says.
    #[serde(default)]
    pub(crate) language: String,
    pub(crate) create_time: Micros,
    #[serde(default)]
    pub(crate) disabled: bool,
    /// Argon2id in the PHC form; None: none is set yet.
    #[serde(default)]
    pub(crate) password: Option<String>,
    /// When it was set.
    #[serde(default)]
    pub(crate) password_time: Option<Micros>,
    #[serde(default)]
    pub(crate) factor: Option<Factor>,
    /// A second factor that waits for its first code.
    #[serde(default)]
    pub(crate) factor_pending: Option<Factor>,
    /// Whom a provider vouches for where it means this account, at most one of each issuer.
    #[serde(default)]
    pub(crate) identities: Vec<Identity>,
}

/// Somebody as an OpenID provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    /// Never given to anybody else by this issuer.
    pub(crate) subject: String,
    /// Since when it means this account.
    pub(crate) bind_time: Micros,
}

impl Account {
    /// What people call it: by its name, else as it signs in.
    pub(crate) fn called(&self) -> &str {
        if self.display_name.is_empty() { &self.login } else { &self.display_name }
    }

    /// Its resource name.
    pub(crate) fn name(&self) -> String {
        format!("accounts/{}", self.id)
    }

    /// What it may do for a member.
    pub(crate) fn role_at(&self, member: &MemberId) -> Option<Role> {
        if self.node_admin { Some(Role::Admin) } else { self.roles.get(member.as_str()).copied() }
    }

    /// Whether the provider means this account where it vouches for this subject.
    pub(crate) fn is_meant_by(&self, issuer: &str, subject: &str) -> bool {
        self.identities.iter().any(|identity| identity.issuer == issuer && identity.subject == subject)
    }

    /// The one member that it has to do with, where there is one.
    pub(crate) fn only_member(&self) -> Option<MemberId> {
        match self.roles.len() {
            1 if !self.node_admin => self.roles.keys().next().and_then(|member| member.parse().ok()),
            _ => None,
        }
    }
}

/// Whose accounts somebody administers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    /// All.
    All,
    /// Those of one member, as far as they are its own.
    Member(MemberId),
}

impl Over {
    /// Whether the account is there for them.
    pub(crate) fn sees(&self, account: &Account) -> bool {
        match self {
            Self::All => true,
            Self::Member(member) => account.roles.contains_key(member.as_str()),
        }
    }

    /// Whether the account is theirs as a whole: it works for nobody else.
    pub(crate) fn owns(&self, account: &Account) -> bool {
        match self {
            Self::All => true,
            Self::Member(_) => self.sees(account) && account.roles.len() == 1 && !account.node_admin,
        }
    }

    /// The account as they see it: without what it does for others.
    pub(crate) fn shown(&self, mut account: Account) -> Account {
        if !self.owns(&account) {
            account.identities.clear();
        }
        if let Self::Member(member) = self {
            account.roles.retain(|id, _| id == member.as_str());
            account.node_admin = false;
        }
        account
    }
}

/// The one form of a login: half width, small letters.
pub(crate) fn login_form(login: &str) -> String {
    login.trim().chars().take(4 * LOGIN_CHARS.end()).nfkc().collect::<String>().to_lowercase()
}

/// Whether a login in its form is one.
pub(super) fn check_login(login: &str, found: &mut Vec<Violation>) {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if !LOGIN_CHARS.contains(&login.chars().count()) || !login.chars().all(good) {
        found.push(violation(
            "account.login",
            reason::BAD_FORMAT,
            "登录名应为2至64个字母、数字、汉字或 . _ - @，请修改。",
            "A login has 2 to 64 letters, digits, or any of . _ - @: change it.",
        ));
    }
}

/// Whether people can be shown this name.
pub(super) fn check_name(name: &str, found: &mut Vec<Violation>) {
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        found.push(violation(
            "account.display_name",
            reason::BAD_FORMAT,
            format!("姓名应为一行，1至{NAME_CHARS}个字符，请修改。"),
            format!("A name is one line of 1 to {NAME_CHARS} characters: change it."),
        ));
    }
}

/// Whether this is a language.
pub(super) fn check_language(language: &str, found: &mut Vec<Violation>) {
    if !["", "zh", "en"].contains(&language) {
        found.push(violation(
            "account.language",
            reason::UNKNOWN_CODE,
            "语言只能是 zh 或 en，或不填。",
            "A language is zh or en, or nothing.",
        ));
    }
}

pub(super) fn violation(field: &str, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Violation {
    Violation { field: field.to_owned(), reason, text: Text::new(zh, en) }
}

/// An account as it is in a transaction.
pub(super) async fn account(work: &mut Work<'_>, id: &str) -> Result<Option<Account>, StoreError> {
    work.fact(&facts::account(id)).await
}

/// All accounts as they are in a transaction.
pub(super) async fn accounts(work: &mut Work<'_>) -> Result<Vec<Account>, StoreError> {
    let found = work.facts::<Account>(facts::ACCOUNTS, limits::ACCOUNTS).await?;
    Ok(found.into_iter().map(|(_, account)| account).collect())
}

/// Keeps an account.
pub(super) fn put_account(work: &mut Work<'_>, account: &Account) {
    work.put_fact(facts::account(&account.id), account);
}
