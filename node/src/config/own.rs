//! What concerns the server itself: `[node]`, `[store]`, `[accounts]` and `[live]`.

use duikou_proto::name::{NetworkName, NodeId};

use super::fault::Rule;
use super::part::{NO_KEY, Part, put};
use super::values::{Members, Seconds, Size};
use crate::accounts::Bounds;
use crate::limits;
use crate::live::{Askers, Policy};

/// `[node]`. Written by `init` and `join`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `id`: full id of this node or gateway. Needed to serve.
    pub id: Option<NodeId>,
    /// `network`: its network. Needed to serve.
    pub network: Option<NetworkName>,
    /// `drain`: how long running requests may take to end when the server stops. Default 25s.
    pub drain: Seconds,
}

impl Default for Node {
    fn default() -> Self {
        Self { id: None, network: None, drain: Seconds::new(25) }
    }
}

impl Part for Node {
    fn keys(&self) -> &'static [&'static str] {
        &["id", "network", "drain"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "id" => put(&mut self.id, text),
            "network" => put(&mut self.network, text),
            "drain" => put(&mut self.drain, text),
            _ => Err(NO_KEY),
        }
    }
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `memory`: how much of the newest changes is kept in memory. Default 64 MiB.
    pub memory: Size,
    /// `queue`: how many bytes of writes may wait for the disk; whoever brings more waits before. Default 16 MiB.
    pub queue: Size,
}

impl Default for Store {
    fn default() -> Self {
        Self { memory: Size::of(limits::FEED_BYTES), queue: Size::of(limits::QUEUE_BYTES) }
    }
}

impl Part for Store {
    fn keys(&self) -> &'static [&'static str] {
        &["memory", "queue"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "memory" => put(&mut self.memory, text),
            "queue" => put(&mut self.queue, text),
            _ => Err(NO_KEY),
        }
    }
}

/// `[accounts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounts {
    /// `idle`: after how long without use somebody is signed out. At least 1m. Default 30m.
    pub idle: Seconds,
    /// `session`: after how long somebody is signed out, however much they do. At most 7d. Default 12h.
    pub session: Seconds,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { idle: Seconds::new(30 * 60), session: Seconds::new(12 * 3600) }
    }
}

impl Accounts {
    /// What the server goes by.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { idle: self.idle.duration(), session: self.session.duration() }
    }
}

impl Part for Accounts {
    fn keys(&self) -> &'static [&'static str] {
        &["idle", "session"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "idle" => put(&mut self.idle, text),
            "session" => put(&mut self.session, text),
            _ => Err(NO_KEY),
        }
    }
}

/// `[live]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// `answer`: whose live questions the members here answer: `none`, `named` (those in `named`), `circles` (those, and
    /// whoever shares a circle), `network` (every member) or `registered` (also for the registered readers at gateways).
    /// Each is shown what it may see anyway. Default registered.
    pub answer: Askers,
    /// `on_request`: who of them is shown as well what has no audience. The same words. Default network.
    pub on_request: Askers,
    /// `named`: full ids of members, with commas between them.
    pub named: Members,
}

impl Default for Live {
    fn default() -> Self {
        let Policy { answer, on_request, named } = Policy::default();
        Self { answer, on_request, named: Members(named) }
    }
}

impl Live {
    /// What the server goes by.
    pub fn policy(&self) -> Policy {
        Policy { answer: self.answer, on_request: self.on_request, named: self.named.0.clone() }
    }
}

impl Part for Live {
    fn keys(&self) -> &'static [&'static str] {
        &["answer", "on_request", "named"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "answer" => put(&mut self.answer, text),
            "on_request" => put(&mut self.on_request, text),
            "named" => put(&mut self.named, text),
            _ => Err(NO_KEY),
        }
    }
}
