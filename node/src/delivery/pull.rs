//! Delivery to those who come and take: a page of what follows the acknowledged place, which comes again until it is
//! acknowledged.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::v1::SubscriptionEvent;
use duikou_proto::v1::subscription::PauseReason;
use serde::{Deserialize, Serialize};

use super::desk::{Change, Desk, Refusal};
use super::gather::Gatherer;
use super::memory::stale_departures;
use super::notice;
use super::settle::{Changes, Settle, Settled, Told};
use super::subscription::{Phase, Seen, StateFact, SubscriptionFact, Way};
use crate::engine::{WriteError, facts};
use crate::store::StoreError;
use crate::world::random;

/// How often a pull begins again because its owner does something at the same moment.
const TRIES: usize = 5;

/// What a subscriber has taken and not acknowledged.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PulledFact {
    ack: String,
    /// Where the subscription stands after it.
    state: StateFact,
    /// What it has then.
    confirmed: Changes,
    /// What it has been told with that.
    #[serde(default)]
    told: Told,
}

/// What a pull returns.
pub(crate) struct Taken {
    pub(crate) events: Vec<SubscriptionEvent>,
    /// Empty: there is nothing to acknowledge.
    pub(crate) ack: String,
    pub(crate) caught_up: bool,
}

/// Why it returns nothing.
pub(crate) enum NotTaken {
    Refused(Refusal),
    Write(WriteError),
}

impl From<WriteError> for NotTaken {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Write(WriteError::Store(std::sync::Arc::new(error)))
    }
}

impl Desk {
    /// The next events of a subscription of this way, at most `limit`.
    ///
    /// # Errors
    /// Where there is none for `seen`, or the store fails.
    pub(crate) async fn pull(&self, id: &str, seen: &Seen, limit: usize) -> Result<Taken, NotTaken> {
        for _ in 0..TRIES {
            let Some((fact, state)) = self.get(id, seen).await? else { return Err(NotTaken::Refused(Refusal::NoSuch)) };
            if fact.way != Way::Pull {
                return Err(NotTaken::Refused(Refusal::Way));
            }
            if let Some(taken) = self.take(&fact, &state, limit).await? {
                return Ok(taken);
            }
        }
        Err(NotTaken::Refused(Refusal::Conflict))
    }

    async fn take(&self, fact: &SubscriptionFact, state: &StateFact, limit: usize) -> Result<Option<Taken>, NotTaken> {
        let nothing = || Taken { events: Vec::new(), ack: String::new(), caught_up: true };
        if state.phase != Phase::Active {
            return Err(NotTaken::Refused(Refusal::Paused));
        }
        let Some(mut gatherer) = Gatherer::new(&self.engine, fact, state).await? else { return Ok(Some(nothing())) };
        let gathered = gatherer.next(limit).await?;
        if gathered.events.is_empty() {
            let ended = gathered.caught_up && gathered.ended;
            if ended || gatherer.differs(state) {
                let mut after = state.clone();
                gatherer.note(&mut after, &gathered.cursor);
                let mut changes = Changes::default();
                if ended {
                    notice::stop(&fact.id, &mut after, &mut changes, PauseReason::SubjectEnded);
                }
                let id = fact.id.clone();
                let generation = state.generation;
                let settle = Settle { id, generation, state: after, changes, happened: false };
                let this = self.clone();
                // Where somebody was faster it is noted the next time.
                self.engine.to_the_end(async move { this.settle(settle).await }).await?;
            }
            return Ok(Some(Taken { caught_up: gathered.caught_up, ..nothing() }));
        }
        let ack = BASE64_URL_SAFE_NO_PAD.encode(random::<16>());
        let mut after = state.clone();
        gatherer.note(&mut after, &gathered.cursor);
        let mut changes = Changes::default();
        gathered.events.iter().for_each(|event| changes.offer(&fact.id, event));
        let mut confirmed = Changes::default();
        let now = self.engine.now();
        gathered.events.iter().for_each(|event| confirmed.confirm(&fact.id, event, now));
        let pulled = PulledFact { ack: ack.clone(), state: after.clone(), told: confirmed.told(), confirmed };
        changes.put(facts::pulled(&fact.id), &pulled);
        // The numbers of those that came are taken, whether or not this is ever acknowledged; and where it is not, the memory
        // is compared before the next.
        let noted =
            StateFact { entries: after.entries, sweep: true, generation: state.generation + 1, ..state.clone() };
        let noted = gathered.before(noted);
        let settle =
            Settle { id: fact.id.clone(), generation: state.generation, state: noted, changes, happened: false };
        match self.engine.submit(settle).await? {
            Settled::Kept => Ok(Some(Taken {
                events: gathered.events.iter().map(|event| event.told(&fact.id)).collect(),
                ack,
                caught_up: gathered.caught_up,
            })),
            Settled::Overtaken => Ok(None),
            Settled::Ended => Err(NotTaken::Refused(Refusal::NoSuch)),
        }
    }

    /// Acknowledges what the last pull returned; once more, where the answer was lost, is no fault.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where `ack` is of another; where there is none for `seen`, or the store fails.
    pub(crate) async fn acknowledge(&self, id: &str, seen: &Seen, ack: &str) -> Result<(), NotTaken> {
        let pulled = self.engine.fact::<PulledFact>(&facts::pulled(id)).await?;
        let stale = stale_departures(&self.engine, id).await?;
        let (key, given, now) = (facts::pulled(id), ack.to_owned(), self.engine.now());
        let known = pulled.filter(|pulled| pulled.ack == given);
        let generation = known.as_ref().map(|known| known.state.generation);
        let act = move |fact: &mut SubscriptionFact, state: &mut StateFact, changes: &mut Changes| {
            if fact.way != Way::Pull {
                return Err(Refusal::Way);
            }
            // Whatever was done to it since, a pull among others, has another generation.
            let Some(known) = known.filter(|_| generation.map(|generation| generation + 1) == Some(state.generation))
            else {
                return Err(Refusal::Conflict);
            };
            let generation = state.generation;
            *state = StateFact { generation, success_time: Some(now), acknowledged: given, ..known.state };
            changes.extend(known.confirmed);
            changes.tell(known.told);
            stale.into_iter().for_each(|key| changes.remove(key));
            changes.remove(key);
            Ok(())
        };
        let change = Change { id: id.to_owned(), seen: seen.clone(), etag: None, act };
        let Err(refusal) = self.engine.submit(change).await? else { return Ok(()) };
        let state = self.get(id, seen).await?.map(|(_, state)| state);
        match state.filter(|state| refusal == Refusal::Conflict && state.acknowledged == ack) {
            Some(_) if !ack.is_empty() => Ok(()),
            _ => Err(NotTaken::Refused(refusal)),
        }
    }
}
