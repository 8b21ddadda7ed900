//! What a reader found near the head, kept for those that are alike and stand where it stood: a change is read, looked at
//! and sealed once for all of them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use duikou_proto::envelope::Micros;

use super::step::{Cursor, Step};
use crate::limits;
use crate::store::Seq;

/// A step that has been read.
pub(super) struct Ready {
    pub(super) step: Step,
    pub(super) seq: Seq,
    /// Where its name first came.
    pub(super) first: Seq,
    /// The cursor after it, where that is the same for all.
    pub(super) cursor: OnceLock<Cursor>,
    /// Both as they are sent, where that is the same for all.
    pub(super) sent: OnceLock<Bytes>,
}

impl Ready {
    pub(super) fn new(step: Step, seq: Seq, first: Seq) -> Self {
        Self { step, seq, first, cursor: OnceLock::new(), sent: OnceLock::new() }
    }
}

/// By what readers are alike: what they want, their rights by a directory, and their place on a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alike {
    pub(super) wanted: [u8; 32],
    pub(super) rights: [u8; 32],
    pub(super) entry: i64,
    pub(super) feed: [u8; 16],
    pub(super) after: Seq,
}

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Both are hashes already: a part of them tells readers apart as well as the whole.
        let part = |hash: &[u8; 32]| hash.first_chunk().map_or(0, |part| u64::from_le_bytes(*part));
        (part(&self.wanted) ^ part(&self.rights).rotate_left(1)).hash(state);
        self.after.hash(state);
    }
}

/// What one of them found.
pub(super) struct Turn {
    pub(super) head: Seq,
    pub(super) upto: Seq,
    pub(super) ready: Vec<Ready>,
    /// When it was looked at: what is expired or signed by a dead key later was not yet.
    pub(super) time: Micros,
    /// When the first record of it expires.
    pub(super) expires: Micros,
}

impl Turn {
    /// One step, of which only its reader knows.
    pub(super) fn of(step: Step) -> Self {
        Self { head: 0, upto: 0, ready: vec![Ready::new(step, 0, 0)], time: 0, expires: 0 }
    }
}

/// See the module. At most [`limits::TURNS`] of [`limits::TURN_STEPS`] steps; they reach to the head, and all go when the
/// feed moves, so that they hold nothing but what its last page has.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Alike, Arc<Turn>>>);

impl Turns {
    /// What was found there, if the feed is at `head` still.
    pub(super) fn recall(&self, alike: &Alike, head: Seq, now: Micros) -> Option<Arc<Turn>> {
        let turn = self.lock().get(alike).cloned()?;
        let until = turn.time.saturating_add(limits::TURN_AGE).min(turn.expires);
        let fresh = (turn.time..until).contains(&now);
        (turn.head == head && fresh).then_some(turn)
    }

    /// Keeps it for others.
    pub(super) fn keep(&self, alike: Alike, turn: Arc<Turn>) {
        let mut turns = self.lock();
        let last = turn.upto >= turn.head && turn.ready.len() <= limits::TURN_STEPS;
        if last && (turns.len() < limits::TURNS || turns.contains_key(&alike)) {
            turns.insert(alike, turn);
        }
    }

    /// The feed has moved.
    pub(super) fn forget(&self) {
        let turns = std::mem::take(&mut *self.lock());
        drop(turns);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Alike, Arc<Turn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
