//! Keeps every subscription going that is delivered by this server: a task each, asleep at the feed until there is
//! something for it, or until its next attempt is due. What costs something (looking, requests) has bounded places.
//!
//! A webhook has one request under way. One that takes longer than a second gives up its place among the prompt ones and
//! takes one among the slow, so that receivers that hang cost those that do not nothing.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use duikou_proto::envelope::Micros;
use duikou_proto::v1::subscription::PauseReason;
use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connect::Dialer;
use super::desk::{Changed, Desk, Standing, forget};
use super::gather::Gatherer;
use super::mail::Mailer;
use super::notice;
use super::page::Busy;
use super::settle::{Changes, Settle, Settled, load};
use super::subscription::{Phase, Seen, StateFact, SubscriptionFact, Way};
use crate::audit::Actor;
use crate::config::BaseUrl;
use crate::engine::{Engine, WriteError, facts};
use crate::error::chain;
use crate::limits;
use crate::ongoing::{Ongoing, Place};
use crate::store::StoreError;

/// Changes by owners that wait for the runner.
const CHANGES: usize = 1_024;
/// Subscriptions that are read at a time.
const PAGE: usize = 1_000;
/// How long it rests when the store has failed.
const STORE_REST: Duration = Duration::from_secs(10);

/// How long one rests that has panicked, and how long at most where it does so again and again.
const PANIC_REST: Duration = Duration::from_secs(10);
const PANIC_REST_MOST: Duration = Duration::from_mins(30);

/// Keeps subscriptions going until it is told to stop.
pub struct Runner {
    desk: Desk,
    changes: mpsc::Receiver<Changed>,
    looks: Arc<Semaphore>,
    /// What wakes those that are delivered, by id.
    under_way: Ongoing<Notify>,
    tasks: TaskTracker,
}

impl Runner {
    /// A runner, and the desk that tells it what changes.
    pub(crate) fn new(engine: Engine, dialer: Dialer, mailer: Option<Mailer>, base: Option<BaseUrl>) -> (Self, Desk) {
        let (sender, changes) = mpsc::channel(CHANGES);
        let desk = Desk::new(engine, dialer, mailer, base, sender);
        let looks = Arc::new(Semaphore::new(limits::DELIVERY_LOOKS));
        let (under_way, tasks) = (Ongoing::default(), TaskTracker::new());
        (Self { desk: desk.clone(), changes, looks, under_way, tasks }, desk)
    }

    /// Runs until told to stop; requests under way are ended, and come again with their ids.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let engine = self.desk.engine.clone();
        self.tasks.spawn(engine.vital("notices by mail", notice::send(self.desk.clone(), stop.clone())));
        let begin = async {
            for id in read_ids(&engine, facts::SUBSCRIPTIONS).await {
                self.start(id, &stop);
            }
            for id in read_ids(&engine, facts::SUBSCRIPTIONS_ENDED).await {
                self.forget(id);
            }
        };
        // A store that fails is asked again and again.
        tokio::select! {
            () = stop.cancelled() => {}
            () = begin => {}
        }
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => break,
                changed = self.changes.recv() => changed,
            };
            match changed {
                Some(Changed::Touched(id)) => match self.under_way.get(&id) {
                    Some(poke) => poke.notify_one(),
                    None => self.start(id, &stop),
                },
                Some(Changed::Ended(id)) => {
                    if let Some(poke) = self.under_way.get(&id) {
                        poke.notify_one();
                    }
                    self.forget(id);
                }
                None => break,
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn start(&self, id: String, stop: &CancellationToken) {
        let Some(poke) = self.under_way.begin(&id, Notify::new()).map(Arc::new) else { return };
        let (desk, looks, stop) = (self.desk.clone(), self.looks.clone(), stop.clone());
        self.tasks.spawn(async move {
            let follow = || {
                let (desk, id, poke, looks) = (desk.clone(), id.clone(), poke.clone(), looks.clone());
                // Boxed: those that sleep should be small.
                Box::pin(Follower { desk, id, poke, looks, slow: false, depends: None }.run())
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = again_and_again(&id, &poke, follow) => {}
            }
        });
    }

    fn forget(&self, id: String) {
        let engine = self.desk.engine.clone();
        self.tasks.spawn(async move {
            if let Err(error) = forget(&engine, &id).await {
                tracing::warn!(subscription.id = id, error = %chain(&error), "its memory is forgotten at the next start");
            }
        });
    }
}

/// Follows a subscription to its end. Where that panics it begins again, each time after a longer rest, or when it is
/// poked: what one listing or receiver brings about must not end a delivery until the server is started anew.
async fn again_and_again<F: Future<Output = ()>>(id: &str, poke: &Notify, follow: impl Fn() -> F) {
    let mut rest = PANIC_REST;
    loop {
        let began = Instant::now();
        if AssertUnwindSafe(follow()).catch_unwind().await.is_ok() {
            return;
        }
        if began.elapsed() > PANIC_REST_MOST {
            rest = PANIC_REST;
        }
        tracing::error!(subscription.id = id, rest_seconds = rest.as_secs(), "a delivery broke off, and begins again");
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = poke.notified() => {}
        }
        rest = PANIC_REST_MOST.min(rest * 2);
    }
}

async fn read_ids(engine: &Engine, prefix: &str) -> Vec<String> {
    let (mut ids, mut after): (Vec<String>, String) = (Vec::new(), String::new());
    loop {
        let page = match engine.store().read().await {
            Ok(mut read) => read.facts(prefix, &after, PAGE).await,
            Err(error) => Err(error),
        };
        match page {
            Ok(page) => {
                let Some((last, _)) = page.last() else { return ids };
                after.clone_from(last);
                ids.extend(page.iter().filter_map(|(key, _)| key.strip_prefix(prefix).map(str::to_owned)));
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "the subscriptions cannot be read");
                tokio::time::sleep(STORE_REST).await;
            }
        }
    }
}

/// One subscription under way.
pub(super) struct Follower {
    pub(super) desk: Desk,
    pub(super) id: String,
    poke: Arc<Place<Notify>>,
    pub(super) looks: Arc<Semaphore>,
    /// Whether its receiver was slow or failed the last time.
    pub(super) slow: bool,
    /// The token on which it depends, and how that stood when it was last looked at.
    depends: Option<(String, Standing)>,
}

/// What comes next for a subscription.
pub(super) enum Next {
    /// Go on with what is on disk.
    Reload,
    /// There is nothing more to be done, ever.
    End,
}

/// Why it does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Follower {
    async fn run(mut self) {
        loop {
            match self.turn().await {
                Ok(Next::Reload) => {}
                Ok(Next::End) | Err(Halt::Write(WriteError::Closed)) => return,
                Err(halt) => {
                    tracing::error!(subscription.id = self.id, error = %chain(&halt), "a subscription rests");
                    tokio::time::sleep(STORE_REST).await;
                }
            }
        }
    }

    /// From what is on disk to the next thing that changes it.
    async fn turn(&mut self) -> Result<Next, Halt> {
        let loaded = load(&self.desk.engine, &self.id).await?;
        self.desk.mark(&self.id, loaded.as_ref().map(|(_, state)| state.phase));
        let Some((fact, state)) = loaded else { return Ok(Next::End) };
        let standing = self.desk.standing(&fact).await?;
        self.depends = fact.token.clone().map(|key| (key, standing));
        match (standing, state.phase) {
            (Standing::Gone, _) => {
                // Its loss has been told where the token's was.
                let _ = self.desk.delete(&self.id, Seen::All, None, Actor::server()).await?;
                return Ok(Next::Reload);
            }
            (Standing::Resting, Phase::Active | Phase::Unconfirmed) => {
                return self.stop(&state, PauseReason::Account).await;
            }
            (Standing::Good, phase) if phase == Phase::paused(PauseReason::Account) => return self.go_on(&state).await,
            (Standing::Resting | Standing::Good, _) => {}
        }
        match fact.way {
            Way::Webhook { .. } | Way::Mail(_) => {}
            Way::Page { .. } => {
                // Read when somebody asks; that the first does not wait is all that is to be done here.
                let ready = {
                    let _look = self.looks.acquire().await;
                    self.desk.advance(&self.id).await
                };
                return match ready {
                    Err(Busy::Unready) => Ok(Next::Reload),
                    Ok(_) | Err(_) => self.idle().await,
                };
            }
            Way::Pull => return self.idle().await,
        }
        match (&fact.way, state.phase) {
            (Way::Webhook { .. }, Phase::Active) => {
                if self.rest_until(state.next_attempt).await {
                    return Ok(Next::Reload);
                }
                // Boxed: those that sleep should be small.
                Box::pin(self.deliver(&fact, state)).await
            }
            (Way::Mail(mail), Phase::Unconfirmed) => Box::pin(self.ask(&fact, state, mail)).await,
            (Way::Mail(mail), Phase::Active) => Box::pin(self.digest(&fact, state, mail)).await,
            _ => self.idle().await,
        }
    }

    /// Nothing is to be done until its owner does something.
    pub(super) async fn idle(&self) -> Result<Next, Halt> {
        self.poked().await;
        Ok(Next::Reload)
    }

    /// Waits until its owner does something, or the token on which it depends stands otherwise.
    pub(super) async fn poked(&self) {
        match &self.depends {
            None => self.poke.notified().await,
            Some((key, stood)) => tokio::select! {
                () = self.poke.notified() => {}
                () = self.desk.stands_otherwise(key, *stood) => {}
            },
        }
    }

    /// Waits until a time; whether it was [poked](Self::poked) meanwhile.
    pub(super) async fn rest_until(&self, time: Option<Micros>) -> bool {
        let left = time.map_or(0, |time| time - self.desk.engine.now());
        let Ok(left) = u64::try_from(left) else { return false };
        tokio::select! {
            () = self.poked() => true,
            () = tokio::time::sleep(Duration::from_micros(left)) => false,
        }
    }

    pub(super) async fn stop(&self, state: &StateFact, reason: PauseReason) -> Result<Next, Halt> {
        let (mut stopped, mut changes) = (state.clone(), Changes::default());
        notice::stop(&self.id, &mut stopped, &mut changes, reason);
        // A page or a pull that is being taken is overtaken by that.
        stopped.generation += 1;
        self.settle(state.generation, stopped, changes, false).await?;
        Ok(Next::Reload)
    }

    /// Goes on where it was stopped for its token.
    async fn go_on(&self, state: &StateFact) -> Result<Next, Halt> {
        let phase = if state.unconfirmed { Phase::Unconfirmed } else { Phase::Active };
        let again = StateFact { phase, generation: state.generation + 1, ..state.clone() };
        self.settle(state.generation, again, Changes::default(), false).await?;
        Ok(Next::Reload)
    }

    pub(super) async fn settle(
        &self,
        generation: u64,
        state: StateFact,
        changes: Changes,
        happened: bool,
    ) -> Result<Settled, WriteError> {
        self.desk.settle(Settle { id: self.id.clone(), generation, state, changes, happened }).await
    }

    /// Delivers what there is and what comes, until something else has to be looked at.
    async fn deliver(&mut self, fact: &SubscriptionFact, mut state: StateFact) -> Result<Next, Halt> {
        let engine = self.desk.engine.clone();
        let Some(mut gatherer) = Gatherer::new(&engine, fact, &state).await? else { return self.idle().await };
        loop {
            let gathered = {
                let _look = self.looks.acquire().await;
                gatherer.next(limits::DELIVERY_EVENTS).await?
            };
            if gathered.events.is_empty() {
                if gatherer.differs(&state) {
                    gatherer.note(&mut state, &gathered.cursor);
                    if self.settle(state.generation, state.clone(), Changes::default(), false).await? != Settled::Kept {
                        return Ok(Next::Reload);
                    }
                }
                if !gathered.caught_up {
                    continue;
                }
                if gathered.ended {
                    return self.stop(&state, PauseReason::SubjectEnded).await;
                }
                tokio::select! {
                    () = gatherer.wait() => {}
                    () = self.poked() => return Ok(Next::Reload),
                }
                continue;
            }
            let mut noted = state.clone();
            gatherer.note(&mut noted, &gathered.cursor);
            match self.tell(fact, state, noted, gathered).await? {
                Some(after) => state = after,
                None => return Ok(Next::Reload),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_delivery_that_panics_begins_again_ever_later() {
        let (began, times) = (Instant::now(), Cell::new(0));
        let follower = || {
            times.set(times.get() + 1);
            let (time, until) = (times.get(), began.elapsed());
            async move { assert!(time > 12, "as it was told, after {until:?}") }
        };
        again_and_again("x", &Notify::new(), follower).await;
        let rests = [10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800, 1800];
        assert_eq!((times.get(), began.elapsed().as_secs()), (13, rests.iter().sum()));

        // Whoever touches it does not wait for that.
        let (poke, began) = (Notify::new(), Instant::now());
        poke.notify_one();
        times.set(11);
        again_and_again("x", &poke, follower).await;
        assert_eq!((times.get(), began.elapsed().as_secs()), (13, 0));
    }
}
