//! Taking in what the feed has since a page was last read. Nobody is sent anything, so what is taken in is had.

use duikou_proto::v1::subscription::PauseReason;
use thiserror::Error;

use crate::delivery::desk::Desk;
use crate::delivery::event::What;
use crate::delivery::gather::Gatherer;
use crate::delivery::memory::{recent_key, stale_departures};
use crate::delivery::notice;
use crate::delivery::settle::{Changes, Settle, Settled, load};
use crate::delivery::subscription::{Phase, StateFact};
use crate::engine::WriteError;
use crate::store::StoreError;

/// Names that are taken in with one transaction.
const NAMES: usize = 512;
/// Transactions that one request waits for; the rest is for the next.
const ROUNDS: usize = 200;

/// Why there is no page at the moment.
#[derive(Debug, Error)]
pub(crate) enum Busy {
    /// There is more to be taken in than one request waits for.
    #[error("the page is being made ready")]
    Unready,
    /// What is asked for follows nothing that any page has.
    #[error("there is no such place on the page")]
    NoPlace,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Likewise.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Desk {
    /// Brings what a page remembers up to the feed.
    pub(crate) async fn advance(&self, id: &str) -> Result<(), Busy> {
        // One at a time: two would count the same comings twice.
        let mut turn = self.turn_of(id).await;
        for _ in 0..ROUNDS {
            let Some((fact, state)) = load(&self.engine, id).await? else { return Ok(()) };
            let Some(mut gatherer) = Gatherer::new(&self.engine, &fact, &state).await? else { return Ok(()) };
            let gathered = gatherer.next(NAMES).await?;
            let ends = gathered.caught_up && gathered.ended && state.phase == Phase::Active;
            if gathered.events.is_empty() && !gatherer.differs(&state) && !ends {
                return Ok(());
            }
            let (now, mut changes) = (self.engine.now(), Changes::default());
            for event in &gathered.events {
                if let Some(before) = event.before {
                    changes.remove(recent_key(id, before.time, &event.name));
                }
                if matches!(event.what, What::Published(_) | What::Updated(_)) {
                    changes.put(recent_key(id, event.had.time, &event.name), &());
                }
                changes.confirm(id, event, now);
            }
            stale_departures(&self.engine, id).await?.into_iter().for_each(|key| changes.remove(key));
            let mut after = StateFact { success_time: Some(now), ..state.clone() };
            gatherer.note(&mut after, &gathered.cursor);
            if ends {
                notice::stop(id, &mut after, &mut changes, PauseReason::SubjectEnded);
            }
            let generation = state.generation;
            let settle = Settle { id: id.to_owned(), generation, state: after, changes, happened: false };
            // Whoever has the turn next finds what this one has taken in.
            let this = self.clone();
            let settling = async move { (this.settle(settle).await, turn) };
            let (settled, still) = self.engine.to_the_end(settling).await;
            turn = still;
            let settled = settled?;
            if settled == Settled::Ended || (settled == Settled::Kept && gathered.caught_up) {
                return Ok(());
            }
        }
        Err(Busy::Unready)
    }
}
