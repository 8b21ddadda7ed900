//! What owners do to their subscriptions, each in one transaction; the runner hears of it afterwards, also where whoever
//! did it has gone away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::subscription::PauseReason;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, mpsc};

use super::connect::Dialer;
use super::mail::Mailer;
use super::settle::{Changes, Forget, Settle, Settled, load};
use super::subscription::{Phase, Seen, StateFact, SubscriptionFact};
use super::webhook::Slots;
use crate::audit::{Action, Actor, Event};
use crate::config::BaseUrl;
use crate::counters::Counters;
use crate::engine::{Command, Engine, TokenEnd, TokenFact, Work, WriteError, facts};
use crate::limits;
use crate::store::StoreError;

/// The outcomes that are counted.
const OUTCOMES: [Outcome; 6] = [
    Outcome::Delivered,
    Outcome::Refused,
    Outcome::Unreachable,
    Outcome::TimedOut,
    Outcome::TlsFailed,
    Outcome::AddressForbidden,
];

/// What the runner has to look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Made, or something was done to it.
    Touched(String),
    /// It is no more.
    Ended(String),
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is none with this id for whoever asks.
    NoSuch,
    /// It has changed since the caller saw it.
    Conflict,
    /// There are as many as there may be.
    Full,
    /// Its way of delivery has no such thing.
    Way,
    /// It is paused.
    Paused,
}

/// What is to be said of the token on which a subscription depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is good, or there is none on which it depends.
    Good,
    /// It has expired, or its reader is suspended: it is good for nothing now.
    Resting,
    /// It is no more, and nothing of it will be.
    Gone,
}

/// Where subscriptions are made and changed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) dialer: Dialer,
    pub(super) mailer: Option<Arc<Mailer>>,
    base: Option<BaseUrl>,
    pub(crate) slots: Arc<Slots>,
    /// How attempts to deliver to webhooks have gone.
    pub(crate) outcomes: Arc<Counters<Outcome>>,
    /// Those that the server has stopped for a fault, by id.
    paused: Arc<std::sync::Mutex<BTreeSet<String>>>,
    changes: mpsc::Sender<Changed>,
    /// There may be notices to be sent.
    pub(super) notices: Arc<Notify>,
    turns: Arc<[Arc<Mutex<()>>; TURNS]>,
    /// When each account has lately tested webhooks.
    tests: Arc<std::sync::Mutex<BTreeMap<String, Vec<Micros>>>>,
}

/// Pages that are brought up to the feed at once; each always by the same of these.
const TURNS: usize = 16;

impl Desk {
    pub(super) fn new(
        engine: Engine,
        dialer: Dialer,
        mailer: Option<Mailer>,
        base: Option<BaseUrl>,
        changes: mpsc::Sender<Changed>,
    ) -> Self {
        let mailer = mailer.map(Arc::new);
        Self {
            engine,
            dialer,
            mailer,
            base,
            slots: Arc::default(),
            outcomes: Arc::new(Counters::new(&OUTCOMES, Outcome::as_str_name)),
            paused: Arc::default(),
            changes,
            notices: Arc::default(),
            turns: Arc::default(),
            tests: Arc::default(),
        }
    }

    /// Whether there is a server to which mails go.
    pub(crate) fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// The e-mail address at which whoever runs this server is reached, as far as anybody knows.
    pub(crate) fn answered_at(&self) -> Option<String> {
        self.mailer.as_ref()?.answered_at()
    }

    /// Where people reach this server, as the operator says.
    pub(crate) fn base(&self) -> Option<&BaseUrl> {
        self.base.as_ref()
    }

    /// Carries out `change`, and tells the runner what `changed` says that was done by it: nobody who goes away meanwhile
    /// leaves a subscription of which the runner does not know.
    pub(crate) async fn carry_out<T: Send + 'static, E: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, E>> + Send + 'static,
        changed: impl FnOnce(&T) -> Vec<Changed> + Send + 'static,
    ) -> Result<T, E> {
        let this = self.clone();
        let both = async move {
            let done = change.await?;
            for changed in changed(&done) {
                this.tell(changed).await;
            }
            Ok(done)
        };
        self.engine.to_the_end(both).await
    }

    /// Tells the runner. Where it has ended, nothing is delivered anyway.
    pub(crate) async fn tell(&self, changed: Changed) {
        self.notices.notify_one();
        let _ = self.changes.send(changed).await;
    }

    /// Writes down what came of one, and has it told where that pauses it.
    pub(super) async fn settle(&self, settle: Settle) -> Result<Settled, WriteError> {
        let pauses = matches!(settle.state.phase, Phase::Paused(_));
        let settled = self.engine.submit(settle).await?;
        if pauses {
            self.notices.notify_one();
        }
        Ok(settled)
    }

    /// Those that the server has stopped for a fault, oldest first.
    pub(crate) fn paused(&self) -> Vec<String> {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Remembers whether one is stopped for a fault; None: it is no more.
    pub(super) fn mark(&self, id: &str, phase: Option<Phase>) {
        let stopped = matches!(phase, Some(Phase::Paused(reason)) if is_fault(reason));
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        match stopped {
            true => paused.insert(id.to_owned()),
            false => paused.remove(id),
        };
    }

    /// Waits for the turn of a page.
    pub(super) async fn turn_of(&self, id: &str) -> OwnedMutexGuard<()> {
        let place = blake3::hash(id.as_bytes()).as_bytes()[0];
        self.turns[usize::from(place) % TURNS].clone().lock_owned().await
    }

    /// Notes that an account tests a webhook.
    ///
    /// # Errors
    /// Where it has done that too often: how long it waits.
    pub(crate) fn may_test(&self, account: &str) -> Result<(), Duration> {
        let now = self.engine.now();
        let within = Micros::try_from(limits::TESTS_WITHIN.as_micros()).unwrap_or_default();
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back keeps nobody waiting for longer than that.
        let late = |time: &Micros| *time <= now && *time > now - within;
        tests.retain(|_, times| {
            times.retain(late);
            !times.is_empty()
        });
        let times = tests.entry(account.to_owned()).or_default();
        if let Some(first) = times.first().filter(|_| times.len() >= limits::TESTS) {
            return Err(Duration::from_micros(u64::try_from(first + within - now).unwrap_or_default()));
        }
        times.push(now);
        Ok(())
    }

    /// How the token stands on which a subscription depends, if any.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn standing(&self, fact: &SubscriptionFact) -> Result<Standing, StoreError> {
        match &fact.token {
            Some(key) => Ok(self.token(key).await?.0),
            None => Ok(Standing::Good),
        }
    }

    /// How the token under `key` stands, and when it expires, if it will.
    async fn token(&self, key: &str) -> Result<(Standing, Option<Micros>), StoreError> {
        let Some(token) = self.engine.fact::<TokenFact>(key).await? else { return Ok((Standing::Gone, None)) };
        Ok(match token.check(&self.engine).await {
            // That it cannot be read says nothing against it.
            Ok(()) | Err(TokenEnd::Store(_)) => (Standing::Good, token.expire_time),
            Err(TokenEnd::Expired | TokenEnd::Suspended) => (Standing::Resting, None),
            Err(TokenEnd::Orphaned) => (Standing::Gone, None),
        })
    }

    /// Waits until the token under `key` stands otherwise than it did.
    pub(super) async fn stands_otherwise(&self, key: &str, stood: Standing) {
        let mut rights = self.engine.watch_rights();
        loop {
            rights.mark_unchanged();
            // Where it cannot be read, nobody knows better than before.
            let (standing, expires) = self.token(key).await.unwrap_or((stood, None));
            if standing != stood {
                return;
            }
            let left = expires.map(|time| u64::try_from(time - self.engine.now()).unwrap_or(0));
            // Clocks may be set meanwhile.
            let left = left.map_or(limits::EXPIRY_LOOK, Duration::from_micros).min(limits::EXPIRY_LOOK);
            tokio::select! {
                changed = rights.changed() => if changed.is_err() { return std::future::pending().await },
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Whether the token on which a subscription depends, if any, is good.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) async fn account_is_good(&self, fact: &SubscriptionFact) -> Result<bool, StoreError> {
        Ok(self.standing(fact).await? == Standing::Good)
    }

    /// One that `seen` holds.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn get(&self, id: &str, seen: &Seen) -> Result<Option<(SubscriptionFact, StateFact)>, StoreError> {
        Ok(load(&self.engine, id).await?.filter(|(fact, _)| seen.holds(fact)))
    }

    /// Those that `seen` holds after the id `after`, oldest first, of `limit` looked at; the last id looked at where there
    /// may be more.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn list(
        &self,
        seen: &Seen,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<(SubscriptionFact, StateFact)>, Option<String>), StoreError> {
        let prefix = match seen {
            Seen::All => facts::SUBSCRIPTIONS.to_owned(),
            Seen::Account(account) => facts::subscriptions_of(account),
        };
        let after = if after.is_empty() { String::new() } else { format!("{prefix}{after}") };
        let keys = self.engine.store().read().await?.facts(&prefix, &after, limit).await?;
        let id_in = |key: &str| key.strip_prefix(&prefix).unwrap_or_default().to_owned();
        let next = keys.last().filter(|_| keys.len() == limit).map(|(key, _)| id_in(key));
        let mut found = Vec::with_capacity(keys.len());
        for (key, _) in keys {
            // One that has ended meanwhile is not there.
            found.extend(load(&self.engine, &id_in(&key)).await?);
        }
        Ok((found, next))
    }

    /// Ends one for somebody. What it had is forgotten afterwards.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub(crate) async fn delete(
        &self,
        id: &str,
        seen: Seen,
        etag: Option<String>,
        by: Actor,
    ) -> Result<Result<(), Refusal>, WriteError> {
        let (engine, id) = (self.engine.clone(), id.to_owned());
        let end = End { id: id.clone(), seen, etag, by };
        let ended = move |outcome: &Result<(), Refusal>| outcome.iter().map(|()| Changed::Ended(id.clone())).collect();
        self.carry_out(async move { engine.submit(end).await }, ended).await
    }
}

/// Makes one.
pub(crate) struct Make {
    pub(crate) fact: SubscriptionFact,
    pub(crate) state: StateFact,
    /// Whether its account may have any number.
    pub(crate) unbounded: bool,
    pub(crate) changes: Changes,
}

#[async_trait]
impl Command for Make {
    type Output = Result<(SubscriptionFact, StateFact), Refusal>;

    fn bytes(&self) -> usize {
        16 * 1024
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let count = work.fact::<u64>(facts::SUBSCRIPTION_COUNT).await?.unwrap_or(0);
        let index = facts::subscriptions_of(&self.fact.account);
        if !self.unbounded {
            let own = work.facts::<()>(&index, limits::SUBSCRIPTIONS_PER_ACCOUNT).await?;
            if own.len() >= limits::SUBSCRIPTIONS_PER_ACCOUNT {
                return Ok(Err(Refusal::Full));
            }
        }
        if count >= limits::SUBSCRIPTIONS {
            return Ok(Err(Refusal::Full));
        }
        let id = &self.fact.id;
        work.put_fact(facts::SUBSCRIPTION_COUNT.to_owned(), &(count + 1));
        work.put_fact(format!("{index}{id}"), &());
        if let Some(token) = self.fact.outlives() {
            work.put_fact(format!("{}{id}", facts::subscriptions_by(token)), &());
        }
        work.put_fact(facts::subscription(id), &self.fact);
        work.put_fact(facts::subscription_state(id), &self.state);
        self.changes.apply(work, None).await?;
        Ok(Ok((self.fact, self.state)))
    }
}

/// What an owner does to one.
pub(crate) struct Change<F> {
    pub(crate) id: String,
    pub(crate) seen: Seen,
    pub(crate) etag: Option<String>,
    pub(crate) act: F,
}

#[async_trait]
impl<F> Command for Change<F>
where
    F: FnOnce(&mut SubscriptionFact, &mut StateFact, &mut Changes) -> Result<(), Refusal> + Send + 'static,
{
    type Output = Result<(SubscriptionFact, StateFact), Refusal>;

    fn bytes(&self) -> usize {
        16 * 1024
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let (fact_key, state_key) = (facts::subscription(&self.id), facts::subscription_state(&self.id));
        let kept = work.fact::<SubscriptionFact>(&fact_key).await?.filter(|fact| self.seen.holds(fact));
        let state = work.fact::<StateFact>(&state_key).await?;
        let Some((before, mut state)) = kept.zip(state) else { return Ok(Err(Refusal::NoSuch)) };
        if self.etag.is_some_and(|etag| etag != before.etag()) {
            return Ok(Err(Refusal::Conflict));
        }
        let (mut fact, mut changes) = (before.clone(), Changes::default());
        if let Err(refusal) = (self.act)(&mut fact, &mut state, &mut changes) {
            return Ok(Err(refusal));
        }
        if fact != before {
            fact.version += 1;
            fact.update_time = work.now;
            work.put_fact(fact_key, &fact);
        }
        state.generation += 1;
        work.put_fact(state_key, &state);
        changes.apply(work, fact.member().as_ref().map(MemberId::as_str)).await?;
        Ok(Ok((fact, state)))
    }
}

struct End {
    id: String,
    seen: Seen,
    etag: Option<String>,
    by: Actor,
}

#[async_trait]
impl Command for End {
    type Output = Result<(), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let key = facts::subscription(&self.id);
        let Some(fact) = work.fact::<SubscriptionFact>(&key).await?.filter(|fact| self.seen.holds(fact)) else {
            return Ok(Err(Refusal::NoSuch));
        };
        if self.etag.is_some_and(|etag| etag != fact.etag()) {
            return Ok(Err(Refusal::Conflict));
        }
        end(work, &fact, &self.by).await?;
        Ok(Ok(()))
    }
}

/// Ends a subscription. The runner hears of it afterwards, and has what it had forgotten.
async fn end(work: &mut Work<'_>, fact: &SubscriptionFact, by: &Actor) -> Result<(), StoreError> {
    let id = &fact.id;
    let count = work.fact::<u64>(facts::SUBSCRIPTION_COUNT).await?.unwrap_or(0);
    work.put_fact(facts::SUBSCRIPTION_COUNT.to_owned(), &count.saturating_sub(1));
    work.remove_fact(format!("{}{id}", facts::subscriptions_of(&fact.account)));
    if let Some(token) = fact.outlives() {
        work.remove_fact(format!("{}{id}", facts::subscriptions_by(token)));
    }
    if let super::Way::Page { address } = &fact.way {
        work.remove_fact(facts::page_address(address));
    }
    work.remove_fact(facts::subscription_state(id));
    work.remove_fact(facts::subscription(id));
    work.put_fact(facts::subscription_ended(id), &());
    let event = Event::new(Action::SubscriptionDelete, fact.name()).saying(fact.way.place());
    work.audit(by, event.of_any(fact.member().as_ref())).await
}

/// What becomes of subscriptions with the token that made them.
#[derive(Debug, Default)]
pub(crate) struct WithToken {
    /// Those that ended, by id.
    pub(crate) ended: Vec<String>,
    /// Those that go on, being its member's.
    pub(crate) left: Vec<String>,
}

/// Ends the subscriptions that depend on the token with this id, and with `all` those that it has made for its member.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn end_with_token(
    work: &mut Work<'_>,
    token: &str,
    all: bool,
    by: &Actor,
) -> Result<WithToken, StoreError> {
    let (own, made) = (facts::subscriptions_of(&account_of_token(token)), facts::subscriptions_by(token));
    let mut outcome = WithToken::default();
    for (prefix, ends) in [(own, true), (made, all)] {
        for (key, ()) in work.facts::<()>(&prefix, limits::SUBSCRIPTIONS_PER_ACCOUNT).await? {
            let id = key.strip_prefix(&prefix).unwrap_or_default().to_owned();
            match work.fact::<SubscriptionFact>(&facts::subscription(&id)).await?.filter(|_| ends) {
                Some(fact) => {
                    end(work, &fact, by).await?;
                    outcome.ended.push(id);
                }
                None => outcome.left.push(id),
            }
        }
    }
    Ok(outcome)
}

/// The account of subscriptions that depend on the token with this id.
pub(crate) fn account_of_token(id: &str) -> String {
    format!("token:{id}")
}

/// Forgets all that an ended subscription had, between other writes.
///
/// # Errors
/// Where nothing could be written; the rest goes at the next start.
pub(super) async fn forget(engine: &Engine, id: &str) -> Result<(), WriteError> {
    while engine.submit(Forget { id: id.to_owned(), limit: limits::UPKEEP_ROWS }).await? {}
    Ok(())
}

/// Stops it for a reason.
pub(crate) fn pause(state: &mut StateFact, reason: PauseReason) {
    state.phase = Phase::paused(reason);
    state.next_attempt = None;
}

/// Whether the server has stopped it by itself, so that its owner is to hear of it.
pub(super) fn stopped(phase: Phase) -> Option<i32> {
    let others = [PauseReason::Account, PauseReason::SubjectEnded].map(i32::from);
    match phase {
        Phase::Paused(reason) if is_fault(reason) || others.contains(&reason) => Some(reason),
        Phase::Paused(_) | Phase::Active | Phase::Unconfirmed => None,
    }
}

/// Whether there is something to be mended where one was paused for this reason. That a token has expired, or its reader
/// is suspended, is what somebody wanted.
fn is_fault(reason: i32) -> bool {
    let faults = [PauseReason::Failing, PauseReason::Gone];
    faults.map(i32::from).contains(&reason)
}

/// Lets it go on at once.
pub(crate) fn resume(state: &mut StateFact) {
    // Whoever has not confirmed, or has unsubscribed, is asked again, and gets nothing else.
    state.phase = if state.unconfirmed { Phase::Unconfirmed } else { Phase::Active };
    state.asked &= !state.unconfirmed;
    state.failures = 0;
    state.failure.clear();
    state.next_attempt = None;
}
