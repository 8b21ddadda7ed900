//! What is known of every link, for those who ask: one place that the link tasks write and status reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use duikou_proto::envelope::Micros;
use duikou_proto::name::NodeId;

use super::breach::{Breach, BreachView};
use crate::store::Seq;

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkPhase {
    /// Not connected.
    #[default]
    Disconnected,
    /// Dialling, or saying hello.
    Connecting,
    /// Taking own records back before anything is sent.
    Recovering,
    /// Up.
    Connected,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkView {
    /// How it is.
    pub phase: LinkPhase,
    /// Since when.
    pub since: Micros,
    /// Why it is not connected, for people.
    pub detail: String,
    /// Up to where the peer has all that is for it, on our bulk lane.
    pub acknowledged: Seq,
    /// Changes that the peer still has for us, as it said with its last batch.
    pub behind: i64,
    /// How many frames of the peer's pulse have come.
    pub heard: u64,
    /// The peer's clock minus ours, once known.
    pub clock_offset: Option<Micros>,
    /// What it did that no sound peer does.
    pub breaches: BTreeMap<Breach, BreachView>,
}

/// All links of this server.
#[derive(Debug, Clone, Default)]
pub struct LinkBoard(Arc<Mutex<BTreeMap<NodeId, LinkView>>>);

impl LinkBoard {
    /// Changes what is known of a link.
    pub(crate) fn update(&self, peer: &NodeId, change: impl FnOnce(&mut LinkView)) {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(links.entry(peer.clone()).or_default());
    }

    /// One link.
    pub fn get(&self, peer: &NodeId) -> Option<LinkView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned()
    }

    /// All, by peer.
    pub fn all(&self) -> Vec<(NodeId, LinkView)> {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().map(|(peer, view)| (peer.clone(), view.clone())).collect()
    }
}
