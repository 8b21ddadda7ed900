//! How an engine starts: what the store holds becomes what it remembers ([`kept`]), and its tasks begin.

mod kept;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::{ArcSwap, ArcSwapOption};
use duikou_proto::directory::{Directory, DirectoryError};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Engine, Identity, Shared, departed, entries, months, upkeep, vital, writer};
use crate::feed::Feed;
use crate::limits;
use crate::store::{Store, StoreError};
use crate::world::World;
use kept::Kept;

/// What an engine is made of.
pub struct Parts {
    /// Who it is.
    pub identity: Identity,
    /// Where it keeps things.
    pub store: Arc<dyn Store>,
    /// The time, chance and cores that it has.
    pub world: World,
    /// Bytes of the newest changes in memory.
    pub feed_bytes: usize,
    /// Bytes of commands that wait for the writer.
    pub queue_bytes: usize,
    /// Whether that is what it left.
    pub data: Data,
    /// Ends what follows the feed; the writer goes on until [`Engine::close`].
    pub stop: CancellationToken,
}

/// What a store is to its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// What it left.
    Left,
    /// A copy that was brought back: it may lack what was acknowledged since, and others hold that.
    Restored,
    /// Such a copy, of a server that has no gateway.
    RestoredAlone,
}

/// Why an engine does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store cannot be read or written.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// The directory in the store does not replay.
    #[error("the directory in the store is damaged")]
    Directory(#[from] DirectoryError),
}

/// A started engine with the tasks that must end before its store is closed.
pub struct Started {
    /// The handle.
    pub engine: Engine,
    /// The writer, the upkeep, and what goes on [to its end](Engine::to_the_end).
    pub tasks: TaskTracker,
}

impl Engine {
    /// Reads what the store holds and starts the writer and the upkeep.
    ///
    /// # Errors
    /// Where the store cannot be read or written, or its directory does not replay.
    pub async fn start(parts: Parts) -> Result<Started, StartError> {
        let Parts { identity, store, world, feed_bytes, queue_bytes, data, stop } = parts;
        let mut kept = Kept::read(&*store).await?;
        let counter = kept.counter;
        let (feed, mut begun) = kept.begin(&identity, &world, data)?;
        begun.extend(months::begun(&*store, world.now()).await?);
        let mut transaction = store.begin().await?;
        transaction.put_facts(&begun).await?;
        transaction.commit().await?;
        let memory = kept.remember(feed, &*store, &identity.node, world.now()).await?;
        let directory = memory.directory.clone();
        let (queue, receiver) = writer::queue(queue_bytes);
        let shared = Arc::new(Shared {
            identity,
            store,
            world,
            stop: stop.clone(),
            vitals: vital::Vitals::new(stop.clone()),
            finish: CancellationToken::new(),
            feed: Feed::new(counter.seq, feed_bytes),
            memory: ArcSwap::from_pointee(memory.clone()),
            counter: ArcSwap::from_pointee(counter),
            entry: AtomicI64::new(directory.index()),
            directory: watch::Sender::new(directory),
            halted: watch::Sender::new(None),
            trouble: ArcSwapOption::empty(),
            scrub: Notify::new(),
            departed: departed::Departed::default(),
            resign: Notify::new(),
            sweeps: Notify::new(),
            heads: Notify::new(),
            receipts: Notify::new(),
            rights: watch::Sender::new(()),
            tasks: TaskTracker::new(),
            to_the_end: Arc::new(Semaphore::new(limits::TO_THE_END)),
        });
        let tasks = shared.tasks.clone();
        tasks.spawn(shared.vitals.watch("the writer", writer::run(shared.clone(), receiver, memory)));
        let engine = Self(shared, queue);
        engine.begin_tasks(&tasks, stop);
        tasks.close();
        Ok(Started { engine, tasks })
    }

    /// What was under way when the process before ended goes on.
    fn begin_tasks(&self, tasks: &TaskTracker, stop: CancellationToken) {
        for waiting in [&self.0.scrub, &self.0.resign, &self.0.heads] {
            waiting.notify_one();
        }
        tasks.spawn(self.vital("what closes the feed", self.clone().close_feed(stop.clone())));
        tasks.spawn(self.vital("upkeep", self.clone().keep_up(stop.clone())));
        tasks.spawn(self.vital("what overwrites the log", self.clone().scrub(stop.clone())));
        tasks.spawn(self.vital("what signs anew", self.clone().keep_signed(stop.clone())));
        tasks.spawn(self.vital("what signs heads", self.clone().keep_heads(stop.clone())));
        tasks.spawn(self.vital("what signs receipts", self.clone().keep_receipts(stop)));
    }

    async fn keep_up(self, stop: CancellationToken) {
        let mut every = tokio::time::interval(limits::UPKEEP_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
                () = self.0.sweeps.notified() => {}
            }
            while matches!(self.submit(upkeep::Upkeep { writes: self.halted().is_none() }).await, Ok(true)) {}
        }
    }

    /// Readers that sleep hear of the end, instead of each of them waiting for it as well.
    async fn close_feed(self, stop: CancellationToken) {
        stop.cancelled().await;
        self.0.feed.close();
    }

    async fn scrub(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.scrub.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(limits::SCRUB_EVERY) => {}
            }
            if let Err(error) = self.0.store.scrub().await {
                tracing::warn!(error = %crate::error::chain(&error), "withdrawn content could not be overwritten in the log yet");
                self.0.scrub.notify_one();
            }
        }
    }
}

/// Replays the directory that a store holds.
///
/// # Errors
/// Where it cannot be read or does not replay.
pub async fn read_directory(store: &dyn Store) -> Result<Directory, StartError> {
    let mut directory = Directory::default();
    loop {
        let entries = store.entries(directory.index() + 1, entries::ENTRIES).await?;
        if entries.is_empty() {
            return Ok(directory);
        }
        for entry in entries {
            directory.apply(&entry)?;
        }
    }
}
