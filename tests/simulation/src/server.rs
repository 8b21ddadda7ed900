//! One server of a simulated network: a machine with a disk and a clock, and the process that may run on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use duikou_exchange::engine::{Data, Engine, Identity, Parts, Piece, Signers, Started};
use duikou_exchange::keys::Openers;
use duikou_exchange::link::{Acceptor, LinkBoard, LinkEnd, LinkRole, keep};
use duikou_exchange::live::{Live, Policy};
use duikou_exchange::store::Row;
use duikou_proto::envelope::{Part, Revision};
use duikou_proto::name::{MemberId, NetworkName, NodeId, RecordName};
use duikou_proto::sign::Signer;
use duikou_proto::v1::Signed;
use prost::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::disk::Tables;
use super::network::{Dialler, Net};
use super::time::{Skew, Time};
use super::{Disk, SimulatedStore};
use crate::seed::Seed;

pub(super) const DATA: &str = "data";
const BACKUP: &str = "backup";
/// So little that readers meet both memory and store.
const FEED_BYTES: usize = 24 * 1024;
const QUEUE_BYTES: usize = 8 * 1024 * 1024;

/// A process that runs.
#[derive(Clone)]
pub(super) struct Process {
    /// Its engine.
    pub(super) engine: Engine,
    /// Its links.
    pub(super) board: LinkBoard,
    /// Which of the processes that ran here.
    pub(super) serial: u64,
    acceptor: Option<Acceptor>,
    died: CancellationToken,
    stop: CancellationToken,
}

impl Process {
    /// How many sessions of nodes it holds.
    pub(super) fn sessions(&self) -> usize {
        self.acceptor.as_ref().map_or(0, Acceptor::sessions)
    }

    /// Ends when the process does.
    pub(super) fn died(&self) -> &CancellationToken {
        &self.died
    }
}

/// See the module.
pub(super) struct Server {
    /// Full id.
    pub(super) id: NodeId,
    /// Its disk.
    pub(super) disk: Disk,
    /// Its clock.
    pub(super) skew: Skew,
    process: Option<Process>,
    /// The files of what departed: the newest of each name.
    departed: Arc<Mutex<BTreeMap<RecordName, Revision>>>,
    /// The names that were changed on its disk, each with the part that was put there.
    spoiled: BTreeMap<RecordName, Part>,
    has_backup: bool,
    carrier: bool,
    gateway: NodeId,
    network: NetworkName,
    /// The keys of members that lie here, which no process takes with it.
    pub(super) signers: Signers,
    net: Net,
    time: Time,
    seed: Seed,
    started: u64,
}

/// How a process finds its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// As it left them.
    Anew,
    /// Put back by `restore`, which marks them.
    Restored,
}

/// What all servers of a network share.
pub(super) struct Site<'a> {
    /// Its name.
    pub(super) network: &'a NetworkName,
    /// The gateway of all.
    pub(super) gateway: &'a NodeId,
    /// The wire.
    pub(super) net: &'a Net,
    /// The time.
    pub(super) time: &'a Time,
}

impl Server {
    /// A machine without a process. Its luck depends on `seed` alone.
    pub(super) fn new(id: NodeId, signers: BTreeMap<MemberId, Signer>, site: &Site<'_>, mut seed: Seed) -> Self {
        Self {
            carrier: id == *site.gateway,
            id,
            disk: Disk::new(Seed::new(seed.below(u64::MAX))),
            skew: Skew::default(),
            process: None,
            departed: Arc::default(),
            spoiled: BTreeMap::new(),
            has_backup: false,
            gateway: site.gateway.clone(),
            network: site.network.clone(),
            signers: signers.into(),
            net: site.net.clone(),
            time: site.time.clone(),
            seed,
            started: 0,
        }
    }

    /// The process, if one runs.
    pub(super) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// What is safe on its disk.
    pub(crate) fn tables(&self) -> Arc<Tables> {
        self.disk.read(Path::new(DATA))
    }

    /// What lies in the files of members that left: the newest of each name.
    pub(super) fn departed(&self) -> BTreeMap<RecordName, Revision> {
        self.departed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a process; `directory` is what it takes from its operator where it has none. Whether it runs.
    pub(super) async fn start(&mut self, begins: Begins, directory: &[Bytes]) -> bool {
        let (died, stop) = (CancellationToken::new(), CancellationToken::new());
        let store = SimulatedStore::open(&self.disk, Path::new(DATA), died.clone());
        let started = Engine::start(Parts {
            identity: Identity {
                node: self.id.clone(),
                network: self.network.clone(),
                carrier: self.carrier,
                signers: self.signers.clone(),
            },
            store: Arc::new(store),
            world: self.skew.world(&self.time, Seed::new(self.seed.below(u64::MAX))),
            feed_bytes: FEED_BYTES,
            queue_bytes: QUEUE_BYTES,
            data: if begins == Begins::Restored { Data::Restored } else { Data::Left },
            stop: stop.clone(),
        });
        let Ok(Started { engine, .. }) = started.await else { return false };
        let departed = self.departed.clone();
        engine.keep_departed_with(Box::new(move |_, _, _, piece| {
            // No office is in these networks that would type anything.
            let Piece::Rows(rows) = piece else { return Ok(()) };
            let mut departed = departed.lock().unwrap_or_else(PoisonError::into_inner);
            for row in rows {
                let newest = departed.entry(row.name.clone()).or_default();
                *newest = row.revision().max(*newest);
            }
            Ok(())
        }));
        self.started += 1;
        let board = LinkBoard::default();
        // Nobody asks anything here; the desk is as it is in a server.
        let live = Live::new(engine.clone(), Openers::default(), Policy::default(), TaskTracker::new());
        let acceptor = self.carrier.then(|| Acceptor::new(engine.clone(), board.clone(), live.clone()));
        let process = Process { engine, board, serial: self.started, acceptor, died, stop };
        let engine = &process.engine;
        let told = async {
            let known = usize::try_from(engine.directory().index() + 1).ok()?;
            match directory.get(known..) {
                Some(rest) if !rest.is_empty() && (self.carrier || known == 0) => {
                    engine.follow(rest.to_vec()).await.ok()?.ok()
                }
                _ => Some(()),
            }
        };
        if told.await.is_none() {
            process.died.cancel();
            process.stop.cancel();
            return false;
        }
        if let Some(acceptor) = &process.acceptor {
            self.net.listen(&self.id, acceptor.clone());
        } else {
            let end = LinkEnd {
                engine: engine.clone(),
                board: process.board.clone(),
                live,
                peer: self.gateway.clone(),
                role: LinkRole::Node,
            };
            let dialler = Dialler::new(&self.net, &self.id, &self.gateway, process.died.clone());
            tokio::spawn(keep(end, dialler));
        }
        self.process = Some(process);
        true
    }

    /// The process is killed, or the power goes: then nobody is told, and what was not synced may be lost.
    pub(super) fn kill(&mut self, power: bool) {
        let Some(process) = self.process.take() else { return };
        // First the disk is out of its reach, and then it is told: what ends in order then leaves nothing.
        process.died.cancel();
        self.net.end(&self.id, !power);
        process.stop.cancel();
        process.engine.close();
        if power {
            self.disk.lose_power();
        }
    }

    /// Copies its data to where a backup lies, whether or not a process runs.
    pub(super) fn back_up(&mut self) {
        self.disk.copy(Path::new(DATA), Path::new(BACKUP));
        self.has_backup = true;
    }

    /// Puts the backup in the place of its data; false where there is none.
    pub(super) fn put_back(&mut self) -> bool {
        if self.has_backup {
            self.disk.copy(Path::new(BACKUP), Path::new(DATA));
        }
        self.has_backup
    }

    /// A row is gone from its disk, and nobody was told.
    pub(super) fn forget_row(&mut self, name: &RecordName) {
        let mut tables = (*self.tables()).clone();
        tables.rows.remove_mut(name);
        self.disk.replace(Path::new(DATA), tables);
    }

    /// The signature of a record is another on its disk than was written, and nobody was told; whether there is one.
    pub(super) fn spoil_row(&mut self, name: &RecordName) -> bool {
        let mut tables = (*self.tables()).clone();
        let Some(row) = tables.rows.get(name) else { return false };
        let Some(part) = row.record.as_ref().and_then(broken) else { return false };
        let row = Row { record: Some(part.clone()), ..row.clone() };
        tables.rows.insert_mut(name.clone(), row);
        self.disk.replace(Path::new(DATA), tables);
        self.spoiled.insert(name.clone(), part);
        true
    }

    /// The names that are still as they were spoiled.
    pub(super) fn spoiled(&self) -> BTreeSet<RecordName> {
        let tables = self.tables();
        let still = |(name, part): &(&RecordName, &Part)| {
            tables.rows.get(*name).is_some_and(|row| row.record.as_ref() == Some(*part))
        };
        self.spoiled.iter().filter(still).map(|(name, _)| name.clone()).collect()
    }

    /// The disk is lost.
    pub(super) fn lose_disk(&mut self) {
        self.disk.remove(Path::new(DATA));
        self.departed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The same with another signature.
fn broken(part: &Part) -> Option<Part> {
    let mut signed = Signed::decode(&part.bytes()[..]).ok()?;
    *signed.signature.first_mut()? ^= 1;
    Part::parse(&signed.encode_to_vec()).ok()
}
