//! One watch: a reader that sends what it meets, sleeps where it has read everything, and is cut off where its client
//! takes nothing.

use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::language::Language;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::{self, FeedEvent};
use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::Status;

use super::Pace;
use super::event::Sent;
use crate::engine::Engine;
use crate::feed::{Cursor, EventReader, Step};
use crate::services::error::Failure;
use crate::store::StoreError;
use crate::time::timestamp;

/// Events that wait for one slow watcher.
const WAITING: usize = 4;

/// One watch under way.
pub(super) struct Watch {
    engine: Engine,
    reader: EventReader,
    /// Boxed, so that a channel with nothing in it is small.
    sender: mpsc::Sender<Box<Sent>>,
    end: Arc<OnceLock<Failure>>,
    catching_up: Arc<Semaphore>,
    pace: Pace,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    /// A watch, to be run, and what its client reads.
    pub(super) fn new(
        engine: Engine,
        reader: EventReader,
        catching_up: Arc<Semaphore>,
        pace: Pace,
        language: Language,
        permit: OwnedSemaphorePermit,
    ) -> (Self, Events) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let end = Arc::new(OnceLock::new());
        let events = Events { receiver, end: end.clone(), language, done: false };
        (Self { engine, reader, sender, end, catching_up, pace, _permit: permit }, events)
    }

    /// Runs until the client goes, the server stops, or the client is too slow.
    pub(super) async fn run(mut self) {
        let (stop, sender) = (self.engine.stopped(), self.sender.clone());
        let failure = tokio::select! {
            () = sender.closed() => return,
            () = stop.cancelled() => Failure::Closing,
            failure = self.follow() => failure,
        };
        // Set once, here.
        let _ = self.end.set(failure);
    }

    async fn follow(&mut self) -> Failure {
        let mut bookmark = Instant::now() + self.pace.bookmark;
        // One clock for all waits: that it goes off too early costs less than winding it up for each.
        let mut quiet = pin!(sleep_until(bookmark));
        loop {
            let event = match self.next().await {
                Err(error) => return error.into(),
                Ok(Some((step, cursor))) => Sent::of(step, &cursor, &self.engine.identity().network),
                Ok(None) if Instant::now() < bookmark => {
                    self.reader.wait_until(quiet.as_mut()).await;
                    if quiet.is_elapsed() {
                        quiet.as_mut().reset(bookmark);
                    }
                    continue;
                }
                Ok(None) => self.bookmark(),
            };
            match timeout(self.pace.stall, self.sender.reserve()).await {
                Ok(Ok(place)) => place.send(Box::new(event)),
                Ok(Err(_)) => return Failure::Closing,
                Err(_) => return Failure::SlowReader,
            }
            bookmark = Instant::now() + self.pace.bookmark;
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

    fn bookmark(&self) -> Sent {
        let time = Some(timestamp(self.engine.now()));
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(self.reader.cursor());
        let event = Some(Event::Bookmark(v1::Bookmark { time }));
        Sent::Other(Box::new(FeedEvent { event, cursor }))
    }
}

/// What a watcher's connection takes its events from.
pub(super) struct Events {
    receiver: mpsc::Receiver<Box<Sent>>,
    end: Arc<OnceLock<Failure>>,
    language: Language,
    done: bool,
}

impl Stream for Events {
    type Item = Result<Sent, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        // Whoever was cut off gets nothing more: the last cursor received is where to go on.
        let cut_off = matches!(self.end.get(), Some(Failure::SlowReader));
        let next = if cut_off { None } else { std::task::ready!(self.receiver.poll_recv(context)) };
        Poll::Ready(match next {
            Some(event) => Some(Ok(*event)),
            None => {
                self.done = true;
                self.end.get().map(|failure| Err(failure.status(self.language)))
            }
        })
    }
}
