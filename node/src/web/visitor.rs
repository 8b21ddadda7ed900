//! Who looks at a page, in which language, and in which light.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use duikou_proto::language::{Language, Text};
use duikou_proto::name::MemberId;
use http::header::{ACCEPT_LANGUAGE, IF_NONE_MATCH, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use tonic::metadata::MetadataValue;

use super::Web;
use super::catalogue::Texts;
use super::respond::{Failed, NOTICE_COOKIE};
use super::signed::SignedPerson;
use crate::accounts::{Person, Role};
use crate::addresses::Origin;
use crate::engine::{Enterprise, Reader};
use crate::http::{Exchange, Problem, cookie, tags};
use crate::search::Patience;
use crate::services::{CallsFrom, Identified};

/// The cookie that says the light.
pub(crate) const THEME_COOKIE: &str = "theme";
/// Bytes of a path and query to which a form leads back.
const HERE_BYTES: usize = 4096;

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// From a cookie or a form.
    pub(crate) fn read(text: &str) -> Option<Self> {
        [Self::Auto, Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == text)
    }

    /// As cookies, forms and the style have it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Those that the switch offers: of two the style shows the one that changes something.
    pub(crate) const fn others(self) -> &'static [Self] {
        match self {
            Self::Auto => &[Self::Dark, Self::Light],
            Self::Dark => &[Self::Light],
            Self::Light => &[Self::Auto],
        }
    }
}

/// Whoever looks at a page.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Texts in the language that they read.
    pub(crate) texts: Texts,
    /// The light in which they read.
    pub(crate) theme: Theme,
    /// Path and query of the page.
    pub(crate) here: String,
    /// Where they reach this server.
    pub(crate) origin: Option<Origin>,
    /// What the browser says that it has of this page.
    has: HeaderMap,
    identified: Identified,
    signed_in: Option<Arc<SignedPerson>>,
    /// What the registered enterprise is called whose token they show.
    pub(super) enterprise: Option<Text>,
    /// Whether the browser shows a secret by which somebody is known, or was.
    shows: bool,
    /// The id of what is to be told of what was done before.
    notice: Option<String>,
    from: Option<CallsFrom>,
    agent: Option<HeaderValue>,
}

/// Whoever sent this request: who it is, as whoever stood before found out, with the language of the exchange.
pub(crate) async fn visitor_of(parts: &Parts, web: &Web) -> Visitor {
    let exchange = parts.extensions.get::<Exchange>();
    let headers = &parts.headers;
    let texts = Texts::of(exchange.map_or_else(Language::default, |exchange| exchange.language));
    let theme = cookie(headers, THEME_COOKIE).and_then(|value| Theme::read(&value)).unwrap_or_default();
    let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let has = headers.get_all(IF_NONE_MATCH).iter().map(|tags| (IF_NONE_MATCH, tags.clone())).collect();
    let identified = Identified::of(web.accounts(), headers, &parts.extensions).await;
    let person = identified.caller().ok().and_then(|caller| caller.person.clone());
    let signed_in = person.map(|person| Arc::new(SignedPerson::new(web, texts, &person)));
    let enterprise = match identified.caller().ok().and_then(|caller| caller.enterprise.as_deref()) {
        Some(id) => web.engine().enterprise(id).await.ok().flatten(),
        None => None,
    };
    let called = |Enterprise { name_zh, name_en, .. }: Enterprise| {
        let name_en = if name_en.is_empty() { name_zh.clone() } else { name_en };
        Text::new(name_zh, name_en)
    };
    Visitor {
        texts,
        theme,
        enterprise: enterprise.map(called),
        here: if here.len() <= HERE_BYTES { here.to_owned() } else { "/".to_owned() },
        origin: web.reached_by(parts),
        has,
        identified,
        shows: web.cookies().session(headers).is_some(),
        signed_in,
        notice: cookie(headers, NOTICE_COOKIE).filter(|id| texts.is_notice(id)),
        from: parts.extensions.get().copied(),
        agent: headers.get(USER_AGENT).cloned(),
    }
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        Ok(visitor_of(parts, web).await)
    }
}

impl Visitor {
    /// The language that they read.
    pub(crate) fn language(&self) -> Language {
        self.texts.language()
    }

    /// The same, spoken to in this language.
    pub(super) fn speaking(&self, language: Language) -> Self {
        Self { texts: Texts::of(language), ..self.clone() }
    }

    /// A call to a service of this process, made by them.
    pub(crate) fn ask<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.extensions_mut().insert(self.identified.clone());
        if let Some(from) = self.from {
            request.extensions_mut().insert(from);
        }
        let agent = self.agent.as_ref().and_then(|agent| agent.to_str().ok()).and_then(|agent| agent.parse().ok());
        if let Some(agent) = agent {
            request.metadata_mut().insert(USER_AGENT.as_str(), agent);
        }
        let language = MetadataValue::from_static(self.language().tag());
        request.metadata_mut().insert(ACCEPT_LANGUAGE.as_str(), language);
        request
    }

    /// The same of a search, with so much patience.
    pub(crate) fn ask_with<T>(&self, message: T, patience: Patience) -> tonic::Request<T> {
        let mut request = self.ask(message);
        request.extensions_mut().insert(patience);
        request
    }

    /// Where they call from, as far as that is known.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.from.map(|from| from.0)
    }

    /// What a service refused, for them.
    pub(crate) fn failed(&self, status: &tonic::Status) -> Failed {
        Failed(Problem::of(status, self.language()))
    }

    /// Whether nothing is known of them, so that they see what anybody sees.
    pub(crate) fn is_anybody(&self) -> bool {
        self.identified.caller().is_ok_and(|caller| caller.reader == Reader::Anonymous)
    }

    /// Who it is, where somebody is signed in.
    pub(crate) fn signed_in(&self) -> Option<&SignedPerson> {
        self.signed_in.as_deref()
    }

    /// Their account, session and role, for what goes on without them.
    pub(crate) fn account(&self) -> Option<Arc<Person>> {
        self.identified.caller().ok()?.person.clone()
    }

    /// The same, shared.
    pub(super) fn person(&self) -> Option<Arc<SignedPerson>> {
        self.signed_in.clone()
    }

    /// The same, as the header of a page shows somebody who acts for `member` (empty: the whole server) from now on.
    pub(super) fn acting_for(&self, web: &Web, member: &str) -> Self {
        let acting = self.account().map(|person| {
            let member: Option<MemberId> = member.parse().ok();
            let role = member.as_ref().and_then(|member| person.account.role_at(member)).unwrap_or(person.role);
            Arc::new(SignedPerson::new(web, self.texts, &Person { member, role, ..(*person).clone() }))
        });
        Self { signed_in: acting, ..self.clone() }
    }

    /// Whether they were signed in, and are no longer.
    pub(super) fn was_signed_in(&self) -> bool {
        self.shows && self.is_anybody()
    }

    /// Whether they read by a token that their browser shows.
    pub(super) fn reads_by_token(&self) -> bool {
        self.shows && self.signed_in.is_none() && !self.is_anybody()
    }

    /// The catalogue's id of what is to be told of what was done before.
    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Refuses whoever has no such role for a member.
    ///
    /// # Errors
    /// Where they have not, or what they showed is not good.
    pub(crate) fn at_least(&self, role: Role) -> Result<(), Failed> {
        let refused = match self.identified.caller() {
            Ok(caller) => caller.at_least(role).map_err(|failure| failure.status(self.language())),
            Err(failure) => Err(failure.status(self.language())),
        };
        refused.map_err(|status| self.failed(&status))
    }

    /// Whether their browser has the answer with this tag already.
    pub(crate) fn has(&self, tag: &str) -> bool {
        tags::holds(&self.has, tag)
    }

    /// With whose eyes they read; nobody's where what they showed is not good.
    pub(crate) fn reader(&self) -> Reader {
        self.identified.caller().map_or(Reader::Anonymous, |caller| caller.reader.clone())
    }
}

#[cfg(any(test, feature = "samples"))]
impl Visitor {
    /// Somebody who reads anonymously.
    pub(crate) fn sample(language: Language, theme: Theme, here: &str) -> Self {
        Self {
            texts: Texts::of(language),
            theme,
            here: here.to_owned(),
            origin: None,
            has: HeaderMap::new(),
            identified: Identified::anybody(),
            signed_in: None,
            enterprise: None,
            shows: false,
            notice: None,
            from: None,
            agent: None,
        }
    }

    /// Somebody who is signed in.
    pub(crate) fn signed_sample(language: Language, theme: Theme, here: &str, role: Role) -> Self {
        let person = Arc::new(SignedPerson::sample(language, role));
        Self { signed_in: Some(person), ..Self::sample(language, theme, here) }
    }
}
