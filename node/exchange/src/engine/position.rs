//! Positions on a feed: what they hold, whether this feed honours one, and how they are sealed so that nobody learns
//! from two of them how much happened between.

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::defects::{self, Defect};
use crate::limits;
use crate::sealed;
use crate::store::Seq;
use crate::world::World;

/// A place on a feed. Known only if `newest` lies within its epoch: rows move up, so a small `seq` alone does not
/// prove what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub(crate) feed: [u8; 16],
    pub(crate) epoch: u64,
    pub(crate) seq: Seq,
    pub(crate) newest: Seq,
}

/// Who a feed is over time. A restore makes a new `id`, every start of the process a new epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedIdentity {
    pub(crate) id: [u8; 16],
    key: [u8; 32],
    /// Each with the sequence number at which it began.
    epochs: Vec<(u64, Seq)>,
}

/// How a presented position relates to this feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It can go on from here.
    Yes(Seq),
    /// Of another feed, or not sealed by it.
    Foreign,
    /// Of this feed, from a future that it does not remember: it was rolled back.
    Lost,
}

impl FeedIdentity {
    /// A feed that nobody has read.
    pub fn new(world: &World) -> Self {
        Self { id: world.random(), key: world.random(), epochs: Vec::new() }
    }

    /// A new start at `seq`.
    pub(crate) fn begin_epoch(&mut self, world: &World, seq: Seq) {
        self.epochs.push((u64::from_le_bytes(world.random()), seq));
        if self.epochs.len() > limits::EPOCHS {
            // First one in which no number was given out: a server that starts in vain again and again pushes out no other.
            let idle = self.epochs.windows(2).position(|pair| pair[0].1 == pair[1].1);
            self.epochs.remove(idle.unwrap_or(0));
        }
    }

    /// The same store as another feed: nothing that was presented before is known.
    pub(crate) fn renew(&mut self, world: &World, seq: Seq) {
        self.id = world.random();
        self.epochs.clear();
        self.begin_epoch(world, seq);
    }

    pub(crate) fn position(&self, seq: Seq, newest: Seq) -> Position {
        Position { feed: self.id, epoch: self.epochs.last().map_or(0, |(epoch, _)| *epoch), seq, newest }
    }

    pub(crate) fn knows(&self, position: &Position, head: Seq) -> Known {
        if position.feed != self.id {
            return Known::Foreign;
        }
        let Some(at) = self.epochs.iter().position(|(epoch, _)| *epoch == position.epoch) else {
            return Known::Lost;
        };
        let end = self.epochs.get(at + 1).map_or(head, |(_, start)| *start);
        if position.newest <= end || defects::on(Defect::PositionWithoutNewest) {
            Known::Yes(position.seq)
        } else {
            Known::Lost
        }
    }

    /// How many epochs it remembers.
    pub(crate) fn epochs(&self) -> usize {
        self.epochs.len()
    }

    /// Seals a position together with what it is good for: the same always to the same, so that an answer which bears it
    /// can be recognised by whoever holds it.
    pub(crate) fn seal(&self, position: &Position, bound: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(96);
        text.extend_from_slice(&position.feed);
        text.extend_from_slice(&position.epoch.to_le_bytes());
        text.extend_from_slice(&position.seq.to_le_bytes());
        text.extend_from_slice(&position.newest.to_le_bytes());
        text.extend_from_slice(bound);
        sealed::seal_alike(&self.key, text)
    }

    /// Opens what [`Self::seal`] made; None where this feed did not make it.
    pub fn open(&self, sealed: &[u8]) -> Option<(Position, Vec<u8>)> {
        let plain = sealed::open(&self.key, sealed)?;
        let number = |from: usize| -> Option<[u8; 8]> { plain.get(from..from + 8)?.try_into().ok() };
        let position = Position {
            feed: plain.get(..16)?.try_into().ok()?,
            epoch: u64::from_le_bytes(number(16)?),
            seq: Seq::from_le_bytes(number(24)?),
            newest: Seq::from_le_bytes(number(32)?),
        };
        Some((position, plain.get(40..)?.to_vec()))
    }
}

impl Engine {
    /// A position of this feed, as readers carry it; `bound` comes back with it.
    pub fn seal_position(&self, seq: Seq, newest: Seq, bound: &[u8]) -> Vec<u8> {
        let feed = self.0.memory.load().feed.clone();
        feed.seal(&feed.position(seq, newest), bound)
    }

    /// A position that this server has sealed, with what was bound to it; None: it is none.
    pub fn open_position(&self, sealed: &[u8]) -> Option<(Position, Vec<u8>)> {
        self.0.memory.load().feed.open(sealed)
    }

    /// Whether a position is of this feed, as it is now.
    pub fn knows(&self, position: &Position) -> Known {
        self.0.memory.load().feed.knows(position, self.head())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_position_from_a_lost_future_is_not_known() {
        let mut feed = FeedIdentity::new(&World::system());
        feed.begin_epoch(&World::system(), 0);
        let backup = feed.clone();
        let late = feed.position(5, 90);
        assert_eq!(feed.knows(&late, 90), Known::Yes(5));
        let mut rolled_back = backup.clone();
        rolled_back.begin_epoch(&World::system(), 40);
        assert_eq!(rolled_back.knows(&late, 200), Known::Lost, "although 5 lies before 40");
        assert_eq!(rolled_back.knows(&backup.position(5, 40), 200), Known::Yes(5));
        feed.begin_epoch(&World::system(), 90);
        assert_eq!(rolled_back.knows(&feed.position(1, 91), 200), Known::Lost);
        let mut restored = backup;
        restored.renew(&World::system(), 40);
        assert_eq!(restored.knows(&late, 200), Known::Foreign);
    }

    #[test]
    fn starts_in_which_nothing_happens_push_out_no_other() {
        let mut feed = FeedIdentity::new(&World::system());
        feed.begin_epoch(&World::system(), 0);
        let old = feed.position(5, 90);
        for _ in 0..2 * limits::EPOCHS {
            feed.begin_epoch(&World::system(), 90);
        }
        let new = feed.position(90, 90);
        assert_eq!((feed.epochs(), feed.knows(&old, 90)), (limits::EPOCHS, Known::Yes(5)));
        assert_eq!(feed.knows(&new, 90), Known::Yes(90));
    }

    proptest! {
        #[test]
        fn sealed_positions_open_only_as_they_were(seq in 0..i64::MAX, newest in 0..i64::MAX, flip in 0usize..64) {
            let mut feed = FeedIdentity::new(&World::system());
            feed.begin_epoch(&World::system(), 0);
            let position = feed.position(seq, newest);
            let mut sealed = feed.seal(&position, b"bound");
            prop_assert_eq!(feed.open(&sealed), Some((position, b"bound".to_vec())));
            let at = flip % sealed.len();
            sealed[at] ^= 1;
            prop_assert_eq!(feed.open(&sealed), None);
        }
    }
}
