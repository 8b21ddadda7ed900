//! Following what changes: a stream for those who stay, pages for those who poll. Both are loops over one reader.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::filter::Filter;
use duikou_proto::language::Language;
use duikou_proto::name::NetworkName;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::feed_service_server::FeedService;
use duikou_proto::v1::{self, FeedEvent};
use futures_util::Stream;
use prost::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, async_trait};

use super::auth::{Caller, Door};
use super::error::Failure;
use super::listing::listing_of;
use super::page_token::page_size;
use super::time::timestamp;
use crate::engine::Engine;
use crate::feed::{Cursor, EventReader, Step};
use crate::limits;

/// Watches at once.
const WATCHERS: usize = 10_000;
/// Events that wait for one slow watcher.
const WAITING: usize = 4;
/// Encoded events of one pull: well below what clients take.
const PULL_BYTES: usize = 2 * 1024 * 1024;

pub(crate) struct Feeds {
    door: Door,
    tasks: TaskTracker,
    watchers: Arc<Semaphore>,
    pace: Pace,
}

/// How long a watch waits for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Quiet before a bookmark.
    pub(crate) bookmark: Duration,
    /// For a client that takes nothing.
    pub(crate) stall: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bookmark: limits::WATCH_BOOKMARK, stall: limits::WATCH_STALL }
    }
}

impl Feeds {
    pub(crate) fn new(door: Door, tasks: TaskTracker, pace: Pace) -> Self {
        Self { door, tasks, watchers: Arc::new(Semaphore::new(WATCHERS)), pace }
    }

    fn reader(&self, caller: &Caller, filter: Option<v1::Filter>, cursor: &str) -> Result<EventReader, Failure> {
        let engine = &self.door.engine;
        let filter = Filter::compile(&filter.unwrap_or_default(), &engine.identity().network);
        let filter = filter.map_err(Failure::Violations)?;
        // What is no cursor at all is as foreign as another server's.
        let cursor = match cursor {
            "" => Vec::new(),
            text => BASE64_URL_SAFE_NO_PAD.decode(text).ok().filter(|c| !c.is_empty()).unwrap_or_else(|| vec![0]),
        };
        Ok(EventReader::new(engine.clone(), caller.reader.clone(), filter, &cursor))
    }

    fn start(&self, caller: &Caller, request: v1::WatchRequest, language: Language) -> Result<Events, Failure> {
        let reader = self.reader(caller, request.filter, &request.cursor)?;
        let permit = self.watchers.clone().try_acquire_owned().map_err(|_| Failure::WatcherLimit)?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let end = Arc::new(OnceLock::new());
        let watch = Watch {
            engine: self.door.engine.clone(),
            reader,
            sender,
            end: end.clone(),
            pace: self.pace,
            _permit: permit,
        };
        self.tasks.spawn(watch.run());
        Ok(Events { receiver, end, language, done: false })
    }

    async fn page(&self, caller: &Caller, request: v1::PullRequest) -> Result<v1::PullResponse, Failure> {
        let rows = page_size(request.page_size)?;
        let mut reader = self.reader(caller, request.filter, &request.cursor)?;
        let network = &self.door.engine.identity().network;
        let (mut events, mut looked, mut bytes, mut caught_up) = (Vec::new(), 0, 0, false);
        'pages: loop {
            while let Some((step, cursor)) = reader.ready() {
                caught_up = matches!(step, Step::CaughtUp);
                if caught_up {
                    break 'pages;
                }
                let event = event(step, &cursor, network);
                bytes += event.encoded_len();
                events.push(event);
                if events.len() >= rows || bytes >= PULL_BYTES {
                    break 'pages;
                }
            }
            if looked >= rows || !reader.turn().await? {
                break;
            }
            looked += limits::FEED_PAGE;
        }
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(reader.cursor());
        Ok(v1::PullResponse { events, cursor, caught_up })
    }
}

fn event(step: Step, cursor: &Cursor, network: &NetworkName) -> FeedEvent {
    let event = match step {
        Step::Listing(part, opportunity) => Event::Listing(listing_of(&part, *opportunity, network)),
        Step::NoLonger(name, reason) => Event::NoLonger(v1::NoLonger { name: name.to_string(), reason: reason.into() }),
        Step::CaughtUp => Event::CaughtUp(v1::CaughtUp {}),
        Step::Reset(cause) => Event::Reset(v1::Reset { cause: cause.into() }),
    };
    FeedEvent { event: Some(event), cursor: BASE64_URL_SAFE_NO_PAD.encode(cursor) }
}

/// One watch under way.
struct Watch {
    engine: Engine,
    reader: EventReader,
    /// Boxed, so that a channel with nothing in it is small.
    sender: mpsc::Sender<Box<FeedEvent>>,
    end: Arc<OnceLock<Failure>>,
    pace: Pace,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    /// Runs until the client goes, the server stops, or the client is too slow.
    async fn run(mut self) {
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
        loop {
            let event = match self.reader.next().await {
                Err(error) => return error.into(),
                Ok(Some((step, cursor))) => event(step, &cursor, &self.engine.identity().network),
                Ok(None) => {
                    tokio::select! {
                        () = self.reader.wait() => continue,
                        () = sleep_until(bookmark) => self.bookmark(),
                    }
                }
            };
            match timeout(self.pace.stall, self.sender.reserve()).await {
                Ok(Ok(place)) => place.send(Box::new(event)),
                Ok(Err(_)) => return Failure::Closing,
                Err(_) => return Failure::SlowReader,
            }
            bookmark = Instant::now() + self.pace.bookmark;
        }
    }

    fn bookmark(&self) -> FeedEvent {
        let time = Some(timestamp(self.engine.now()));
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(self.reader.cursor());
        FeedEvent { event: Some(Event::Bookmark(v1::Bookmark { time })), cursor }
    }
}

/// What a watcher's connection takes its events from.
pub(crate) struct Events {
    receiver: mpsc::Receiver<Box<FeedEvent>>,
    end: Arc<OnceLock<Failure>>,
    language: Language,
    done: bool,
}

impl Stream for Events {
    type Item = Result<FeedEvent, Status>;

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

#[async_trait]
impl FeedService for Feeds {
    type WatchStream = Events;

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Events>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.start(&caller, message, language).map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn pull(&self, request: Request<v1::PullRequest>) -> Result<Response<v1::PullResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.page(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
