//! One watch: a stream of what its reader meets. Nothing runs for it but what takes from it, it sleeps where it has read
//! everything, and it ends for a client that takes nothing.

use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::language::Language;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::{self, FeedEvent};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::Status;

use super::Pace;
use super::event::Sent;
use crate::engine::Engine;
use crate::feed::{Cursor, EventReader, Step};
use crate::services::error::Failure;
use crate::store::StoreError;
use crate::time::timestamp;

/// What a watcher's connection takes its events from.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<Sent, Status>> + Send>>;

/// One watch under way.
pub(super) struct Watch {
    follower: Follower,
    pace: Pace,
    language: Language,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    /// When the last event was taken. A connection asks for the next one when it has room for it.
    taken: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    pub(super) fn new(
        engine: Engine,
        reader: EventReader,
        catching_up: Arc<Semaphore>,
        pace: Pace,
        language: Language,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let bookmark = Instant::now() + pace.bookmark;
        let stopped = Box::pin(engine.stopped().cancelled_owned());
        let clock = Box::pin(sleep_until(bookmark));
        let follower = Follower { engine, reader, catching_up, bookmark, clock };
        Self { follower, pace, language, stopped, taken: None, _permit: permit }
    }

    /// What it meets, until the client goes, the server stops, or the client is too slow: whoever is cut off goes on from
    /// the last cursor that it received.
    pub(super) fn events(self) -> Events {
        Box::pin(unfold(Some(Box::new(self)), |watch| async {
            let mut watch = watch?;
            Some(match watch.event().await {
                Ok(event) => (Ok(event), Some(watch)),
                Err(failure) => (Err(failure.status(watch.language)), None),
            })
        }))
    }

    async fn event(&mut self) -> Result<Sent, Failure> {
        if self.taken.is_some_and(|taken| taken.elapsed() > self.pace.stall) {
            return Err(Failure::SlowReader);
        }
        let event = tokio::select! {
            biased;
            event = self.follower.event() => event?,
            () = self.stopped.as_mut() => return Err(Failure::Closing),
        };
        let now = Instant::now();
        self.taken = Some(now);
        self.follower.bookmark = now + self.pace.bookmark;
        Ok(event)
    }
}

/// A reader with what tells that it is still there.
struct Follower {
    engine: Engine,
    reader: EventReader,
    catching_up: Arc<Semaphore>,
    /// When it should say so, where nothing else is to be said.
    bookmark: Instant,
    /// One clock for all waits: that it goes off too early costs less than winding it up for each.
    clock: Pin<Box<Sleep>>,
}

impl Follower {
    async fn event(&mut self) -> Result<Sent, StoreError> {
        loop {
            if let Some((step, cursor)) = self.next().await? {
                return Ok(Sent::of(step, &cursor, &self.engine.identity().network));
            }
            if Instant::now() >= self.bookmark {
                return Ok(self.still_there());
            }
            self.reader.wait_until(self.clock.as_mut()).await;
            if self.clock.is_elapsed() {
                self.clock.as_mut().reset(self.bookmark);
            }
        }
    }

    /// What the reader meets next. Those that are far behind take turns: thousands that began at once would else have
    /// connections wait for them for so long that they pass for dead.
    async fn next(&mut self) -> Result<Option<(Step, Cursor)>, StoreError> {
        while self.reader.is_far_behind() {
            if let Some(ready) = self.reader.ready() {
                return Ok(Some(ready));
            }
            let _turn = self.catching_up.acquire().await;
            self.reader.turn().await?;
            yield_now().await;
        }
        self.reader.next().await
    }

    fn still_there(&self) -> Sent {
        let time = Some(timestamp(self.engine.now()));
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(self.reader.cursor());
        let event = Some(Event::Bookmark(v1::Bookmark { time }));
        Sent::Other(Box::new(FeedEvent { event, cursor }))
    }
}
