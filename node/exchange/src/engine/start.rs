//! How an engine starts: what the store holds becomes what it remembers, and its tasks begin.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::{ArcSwap, ArcSwapOption};
use duikou_proto::directory::{Directory, DirectoryError};
use duikou_proto::envelope::Micros;
use duikou_proto::name::{MemberId, RecordName};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::heads::Counted;
use super::work::Memory;
use super::{
    Engine, FeedIdentity, Identity, RejectionFact, Shared, approval, departed, entries, facts, heads, hides, months,
    receipts, upkeep, vital, writer,
};
use crate::defects::{self, Defect};
use crate::feed::Feed;
use crate::limits;
use crate::store::{Fact, Read, Store, StoreError};
use crate::world::World;

/// Facts that are read in one go.
const FACTS: usize = 10_000;

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

/// A fact that a start writes.
fn fact(key: String, value: &impl Serialize) -> Result<Fact, StoreError> {
    let bytes = facts::encode(&key, value)?;
    Ok((key, Some(bytes)))
}

/// All facts that begin with `prefix`.
async fn all(read: &mut dyn Read, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let after = found.last().map(|(key, _)| key.clone()).unwrap_or_default();
        let piece = read.facts(prefix, &after, FACTS).await?;
        let more = piece.len() == FACTS;
        found.extend(piece);
        if !more {
            return Ok(found);
        }
    }
}

/// What was refused before this process began stands in for what is held.
async fn recall_refused(
    store: &dyn Store,
    hot: &BTreeMap<String, Vec<u8>>,
    heads: &mut heads::Heads,
    now: Micros,
) -> Result<(), StoreError> {
    let refusals = hot.range(facts::REJECTIONS.to_owned()..).take_while(|(key, _)| key.starts_with(facts::REJECTIONS));
    let refusals: Vec<_> = refusals.filter_map(|(key, value)| Some((facts::refused_name(key)?, key, value))).collect();
    let mut read = store.read().await?;
    for refusals in refusals.chunks(limits::FEED_PAGE) {
        let names: Vec<RecordName> = refusals.iter().map(|(name, ..)| name.clone()).collect();
        let rows: HashMap<RecordName, Counted> =
            read.rows(&names).await?.rows.iter().map(|row| (row.name.clone(), Counted::of(row))).collect();
        for (name, key, value) in refusals {
            let refused = facts::decode::<RejectionFact>(key, value)?.refused();
            heads.refuse(key, name, refused, &rows.get(name).cloned().unwrap_or_default());
        }
    }
    heads.judge(now);
    Ok(())
}

impl Engine {
    /// Reads what the store holds and starts the writer and the upkeep.
    ///
    /// # Errors
    /// Where the store cannot be read or written, or its directory does not replay.
    pub async fn start(parts: Parts) -> Result<Started, StartError> {
        let Parts { identity, store, world, feed_bytes, queue_bytes, data, stop } = parts;
        let mut directory = read_directory(&*store).await?;
        let mut read = store.read().await?;
        hides::compare_at_start(&mut *read, &mut directory).await?;
        let counter = read.counter().await?;
        let mut revisions = HashMap::new();
        for (key, value) in all(&mut *read, facts::REVISIONS).await? {
            if let Some(member) = key.strip_prefix(facts::REVISIONS).and_then(|id| id.parse().ok()) {
                revisions.insert(member, facts::decode(&key, &value)?);
            }
        }
        let mut unrecovered = BTreeSet::new();
        for (key, _) in all(&mut *read, facts::UNRECOVERED).await? {
            unrecovered.extend(key.strip_prefix(facts::UNRECOVERED).and_then(|id| id.parse::<MemberId>().ok()));
        }
        let mut hot = BTreeMap::new();
        for prefix in facts::HOT {
            hot.extend(all(&mut *read, prefix).await?);
        }
        let kept = read.fact(facts::FEED).await?;
        let is_new = kept.is_none();
        let mut feed = match kept {
            Some(value) => facts::decode(facts::FEED, &value)?,
            None => FeedIdentity::new(&world),
        };
        drop(read);
        let mut begun = Vec::new();
        if data != Data::Left && !defects::on(Defect::FeedKept) {
            feed.renew(&world, counter.seq);
        } else {
            feed.begin_epoch(&world, counter.seq);
        }
        begun.push(fact(facts::FEED.to_owned(), &feed)?);
        if data != Data::Left && identity.carrier {
            // Its nodes may know more of the directory than it does.
            begun.push(fact(facts::GATHERING.to_owned(), &true)?);
        } else if data == Data::Restored {
            // Before anything is written or ended for them: what they wrote since is held elsewhere.
            for member in directory.hosted(&identity.node) {
                begun.push(fact(facts::unrecovered(&member.id), &false)?);
                unrecovered.insert(member.id.clone());
            }
        }
        let months = months::begun(&*store, world.now()).await?;
        let mut transaction = store.begin().await?;
        if (is_new || data != Data::Left) && identity.carrier {
            begun.push(fact(facts::VOUCH.to_owned(), &world.now())?);
        }
        begun.extend(months);
        transaction.put_facts(&begun).await?;
        transaction.commit().await?;
        let (mut heads, counts, damage) = heads::Heads::of_store(&*store, world.now()).await?;
        recall_refused(&*store, &hot, &mut heads, world.now()).await?;
        receipts::remember(&*store, &directory, &identity.node, &mut heads).await?;
        let directory = Arc::new(directory);
        let memory = Memory {
            directory: directory.clone(),
            counts,
            heads: Arc::new(heads),
            revisions,
            unrecovered,
            feed: Arc::new(feed),
            writers: Arc::new(approval::writers(&hot)?),
            hot: Arc::new(hot),
            damage: Arc::new(damage),
        };
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
        tasks.spawn(engine.vital("what closes the feed", engine.clone().close_feed(stop.clone())));
        tasks.spawn(engine.vital("upkeep", engine.clone().keep_up(stop.clone())));
        // What was under way when the process before ended goes on.
        engine.0.scrub.notify_one();
        tasks.spawn(engine.vital("what overwrites the log", engine.clone().scrub(stop.clone())));
        engine.0.resign.notify_one();
        tasks.spawn(engine.vital("what signs anew", engine.clone().keep_signed(stop.clone())));
        engine.0.heads.notify_one();
        tasks.spawn(engine.vital("what signs heads", engine.clone().keep_heads(stop.clone())));
        tasks.spawn(engine.vital("what signs receipts", engine.clone().keep_receipts(stop)));
        tasks.close();
        Ok(Started { engine, tasks })
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
