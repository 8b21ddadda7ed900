//! How far the peer has taken what is ours, kept across restarts: what lies beyond is not yet safe elsewhere.

use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::name::NodeId;
use serde::{Deserialize, Serialize};

use super::end::{Ended, LinkEnd};
use crate::engine::{Command, Work, facts};
use crate::store::{Seq, StoreError};

/// How often it is written down; what is kept is at most so much too low, and never too high.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    feed: [u8; 16],
    seq: Seq,
}

struct Save {
    peer: NodeId,
    fact: Fact,
}

#[async_trait]
impl Command for Save {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        work.put_fact(facts::acknowledged(&self.peer), &self.fact);
        Ok(())
    }
}

/// Shows on the board what was known before this process started.
pub(crate) async fn load(end: &LinkEnd) {
    let fact = end.engine.fact::<Fact>(&facts::acknowledged(&end.peer)).await;
    if let Ok(Some(fact)) = fact
        && fact.feed == end.engine.feed_id()
    {
        end.board.update(&end.peer, |view| view.acknowledged = view.acknowledged.max(fact.seq));
    }
}

/// Writes it down whenever it has moved, until the link ends.
pub(crate) async fn keep(end: LinkEnd) -> Result<std::convert::Infallible, Ended> {
    let mut written = 0;
    loop {
        tokio::time::sleep(EVERY).await;
        let seq = end.board.get(&end.peer).map_or(0, |view| view.acknowledged);
        if seq != written {
            let fact = Fact { feed: end.engine.feed_id(), seq };
            end.engine.submit(Save { peer: end.peer.clone(), fact }).await?;
            written = seq;
        }
    }
}
