//! What the indexer and those who search tell each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duikou_proto::directory::Directory;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use super::schema::Fields;
use super::view::View;
use crate::engine::Engine;
use crate::limits;
use crate::store::Seq;

/// The index as of its newest commit.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) view: Arc<View>,
    pub(crate) fields: Fields,
    /// Every change of content up to here is in it.
    pub(crate) upto: Seq,
    /// By which hidden names it was read; None: not known.
    pub(crate) hidden: Option<[u8; 32]>,
    /// Whether it has not reached the head of the feed since it was opened.
    pub(crate) building: bool,
}

/// See the module.
pub(crate) struct State {
    current: watch::Sender<Option<Current>>,
    wanted: Notify,
    urgent: AtomicBool,
    urgency: Notify,
    damaged: AtomicBool,
    damage: Notify,
}

/// The index has not taken in what it must have before anything is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unready;

/// How long whoever searches waits for an index that is not ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as for an answer without which there is nothing to show.
    #[default]
    Waits,
    /// Not at all: there is more to show, and it is asked again.
    AtOnce,
}

impl Patience {
    fn lasts(self) -> Duration {
        match self {
            Self::Waits => limits::SEARCH_WAITS,
            Self::AtOnce => Duration::ZERO,
        }
    }
}

/// A fingerprint of what the network hides.
pub(crate) fn hidden(directory: &Directory) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for hidden in directory.hidden() {
        hasher.update(&hidden.name_hash);
    }
    *hasher.finalize().as_bytes()
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            current: watch::Sender::new(None),
            wanted: Notify::new(),
            urgent: AtomicBool::new(false),
            urgency: Notify::new(),
            damaged: AtomicBool::new(false),
            damage: Notify::new(),
        }
    }

    /// Until somebody searches.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Until somebody waits for a commit.
    pub(crate) async fn urgency(&self) {
        self.urgency.notified().await;
    }

    pub(crate) fn is_urgent(&self) -> bool {
        self.urgent.load(Ordering::Acquire)
    }

    /// Says that the index gave what it cannot have been given.
    pub(crate) fn report_damage(&self) {
        self.damaged.store(true, Ordering::Release);
        self.damage.notify_one();
    }

    pub(crate) async fn damage(&self) {
        self.damage.notified().await;
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Acquire)
    }

    pub(crate) fn publish(&self, current: Current) {
        self.urgent.store(false, Ordering::Release);
        self.current.send_replace(Some(current));
    }

    /// Up to where the index has read.
    pub(crate) fn upto(&self) -> Option<Seq> {
        self.current.borrow().as_ref().map(|current| current.upto)
    }

    /// There is no index for the time being.
    pub(crate) fn lose(&self) {
        self.damaged.store(false, Ordering::Release);
        self.current.send_replace(None);
    }

    #[cfg(test)]
    pub(crate) async fn caught_up(&self, engine: &Engine) {
        self.wanted.notify_one();
        self.urgent.store(true, Ordering::Release);
        self.urgency.notify_one();
        let counted = engine.counted();
        let reached = |current: &Option<Current>| {
            current.as_ref().is_some_and(|current| current.upto >= counted && !current.building)
        };
        let mut watch = self.current.subscribe();
        let wait = watch.wait_for(reached);
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the index follows").unwrap();
    }

    /// The index, when it knows everything that must not be given out.
    ///
    /// # Errors
    /// Where that takes too long for whoever asks.
    pub(crate) async fn ready(&self, engine: &Engine, patience: Patience) -> Result<Current, Unready> {
        self.wanted.notify_one();
        let mut watch = self.current.subscribe();
        let deadline = Instant::now() + patience.lasts();
        loop {
            let marker = hidden(&engine.directory());
            let current = watch.borrow_and_update().clone();
            match current {
                Some(current) if current.hidden == Some(marker) && !current.building => return Ok(current),
                // An index that is being made is better than none: it says so.
                Some(current) if current.hidden == Some(marker) && Instant::now() >= deadline => return Ok(current),
                Some(_) => {
                    self.urgent.store(true, Ordering::Release);
                    self.urgency.notify_one();
                }
                None => {}
            }
            if timeout_at(deadline, watch.changed()).await.is_err() {
                let marker = hidden(&engine.directory());
                let current = watch.borrow().clone();
                return current.filter(|current| current.hidden == Some(marker)).ok_or(Unready);
            }
        }
    }
}
