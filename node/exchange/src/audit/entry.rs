//! One entry, and what it is made of: who, and what happened.

use std::net::IpAddr;

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::v1::AuditEntry;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::chain::Hash;
use crate::time::micros;

/// Characters of a resource's name, who did it and where from.
const NAME_CHARS: usize = 320;
/// Characters of what else is said.
const DETAIL_CHARS: usize = 500;

/// Who does something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// `accounts/{id}`, `tokens/{id}`, `nodes/{id}`; `local`: the machine's administrator; `server`: itself; empty:
    /// nobody that is known.
    pub name: String,
    /// Where from, where that is known.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// The machine's administrator, on the local socket.
    pub fn local() -> Self {
        Self { name: "local".to_owned(), address: None }
    }

    /// This server by itself.
    pub fn server() -> Self {
        Self { name: "server".to_owned(), address: None }
    }

    /// The person with this account.
    pub fn account(id: &str) -> Self {
        Self { name: format!("accounts/{id}"), address: None }
    }

    /// The program with this token.
    pub fn token(id: &str) -> Self {
        Self { name: format!("tokens/{id}"), address: None }
    }

    /// A node of the network, by its full id.
    pub fn node(id: &str) -> Self {
        Self { name: format!("nodes/{id}"), address: None }
    }

    /// The same, calling from there.
    #[must_use]
    pub fn from(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    action: Action,
    resource: String,
    member: Option<MemberId>,
    detail: String,
}

impl Event {
    /// `action` was done on `resource`, by its name.
    pub fn new(action: Action, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into(), member: None, detail: String::new() }
    }

    /// It concerns this member, whose administrators are told of it.
    #[must_use]
    pub fn of(self, member: &MemberId) -> Self {
        Self { member: Some(member.clone()), ..self }
    }

    /// Likewise, where there is one.
    #[must_use]
    pub fn of_any(self, member: Option<&MemberId>) -> Self {
        Self { member: member.cloned(), ..self }
    }

    /// More about it: what changed, never a secret, never a body. At most 500 characters are kept.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// An entry as it is kept and exported: JSON, whose bytes are what is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// When, microseconds since 1970 UTC.
    pub time: Micros,
    /// See [`Actor::name`].
    pub actor: String,
    /// Where from; empty where that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// See [`Action::code`]; entries of later versions may have codes that this one does not know.
    pub action: String,
    /// On what, by its name.
    pub resource: String,
    /// Full id of the member that it concerns; empty: the whole server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Hash of the entry before; of the first: zeros.
    pub previous: Hash,
}

impl Entry {
    pub(super) fn new(number: u64, time: Micros, actor: &Actor, event: Event, previous: Hash) -> Self {
        let Event { action, resource, member, detail } = event;
        Self {
            number,
            time,
            actor: one_line(&actor.name, NAME_CHARS),
            address: actor.address.map(|address| address.to_string()).unwrap_or_default(),
            action: action.code().to_owned(),
            resource: one_line(&resource, NAME_CHARS),
            member: member.map(|member| member.to_string()).unwrap_or_default(),
            detail: one_line(&detail, DETAIL_CHARS),
            previous,
        }
    }
}

impl From<&AuditEntry> for Entry {
    /// An entry as the contract tells it. Where the line itself is not told, so are neither its number nor the hash of the
    /// one before: 0, and zeros.
    fn from(told: &AuditEntry) -> Self {
        serde_json::from_str(&told.line).unwrap_or_else(|_| Self {
            number: 0,
            time: told.time.as_ref().and_then(micros).unwrap_or_default(),
            actor: told.actor.clone(),
            address: told.address.clone(),
            action: told.action.clone(),
            resource: told.resource.clone(),
            member: told.member.clone(),
            detail: told.detail.clone(),
            previous: Hash::default(),
        })
    }
}

/// At most `chars` characters, none of which would break a line.
fn one_line(text: &str, chars: usize) -> String {
    text.chars().take(chars).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
