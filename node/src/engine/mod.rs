//! The engine: one store, one writer, one feed. Services, links and pages are its callers; it knows none of them.

mod accept;
mod apply;
mod bounds;
pub(crate) mod completeness;
mod departed;
mod enterprises;
mod entries;
pub mod facts;
mod foresight;
pub(crate) mod heads;
mod keep;
mod key_death;
mod outlived;
mod position;
pub(crate) mod receipts;
pub(crate) mod reconcile;
mod recover;
pub(crate) mod reissue;
mod removal;
mod resign;
mod sign_heads;
mod sign_receipts;
mod signers;
mod upkeep;
mod viewer;
mod work;
mod write;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use duikou_proto::directory::{Directory, DirectoryError};
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::{MemberId, NetworkName, NodeId, RecordName};
use duikou_proto::sign::Signer;
use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::feed::Feed;
use crate::limits;
use crate::store::{Counter, Counts, Order, Page, Row, Seq, Store, StoreError};
use crate::world::World;

pub(crate) use apply::{Applied, Apply, PositionFact, Progress, RejectionFact, Side};
pub use bounds::Bound;
pub use departed::KeepDeparted;
pub use enterprises::{Enterprise, Registration, State as EnterpriseState};
pub(crate) use entries::{CatchUpFact, Follow, Make};
pub(crate) use outlived::KeepOutlived;
pub(crate) use position::{FeedIdentity, Known, Position};
pub(crate) use recover::{Recovered, TakeBack};
pub use signers::Signers;
pub(crate) use viewer::Standing;
pub use viewer::{Reader, Seen, Viewer};
pub(crate) use work::Work;
use work::{Memory, Outcome};
pub use write::{Change, Content, Mode, Refused, Write, Written};
pub(crate) use writer::Command;
use writer::Queue;
pub use writer::WriteError;

/// Who this server is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Full id of the node or gateway.
    pub node: NodeId,
    /// Its network.
    pub network: NetworkName,
    /// Whether it carries what is for others: a gateway does.
    pub carrier: bool,
    /// The signing keys of the members here.
    pub signers: Signers,
}

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
    /// Ends what follows the feed; the writer goes on until [`Engine::close`].
    pub stop: CancellationToken,
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

/// A handle: cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>, Queue);

pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) world: World,
    stop: CancellationToken,
    /// Ends the writer once everything that writes has ended.
    pub(crate) finish: CancellationToken,
    feed: Feed,
    memory: ArcSwap<Memory>,
    counter: ArcSwap<Counter>,
    directory: watch::Sender<Arc<Directory>>,
    halted: watch::Sender<Option<String>>,
    scrub: Notify,
    pub(crate) departed: departed::Departed,
    /// Something may have been signed by another key than the newest.
    resign: Notify,
    heads: Notify,
    receipts: Notify,
    /// Moves when a token or a registered reader has changed.
    rights: watch::Sender<()>,
}

impl Shared {
    fn committed(&self, outcome: Outcome) {
        let directory = outcome.memory.directory.clone();
        self.memory.store(Arc::new(outcome.memory));
        self.counter.store(Arc::new(outcome.counter));
        self.directory.send_if_modified(|old| {
            let moved = old.index() != directory.index();
            *old = directory.clone();
            moved
        });
        if outcome.rights {
            self.rights.send_replace(());
        }
        if outcome.heads {
            self.heads.notify_one();
        }
        if outcome.receipts {
            self.receipts.notify_one();
        }
        if outcome.scrub {
            self.scrub.notify_one();
        }
        if outcome.resign {
            self.resign.notify_one();
        }
        let now = self.world.now();
        self.feed.push(&outcome.changes, &outcome.deleted, outcome.counter.seq, &directory, now);
    }
}

/// A started engine with the tasks that must end before its store is closed.
pub struct Started {
    /// The handle.
    pub engine: Engine,
    /// The writer and the upkeep.
    pub tasks: tokio_util::task::TaskTracker,
}

impl Engine {
    /// Reads what the store holds and starts the writer and the upkeep.
    ///
    /// # Errors
    /// Where the store cannot be read or written, or its directory does not replay.
    pub async fn start(parts: Parts) -> Result<Started, StartError> {
        let Parts { identity, store, world, feed_bytes, queue_bytes, stop } = parts;
        let directory = read_directory(&*store).await?;
        let mut read = store.read().await?;
        let counter = read.counter().await?;
        let mut revisions = std::collections::HashMap::new();
        for (key, value) in read.facts(facts::REVISIONS, "", contract_members()).await? {
            if let Some(member) = key.strip_prefix(facts::REVISIONS).and_then(|id| id.parse().ok()) {
                revisions.insert(member, facts::decode(&key, &value)?);
            }
        }
        let mut unrecovered = std::collections::BTreeSet::new();
        for (key, _) in read.facts(facts::UNRECOVERED, "", contract_members()).await? {
            unrecovered.extend(key.strip_prefix(facts::UNRECOVERED).and_then(|id| id.parse::<MemberId>().ok()));
        }
        let mut hot = BTreeMap::new();
        for prefix in [facts::TOKENS, facts::ENTERPRISES, facts::REJECTIONS, facts::EQUIVOCATIONS] {
            hot.extend(read.facts(prefix, "", contract_members()).await?);
        }
        let kept = read.fact(facts::FEED).await?;
        let is_new = kept.is_none();
        let mut feed = match kept {
            Some(value) => facts::decode(facts::FEED, &value)?,
            None => FeedIdentity::new(&world),
        };
        drop(read);
        feed.begin_epoch(&world, counter.seq);
        let mut transaction = store.begin().await?;
        let mut begun = vec![(facts::FEED.to_owned(), Some(facts::encode(&feed)))];
        if is_new && identity.carrier {
            begun.push((facts::VOUCH.to_owned(), Some(facts::encode(&world.now()))));
        }
        transaction.put_facts(&begun).await?;
        transaction.commit().await?;
        let (mut heads, counts) = heads::Heads::of_store(&*store, world.now()).await?;
        receipts::remember(&*store, &directory, &identity.node, &mut heads).await?;
        let directory = Arc::new(directory);
        let memory = Memory {
            directory: directory.clone(),
            counts,
            heads: Arc::new(heads),
            revisions,
            unrecovered,
            feed: Arc::new(feed),
            hot: Arc::new(hot),
        };
        let (queue, receiver) = writer::queue(queue_bytes);
        let shared = Arc::new(Shared {
            identity,
            store,
            world,
            stop: stop.clone(),
            finish: CancellationToken::new(),
            feed: Feed::new(counter.seq, feed_bytes),
            memory: ArcSwap::from_pointee(memory.clone()),
            counter: ArcSwap::from_pointee(counter),
            directory: watch::Sender::new(directory),
            halted: watch::Sender::new(None),
            scrub: Notify::new(),
            departed: departed::Departed::default(),
            resign: Notify::new(),
            heads: Notify::new(),
            receipts: Notify::new(),
            rights: watch::Sender::new(()),
        });
        let tasks = tokio_util::task::TaskTracker::new();
        tasks.spawn(writer::run(shared.clone(), receiver, memory));
        let engine = Self(shared, queue);
        tasks.spawn(engine.clone().keep_up(stop.clone()));
        tasks.spawn(engine.clone().scrub(stop.clone()));
        // What was under way when the process before ended goes on.
        engine.0.resign.notify_one();
        tasks.spawn(engine.clone().keep_signed(stop.clone()));
        engine.0.heads.notify_one();
        tasks.spawn(engine.clone().keep_heads(stop.clone()));
        tasks.spawn(engine.clone().keep_receipts(stop));
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
            }
            if self.halted().is_some() {
                continue;
            }
            while matches!(self.submit(upkeep::Upkeep).await, Ok(true)) {}
        }
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
                tracing::error!(error = %crate::error::chain(&error), "withdrawn content could not be overwritten in the log");
            }
        }
    }

    pub(crate) async fn submit<C: Command>(&self, command: C) -> Result<C::Output, WriteError> {
        self.1.submit(command).await
    }

    /// Makes a member's change; answered when it is on disk.
    ///
    /// # Errors
    /// [`WriteError`] where nothing was written because of the store.
    pub async fn write(&self, write: Write) -> Result<Result<Written, Refused>, WriteError> {
        if let Some(why) = self.halted() {
            return Ok(Err(Refused::Halted(why)));
        }
        self.submit(write).await
    }

    /// Who this server is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The directory as it is now.
    pub fn directory(&self) -> Arc<Directory> {
        self.0.directory.borrow().clone()
    }

    /// Changes whenever the directory grows.
    pub fn watch_directory(&self) -> watch::Receiver<Arc<Directory>> {
        self.0.directory.subscribe()
    }

    /// The time, microseconds since 1970 UTC.
    pub fn now(&self) -> Micros {
        self.0.world.now()
    }

    /// The time, chance and cores that it has.
    pub(crate) fn world(&self) -> &World {
        &self.0.world
    }

    /// What `reader` may see now.
    pub fn viewer(&self, reader: &Reader) -> Viewer {
        Viewer::new(reader, &self.directory(), &self.0.identity.node, self.0.identity.carrier)
    }

    /// What `reader` sees of a name: the record with its row.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn get(&self, name: &RecordName, reader: &Reader) -> Result<Option<(Part, Row)>, StoreError> {
        let rows = self.0.store.read().await?.rows(std::slice::from_ref(name)).await?;
        // The rights of after the reading: what was written since they were lost is not shown.
        let viewer = self.viewer(reader);
        Ok(rows.into_iter().next().and_then(|row| {
            let part = match viewer.see(&row, &self.directory(), self.now()) {
                Seen::Record(part) => part.clone(),
                Seen::Gone(_) | Seen::Nothing => return None,
            };
            Some((part, row))
        }))
    }

    /// The records that `reader` sees whose name begins with `prefix` and comes after `after`: of `limit` rows looked
    /// at, with the last name looked at where there may be more.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn list(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
        reader: &Reader,
    ) -> Result<(Vec<Part>, Option<RecordName>), StoreError> {
        let rows = self.0.store.read().await?.range(prefix, after, limit).await?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.name.clone());
        let (viewer, directory, now) = (self.viewer(reader), self.directory(), self.now());
        let seen = rows.iter().filter_map(|row| match viewer.see(row, &directory, now) {
            Seen::Record(part) => Some(part.clone()),
            Seen::Gone(_) | Seen::Nothing => None,
        });
        Ok((seen.collect(), next))
    }

    /// A piece of the feed: from memory near the head, from the store further back. Whoever takes rows from here for
    /// somebody shows them to a [`Viewer`] or to the link's rule of parts first.
    pub(crate) async fn page(&self, order: Order, after: Seq, limit: usize) -> Result<Page, StoreError> {
        match self.0.feed.page(order, after, limit) {
            Some(page) => Ok(page),
            None => self.0.store.page(order, after, limit).await,
        }
    }

    /// Own or carried rows by name, for those who may read everything: recovery and export.
    pub(crate) async fn range(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.0.store.read().await?.range(prefix, after, limit).await
    }

    pub(crate) async fn rows(&self, names: &[RecordName]) -> Result<Vec<Row>, StoreError> {
        self.0.store.read().await?.rows(names).await
    }

    /// Moves when a token or a registered reader has changed.
    pub(crate) fn watch_rights(&self) -> watch::Receiver<()> {
        self.0.rights.subscribe()
    }

    pub(crate) async fn fact<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let value = if facts::is_hot(key) {
            self.0.memory.load().hot.get(key).cloned()
        } else {
            self.0.store.read().await?.fact(key).await?
        };
        value.map(|value| facts::decode(key, &value)).transpose()
    }

    pub(crate) async fn facts<T: serde::de::DeserializeOwned>(
        &self,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let found = if facts::is_hot(prefix) {
            self.0.memory.load().hot(prefix, limit)
        } else {
            self.0.store.read().await?.facts(prefix, "", limit).await?
        };
        found.into_iter().map(|(key, value)| Ok((key.clone(), facts::decode(&key, &value)?))).collect()
    }

    /// Encoded directory entries from `first` on, at most `limit`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn entries(&self, first: i64, limit: usize) -> Result<Vec<bytes::Bytes>, StoreError> {
        self.0.store.entries(first, limit).await
    }

    /// The store, for backup.
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// The newest sequence number.
    pub fn head(&self) -> Seq {
        self.0.feed.head()
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// The newest sequence number that is committed, which the feed may be about to have.
    pub(crate) fn counted(&self) -> Seq {
        self.0.counter.load().seq
    }

    pub(crate) fn watch_head(&self) -> watch::Receiver<Seq> {
        self.0.feed.watch()
    }

    pub(crate) fn floor(&self) -> Seq {
        self.0.counter.load().floor
    }

    pub(crate) fn content_floor(&self) -> Seq {
        self.0.counter.load().content_floor
    }

    /// How many rows each origin has here.
    pub fn counts(&self) -> Counts {
        self.0.memory.load().counts.clone()
    }

    /// What each origin's scopes hold here, beside what their heads say.
    pub(crate) fn heads(&self) -> Arc<heads::Heads> {
        self.0.memory.load().heads.clone()
    }

    /// Identifies the feed; a restore changes it.
    pub fn feed_id(&self) -> [u8; 16] {
        self.0.memory.load().feed.id
    }

    pub(crate) fn unrecovered(&self) -> Vec<MemberId> {
        self.0.memory.load().unrecovered.iter().cloned().collect()
    }

    pub(crate) fn seal_position(&self, seq: Seq, newest: Seq, bound: &[u8]) -> Vec<u8> {
        let feed = self.0.memory.load().feed.clone();
        feed.seal(&feed.position(seq, newest), bound)
    }

    pub(crate) fn open_position(&self, sealed: &[u8]) -> Option<(Position, Vec<u8>)> {
        self.0.memory.load().feed.open(sealed)
    }

    pub(crate) fn knows(&self, position: &Position) -> Known {
        self.0.memory.load().feed.knows(position, self.head())
    }

    /// Says where that is kept which leaves this store with a member. Without it, it is dropped.
    pub fn keep_departed_with(&self, keep: KeepDeparted) {
        self.0.departed.keep_with(keep);
    }

    /// Why this server writes nothing, if so.
    pub fn halted(&self) -> Option<String> {
        self.0.halted.borrow().clone()
    }

    /// Stops or resumes writing. Reading goes on.
    pub fn halt(&self, why: Option<String>) {
        self.0.halted.send_if_modified(|old| std::mem::replace(old, why.clone()) != why);
    }

    pub(crate) fn watch_halted(&self) -> watch::Receiver<Option<String>> {
        self.0.halted.subscribe()
    }

    /// Cancelled when the server is told to stop.
    pub fn stopped(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    /// Lets no more commands in; those that are in are done.
    pub fn close(&self) {
        self.0.stop.cancel();
        self.1.close();
        self.0.finish.cancel();
    }

    /// Makes the store another feed: after a restore.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn renew_feed(&self) -> Result<(), WriteError> {
        self.submit(Recovered::rolled_back()).await
    }

    /// Takes in directory entries that came with the enrolment.
    ///
    /// # Errors
    /// Where nothing could be written; inside, where they do not continue the directory.
    pub async fn follow(&self, entries: Vec<bytes::Bytes>) -> Result<Result<(), DirectoryError>, WriteError> {
        self.submit(Follow(entries)).await
    }

    /// Makes directory entries, all or none: the gateway's right.
    ///
    /// # Errors
    /// Where nothing could be written; inside, where an entry would contradict those before.
    pub async fn make_entries(
        &self,
        signer: Signer,
        actions: Vec<duikou_proto::federation::directory_entry::Action>,
    ) -> Result<Result<(), DirectoryError>, WriteError> {
        self.submit(Make { signer, actions }).await
    }

    /// Keeps a small thing under `key` if nothing is there; whether it did.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn keep_fact<T: serde::Serialize + Send + Sync + 'static>(
        &self,
        key: String,
        value: T,
    ) -> Result<bool, WriteError> {
        self.submit(keep::Keep { key, value }).await
    }

    /// Sets the small thing under `key`, or takes it away.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn put_fact<T: serde::Serialize + Send + Sync + 'static>(
        &self,
        key: String,
        value: Option<T>,
    ) -> Result<(), WriteError> {
        self.submit(keep::Put { key, value }).await
    }

    /// Reads the small things whose keys begin with `prefix`, at most `limit`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn read_facts<T: serde::de::DeserializeOwned>(
        &self,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(String, T)>, StoreError> {
        self.facts(prefix, limit).await
    }

    /// Reads the small thing under `key`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn read_fact<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        self.fact(key).await
    }
}

/// Members whose facts are read in one go.
fn contract_members() -> usize {
    100_000
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
