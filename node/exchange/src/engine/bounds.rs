//! What an engine keeps in memory beside its store, each with the bound that it has: for whoever watches over that.

use super::Engine;
use crate::limits;

/// Something that is held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// What.
    pub what: &'static str,
    /// How much of it now.
    pub held: usize,
    /// The most that there may be.
    pub limit: usize,
}

impl Engine {
    /// All of them. The sums of [`super::heads`] grow with the directory alone, whose size is the network's to bound.
    pub fn bounds(&self) -> Vec<Bound> {
        let memory = self.0.memory.load();
        let (feed_bytes, feed_limit) = self.0.feed.bytes();
        let (shelf_bytes, shelf_limit) = self.0.feed.shelf_bytes();
        let (named_bytes, named_limit) = self.0.feed.named_bytes();
        let (queue_bytes, queue_limit) = self.1.bytes();
        let ends = limits::TO_THE_END - self.0.to_the_end.available_permits();
        let peers = memory.directory.nodes().len().max(1);
        let rejections = memory.hot(super::facts::REJECTIONS, usize::MAX).len();
        vec![
            Bound { what: "bytes of the newest changes", held: feed_bytes, limit: feed_limit },
            Bound { what: "bytes of listings as readers get them", held: shelf_bytes, limit: shelf_limit },
            Bound { what: "bytes of rows that were asked for by name", held: named_bytes, limit: named_limit },
            Bound { what: "bytes of commands that wait for the writer", held: queue_bytes, limit: queue_limit },
            Bound { what: "commits that something follows", held: ends, limit: limits::TO_THE_END },
            Bound { what: "refusals that are remembered", held: rejections, limit: limits::REJECTIONS * peers },
            Bound { what: "epochs of the feed", held: memory.feed.epochs(), limit: limits::EPOCHS },
        ]
    }
}
