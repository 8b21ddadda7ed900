//! Following what changes: a stream for those who stay, pages for those who poll. Both are loops over one reader.

mod event;
mod server;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::filter::Filter;
use duikou_proto::language::Language;
use duikou_proto::v1;
use prost::Message;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use super::auth::{Caller, Door};
use super::error::Failure;
use super::page_token::page_size;
use crate::feed::{EventReader, Step};
use crate::limits;
use event::whole;
pub(crate) use server::FeedServer;
use watch::{Events, Watch};

/// Watches at once.
const WATCHERS: usize = 10_000;
/// Encoded events of one pull: well below what clients take.
const PULL_BYTES: usize = 2 * 1024 * 1024;

pub(crate) struct Feeds {
    door: Door,
    watchers: Arc<Semaphore>,
    catching_up: Arc<Semaphore>,
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
    pub(crate) fn new(door: Door, pace: Pace) -> Self {
        let watchers = Arc::new(Semaphore::new(WATCHERS));
        let catching_up = Arc::new(Semaphore::new(limits::WATCHES_CATCHING_UP));
        Self { door, watchers, catching_up, pace }
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
        let (engine, catching_up) = (self.door.engine.clone(), self.catching_up.clone());
        Ok(Watch::new(engine, reader, catching_up, self.pace, language, permit).events())
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
                let event = whole(step, &cursor, network);
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

impl Feeds {
    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Events, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.start(&caller, message, language).map_err(|failure| failure.status(language))
    }

    async fn pull(&self, request: Request<v1::PullRequest>) -> Result<Response<v1::PullResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.page(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
