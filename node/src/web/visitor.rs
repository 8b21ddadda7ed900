//! Who looks at a page, in which language, and in which light.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum_extra::extract::CookieJar;
use duikou_proto::language::Language;
use http::HeaderMap;
use http::header::{ACCEPT_LANGUAGE, IF_NONE_MATCH};
use http::request::Parts;
use tonic::metadata::MetadataValue;

use super::Web;
use super::catalogue::Texts;
use super::respond::Failed;
use crate::engine::Reader;
use crate::http::{Exchange, Problem, tags};
use crate::services::Identified;

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

    /// The one that the switch offers.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::Auto,
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
    /// What the browser says that it has of this page.
    has: HeaderMap,
    identified: Identified,
}

/// Whoever sent this request: who it is, as whoever stood before found out, with the language of the exchange.
pub(crate) async fn visitor_of(parts: &Parts, web: &Web) -> Visitor {
    let exchange = parts.extensions.get::<Exchange>();
    let cookies = CookieJar::from_headers(&parts.headers);
    let theme = cookies.get(THEME_COOKIE).and_then(|cookie| Theme::read(cookie.value())).unwrap_or_default();
    let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let has = parts.headers.get_all(IF_NONE_MATCH).iter().map(|tags| (IF_NONE_MATCH, tags.clone())).collect();
    Visitor {
        texts: Texts::of(exchange.map_or_else(Language::default, |exchange| exchange.language)),
        theme,
        here: if here.len() <= HERE_BYTES { here.to_owned() } else { "/".to_owned() },
        has,
        identified: Identified::of(web.accounts(), &parts.headers, &parts.extensions).await,
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

    /// A call to a service of this process, made by them.
    pub(crate) fn ask<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.extensions_mut().insert(self.identified.clone());
        let language = MetadataValue::from_static(self.language().tag());
        request.metadata_mut().insert(ACCEPT_LANGUAGE.as_str(), language);
        request
    }

    /// What a service refused, for them.
    pub(crate) fn failed(&self, status: &tonic::Status) -> Failed {
        Failed(Problem::of(status, self.language()))
    }

    /// Whether nothing is known of them, so that they see what anybody sees.
    pub(crate) fn is_anybody(&self) -> bool {
        self.identified.caller().is_ok_and(|caller| caller.reader == Reader::Anonymous)
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

#[cfg(test)]
impl Visitor {
    /// Somebody who reads anonymously.
    pub(crate) fn sample(language: Language, theme: Theme, here: &str) -> Self {
        let identified = Identified::anybody();
        Self { texts: Texts::of(language), theme, here: here.to_owned(), has: HeaderMap::new(), identified }
    }
}
