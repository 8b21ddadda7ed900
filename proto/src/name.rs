//! Names of networks, members, nodes, collections and records: parsed once at the edge, valid ever after.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::limits;
use crate::v1::Lane;

/// A text that is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} {text:?} is not valid: {rule}")]
pub struct InvalidName {
    /// What it should have been, for example `member`.
    pub what: &'static str,
    /// The text as it came, cut to 80 characters.
    pub text: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

fn invalid(what: &'static str, text: &str, rule: &'static str) -> InvalidName {
    InvalidName { what, text: text.chars().take(80).collect(), rule }
}

const LABEL: &str = "1 to 64 of a-z, 0-9 and -, with no - at either end";

/// Whether `text` is `[a-z0-9-]{1,64}` without a `-` at either end.
pub fn is_label(text: &str) -> bool {
    (1..=limits::LABEL_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_type;

text_type! {
    /// A network, for example `pprd.example`: dot-separated labels, at most 190 octets.
    NetworkName
}

impl FromStr for NetworkName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.len() <= limits::NETWORK_NAME_BYTES && text.split('.').all(is_label) {
            Ok(Self(text.into()))
        } else {
            Err(invalid("network", text, "labels of a-z, 0-9 and -, separated by dots, at most 190 octets"))
        }
    }
}

text_type! {
    /// A member, node or gateway: one label and the network's name, `shenzhen.pprd.example`.
    MemberId
}

// Compared and hashed as its text is.
impl std::borrow::Borrow<str> for MemberId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A node or gateway: named as members are.
pub type NodeId = MemberId;

impl MemberId {
    /// Reads a short (`shenzhen`) or full (`shenzhen.pprd.example`) id.
    ///
    /// # Errors
    /// Where it is neither; a full id of another network is valid.
    pub fn parse(text: &str, network: &NetworkName) -> Result<Self, InvalidName> {
        if is_label(text) { Ok(Self(format!("{text}.{network}").into())) } else { text.parse() }
    }

    /// The label before the network's name.
    pub fn short(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(label, _)| label)
    }

    /// The network's name.
    pub fn network(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, network)| network)
    }

    /// Whether it belongs to `network`.
    pub fn is_of(&self, network: &NetworkName) -> bool {
        self.network() == network.as_str()
    }
}

impl FromStr for MemberId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.split_once('.') {
            Some((label, network)) if is_label(label) && network.parse::<NetworkName>().is_ok() => {
                Ok(Self(text.into()))
            }
            _ => Err(invalid("member", text, "a short id of a-z, 0-9 and -, a dot, and the network's name")),
        }
    }
}

text_type! {
    /// What a record's body is: `[a-z-]{1,32}`. Carriers treat kinds that they do not know as opaque.
    Kind
}

impl Kind {
    /// The five kinds whose body is an [`crate::v1::Opportunity`], in the order of the contract.
    pub const LISTINGS: [&'static str; 5] = ["capital", "project", "technology", "talent", "event"];

    /// Whether its records are listings.
    pub fn is_listing(&self) -> bool {
        Self::LISTINGS.contains(&&*self.0)
    }

    /// What an origin signs about a scope.
    pub const HEAD: &'static str = "head";
    /// What a holder signs to an origin.
    pub const RECEIPT: &'static str = "receipt";

    /// Whether its records are counted: in heads, and in what a store is said to hold. Statements about records are not.
    pub fn is_counted(&self) -> bool {
        ![Self::HEAD, Self::RECEIPT].contains(&&*self.0)
    }

    /// The kind of heads.
    pub fn head() -> Self {
        Self(Self::HEAD.into())
    }

    /// The kind of receipts.
    pub fn receipt() -> Self {
        Self(Self::RECEIPT.into())
    }

    /// The lane in which records of this kind travel, where this version knows it.
    pub fn lane(&self) -> Option<Lane> {
        match &*self.0 {
            kind if Self::LISTINGS.contains(&kind) => Some(Lane::Bulk),
            Self::HEAD | Self::RECEIPT => Some(Lane::Prompt),
            _ => None,
        }
    }

    /// The collection in which names of this kind must lie, where this version knows it.
    pub fn collection(&self) -> Option<&'static str> {
        match &*self.0 {
            kind if Self::LISTINGS.contains(&kind) => Some("listings"),
            Self::HEAD => Some("heads"),
            Self::RECEIPT => Some("receipts"),
            "inquiry" => Some("inquiries"),
            "notice" => Some("notices"),
            _ => None,
        }
    }
}

impl FromStr for Kind {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if (1..=limits::KIND_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            Ok(Self(text.into()))
        } else {
            Err(invalid("kind", text, "1 to 32 of a-z and -"))
        }
    }
}

text_type! {
    /// A record's name: `members/{member}/{collection}/{id}` with the member's full id.
    RecordName
}

impl RecordName {
    /// Puts a name together.
    ///
    /// # Errors
    /// Where collection or id are not labels.
    pub fn new(member: &MemberId, collection: &str, id: &str) -> Result<Self, InvalidName> {
        if !is_label(collection) {
            return Err(invalid("collection", collection, LABEL));
        }
        if !is_label(id) {
            return Err(invalid("id", id, LABEL));
        }
        Ok(Self(format!("members/{member}/{collection}/{id}").into()))
    }

    /// Reads a name whose member may be in its short form.
    ///
    /// # Errors
    /// Where it is not `members/{member}/{collection}/{id}`.
    pub fn parse(text: &str, network: &NetworkName) -> Result<Self, InvalidName> {
        let (member, collection, id) = Self::split(text).ok_or_else(|| invalid("name", text, NAME))?;
        Self::new(&MemberId::parse(member, network)?, collection, id)
    }

    fn split(text: &str) -> Option<(&str, &str, &str)> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("members"), Some(member), Some(collection), Some(id), None) => Some((member, collection, id)),
            _ => None,
        }
    }

    fn part(&self, index: usize) -> &str {
        self.0.split('/').nth(index).unwrap_or_default()
    }

    /// The member that writes it.
    pub fn origin(&self) -> MemberId {
        MemberId(self.part(1).into())
    }

    /// The member that writes it, as text.
    pub fn origin_str(&self) -> &str {
        self.part(1)
    }

    /// The collection.
    pub fn collection(&self) -> &str {
        self.part(2)
    }

    /// The last part.
    pub fn id(&self) -> &str {
        self.part(3)
    }
}

const NAME: &str = "write members/MEMBER/COLLECTION/ID";

impl FromStr for RecordName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (member, collection, id) = Self::split(text).ok_or_else(|| invalid("name", text, NAME))?;
        member.parse::<MemberId>()?;
        if !is_label(collection) {
            return Err(invalid("collection", collection, LABEL));
        }
        if !is_label(id) {
            return Err(invalid("id", id, LABEL));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> NetworkName {
        "pprd.example".parse().expect("valid")
    }

    #[test]
    fn short_and_full_names_are_one_name() {
        let short = RecordName::parse("members/shenzhen/listings/tea", &network()).unwrap();
        let full = RecordName::parse("members/shenzhen.pprd.example/listings/tea", &network()).unwrap();
        assert_eq!(short, full);
        assert_eq!(full.origin().short(), "shenzhen");
        assert_eq!((full.collection(), full.id()), ("listings", "tea"));
        assert_eq!(full.as_str().parse::<RecordName>().unwrap(), full);
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for text in
            ["", "tea", "members/a/listings", "members/a/listings/-x", "members/A/listings/x", "members/a/listings/x/y"]
        {
            assert!(RecordName::parse(text, &network()).is_err(), "{text}");
        }
        assert!("members/shenzhen/listings/tea".parse::<RecordName>().is_err(), "short forms are not on the wire");
        assert!(RecordName::parse(&format!("members/a/listings/{}", "x".repeat(65)), &network()).is_err());
        assert!("Capital".parse::<Kind>().is_err());
    }
}
