//! A simulated network: its servers, members and directory, and what can be done to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use duikou_exchange::engine::completeness::Completeness;
use duikou_exchange::engine::{Change, Content, Halt, Mode, Reader, Write, Written};
use duikou_exchange::link::LinkPhase;
use duikou_exchange::store::{GoneReason, Row};
use duikou_proto::directory::{self, Directory, MemberState};
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::rejected::Code;
use duikou_proto::federation::source_frame::Frame;
use duikou_proto::federation::{Admit, CircleAdd, CircleCreate, Host, Parts, SourceFrame};
use duikou_proto::name::{MemberId, NetworkName, NodeId, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::sign::Signer;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Capital, Lane, Opportunity, WithdrawalReason, capital, completeness};
use duikou_proto::{head, limits};
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::disk::Tables;
use super::follower::Follower;
use super::ledger::{Ledger, Left};
use super::membership::key;
use super::network::{Delay, Net};
use super::server::{Begins, DATA, Process, Server, Site};
use super::time::{BEGIN, SLOWEST, Time};
use super::trace::Trace;
use crate::invariants::{Evidence, Finding, LinkEvidence, MemoryEvidence, StoreEvidence, vouched};
use crate::seed::Seed;

/// The network's name.
pub(super) const NETWORK: &str = "n.example";
/// Circles that members join and leave.
pub(super) const CIRCLES: [&str; 2] = ["x", "y"];
/// Frames that a gateway sent while a node still held a scope may leave it so much later.
const IN_FLIGHT: Duration = Duration::from_secs(30);
/// Sessions of one node that a gateway may hold before it has noticed that all but one are dead.
const SESSIONS: usize = 16;
/// Answers that wait to be noted.
const ANSWERS: usize = 1024;
const DAY: Micros = 24 * 3600 * 1_000_000;

/// Who lives where.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Members of the gateway, then of each node.
    pub(super) members: Vec<Vec<&'static str>>,
}

impl Shape {
    /// A gateway and three nodes, one of which hosts two members: as small as everything can happen in.
    pub(super) fn small() -> Self {
        Self { members: vec![vec!["g"], vec!["a", "b"], vec!["c"], vec!["d"]] }
    }

    /// A gateway and twelve nodes.
    pub(super) fn wide() -> Self {
        let nodes = ["a", "b", "c", "d", "e", "f", "h", "i", "j", "k", "l", "m"];
        Self { members: [vec!["g"]].into_iter().chain(nodes.map(|node| vec![node])).collect() }
    }
}

/// What a writer was answered.
pub(super) struct Answer {
    name: RecordName,
    revision: i64,
    expires: Micros,
    time: Micros,
    /// Whether its store holds something else in its place.
    buried: bool,
}

/// Who may see what, and since when not: shared with the tap on the wire.
#[derive(Default)]
struct Watch {
    scopes: BTreeMap<NodeId, Vec<(Instant, ScopeSet)>>,
    hosts: BTreeMap<String, NodeId>,
    found: Vec<Finding>,
}

/// See the module.
pub(super) struct World {
    pub(super) network: NetworkName,
    pub(super) servers: Vec<Server>,
    pub(super) members: Vec<MemberId>,
    pub(super) net: Net,
    pub(super) time: Time,
    pub(super) trace: Trace,
    pub(super) followers: Vec<Follower>,
    pub(super) ledger: Ledger,
    pub(super) found: Vec<Finding>,
    entries: Vec<Bytes>,
    directory: Directory,
    authority: Signer,
    pub(super) root: Signer,
    /// When members last came to another node.
    pub(super) moved: BTreeMap<MemberId, Duration>,
    /// Whether a clock was ever ahead: what it signed may be from a time that is still to come.
    pub(super) clocks_were_wrong: bool,
    /// The stores when it was last looked for what was let go of.
    before: Vec<Arc<Tables>>,
    watch: Arc<Mutex<Watch>>,
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
    texts: u64,
}

impl World {
    /// All servers run, and nothing has been written. Its luck depends on `seed` alone.
    pub(super) async fn new(shape: &Shape, mut seed: Seed, trace: Trace) -> Self {
        let network: NetworkName = NETWORK.parse().expect("a network's name");
        let id = |text: &str| MemberId::parse(text, &network).expect("a member's name");
        let delay = Delay { least: Duration::from_millis(5), spread: Duration::from_millis(20) };
        let net = Net::new(Seed::new(seed.below(u64::MAX)), delay);
        let time = Time::begin();
        let gateway = id("gateway");
        let mut servers = Vec::new();
        for (at, members) in shape.members.iter().enumerate() {
            let node = if at == 0 { gateway.clone() } else { id(&format!("n{at}")) };
            let signers = members.iter().map(|member| (id(member), key(&id(member), 1))).collect();
            let site = Site { network: &network, gateway: &gateway, net: &net, time: &time };
            servers.push(Server::new(node, signers, &site, Seed::new(seed.below(u64::MAX))));
        }
        let watch: Arc<Mutex<Watch>> = Arc::default();
        let watching = watch.clone();
        net.set_tap(Arc::new(move |node, frame| {
            watching.lock().unwrap_or_else(PoisonError::into_inner).look(node, frame);
        }));
        let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
        let mut world = Self {
            members: shape.members.iter().flatten().map(|member| id(member)).collect(),
            entries: Vec::new(),
            directory: Directory::default(),
            followers: Vec::new(),
            ledger: Ledger::default(),
            found: Vec::new(),
            answers: mpsc::channel(ANSWERS),
            texts: 0,
            network,
            servers,
            net,
            time,
            trace,
            authority,
            root,
            moved: BTreeMap::new(),
            clocks_were_wrong: false,
            before: Vec::new(),
            watch,
        };
        world.append(directory::genesis(&world.network, &world.root, &world.authority, BEGIN));
        for at in 0..shape.members.len() {
            let node = world.servers[at].id.to_string();
            for member in &shape.members[at] {
                let member = id_of(member, &world.network);
                let signing_key = key(&member, 1).public().to_bytes().to_vec();
                let member = member.to_string();
                world.entry(Action::Host(Host { member: member.clone(), node: node.clone(), announced: false }));
                world.entry(Action::Admit(Admit { member, signing_key, ..Default::default() }));
            }
        }
        for circle in CIRCLES {
            world.entry(Action::CircleCreate(CircleCreate { circle: circle.into() }));
        }
        for (at, member) in world.members.clone().into_iter().enumerate().skip(1) {
            let circle = CIRCLES[at % CIRCLES.len()].into();
            world.entry(Action::CircleAdd(CircleAdd { circle, member: member.to_string() }));
        }
        let entries = world.entries.clone();
        for server in &mut world.servers {
            let started = server.start(Begins::Anew, &entries).await;
            assert!(started, "{} does not start", server.id);
        }
        for (at, members) in shape.members.iter().enumerate() {
            for member in members {
                for offers_only in [false, true] {
                    let (node, member) = (world.servers[at].id.clone(), id_of(member, &world.network));
                    let reader = Reader::Member(member);
                    world.followers.push(Follower::new(at, node, reader, offers_only, &world.network));
                }
            }
        }
        let gateway = world.servers[0].id.clone();
        world.followers.push(Follower::new(0, gateway, Reader::Anonymous, false, &world.network));
        world
    }

    /// Makes an entry of the directory, at no gateway yet.
    fn entry(&mut self, action: Action) {
        let entry = directory::next(self.directory.link(), &self.authority, self.time.now(), action);
        self.append(entry);
    }

    fn append(&mut self, entry: Bytes) {
        self.directory.apply(&entry).expect("an entry that follows");
        self.entries.push(entry);
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        for server in &self.servers {
            let scopes = self.directory.node_scopes(&server.id);
            let held = watch.scopes.entry(server.id.clone()).or_default();
            if held.last().is_none_or(|(_, last)| *last != scopes) {
                held.push((Instant::now(), scopes));
            }
        }
        for member in self.directory.members() {
            watch.hosts.insert(member.id.to_string(), member.node.clone());
        }
    }

    /// The gateway makes an entry of the directory; whether it could.
    pub(super) async fn act(&mut self, action: Action) -> bool {
        let Some(process) = self.servers[0].process().cloned() else { return false };
        let made = tokio::select! {
            biased;
            () = process.died().cancelled() => return false,
            made = process.engine.make_entries(None, self.authority.clone(), vec![action]) => made,
        };
        let next = self.directory.index() + 1;
        let (Ok(Ok(())), Ok(new)) = (made, process.engine.entries(next, 64).await) else { return false };
        new.into_iter().for_each(|entry| self.append(entry));
        true
    }

    /// The directory as it is now.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The server that hosts `member`.
    pub(super) fn host(&self, member: &MemberId) -> usize {
        let node = self.directory.member(member).map(|member| &member.node);
        self.servers.iter().position(|server| Some(&server.id) == node).unwrap_or(0)
    }

    pub(super) fn scope(&self, text: &str) -> Scope {
        Scope::parse(text, &self.network).expect("a scope")
    }

    /// The name of one of a member's listings.
    pub(super) fn listing(&self, member: &MemberId, number: u64) -> RecordName {
        RecordName::new(member, "listings", &format!("l{number}")).expect("a name")
    }

    /// A member writes; the answer comes by itself.
    pub(super) fn write(&mut self, name: RecordName, scopes: &[&str], offer: bool, expires_in: Option<Micros>) {
        self.texts += 1;
        let opportunity = Opportunity {
            direction: if offer { Direction::Offer } else { Direction::Request }.into(),
            title: format!("title {}", self.texts % 3),
            language: "en".into(),
            regions: vec!["440300".into()],
            details: Some(Details::Capital(Capital {
                instrument: capital::Instrument::Debt.into(),
                ..Default::default()
            })),
            ..Default::default()
        };
        let now = self.time.now();
        let content = Content {
            kind: "capital".parse().expect("a kind"),
            lane: Lane::Bulk,
            scopes: scopes.iter().map(|scope| self.scope(scope)).collect(),
            body: opportunity.encode_to_vec().into(),
            publish_time: None,
            expire_time: Some(now + expires_in.unwrap_or(60 * DAY)),
            expire_default: now + 60 * DAY,
        };
        self.submit(name, Change::Put(Mode::Upsert, content));
    }

    /// A member ends a listing; the answer comes by itself.
    pub(super) fn end(&mut self, name: RecordName, reason: WithdrawalReason) {
        self.submit(name, Change::End(reason));
    }

    fn submit(&mut self, name: RecordName, change: Change) {
        let server = self.host(&name.origin());
        let Some(process) = self.servers[server].process().cloned() else { return };
        let (answers, time) = (self.answers.0.clone(), self.time.clone());
        let (disk, skew) = (self.servers[server].disk.clone(), self.servers[server].skew.clone());
        let write = Write { name: name.clone(), change, expected: None, dry_run: false };
        tokio::spawn(async move {
            let written = tokio::select! {
                biased;
                // Whoever's server dies gets no answer.
                () = process.died().cancelled() => return,
                written = process.engine.write(write) => written,
            };
            let (revision, expires) = match written {
                Ok(Ok(Written::Created(part) | Written::Updated(part) | Written::Unchanged(part))) => {
                    (part.revision(), part.expire_time())
                }
                Ok(Ok(Written::Ended(revision) | Written::Over(revision))) => (revision, 0),
                Ok(Err(_)) | Err(_) => return,
            };
            if !process.died().is_cancelled() {
                let held = disk.read(Path::new(DATA)).rows.get(&name).map_or(0, Row::revision);
                // What a clock that was ahead has signed must not stand in the way of what is written now.
                let buried = skew.is_right() && held > revision && held > time.now();
                let answer = Answer { name, revision, expires, time: time.now(), buried };
                let _ = answers.send(answer).await;
            }
        });
    }

    /// Notes what writers were answered.
    pub(super) fn note_answers(&mut self) {
        while let Ok(Answer { name, revision, expires, time, buried }) = self.answers.1.try_recv() {
            if buried {
                let what = format!("{name} was acknowledged at {revision}, and its store holds what is from later");
                self.found.push(Finding::new("nothing acknowledged is lost", what));
            }
            self.trace.note(|| format!("{name} acknowledged at {revision}"));
            // What a clock that was ahead has signed gets another revision later, by a clock that may be behind.
            let left = if revision > time { time - SLOWEST } else { revision };
            self.ledger.acknowledged(name, left, revision, expires);
        }
    }

    /// Puts the backup of a server that is down in the place of its data: what no disk holds any longer is not expected
    /// back.
    pub(super) fn put_back(&mut self, server: usize) {
        self.note_sweeps();
        if self.servers[server].put_back() {
            // What the store of an earlier time had let go of, it does not let go of now.
            self.before = self.servers.iter().map(Server::tables).collect();
            self.note_loss();
        }
    }

    /// A server that is down loses its disk.
    pub(super) fn lose_disk(&mut self, server: usize) {
        self.servers[server].lose_disk();
        self.note_loss();
    }

    fn note_loss(&mut self) {
        self.note_answers();
        let gateway = self.servers[0].tables();
        let stores: Vec<_> = self.servers.iter().map(Server::tables).collect();
        let hosts: BTreeMap<MemberId, usize> =
            self.members.iter().map(|member| (member.clone(), self.host(member))).collect();
        let lost = self.ledger.lost(|name| {
            let home = hosts.get(&name.origin()).and_then(|at| stores.get(*at));
            Some(Left::of(home.and_then(|home| home.rows.get(name)), gateway.rows.get(name)))
        });
        // Their origins go on from an earlier state.
        for follower in &mut self.followers {
            follower.lax = true;
            lost.iter().for_each(|name| follower.expect_back(name));
        }
    }

    /// A member has left its node: what its gateway does not have is not expected on the other one.
    pub(super) fn note_departure(&mut self, member: &MemberId) {
        let gateway = self.servers[0].tables();
        let kept = |name: &RecordName| Left::of(None, gateway.rows.get(name));
        let lost = self.ledger.lost(|name| (name.origin() == *member).then(|| kept(name)));
        for follower in &mut self.followers {
            follower.lax = true;
            lost.iter().for_each(|name| follower.expect_back(name));
        }
    }

    /// Whoever followed the feed of a server has forgotten everything.
    pub(super) fn followers_begin_anew(&mut self, server: usize) {
        self.followers.iter_mut().filter(|follower| follower.server == server).for_each(Follower::begin_anew);
    }

    /// Notes what a store has let go of although its origin has it, and means it for that store.
    pub(super) fn note_sweeps(&mut self) {
        let stores: Vec<Arc<Tables>> = self.servers.iter().map(Server::tables).collect();
        let before = std::mem::replace(&mut self.before, stores.clone());
        for (at, (old, new)) in before.iter().zip(&stores).enumerate().filter(|(_, (old, new))| !Arc::ptr_eq(old, new))
        {
            let swept = |row: &Row| row.record.is_none() && matches!(row.gone, Some((GoneReason::Withdrawn, _)));
            for (name, _) in new.rows.iter().filter(|(_, row)| swept(row)) {
                let host = self.host(&name.origin());
                let Some(had) = old.rows.get(name).and_then(|row| row.record.as_ref()) else { continue };
                let Some(has) = stores[host].rows.get(name).and_then(|row| row.record.as_ref()) else { continue };
                let for_it = at == 0 || had.scopes().meets(&self.directory.node_scopes(&self.servers[at].id));
                let live = had.kind().is_listing() && had.expire_time() > self.time.now();
                // A host that has yet to hear what the member's node before it signed does not know what its scopes hold.
                let knows = !outdated(&stores[host], new, had);
                if at != host && had.hash() == has.hash() && for_it && live && knows {
                    let what = format!("{} let go of {name}, which lives and is for it", self.servers[at].id);
                    self.trace.note(|| what.clone());
                    self.found.push(Finding::new("no healing deletes", what));
                }
            }
        }
    }

    /// Starts a server that is down; whether it runs.
    pub(super) async fn start(&mut self, server: usize, begins: Begins) -> bool {
        let entries = self.entries.clone();
        self.servers[server].process().is_some() || self.servers[server].start(begins, &entries).await
    }

    /// One follower takes some steps.
    pub(super) async fn follow(&mut self, follower: usize, steps: usize) -> bool {
        let follower = &mut self.followers[follower];
        let (server, now) = (&self.servers[follower.server], self.time.now());
        follower.read(server, steps, now, &mut self.found).await
    }

    /// Everything that is known now.
    pub(super) fn evidence(&self) -> Evidence {
        let now = self.time.now();
        let mut noticed = self.found.clone();
        noticed.extend(self.watch.lock().unwrap_or_else(PoisonError::into_inner).found.iter().cloned());
        Evidence {
            now,
            directory: self.directory.clone(),
            gateway: self.servers[0].id.clone(),
            stores: self.servers.iter().map(store_evidence).collect(),
            acknowledged: self.ledger.evidence(),
            readers: Vec::new(),
            links: self.servers[1..].iter().map(|server| self.link_evidence(server)).collect(),
            memory: self.memory(),
            noticed,
        }
    }

    fn memory(&self) -> Vec<MemoryEvidence> {
        let mut memory = Vec::new();
        for server in &self.servers {
            let Some(process) = server.process() else { continue };
            let mut hold =
                |what, held, limit| memory.push(MemoryEvidence { node: server.id.clone(), what, held, limit });
            process.engine.bounds().into_iter().for_each(|bound| hold(bound.what, bound.held, bound.limit));
            for (_, view) in process.board.all() {
                let window = limits::WINDOW_BYTES + limits::BATCH_BYTES;
                hold("bytes on the way to a peer", view.in_flight, window);
                hold("states that a peer wants once more", view.wanted, 10 * limits::PAGE);
            }
            hold("sessions of nodes", process.sessions(), SESSIONS * self.servers.len());
        }
        memory
    }

    /// Notes what holds more than it may.
    pub(super) fn note_memory(&mut self) {
        let beyond = self.memory().into_iter().filter(|memory| memory.held > memory.limit);
        let found = beyond.map(|m| format!("{} holds {} {}, and may hold {}", m.node, m.held, m.what, m.limit));
        self.found.extend(found.map(|what| Finding::new("memory is bounded", what)));
    }

    /// Notes who was told that it runs twice: nobody does.
    pub(super) fn note_halts(&mut self) {
        let told =
            |server: &&Server| server.process().is_some_and(|process| process.engine.halted() == Some(Halt::Twice));
        let told = self.servers.iter().filter(told).map(|server| format!("{} was told that it runs twice", server.id));
        self.found.extend(told.map(|what| Finding::new("nothing stops a link", what)));
    }

    fn link_evidence(&self, server: &Server) -> LinkEvidence {
        let view = server.process().and_then(|process| process.board.get(&self.servers[0].id));
        LinkEvidence {
            node: server.id.clone(),
            connected: view.as_ref().is_some_and(|view| view.phase == LinkPhase::Connected),
            detail: view.map(|view| view.detail.en).unwrap_or_default(),
            halted: server.process().and_then(|process| process.engine.halted()).map(|why| why.to_string()),
        }
    }

    /// Members that are suspended.
    pub(super) fn suspended(&self) -> Vec<MemberId> {
        let suspended = self.directory.members().filter(|member| member.state == MemberState::Suspended);
        suspended.map(|member| member.id.clone()).collect()
    }
}

fn id_of(text: &str, network: &NetworkName) -> MemberId {
    MemberId::parse(text, network).expect("a member's name")
}

/// Whether a store has newer heads than the host has of all scopes of a part that the store can have heads of.
fn outdated(host: &Tables, store: &Tables, part: &Part) -> bool {
    let newest = |tables: &Tables, scope: &Scope| {
        let name = head::name(&part.origin(), scope).ok()?;
        tables.rows.get(&name)?.record.as_ref().map(Part::revision)
    };
    let heads: Vec<_> =
        part.scopes().iter().filter_map(|scope| Some((newest(store, scope)?, newest(host, scope)))).collect();
    !heads.is_empty() && heads.iter().all(|(here, there)| Some(*here) > *there)
}

fn store_evidence(server: &Server) -> StoreEvidence {
    let tables = server.tables();
    let named = |prefix: &str| -> Vec<(RecordName, i64)> {
        let facts = tables.facts.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let named = |(key, value): (&String, &Vec<u8>)| {
            let name = key.splitn(3, '/').nth(2)?.parse().ok()?;
            let fact: serde_json::Value = serde_json::from_slice(value).ok()?;
            // A refusal because another node hosts the member counts in no comparison.
            fact.get("code").filter(|code| **code != Code::Host as i32)?;
            Some((name, fact.get("revision")?.as_i64()?))
        };
        facts.filter_map(named).collect()
    };
    StoreEvidence {
        node: server.id.clone(),
        rows: tables.rows.iter().map(|(name, row)| (name.clone(), row.clone())).collect(),
        departed: server.departed(),
        rejected: named("rejected/").into_iter().collect(),
        refused: named("refused/").into_iter().map(|(name, _)| name).collect(),
        vouched: vouched(tables.facts.iter().map(|(key, value)| (key.as_str(), value.as_slice()))),
        has_forgotten: tables.counter.floor > 0,
        judged: server.process().map(judged).unwrap_or_default(),
        spoiled: server.spoiled(),
    }
}

fn judged(process: &Process) -> Vec<(String, String, completeness::State)> {
    let judged = process.engine.completeness().into_iter();
    judged.map(|Completeness { origin, scope, state, .. }| (origin, scope, state)).collect()
}

impl Watch {
    /// Looks at what leaves the gateway for a node.
    fn look(&mut self, node: &NodeId, frame: &SourceFrame) {
        let Some(Frame::Batch(batch)) = &frame.frame else { return };
        let plain = if batch.compressed {
            zstd::bulk::decompress(&batch.parts, duikou_proto::limits::BATCH_BYTES).map(Bytes::from)
        } else {
            Ok(batch.parts.clone())
        };
        let Ok(parts) = plain.map_err(|_| ()).and_then(|plain| Parts::decode(plain).map_err(|_| ())) else { return };
        let held = self.scopes.get(node).map(Vec::as_slice).unwrap_or_default();
        let recent = |at: usize| held.get(at + 1).is_none_or(|(until, _)| until.elapsed() < IN_FLIGHT);
        let scopes: Vec<&ScopeSet> = (0..held.len()).filter(|at| recent(*at)).map(|at| &held[at].1).collect();
        for part in parts.parts.iter().filter_map(|part| Part::parse(part).ok()) {
            let own = self.hosts.get(part.name().origin_str()) == Some(node);
            if !own && !scopes.iter().any(|scopes| part.scopes().meets(scopes)) {
                let what = format!("{} for {} was sent to {node}", part.name(), part.scopes().to_text());
                self.found.push(Finding::new("nothing leaks", what));
            }
        }
    }
}
