//! What is known of every link, for those who ask: one place that the link tasks write and status reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;
use duikou_proto::name::NodeId;

use super::breach::{Breach, BreachView};
use super::end::Ended;
use super::reason::Cause;
use super::unacknowledged::Unacknowledged;
use crate::engine::Engine;
use crate::store::{Seq, StoreError};

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
    /// Since when it is up or, however often it was tried meanwhile, is not.
    pub since: Micros,
    /// Why it is not connected, for people.
    pub detail: Text,
    /// The same in the words of the system, the libraries and the peer, for whoever looks into it.
    pub error: String,
    /// What is to be looked at then.
    pub cause: Cause,
    /// Which of its sessions came up last. One before it may still be open, where its connection was forgotten on the way.
    pub session: u64,
    /// Up to where the peer has all that is for it, on our bulk lane.
    pub acknowledged: Seq,
    /// Changes that the peer still has for us, as it said with its last batch.
    pub behind: i64,
    /// How many frames of the peer's pulse have come.
    pub heard: u64,
    /// The most bytes that were ever on the way to the peer unanswered, on one lane of the link that is up.
    pub in_flight: usize,
    /// The most states that the peer ever waited to get once more.
    pub wanted: usize,
    /// The peer's program and its version, as it says; empty before it was heard.
    pub software: String,
    /// The peer's clock minus ours, once known.
    pub clock_offset: Option<Micros>,
    /// What it did that no sound peer does.
    pub breaches: BTreeMap<Breach, BreachView>,
}

/// All links of this server.
#[derive(Debug, Clone, Default)]
pub struct LinkBoard(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    links: Mutex<BTreeMap<NodeId, LinkView>>,
    /// Held while the feed is read: who asks meanwhile waits, and finds it read.
    unacknowledged: tokio::sync::Mutex<BTreeMap<NodeId, Unacknowledged>>,
}

impl LinkBoard {
    /// Changes what is known of a link.
    pub fn update(&self, peer: &NodeId, change: impl FnOnce(&mut LinkView)) {
        let mut links = self.0.links.lock().unwrap_or_else(PoisonError::into_inner);
        change(links.entry(peer.clone()).or_default());
    }

    /// A link is tried.
    pub(crate) fn tried(&self, peer: &NodeId, now: Micros) {
        self.update(peer, |view| {
            view.phase = LinkPhase::Connecting;
            if view.since == 0 {
                view.since = now;
            }
        });
    }

    /// A session of a link is up; its number.
    pub(crate) fn up(&self, peer: &NodeId, now: Micros) -> u64 {
        let mut session = 0;
        self.update(peer, |view| {
            view.phase = LinkPhase::Connected;
            view.since = now;
            view.detail = Text::default();
            view.error = String::new();
            view.cause = Cause::default();
            view.session += 1;
            session = view.session;
        });
        session
    }

    /// A session that was up has ended. Where a later one is up, so is the link.
    pub(crate) fn ended(&self, peer: &NodeId, session: u64, now: Micros) {
        self.update(peer, |view| {
            if view.session == session {
                view.phase = LinkPhase::Disconnected;
                view.since = now;
            }
        });
    }

    /// A link is down, unless a session of it is up that is not the one which `ended` says something of.
    pub(crate) fn down(&self, peer: &NodeId, ended: &Ended, now: Micros) {
        self.update(peer, |view| {
            if view.phase != LinkPhase::Connected {
                view.phase = LinkPhase::Disconnected;
                view.detail = ended.text();
                view.error = ended.told();
                view.cause = ended.cause();
                if view.since == 0 {
                    view.since = now;
                }
            }
        });
    }

    /// One link.
    pub fn get(&self, peer: &NodeId) -> Option<LinkView> {
        self.0.links.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned()
    }

    /// All, by peer.
    pub fn all(&self) -> Vec<(NodeId, LinkView)> {
        let links = self.0.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().map(|(peer, view)| (peer.clone(), view.clone())).collect()
    }

    /// How many own states a peer has not acknowledged: see [`Unacknowledged::count`]. What has been counted once is not
    /// read again.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn unacknowledged(&self, engine: &Engine, peer: &NodeId) -> Result<i64, StoreError> {
        let acknowledged = self.get(peer).unwrap_or_default().acknowledged;
        let mut counts = self.0.unacknowledged.lock().await;
        counts.entry(peer.clone()).or_default().count(engine, acknowledged, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_ends_late_takes_down_no_later_one() {
        let (board, peer): (_, NodeId) = (LinkBoard::default(), "shenzhen.pprd.example".parse().unwrap());
        board.tried(&peer, 1);
        let first = board.up(&peer, 2);
        let second = board.up(&peer, 3);
        board.ended(&peer, first, 4);
        board.down(&peer, &Ended::Dead, 4);
        let view = board.get(&peer).unwrap();
        assert_eq!((view.phase, view.since, &*view.error), (LinkPhase::Connected, 3, ""));

        board.ended(&peer, second, 5);
        board.down(&peer, &Ended::Dead, 5);
        board.tried(&peer, 6);
        board.down(&peer, &Ended::Clock("a date".to_owned()), 7);
        let view = board.get(&peer).unwrap();
        assert_eq!((view.phase, view.since, &*view.error), (LinkPhase::Disconnected, 5, "a date"));
        assert_eq!(view.cause, Cause::Clock);
    }
}
