//! The engine: one store, one writer, one feed. Services, links and pages are its callers; it knows none of them.
//!
//! `start` makes it of what the store holds, `read` is what is read of it. `writer` commits what has queued up;
//! `foresight` signs ahead what it will sign, on all cores, while it commits what came before; `work` is one transaction,
//! `work/rows` what becomes of a row in it, `warm` what it need not read; `accept` says how a row takes in a state, `bounds`
//! what is held in memory.
//!
//! `write` is the origin, `next_state` what it signs, `approval` whether that must be approved first; `apply` is a link's
//! sink, `dated` what times either takes, `entries` the directory, `signers` the members' keys, of which the directory says
//! which one signs. `recover`, `outlived` (what a dead key signed), `reissue` (a clock was ahead), `resign` (a key changed),
//! `key_death`, `removal` and `upkeep` are what they say. `tokens` and `enterprises` are who may come in beside members'
//! people. `halt` is why nothing is written, `trouble` why nothing can be, `damage` what cannot be read, `vital` which tasks
//! have ended that must not; `to_the_end` is for what must follow a commit.
//!
//! `viewer` decides who sees what; `own_rows` keeps up with the feed for those who ask the same of own rows again and
//! again. `heads` sums up what scopes hold, `stand_in` what was refused in its place, `sign_heads` signs it, `completeness`
//! compares, `reconcile` finds and heals what differs; `sign_receipts` tells each origin what is held of it, `receipts`
//! tells an origin who holds what, `refused_by` who refused what.
//! `months` sums up what each origin did, `dealings` what members here asked, answered and had delivered; `audit` keeps
//! the trail.

mod accept;
mod apply;
pub mod approval;
pub mod audit;
mod bounds;
pub mod completeness;
mod damage;
mod dated;
pub mod dealings;
mod departed;
mod ended;
mod enterprises;
mod entries;
pub mod facts;
mod foresight;
mod halt;
pub(crate) mod heads;
mod hides;
mod keep;
mod key_death;
pub mod months;
mod next_state;
mod outlived;
mod own_rows;
mod position;
mod read;
pub mod receipts;
pub(crate) mod reconcile;
mod recover;
pub mod refused_by;
pub(crate) mod reissue;
mod removal;
mod resign;
mod role;
mod sign_heads;
mod sign_receipts;
mod signers;
mod stand_in;
mod start;
mod sweep;
mod to_the_end;
mod tokens;
mod trouble;
mod upkeep;
mod viewer;
mod vital;
mod warm;
mod work;
mod write;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::name::{MemberId, NetworkName, NodeId};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::feed::Feed;
use crate::store::{Counter, Counts, Seq, Store};
use crate::world::World;

pub use apply::{Applied, Apply, PositionFact, Progress, RejectionFact, Side};
pub use bounds::Bound;
pub use departed::{KeepDeparted, Piece};
pub use ended::Ended;
pub use enterprises::{Enterprise, Registration, State as EnterpriseState};
pub use entries::{CatchUpFact, Follow};
pub use foresight::Foresight;
pub use halt::Halt;
pub use outlived::KeepOutlived;
pub use own_rows::OwnRows;
pub use position::{FeedIdentity, Known};
pub use recover::{Recovered, TakeBack};
pub use role::Role;
pub use signers::Signers;
pub use start::{Data, Parts, StartError, Started, read_directory};
pub use tokens::{MemberText, TokenEnd, TokenFact, forget_token};
pub use trouble::{Trouble, TroubleKind};
pub use viewer::{Reader, Seen, Standing, Viewer};
pub use work::Work;
use work::{Memory, Outcome};
pub use write::{Change, Content, Mode, Refused, Weight, Write, Written};
use writer::Queue;
pub use writer::{Command, Many, WriteError};

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

/// A handle: cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>, Queue);

pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) world: World,
    stop: CancellationToken,
    vitals: vital::Vitals,
    /// Ends the writer once everything that writes has ended.
    pub(crate) finish: CancellationToken,
    feed: Feed,
    memory: ArcSwap<Memory>,
    counter: ArcSwap<Counter>,
    directory: watch::Sender<Arc<Directory>>,
    /// The number of its newest entry.
    entry: AtomicI64,
    halted: watch::Sender<Option<Halt>>,
    trouble: ArcSwapOption<Trouble>,
    scrub: Notify,
    pub(crate) departed: departed::Departed,
    /// Something may have been signed by another key than the newest.
    resign: Notify,
    /// Something is to be swept through.
    sweeps: Notify,
    heads: Notify,
    receipts: Notify,
    /// Moves when a token or a registered reader has changed.
    rights: watch::Sender<()>,
    /// The writer, what keeps this engine up, and what goes on [to its end](Engine::to_the_end).
    tasks: TaskTracker,
    to_the_end: Arc<Semaphore>,
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
        self.entry.store(directory.index(), Ordering::Release);
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
        if outcome.sweeps {
            self.sweeps.notify_one();
        }
        let now = self.world.now();
        self.feed.push(&outcome.changes, &outcome.deleted, outcome.counter.seq, &directory, now);
    }
}

impl Engine {
    /// Runs a command in the next transaction. What it answers is on disk.
    ///
    /// # Errors
    /// Where it cannot be queued, or the store does not work.
    pub async fn submit<C: Command>(&self, command: C) -> Result<C::Output, WriteError> {
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

    /// The number of the directory's newest entry.
    pub fn entry(&self) -> i64 {
        self.0.entry.load(Ordering::Acquire)
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
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// What `reader` may see now.
    pub fn viewer(&self, reader: &Reader) -> Viewer {
        Viewer::new(reader, &self.directory(), &self.0.identity.node, self.0.identity.carrier)
    }

    /// Moves when a token or a registered reader has changed.
    pub fn watch_rights(&self) -> watch::Receiver<()> {
        self.0.rights.subscribe()
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
    pub fn counted(&self) -> Seq {
        self.0.counter.load().seq
    }

    /// Changes whenever the newest number does.
    pub fn watch_head(&self) -> watch::Receiver<Seq> {
        self.0.feed.watch()
    }

    pub(crate) fn floor(&self) -> Seq {
        self.0.counter.load().floor
    }

    /// Up to where withdrawals have been let go of, as readers by content number them.
    pub fn content_floor(&self) -> Seq {
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

    /// The members here that must take back their own records before they write.
    pub fn unrecovered(&self) -> Vec<MemberId> {
        self.0.memory.load().unrecovered.iter().cloned().collect()
    }

    /// Says where that is kept which leaves this store with a member. Without it, it is dropped.
    pub fn keep_departed_with(&self, keep: KeepDeparted) {
        self.0.departed.keep_with(keep);
    }

    /// Why this server writes nothing, if so.
    pub fn halted(&self) -> Option<Halt> {
        *self.0.halted.borrow()
    }

    /// Stops or resumes writing. Reading goes on.
    pub fn halt(&self, why: Option<Halt>) {
        self.0.halted.send_if_modified(|old| std::mem::replace(old, why) != why);
    }

    pub(crate) fn watch_halted(&self) -> watch::Receiver<Option<Halt>> {
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
}
