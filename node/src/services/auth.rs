//! Who calls: the administrator on the local socket, the holder of a token, or anybody.

use std::sync::Arc;

use duikou_proto::language::Language;
use duikou_proto::name::MemberId;
use duikou_proto::v1::token::Role;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{Extensions, HeaderMap};
use tonic::{Request, Status};

use super::error::Failure;
use super::{Surface, areas};
use crate::engine::{Engine, Reader, TokenFact, facts};

/// Begins every secret.
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
    role: Role,
    /// What the token may be used for; empty: all that its role allows.
    areas: Vec<i32>,
}

impl Caller {
    fn administrator() -> Self {
        Self {
            reader: Reader::Operator,
            account: "local".to_owned(),
            token: None,
            role: Role::Admin,
            areas: Vec::new(),
        }
    }

    fn anybody() -> Self {
        Self {
            reader: Reader::Anonymous,
            account: String::new(),
            token: None,
            role: Role::Unspecified,
            areas: Vec::new(),
        }
    }

    fn holder(key: String, token: TokenFact) -> Self {
        let role = Role::try_from(token.role).unwrap_or(Role::Unspecified);
        Self { reader: token.reader(), account: token.id, token: Some(key), role, areas: token.areas }
    }

    /// Whether what was shown is for the method at `path` (`/package.Service/Method`).
    pub(crate) fn may_call(&self, path: &str) -> bool {
        areas::allow(&self.areas, path)
    }

    /// Refuses whoever may write for nobody.
    pub(crate) fn require_editor(&self) -> Result<(), Failure> {
        match (&self.reader, self.role) {
            (Reader::Anonymous, _) => Err(Failure::TokenRequired),
            (Reader::Member(_) | Reader::Operator, Role::Editor | Role::Admin) => Ok(()),
            (Reader::Registered | Reader::Member(_) | Reader::Operator | Reader::Narrowed(..), _) => {
                Err(Failure::NotPermitted)
            }
        }
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

    /// Whose tokens the caller administers: None stands for all.
    pub(crate) fn require_admin(&self) -> Result<Option<&MemberId>, Failure> {
        match (&self.reader, self.role) {
            (Reader::Anonymous, _) => Err(Failure::TokenRequired),
            (Reader::Operator, _) => Ok(None),
            (Reader::Member(member), Role::Admin) => Ok(Some(member)),
            (Reader::Registered | Reader::Member(_) | Reader::Narrowed(..), _) => Err(Failure::NotPermitted),
        }
    }
}

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
    pub(crate) async fn of(engine: &Engine, headers: &HeaderMap, extensions: &Extensions) -> Self {
        match extensions.get::<Self>() {
            Some(known) => known.clone(),
            None => Self(identify(engine, headers).await.map_err(Arc::new)),
        }
    }

    /// Nobody in particular.
    #[cfg(test)]
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

async fn identify(engine: &Engine, headers: &HeaderMap) -> Result<Caller, Failure> {
    let Some(secret) = secret_in(headers)? else { return Ok(Caller::anybody()) };
    let key = token_key(secret);
    let token: TokenFact = engine.fact(&key).await?.ok_or(Failure::TokenBad)?;
    token.check(engine).await?;
    Ok(Caller::holder(key, token))
}

/// Where calls come in.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) surface: Surface,
}

impl Door {
    /// Tells who calls, in which language they read, and what they ask.
    pub(crate) async fn enter<T>(&self, request: Request<T>) -> Result<(Caller, Language, T), Status> {
        let headers = request.metadata().as_ref();
        let language = language(headers);
        let identified = match self.surface {
            Surface::Local => Identified::from(Caller::administrator()),
            Surface::Public => Identified::of(&self.engine, headers, request.extensions()).await,
        };
        let caller = identified.0.map_err(|failure| failure.status(language))?;
        Ok((caller, language, request.into_inner()))
    }
}

/// The secret that is shown; None where there is none.
pub(super) fn secret_in(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, secret) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Failure::TokenBad)?;
    let secret = secret.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || !secret.starts_with(SECRET_PREFIX) || secret.len() > SECRET_BYTES {
        return Err(Failure::TokenBad);
    }
    Ok(Some(secret))
}

/// The language that a caller reads.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let text = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Language::from_accept_language(text)
}
