//! Who the members are, in the reader's language, and where their pages are.

use std::sync::Arc;

use duikou_proto::directory::Directory;
use duikou_proto::language::Language;
use duikou_proto::name::{MemberId, NetworkName, RecordName};

use super::super::Web;
use super::super::visitor::Visitor;

/// The members as the directory has them at the moment.
#[derive(Clone)]
pub(crate) struct Names {
    directory: Arc<Directory>,
    network: NetworkName,
    language: Language,
}

impl Names {
    /// As `visitor` reads them.
    pub(crate) fn new(web: &Web, visitor: &Visitor) -> Self {
        let engine = web.engine();
        Self { directory: engine.directory(), network: engine.identity().network.clone(), language: visitor.language() }
    }

    /// Of nobody.
    #[cfg(any(test, feature = "samples"))]
    pub(crate) fn sample(language: Language, network: &str) -> Self {
        Self { directory: Arc::default(), network: network.parse().expect("a name"), language }
    }

    /// The name of a member by its id, short or full; the id where nobody knows it.
    pub(crate) fn member(&self, id: &str) -> String {
        let member = MemberId::parse(id, &self.network).ok();
        let member = member.as_ref().and_then(|id| self.directory.member(id));
        let names = member.map(|member| match self.language {
            Language::Zh => [&member.name_zh, &member.name_en],
            Language::En => [&member.name_en, &member.name_zh],
        });
        let named = names.and_then(|names| names.into_iter().find(|name| !name.is_empty()));
        named.cloned().unwrap_or_else(|| id.to_owned())
    }

    /// The short id in `members/{member}/…`.
    pub(crate) fn short<'a>(&self, name: &'a str) -> &'a str {
        let id = name.trim_start_matches("members/").split('/').next().unwrap_or_default();
        id.strip_suffix(self.network.as_str()).and_then(|short| short.strip_suffix('.')).unwrap_or(id)
    }

    /// The page of `members/{member}`.
    pub(crate) fn member_path(&self, name: &str) -> String {
        format!("/members/{}", self.short(name))
    }

    /// The page of `members/{member}/listings/{listing}`.
    pub(crate) fn listing_path(&self, name: &str) -> String {
        listing_path(name, &self.network)
    }
}

/// The page of a listing.
pub(crate) fn listing_path(name: &str, network: &NetworkName) -> String {
    match RecordName::parse(name, network) {
        Ok(name) => {
            let origin = name.origin();
            let member = if origin.is_of(network) { origin.short().to_owned() } else { origin.to_string() };
            format!("/listings/{member}/{}", name.id())
        }
        Err(_) => "/listings".to_owned(),
    }
}
