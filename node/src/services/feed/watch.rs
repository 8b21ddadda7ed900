//! One watch: a stream of what its reader meets. Nothing runs for it but what takes from it, it sleeps where it has read
//! everything, and it ends for a client that takes nothing.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use duikou_proto::codec::YIELD_AT;
use duikou_proto::language::Language;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::{self, FeedEvent};
use futures_util::Stream;
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderName};
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::Pace;
use super::event::{framed, framed_step};
use crate::engine::Engine;
use crate::feed::EventReader;
use crate::services::error::Failure;
use crate::time::timestamp;

/// What a watcher's connection takes: events as gRPC frames them, and in the end how it ended.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// One watch under way.
pub(super) struct Watch {
    follower: Follower,
    pace: Pace,
    language: Language,
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
        let stopped = engine.stopped();
        let follower = Follower { engine, reader, catching_up, bookmark, clock: Clock::new(bookmark), stopped };
        Self { follower, pace, language, taken: None, _permit: permit }
    }

    /// What it meets, until the client goes, the server stops, or the client is too slow: whoever is cut off goes on from
    /// the last cursor that it received.
    pub(super) fn events(self) -> Events {
        Box::pin(unfold(Some(Box::new(self)), |watch| async {
            let mut watch = watch?;
            Some(match watch.events_at_hand().await {
                Ok(events) => (Ok(Frame::data(events)), Some(watch)),
                Err(failure) => (Ok(Frame::trailers(trailers(&failure.status(watch.language)))), None),
            })
        }))
    }

    /// The next event, with what lies ready behind it.
    async fn events_at_hand(&mut self) -> Result<Bytes, Failure> {
        let asked = Instant::now();
        if self.taken.is_some_and(|taken| asked.duration_since(taken) > self.pace.stall) {
            return Err(Failure::SlowReader);
        }
        let (event, came) = self.follower.event(asked).await?;
        let events = self.follower.with_more(event);
        self.taken = Some(came);
        self.follower.bookmark = came + self.pace.bookmark;
        Ok(events)
    }
}

fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        // What it says cannot stand in a header: that it is one remains.
        trailers.insert(GRPC_STATUS, (status.code() as i32).into());
    }
    trailers
}

/// A reader with what tells that it is still there.
struct Follower {
    engine: Engine,
    reader: EventReader,
    catching_up: Arc<Semaphore>,
    /// When it should say so, where nothing else is to be said.
    bookmark: Instant,
    clock: Clock,
    stopped: CancellationToken,
}

impl Follower {
    /// The next event, and when it came. `now` is the time: it is asked as seldom as can be.
    async fn event(&mut self, mut now: Instant) -> Result<(Bytes, Instant), Failure> {
        loop {
            let waits = self.reader.is_far_behind();
            let event = self.next().await?;
            if waits {
                now = Instant::now();
            }
            if let Some(event) = event {
                return Ok((event, now));
            }
            // Whoever sleeps is woken by it.
            if self.stopped.is_cancelled() {
                return Err(Failure::Closing);
            }
            if now >= self.bookmark {
                return Ok((self.still_there(), now));
            }
            self.clock.be_set(now, self.bookmark);
            self.reader.wait_until(&mut self.clock).await;
            now = Instant::now();
        }
    }

    /// What the reader meets next. Those that are far behind take turns: thousands that began at once would else have
    /// connections wait for them for so long that they pass for dead.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while self.reader.is_far_behind() {
            if let Some(ready) = self.ready() {
                return Ok(Some(ready));
            }
            if self.stopped.is_cancelled() {
                return Err(Failure::Closing);
            }
            let _turn = self.catching_up.acquire().await;
            self.reader.turn().await?;
            yield_now().await;
        }
        let network = &self.engine.identity().network;
        Ok(self.reader.next_as(|step, cursor| framed_step(step, cursor, network)).await?)
    }

    fn ready(&mut self) -> Option<Bytes> {
        let network = &self.engine.identity().network;
        self.reader.ready_as(|step, cursor| framed_step(step, cursor, network))
    }

    /// One event, and those that have been read with it.
    fn with_more(&mut self, event: Bytes) -> Bytes {
        if !self.reader.has_ready() {
            return event;
        }
        let mut events = BytesMut::from(event);
        while events.len() < YIELD_AT
            && self.reader.has_ready()
            && let Some(more) = self.ready()
        {
            events.extend_from_slice(&more);
        }
        events.freeze()
    }

    fn still_there(&self) -> Bytes {
        let time = Some(timestamp(self.engine.now()));
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(self.reader.cursor());
        let event = Some(Event::Bookmark(v1::Bookmark { time }));
        framed(&FeedEvent { event, cursor })
    }
}

/// One clock for all waits. That it goes off too early costs less than to wind it up for each, and to look at it only
/// where it may have gone off less than to ask it at each.
struct Clock {
    sleep: Pin<Box<Sleep>>,
    /// When it goes off.
    at: Instant,
    /// Whether it was compared with the time a moment ago.
    compared: bool,
    /// Who is told.
    told: Option<Waker>,
}

impl Clock {
    fn new(at: Instant) -> Self {
        Self { sleep: Box::pin(sleep_until(at)), at, compared: false, told: None }
    }

    /// Winds it up for `at` where it has gone off before `now`.
    fn be_set(&mut self, now: Instant, at: Instant) {
        if now >= self.at {
            self.sleep.as_mut().reset(at);
            self.at = at;
            self.told = None;
        }
        self.compared = true;
    }
}

impl Future for Clock {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let is_told = self.told.as_ref().is_some_and(|told| told.will_wake(cx.waker()));
        let compared = std::mem::take(&mut self.compared);
        if is_told && (compared || Instant::now() < self.at) {
            return Poll::Pending;
        }
        self.told = Some(cx.waker().clone());
        self.sleep.as_mut().poll(cx)
    }
}
