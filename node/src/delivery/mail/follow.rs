//! A digest under way: the question first, then what has come, when it is due.

use std::time::Duration;

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use duikou_proto::name::RecordName;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::PauseReason;

use super::Mailer;
use super::consent::{Purpose, language, link, question};
use super::digest::{Digest, compose};
use super::due::due_after;
use crate::delivery::event::Event;
use crate::delivery::gather::{Gathered, Gatherer};
use crate::delivery::memory::stale_departures;
use crate::delivery::notice;
use crate::delivery::page::author;
use crate::delivery::runner::{Follower, Halt, Next};
use crate::delivery::schedule::wait_after;
use crate::delivery::settle::{Changes, Settled};
use crate::delivery::subscription::{MailWay, StateFact, SubscriptionFact};
use crate::limits;

impl Follower {
    /// Asks the reader of an address to confirm it, once.
    pub(in crate::delivery) async fn ask(
        &mut self,
        fact: &SubscriptionFact,
        state: StateFact,
        mail: &MailWay,
    ) -> Result<Next, Halt> {
        let Some(mailer) = self.desk.mailer.clone().filter(|_| !state.asked) else { return self.idle().await };
        // Whatever its owner does: nobody is asked without end.
        let within = Micros::try_from(limits::ASKED_WITHIN.as_micros()).unwrap_or_default();
        let often = state.asked_times.len() >= limits::ASKED;
        let rested = state.asked_times.first().filter(|_| often).map(|time| time + within);
        if self.rest_until(state.next_attempt.max(rested)).await {
            return Ok(Next::Reload);
        }
        let letter = question(fact, &mail.party(), Purpose::Confirm, mailer.base());
        let id = format!("{}.{}", fact.id, state.generation);
        let sent = mailer.send(&mail.address, letter, &id, None).await;
        let mut changes = Changes::default();
        let after = match sent {
            Ok(()) => {
                let mut asked = StateFact { asked: true, next_attempt: None, failures: 0, ..state.clone() };
                asked.failure.clear();
                asked.asked_times.push(self.desk.engine.now());
                let past = asked.asked_times.len().saturating_sub(limits::ASKED);
                asked.asked_times.drain(..past);
                asked
            }
            Err(why) => self.not_sent(&state, why, &mut changes),
        };
        self.settle(state.generation, after, changes, false).await?;
        Ok(Next::Reload)
    }

    /// Sends the next digest when it is due.
    pub(in crate::delivery) async fn digest(
        &mut self,
        fact: &SubscriptionFact,
        state: StateFact,
        mail: &MailWay,
    ) -> Result<Next, Halt> {
        let Some(mailer) = self.desk.mailer.clone() else { return self.idle().await };
        let due = due_after(mail, state.digest_time.unwrap_or(fact.create_time));
        if self.rest_until(Some(state.next_attempt.unwrap_or(due))).await {
            return Ok(Next::Reload);
        }
        if mail.pace() == Pace::AtOnce && state.failures == 0 {
            // The first of what has come wakes it; the rest of the minute goes along.
            if !self.something_comes(fact, &state).await? {
                return Ok(Next::Reload);
            }
            if self.rest_until(Some(self.desk.engine.now() + coalesced())).await {
                return Ok(Next::Reload);
            }
        }
        // It may have rested for days.
        if !self.desk.account_is_good(fact).await? {
            return Ok(Next::Reload);
        }
        let Some(mut gatherer) = Gatherer::new(&self.desk.engine, fact, &state).await? else {
            return self.idle().await;
        };
        let gathered = {
            let _look = self.looks.acquire().await;
            gatherer.next(limits::DIGEST_EVENTS).await?
        };
        let now = self.desk.engine.now();
        // What one mail does not hold follows soon, and not when the next is due: else a digest could fall behind for ever.
        let rest = match (gathered.caught_up, gathered.events.is_empty(), mail.pace()) {
            (true, ..) | (false, false, Pace::AtOnce) => None,
            (false, true, _) => Some(now),
            (false, false, _) => Some(now + coalesced()),
        };
        let mut noted = StateFact { digest_time: Some(now), next_attempt: rest, ..state.clone() };
        gatherer.note(&mut noted, &gathered.cursor);
        if gathered.events.is_empty() {
            if gathered.caught_up && gathered.ended {
                return self.stop(&noted, PauseReason::SubjectEnded).await;
            }
            self.settle(state.generation, noted, Changes::default(), false).await?;
            return Ok(Next::Reload);
        }
        self.post(fact, state, noted, mail, &mailer, &gathered).await?;
        Ok(Next::Reload)
    }

    /// Waits until there is something to tell; false where something else was done first.
    async fn something_comes(&mut self, fact: &SubscriptionFact, state: &StateFact) -> Result<bool, Halt> {
        let Some(mut gatherer) = Gatherer::new(&self.desk.engine, fact, state).await? else {
            self.poked().await;
            return Ok(false);
        };
        loop {
            let gathered = {
                let _look = self.looks.acquire().await;
                gatherer.next(1).await?
            };
            if !gathered.events.is_empty() {
                return Ok(true);
            }
            if gathered.caught_up && gathered.ended {
                let mut noted = state.clone();
                gatherer.note(&mut noted, &gathered.cursor);
                self.stop(&noted, PauseReason::SubjectEnded).await?;
                return Ok(false);
            }
            if gatherer.differs(state) {
                let mut noted = state.clone();
                gatherer.note(&mut noted, &gathered.cursor);
                self.settle(state.generation, noted, Changes::default(), false).await?;
                return Ok(false);
            }
            if !gathered.caught_up {
                continue;
            }
            tokio::select! {
                () = gatherer.wait() => {}
                () = self.poked() => return Ok(false),
            }
        }
    }

    async fn post(
        &mut self,
        fact: &SubscriptionFact,
        state: StateFact,
        noted: StateFact,
        mail: &MailWay,
        mailer: &Mailer,
        gathered: &Gathered,
    ) -> Result<(), Halt> {
        let generation = state.generation;
        let mut offered = Changes::default();
        gathered.events.iter().for_each(|event| offered.offer(&fact.id, event));
        let state = gathered.before(StateFact { entries: noted.entries, sweep: true, ..state });
        if self.settle(generation, state.clone(), offered, false).await? != Settled::Kept {
            return Ok(());
        }
        let unsubscribe = link(mailer.base(), &fact.id, &mail.party(), Purpose::Unsubscribe);
        let (more, directory) = (!gathered.caught_up, self.desk.engine.directory());
        let speaks = language(mail);
        let named = |name: &RecordName| called(&directory, name.origin_str(), speaks);
        let letter = compose(&Digest {
            fact,
            mail,
            events: &gathered.events,
            more,
            base: mailer.base(),
            unsubscribe: &unsubscribe,
            author: &named,
        });
        let sent = mailer.send(&mail.address, letter, &id_of(fact, &gathered.events), Some(&unsubscribe)).await;
        let (now, mut changes) = (self.desk.engine.now(), Changes::default());
        let after = match sent {
            Ok(()) => {
                gathered.events.iter().for_each(|event| changes.confirm(&fact.id, event, now));
                stale_departures(&self.desk.engine, &fact.id).await?.into_iter().for_each(|key| changes.remove(key));
                StateFact { failures: 0, failure: String::new(), success_time: Some(now), ..noted }
            }
            Err(why) => self.not_sent(&state, why, &mut changes),
        };
        self.settle(generation, after, changes, true).await?;
        Ok(())
    }

    fn not_sent(&self, state: &StateFact, why: String, changes: &mut Changes) -> StateFact {
        let failures = state.failures + 1;
        let [chance] = self.desk.engine.world().random::<1>();
        let wait = wait_after(failures, chance, None).map(|wait: Duration| {
            self.desk.engine.now() + Micros::try_from(wait.as_micros()).unwrap_or(Micros::MAX / 2)
        });
        let mut after = StateFact { failures, failure: why, next_attempt: wait, ..state.clone() };
        if wait.is_none() {
            notice::stop(&self.id, &mut after, changes, PauseReason::Failing);
        }
        after
    }
}

/// What an origin is called by readers of a language.
fn called(directory: &Directory, origin: &str, speaks: Language) -> String {
    let english = directory.member_by_text(origin).map(|member| &member.name_en);
    let english = english.filter(|english| speaks == Language::En && !english.is_empty());
    english.cloned().unwrap_or_else(|| author(directory, origin))
}

/// How long changes are gathered, and the rest of a digest waits.
fn coalesced() -> Micros {
    Micros::try_from(limits::DIGEST_COALESCES.as_micros()).unwrap_or_default()
}

/// The same for the same content, so that a digest that comes twice is known for one.
fn id_of(fact: &SubscriptionFact, events: &[Event]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("duikou digest, form 1");
    for event in events {
        hasher.update(event.id(&fact.id).as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
