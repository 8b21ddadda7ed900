//! Who calls: the administrator on the local socket, the holder of a token, somebody who is signed in, or anybody.

use std::net::IpAddr;
use std::sync::Arc;

use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use duikou_proto::name::MemberId;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{Extensions, HeaderMap};
use tonic::{Request, Status};

use super::error::Failure;
use super::roles::{self, Call, Need};
use super::{Surface, areas};
use crate::accounts::{self, Accounts, Person, Role};
use crate::audit::Actor;
use crate::engine::{Engine, Reader, TokenFact, facts};

/// Begins the secret of a token.
pub(crate) const SECRET_PREFIX: &str = "dk_";
/// Bytes of whatever is shown as one.
const SECRET_BYTES: usize = 128;

/// The key under which a token with this secret is kept.
pub(crate) fn token_key(secret: &str) -> String {
    facts::token(blake3::hash(secret.as_bytes()).to_hex().as_str())
}

/// Whoever calls, with what they may do.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) reader: Reader,
    /// Whom request ids belong to, and whose requests are counted together; empty: nobody is known.
    pub(crate) account: String,
    /// The fact of the token that was shown.
    pub(crate) token: Option<String>,
    /// Who is signed in, where a session was shown.
    pub(crate) person: Option<Arc<Person>>,
    /// Where it calls from, as far as that is known.
    pub(crate) address: Option<IpAddr>,
    role: Option<Role>,
    /// What the token may be used for; empty: all that its role allows.
    areas: Vec<i32>,
    /// Until when the token is good; None: until it is taken back, or there is none.
    expire_time: Option<Micros>,
    /// The registered reader whose token it is.
    pub(crate) enterprise: Option<String>,
}

impl Caller {
    fn administrator() -> Self {
        Self {
            reader: Reader::Operator,
            account: "local".to_owned(),
            token: None,
            person: None,
            address: None,
            role: Some(Role::Admin),
            areas: Vec::new(),
            expire_time: None,
            enterprise: None,
        }
    }

    fn anybody() -> Self {
        Self {
            reader: Reader::Anonymous,
            account: String::new(),
            token: None,
            person: None,
            address: None,
            role: None,
            areas: Vec::new(),
            expire_time: None,
            enterprise: None,
        }
    }

    fn holder(key: String, token: TokenFact) -> Self {
        let role = Role::read(token.role);
        let reader = token.reader();
        Self {
            reader,
            account: token.id,
            token: Some(key),
            person: None,
            address: None,
            role,
            areas: token.areas,
            expire_time: token.expire_time,
            enterprise: token.enterprise,
        }
    }

    /// Somebody who is signed in: with the eyes of the member they act for, or of the server where they administer it.
    pub(crate) fn person(person: Person) -> Self {
        Self {
            reader: person.member.clone().map_or(Reader::Operator, Reader::Member),
            account: person.account.id.clone(),
            token: None,
            role: Some(person.role),
            areas: Vec::new(),
            expire_time: None,
            enterprise: None,
            address: None,
            person: Some(Arc::new(person)),
        }
    }

    /// What ends with what was shown.
    pub(super) fn held(&self) -> Option<Held> {
        let session = || self.person.as_ref().map(|person| Held::Session(person.key.clone()));
        self.token.clone().map(Held::Token).or_else(session)
    }

    /// Whether what was shown is for the method at `path` (`/package.Service/Method`).
    pub(crate) fn may_call(&self, path: &str) -> bool {
        areas::allow(&self.areas, path)
    }

    /// What a token made by this caller has, which asks for these areas (empty: all) and this end (None: none): where its
    /// maker is limited it is no less so.
    ///
    /// # Errors
    /// Where that is an area which the maker has not, or it would outlive the maker.
    pub(crate) fn limit(
        &self,
        areas: Vec<i32>,
        expire_time: Option<Micros>,
    ) -> Result<(Vec<i32>, Option<Micros>), Failure> {
        let within = self.areas.is_empty() || areas.iter().all(|area| self.areas.contains(area));
        let outlives = self.expire_time.zip(expire_time).is_some_and(|(own, wanted)| wanted > own);
        if !within || outlives {
            return Err(Failure::BeyondToken);
        }
        let areas = if areas.is_empty() { self.areas.clone() } else { areas };
        Ok((areas, expire_time.or(self.expire_time)))
    }

    /// Who the audit trail says it was.
    pub(crate) fn actor(&self) -> Actor {
        let actor = match (&self.person, &self.token) {
            (Some(person), _) => Actor::account(&person.account.id),
            (None, Some(_)) => Actor::token(&self.account),
            (None, None) if self.reader == Reader::Operator => Actor::local(),
            (None, None) => Actor::default(),
        };
        actor.from(self.address)
    }

    /// Refuses whoever has no such role for a member.
    pub(crate) fn at_least(&self, role: Role) -> Result<(), Failure> {
        match &self.reader {
            Reader::Anonymous => Err(Failure::TokenRequired),
            Reader::Member(_) | Reader::Operator if self.role >= Some(role) => Ok(()),
            Reader::Registered | Reader::Member(_) | Reader::Operator | Reader::Narrowed(..) => {
                Err(Failure::NotPermitted)
            }
        }
    }

    /// Refuses whoever may write for nobody.
    pub(crate) fn require_editor(&self) -> Result<(), Failure> {
        self.at_least(Role::Editor)
    }

    /// Refuses whoever may not write for `member`. Whether it lives here is the engine's to say.
    pub(crate) fn require_editor_of(&self, member: &MemberId) -> Result<(), Failure> {
        self.require_editor()?;
        match &self.reader {
            Reader::Operator => Ok(()),
            Reader::Member(own) if own == member => Ok(()),
            Reader::Anonymous | Reader::Registered | Reader::Member(_) | Reader::Narrowed(..) => {
                Err(Failure::NotPermitted)
            }
        }
    }

    /// Whether the caller's role is that of a reviewer or above.
    pub(crate) fn is_reviewer(&self) -> bool {
        self.role >= Some(Role::Reviewer)
    }

    /// Whose tokens and accounts the caller administers: None stands for all.
    pub(crate) fn require_admin(&self) -> Result<Option<&MemberId>, Failure> {
        self.at_least(Role::Admin)?;
        match &self.reader {
            Reader::Member(member) if !self.person.as_ref().is_some_and(|person| person.account.node_admin) => {
                Ok(Some(member))
            }
            _ => Ok(None),
        }
    }
}

/// What was shown, by the key under which it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    Token(String),
    Session(String),
}

/// Where a request comes from, as its extension: who listens knows, and which proxies to believe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallsFrom(pub(crate) IpAddr);

/// Who sent a request, or why nobody is known to have. It is found out once, where a request comes in, and travels on
/// in its extensions. Those are this process's own: what comes over a connection is a head and a body, and nothing in
/// either becomes an extension of this type. So whoever finds one believes it, and a page sets it for the person who is
/// signed in.
#[derive(Debug, Clone)]
pub(crate) struct Identified(Result<Caller, Arc<Failure>>);

impl From<Caller> for Identified {
    fn from(caller: Caller) -> Self {
        Self(Ok(caller))
    }
}

impl Identified {
    /// Who sent a request with these: whoever is known already, else whom its headers name.
    pub(crate) async fn of(accounts: &Accounts, headers: &HeaderMap, extensions: &Extensions) -> Self {
        match extensions.get::<Self>() {
            Some(known) => known.clone(),
            None => Self(identify(accounts, headers).await.map_err(Arc::new)),
        }
    }

    /// Whoever shows this secret as a browser does: that of a session, or the token of a registered reader. One that is not
    /// good, or no longer, shows nobody: what is for anybody is still to be read, and what is for people who are signed in
    /// asks for that.
    /// `by_hand`: it counts as a use of the session.
    pub(crate) async fn in_browser(accounts: &Accounts, secret: &str, by_hand: bool) -> Self {
        if secret.starts_with(SECRET_PREFIX) {
            return Self(match registered(accounts.engine(), secret).await {
                Err(Failure::Store(error)) => Err(Arc::new(Failure::Store(error))),
                reader => Ok(reader.ok().flatten().unwrap_or_else(Caller::anybody)),
            });
        }
        let person = match by_hand {
            true => accounts.person(secret).await,
            false => accounts.bystander(secret).await,
        };
        Self(match person {
            Ok(Ok(person)) => Ok(Caller::person(person)),
            Ok(Err(_)) => Ok(Caller::anybody()),
            Err(error) => Err(Arc::new(error.into())),
        })
    }

    /// Somebody whose account was looked at.
    pub(crate) fn person(person: Person) -> Self {
        Caller::person(person).into()
    }

    /// Nobody in particular.
    #[cfg(any(test, feature = "samples"))]
    pub(crate) fn anybody() -> Self {
        Caller::anybody().into()
    }

    /// The caller.
    ///
    /// # Errors
    /// What is wrong with what was shown.
    pub(crate) fn caller(&self) -> Result<&Caller, &Failure> {
        self.0.as_ref().map_err(|failure| &**failure)
    }
}

async fn identify(accounts: &Accounts, headers: &HeaderMap) -> Result<Caller, Failure> {
    let Some(secret) = secret_in(headers)? else { return Ok(Caller::anybody()) };
    if secret.starts_with(accounts::SECRET_PREFIX) {
        return Ok(Caller::person(accounts.person(secret).await??));
    }
    holder(accounts.engine(), secret).await
}

/// Whose token this is.
async fn holder(engine: &Engine, secret: &str) -> Result<Caller, Failure> {
    let key = token_key(secret);
    let token: TokenFact = engine.fact(&key).await?.ok_or(Failure::TokenBad)?;
    token.check(engine).await?;
    Ok(Caller::holder(key, token))
}

/// The registered reader whose token this is, the only one who reads pages by a token, having no account; None: it is a
/// member's, whose people have accounts.
///
/// # Errors
/// Why it is not good.
pub(crate) async fn registered(engine: &Engine, secret: &str) -> Result<Option<Caller>, Failure> {
    if secret.len() > SECRET_BYTES {
        return Err(Failure::TokenBad);
    }
    let caller = holder(engine, secret).await?;
    Ok(Some(caller).filter(|caller| *caller.reader.whole() == Reader::Registered))
}

/// Where calls come in.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) accounts: Accounts,
    pub(crate) surface: Surface,
}

impl Door {
    /// Tells who calls, in which language they read, and what they ask. Who may not call this comes no further.
    pub(crate) async fn enter<T: Call>(&self, request: Request<T>) -> Result<(Caller, Language, T), Status> {
        let (caller, language, message) = self.identify(request).await?;
        if self.surface == Surface::Public {
            let admitted = match roles::need(T::PATH) {
                // Over the network it is not offered; within this process nothing else would refuse it.
                Some(Need::Machine) | None => Err(Failure::NotPermitted),
                Some(_) => roles::admit(&caller, T::PATH),
            };
            admitted.map_err(|failure| failure.status(language))?;
        }
        Ok((caller, language, message))
    }

    /// The same for what pages alone ask, which is no method of the contract: whoever has not at least this role comes no
    /// further.
    pub(crate) async fn enter_with<T>(
        &self,
        least: Role,
        request: Request<T>,
    ) -> Result<(Caller, Language, T), Status> {
        let (caller, language, message) = self.identify(request).await?;
        caller.at_least(least).map_err(|failure| failure.status(language))?;
        Ok((caller, language, message))
    }

    /// The same where anybody may.
    pub(crate) async fn enter_as_anybody<T>(&self, request: Request<T>) -> Result<(Caller, Language, T), Status> {
        self.identify(request).await
    }

    async fn identify<T>(&self, request: Request<T>) -> Result<(Caller, Language, T), Status> {
        let headers = request.metadata().as_ref();
        let language = language(headers);
        let identified = match self.surface {
            Surface::Local => Identified::from(Caller::administrator()),
            Surface::Public => Identified::of(&self.accounts, headers, request.extensions()).await,
        };
        let mut caller = identified.0.map_err(|failure| failure.status(language))?;
        caller.address = request.extensions().get::<CallsFrom>().map(|from| from.0);
        Ok((caller, language, request.into_inner()))
    }
}

/// The secret that is shown; None where there is none.
pub(super) fn secret_in(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, secret) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Failure::TokenBad)?;
    let secret = secret.trim();
    let known = [SECRET_PREFIX, accounts::SECRET_PREFIX].iter().any(|prefix| secret.starts_with(prefix));
    if !scheme.eq_ignore_ascii_case("bearer") || !known || secret.len() > SECRET_BYTES {
        return Err(Failure::TokenBad);
    }
    Ok(Some(secret))
}

/// The language that a caller reads.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let text = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Language::from_accept_language(text)
}
