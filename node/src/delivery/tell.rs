//! Telling a webhook's receiver what it lacks: noted first, sent then, confirmed last.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::envelope::Micros;
use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::subscription::PauseReason;

use super::event::Event;
use super::gather::Gathered;
use super::log::{DeliveryFact, slot};
use super::memory::stale_departures;
use super::notice;
use super::runner::{Follower, Halt};
use super::schedule::wait_after;
use super::settle::{Changes, Settled};
use super::subscription::{StateFact, SubscriptionFact, Way};
use super::wants::Wants;
use super::webhook::{Attempt, Message, Post};
use crate::engine::facts;
use crate::feed::Cursor;

impl Follower {
    /// Sends what was gathered, in its order, up to the first failure. `noted` is the state where all of it is delivered.
    /// The state from then on, or None where it has to be read again.
    pub(super) async fn tell(
        &mut self,
        fact: &SubscriptionFact,
        state: StateFact,
        noted: StateFact,
        gathered: Gathered,
    ) -> Result<Option<StateFact>, Halt> {
        let Way::Webhook { url, secrets } = &fact.way else { return Ok(None) };
        let (engine, generation) = (self.desk.engine.clone(), state.generation);
        let mut offered = Changes::default();
        gathered.events.iter().for_each(|event| offered.offer(&fact.id, event));
        // Until all of it is told, what was is unknown to the cursor: the memory is asked before anything else is passed over.
        let sweep = state.sweep || !offered.is_empty();
        let mut state = gathered.before(StateFact { entries: noted.entries, sweep, ..state });
        if !offered.is_empty() && self.settle(generation, state.clone(), offered, false).await? != Settled::Kept {
            return Ok(None);
        }
        let mut changes = Changes::default();
        let (mut failed, mut outdated) = (None, false);
        match url.parse() {
            Err(_) => failed = Some(Attempt::forbidden()),
            Ok(target) => {
                let (desk, slow) = (self.desk.clone(), self.slow || state.failures > 0);
                let mut post = Post { dialer: &desk.dialer, slots: &desk.slots, target, slow, connection: None };
                let mut events = gathered.events.iter();
                for event in events.by_ref() {
                    // Receivers take their time: what has changed since it was gathered is gathered anew.
                    if !self.still_holds(fact, generation, gathered.tie, event).await? {
                        changes.take_back(&fact.id, event);
                        outdated = true;
                        break;
                    }
                    let (id, now) = (event.id(&fact.id), engine.now());
                    let body = event.body(&fact.id, now).into();
                    let attempt = post.send(&Message { id: &id, body, secrets, now }).await;
                    desk.outcomes.count(&attempt.outcome);
                    let entry = delivery(&id, event.kind(), event.name.as_str(), &attempt, now, &event.cursor);
                    changes.put(slot(&fact.id, state.deliveries), &entry);
                    state.deliveries += 1;
                    if attempt.is_delivered() {
                        changes.confirm(&fact.id, event, now);
                        state.failures = 0;
                        continue;
                    }
                    if !attempt.sent {
                        changes.take_back(&fact.id, event);
                    }
                    failed = Some(attempt);
                    break;
                }
                // What was not tried has certainly not come.
                events.for_each(|event| changes.take_back(&fact.id, event));
                self.slow = post.slow;
            }
        }
        let now = engine.now();
        let after = match failed {
            None if outdated => state,
            None => StateFact {
                deliveries: state.deliveries,
                failures: 0,
                failure: String::new(),
                next_attempt: None,
                success_time: Some(now),
                ..noted
            },
            Some(attempt) => self.failed(state, &attempt, now, &mut changes),
        };
        if gathered.events.iter().any(Event::is_departure) {
            stale_departures(&engine, &fact.id).await?.into_iter().for_each(|key| changes.remove(key));
        }
        let done = after.failures == 0 && !outdated;
        let settled = self.settle(generation, after.clone(), changes, true).await?;
        Ok((done && settled == Settled::Kept).then_some(after))
    }

    /// Whether its owner still wants it so and may have it, the subscriber may see what an event tells, and nothing newer
    /// is there; nor of the listing that it is a counterpart of.
    async fn still_holds(
        &self,
        fact: &SubscriptionFact,
        generation: u64,
        tie: Option<[u8; 32]>,
        event: &Event,
    ) -> Result<bool, Halt> {
        let state = self.desk.engine.fact::<StateFact>(&facts::subscription_state(&fact.id)).await?;
        if state.is_none_or(|state| state.generation != generation) || !self.desk.account_is_good(fact).await? {
            return Ok(false);
        }
        if event.is_departure() {
            return Ok(true);
        }
        if tie.is_some() && Wants::of(&self.desk.engine, fact).await?.is_none_or(|wants| wants.tie() != tie) {
            return Ok(false);
        }
        let there = self.desk.engine.get(&event.name, &fact.reader()).await?;
        Ok(there.is_some_and(|(part, _)| part.revision() == event.had.offered))
    }

    /// The state after a failure: tried again later, or left.
    fn failed(&self, state: StateFact, attempt: &Attempt, now: Micros, changes: &mut Changes) -> StateFact {
        let failures = state.failures + 1;
        let failure = match attempt.status {
            0 => format!("{}: {}", attempt.outcome.as_str_name(), attempt.detail),
            status => format!("HTTP {status} {}", attempt.detail).trim_end().to_owned(),
        };
        let [chance] = self.desk.engine.world().random::<1>();
        let wait = wait_after(failures, chance, attempt.retry_after).filter(|_| !attempt.is_gone());
        let wait = wait.map(|wait| now + Micros::try_from(wait.as_micros()).unwrap_or(Micros::MAX / 2));
        let mut after = StateFact { failures, failure, next_attempt: wait, ..state };
        if wait.is_none() {
            let reason = if attempt.is_gone() { PauseReason::Gone } else { PauseReason::Failing };
            notice::stop(&self.id, &mut after, changes, reason);
        }
        after
    }
}

/// As the log has it.
pub(crate) fn delivery(
    id: &str,
    kind: &str,
    listing: &str,
    attempt: &Attempt,
    time: Micros,
    cursor: &Cursor,
) -> DeliveryFact {
    DeliveryFact {
        id: id.to_owned(),
        kind: kind.to_owned(),
        listing: listing.to_owned(),
        time,
        millis: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
        outcome: attempt.outcome.into(),
        status: attempt.status,
        detail: attempt.detail.clone(),
        cursor: BASE64_URL_SAFE_NO_PAD.encode(cursor),
    }
}

impl Attempt {
    /// An address that was taken once and is none any longer.
    fn forbidden() -> Self {
        Self {
            outcome: Outcome::AddressForbidden,
            status: 0,
            detail: "the address is none".to_owned(),
            took: std::time::Duration::ZERO,
            retry_after: None,
            sent: false,
        }
    }
}
