//! The gateway's end: sessions begin with a Control stream, and the lanes of a session find it by its name.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::{ControlFrame, Goodbye, Hello, Open, SinkFrame, SourceFrame};
use duikou_proto::hex::hex;
use duikou_proto::language::Text;
use duikou_proto::name::NodeId;
use duikou_proto::v1::Lane;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::TaskTracker;
use tonic::Status;

use super::breach::{self, Breach};
use super::control::{self, ControlStreams};
use super::dial::DUPLICATE_WAIT;
use super::end::{Ended, LANES, LinkEnd, LinkRole, SCOPES, TWICE, gone};
use super::run::{FRAMES, SinkStreams, SourceStreams, Streams, down, run};
use super::said::said;
use super::wire::Inbound;
use super::{LinkBoard, hello, sink, source};
use crate::defects::{self, Defect};
use crate::engine::Engine;
use crate::live::Live;

/// How long a node may take for each step of the beginning; recovery of all its records lies between two of them.
const STEP: Duration = Duration::from_secs(300);
/// How long an older session with the same identity has to show that it is alive.
const ALIVE: Duration = Duration::from_secs(5);
/// Sessions of one node at once: those of connections whose end has not been noticed yet.
const SESSIONS: usize = 16;
/// How soon a process that was told that its node runs twice does not dial again, had it heard.
const HEARD: Duration = DUPLICATE_WAIT.saturating_sub(ALIVE);
const LISTEN_EVERY: Duration = Duration::from_millis(50);

/// The links that nodes have dialled.
#[derive(Clone)]
pub struct Acceptor(Arc<Shared>);

struct Shared {
    engine: Engine,
    board: LinkBoard,
    live: Live,
    instance: [u8; 16],
    sessions: Mutex<BTreeMap<String, Session>>,
    told: Mutex<Told>,
    begun: AtomicU64,
    tasks: TaskTracker,
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of a session that has just been opened.
enum Opened {
    Pull(SourceStreams),
    Push(SinkStreams),
}

#[derive(Clone)]
struct Session {
    peer: NodeId,
    instance: Vec<u8>,
    lanes: mpsc::Sender<Opened>,
    /// Later ones have greater numbers.
    number: u64,
    /// Tells the session that its node runs twice.
    duplicate: mpsc::Sender<oneshot::Sender<()>>,
}

impl Acceptor {
    /// An acceptor for the engine of a gateway.
    pub fn new(engine: Engine, board: LinkBoard, live: Live) -> Self {
        let (sessions, told, begun) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
        let instance = engine.world().random();
        Self(Arc::new(Shared { engine, board, live, instance, sessions, told, begun, tasks: TaskTracker::new() }))
    }

    /// How many sessions of nodes there are, those that died unnoticed included.
    pub fn sessions(&self) -> usize {
        self.0.sessions().len()
    }

    fn admit(&self, peer: &NodeId) -> Result<(), Status> {
        let known = self.0.engine.directory().has_known(peer);
        if known { Ok(()) } else { Err(Status::unauthenticated(format!("{peer} is no node of this network"))) }
    }

    fn session(&self, name: &str, peer: &NodeId) -> Result<Session, Status> {
        let sessions = self.0.sessions();
        let session = sessions.get(name).filter(|session| session.peer == *peer);
        session.cloned().ok_or_else(|| Status::failed_precondition("no such session: begin with Control"))
    }

    fn end(&self, peer: NodeId) -> LinkEnd {
        let Shared { engine, board, live, .. } = &*self.0;
        LinkEnd { engine: engine.clone(), board: board.clone(), live: live.clone(), peer, role: LinkRole::Gateway }
    }

    /// Whether another process of the same node is alive behind a session that began after the one with number `after`.
    async fn runs_twice(&self, hello: &Hello, after: u64) -> bool {
        let others: Vec<Session> = {
            let sessions = self.0.sessions();
            let same = |session: &&Session| session.peer.as_str() == hello.node && session.number > after;
            sessions.values().filter(same).cloned().collect()
        };
        // All at once: several whose processes died unnoticed must not take longer than the node waits.
        let others = others.into_iter().filter(|session| session.instance != hello.instance);
        let mut asked: FuturesUnordered<_> = others
            .map(|session| async move {
                let (alive, answer) = oneshot::channel();
                session.duplicate.send(alive).await.is_ok() && answer.await.is_ok()
            })
            .collect();
        let any = async {
            while let Some(alive) = asked.next().await {
                if alive {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(ALIVE, any).await.unwrap_or(false)
    }

    async fn serve(self, peer: NodeId, out: mpsc::Sender<ControlFrame>, mut input: Inbound<ControlFrame>) {
        let end = self.end(peer);
        let ended = match self.begin(&end, &out, &mut input).await {
            Err(ended) => ended,
            Ok(mut begun) => self.link(&end, &mut begun, out.clone(), input).await,
        };
        let code = match &ended {
            Ended::Protocol(_) => Some("PROTOCOL"),
            Ended::Scopes => Some(SCOPES),
            _ => None,
        };
        if let Some(code) = code {
            let goodbye = Goodbye { code: code.to_owned(), detail: ended.told() };
            // The link ends either way; a peer that is gone needs no reason.
            let _ = control::send(&out, Frame::Goodbye(goodbye)).await;
        }
        tracing::info!(peer.id = %end.peer, reason = %ended.told(), "link ended");
        down(&end, &ended);
    }

    async fn begin(
        &self,
        end: &LinkEnd,
        out: &mpsc::Sender<ControlFrame>,
        input: &mut Inbound<ControlFrame>,
    ) -> Result<Begun, Ended> {
        let first = tokio::time::timeout(STEP, input.try_next()).await.map_err(|_| Ended::Dead)??;
        let Some(Frame::Hello(hello)) = first.ok_or_else(gone)?.frame else {
            return Err(Ended::Protocol("no hello".to_owned()));
        };
        hello::check(end, &hello)?;
        end.board.update(&end.peer, |view| view.software = said(&hello.software));
        if self.0.told().has_missed(&hello, Instant::now()) {
            return Err(self.told_twice(&hello, out).await);
        }
        if self.runs_twice(&hello, 0).await {
            tracing::error!(peer.id = %end.peer, "a node runs twice: both are told to stop writing");
            return Err(self.told_twice(&hello, out).await);
        }
        let name = hex(&self.0.engine.world().random::<16>());
        let (lanes, opened) = mpsc::channel(LANES.len() * 2);
        let (duplicate, duplicates) = mpsc::channel(1);
        let number = 1 + self.0.begun.fetch_add(1, Ordering::Relaxed);
        let session = Session { peer: end.peer.clone(), instance: hello.instance.clone(), lanes, number, duplicate };
        let place = Place { acceptor: self.clone(), name };
        self.0.sessions().insert(place.name.clone(), session);
        let ours = hello::hello(end, self.0.instance, place.name.clone()).await?;
        control::send(out, Frame::Hello(ours)).await?;
        Ok(Begun { hello, number, lanes: opened, duplicate: duplicates, _place: place })
    }

    async fn link(
        &self,
        end: &LinkEnd,
        begun: &mut Begun,
        out: mpsc::Sender<ControlFrame>,
        mut input: Inbound<ControlFrame>,
    ) -> Ended {
        let Begun { hello, number, lanes, duplicate, .. } = begun;
        let (mut sinks, mut sources) = (Vec::<SinkStreams>::new(), Vec::<SourceStreams>::new());
        let mut asked: Vec<oneshot::Sender<()>> = Vec::new();
        while sinks.len() < LANES.len() || sources.len() < LANES.len() {
            tokio::select! {
                // What comes next shows that the process lives, unless it comes too late for whoever asked.
                Some(alive) = duplicate.recv() => {
                    if defects::on(Defect::OpeningCountsAsAlive) {
                        return self.twice(hello, &out, alive).await;
                    }
                    asked.push(alive);
                    continue;
                }
                lane = tokio::time::timeout(STEP, lanes.recv()) => match lane {
                    Ok(Some(Opened::Pull(streams))) if sources.iter().all(|open| open.lane != streams.lane) => {
                        sources.push(streams);
                    }
                    Ok(Some(Opened::Push(streams))) if sinks.iter().all(|open| open.lane != streams.lane) => {
                        sinks.push(streams);
                    }
                    Ok(Some(_)) => return Ended::Protocol("a lane that is opened twice".to_owned()),
                    Ok(None) | Err(_) => return Ended::Dead,
                },
                // The directory goes out before the lanes are open.
                frame = input.try_next() => match frame {
                    Ok(Some(ControlFrame { frame: Some(Frame::DirectoryRequest(request)) })) => {
                        // Nobody may be there any longer to take it.
                        let after = request.index.saturating_sub(1);
                        match tokio::time::timeout(STEP, control::tell(end, &out, after)).await {
                            Ok(Ok(_)) => {}
                            Ok(Err(ended)) => return ended,
                            Err(_) => return Ended::Dead,
                        }
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return gone(),
                    Err(status) => return status.into(),
                },
                () = end.engine.stopped().cancelled_owned() => return Ended::Stopped,
            }
            if let Some(alive) = asked.drain(..).find(|alive| !alive.is_closed()) {
                return self.twice(hello, &out, alive).await;
            }
        }
        // Of two processes that began at one time, each finds the other.
        if self.runs_twice(hello, *number).await {
            return self.told_twice(hello, &out).await;
        }
        let streams = Streams { control: ControlStreams { out: out.clone(), input }, sinks, sources };
        let mut running = std::pin::pin!(run(end.clone(), hello, streams));
        loop {
            let alive = tokio::select! {
                ended = &mut running => return ended,
                Some(alive) = duplicate.recv() => alive,
            };
            tokio::select! {
                ended = &mut running => return ended,
                () = heard_again(end) => return self.twice(hello, &out, alive).await,
                // Whoever asked takes silence for death; the pulse will find out.
                () = tokio::time::sleep(ALIVE) => {}
            }
        }
    }

    async fn twice(&self, hello: &Hello, out: &mpsc::Sender<ControlFrame>, alive: oneshot::Sender<()>) -> Ended {
        // A session whose connection is gone cannot be told, and does not count as alive.
        if !out.is_closed() {
            let _ = alive.send(());
        }
        self.told_twice(hello, out).await
    }

    /// Tells a process that it is not the only one with its node's identity.
    async fn told_twice(&self, hello: &Hello, out: &mpsc::Sender<ControlFrame>) -> Ended {
        let code = TWICE.to_owned();
        let detail = "another process runs with this node's identity".to_owned();
        let goodbye = Goodbye { code: code.clone(), detail: detail.clone() };
        self.0.told().note(hello, Instant::now());
        // The link ends either way, also where nobody takes it any longer.
        let _ = tokio::time::timeout(ALIVE, control::send(out, Frame::Goodbye(goodbye))).await;
        Ended::Goodbye { code, detail }
    }

    /// Begins a session.
    ///
    /// # Errors
    /// Where the directory does not know the node.
    pub fn control(&self, peer: NodeId, input: Inbound<ControlFrame>) -> Result<Inbound<ControlFrame>, Status> {
        self.admit(&peer)?;
        let open = {
            let sessions = self.0.sessions();
            sessions.values().filter(|session| session.peer == peer).count()
        };
        if open >= SESSIONS {
            let detail = Text::new("同时打开的会话多于一个节点所需", "more sessions at once than a node can need");
            breach::note(&self.end(peer), Breach::Protocol, detail);
            return Err(Status::resource_exhausted("too many sessions of this node"));
        }
        let (out, answers) = mpsc::channel(FRAMES);
        self.0.tasks.spawn(self.clone().serve(peer, out, input));
        Ok(frames(answers))
    }

    /// A lane that the node reads.
    ///
    /// # Errors
    /// Where it names no session of this node, or is not begun as it should be.
    pub async fn pull(&self, peer: NodeId, mut input: Inbound<SinkFrame>) -> Result<Inbound<SourceFrame>, Status> {
        self.admit(&peer)?;
        let first = input.try_next().await?.ok_or_else(|| Status::invalid_argument("no opening frame"))?;
        let session = self.session(&first.session, &peer)?;
        let lane = lane(first.lane)?;
        let Some(FromSink::Open(open)) = first.frame else {
            return Err(Status::invalid_argument("a Pull begins with Open"));
        };
        let (out, answers) = mpsc::channel(FRAMES);
        if open.recover_members.is_empty() {
            let streams = SourceStreams { lane, open, out, input };
            session.lanes.send(Opened::Pull(streams)).await.map_err(|_| Status::cancelled("the session ended"))?;
        } else {
            let end = self.end(peer);
            self.0.tasks.spawn(give_back(end, open, out));
        }
        Ok(frames(answers))
    }

    /// A lane that the node writes.
    ///
    /// # Errors
    /// As [`Acceptor::pull`].
    pub async fn push(&self, peer: NodeId, mut input: Inbound<SourceFrame>) -> Result<Inbound<SinkFrame>, Status> {
        self.admit(&peer)?;
        let first = input.try_next().await?.ok_or_else(|| Status::invalid_argument("no opening frame"))?;
        let session = self.session(&first.session, &peer)?;
        let lane = lane(first.lane)?;
        let (out, answers) = mpsc::channel(FRAMES);
        let open = sink::open(&self.end(peer), lane).await.map_err(|ended| Status::unavailable(ended.to_string()))?;
        let opening = SinkFrame { frame: Some(FromSink::Open(open)), ..Default::default() };
        out.send(opening).await.map_err(|_| Status::cancelled("gone"))?;
        let streams = SinkStreams { lane, out, input };
        session.lanes.send(Opened::Push(streams)).await.map_err(|_| Status::cancelled("the session ended"))?;
        Ok(frames(answers))
    }

    /// Ends once the server stops and all sessions have ended.
    pub async fn drain(&self) {
        self.0.engine.stopped().cancelled_owned().await;
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

/// Ends as soon as the peer's pulse is felt again: then its process lives, whatever has come to our door.
async fn heard_again(end: &LinkEnd) {
    let heard = || end.board.get(&end.peer).map_or(0, |view| view.heard);
    let before = heard();
    while heard() == before {
        tokio::time::sleep(LISTEN_EVERY).await;
    }
}

struct Begun {
    hello: Hello,
    number: u64,
    lanes: mpsc::Receiver<Opened>,
    duplicate: mpsc::Receiver<oneshot::Sender<()>>,
    _place: Place,
}

/// The place of a session among those that there are, free again when this is dropped, however the session ends.
struct Place {
    acceptor: Acceptor,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.acceptor.0.sessions().remove(&self.name);
    }
}

/// The processes that were told that their node runs twice, by node and instance, each with when: the last of each node, as
/// many as it may have sessions. One that heard it waits before it dials again.
#[derive(Default)]
struct Told(BTreeMap<(String, Vec<u8>), Instant>);

impl Told {
    fn note(&mut self, hello: &Hello, now: Instant) {
        self.0.retain(|_, told| now < *told + HEARD);
        let others = || self.0.iter().filter(|((node, _), _)| *node == hello.node);
        if others().count() >= SESSIONS
            && let Some(first) = others().min_by_key(|(_, told)| **told).map(|(process, _)| process.clone())
        {
            self.0.remove(&first);
        }
        self.0.insert((hello.node.clone(), hello.instance.clone()), now);
    }

    /// Whether it dials so soon that it cannot have heard: its connection went before what it was told arrived.
    fn has_missed(&self, hello: &Hello, now: Instant) -> bool {
        let told = self.0.get(&(hello.node.clone(), hello.instance.clone()));
        told.is_some_and(|told| now < *told + HEARD)
    }
}

fn frames<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> Inbound<T> {
    Box::pin(ReceiverStream::new(receiver).map(Ok))
}

fn lane(number: i32) -> Result<Lane, Status> {
    Lane::try_from(number).ok().filter(|lane| LANES.contains(lane)).ok_or_else(|| Status::invalid_argument("no lane"))
}

async fn give_back(end: LinkEnd, open: Open, out: mpsc::Sender<SourceFrame>) {
    if let Err(ended) = source::give_back(end.clone(), open, out).await {
        tracing::warn!(peer.id = %end.peer, reason = %ended.told(), "recovery ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use duikou_proto::directory::{self, Directory};
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::source_frame::Frame as FromSource;
    use duikou_proto::federation::{Admit, Host};
    use duikou_proto::limits as contract;
    use duikou_proto::name::NetworkName;
    use duikou_proto::sign::Signer;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::{Data, Identity, Parts, Signers};
    use crate::keys::Openers;
    use crate::limits;
    use crate::live::Policy;
    use crate::store::sqlite::SqliteStore;
    use crate::world::World;

    const NODE: &str = "node.n.example";

    /// A gateway that knows one node, with one member.
    async fn gateway(file: &Path) -> Acceptor {
        gateway_with(file, 1).await
    }

    /// The same with so many members on the node.
    async fn gateway_with(file: &Path, members: usize) -> Acceptor {
        let network: NetworkName = "n.example".parse().unwrap();
        let parts = Parts {
            identity: Identity {
                node: "gate.n.example".parse().unwrap(),
                network: network.clone(),
                carrier: true,
                signers: Signers::default(),
            },
            store: Arc::new(SqliteStore::open(file).await.unwrap()),
            world: World::system(),
            feed_bytes: limits::FEED_BYTES,
            queue_bytes: limits::QUEUE_BYTES,
            data: Data::Left,
            stop: CancellationToken::new(),
        };
        let engine = Engine::start(parts).await.unwrap().engine;
        let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
        let mut entries = vec![directory::genesis(&network, &root, &authority, 1)];
        let mut directory = Directory::default();
        directory.apply(&entries[0]).unwrap();
        let signing_key = Signer::from_seed(1, [3; 32]).public().to_bytes().to_vec();
        for member in (0..members).map(member) {
            let signing_key = signing_key.clone();
            let actions = [
                Action::Host(Host { member: member.clone(), node: NODE.to_owned(), announced: false }),
                Action::Admit(Admit { member, signing_key, ..Admit::default() }),
            ];
            for action in actions {
                let entry = directory::next(directory.link(), &authority, 1, action);
                directory.apply(&entry).unwrap();
                entries.push(entry);
            }
        }
        engine.follow(entries).await.unwrap().unwrap();
        let live = Live::new(engine.clone(), Openers::default(), Policy::default(), TaskTracker::new());
        Acceptor::new(engine, LinkBoard::default(), live)
    }

    fn member(number: usize) -> String {
        format!("m{number:04}.n.example")
    }

    fn hello(instance: u8) -> Hello {
        Hello {
            protocol_min: 1,
            protocol_max: 1,
            software: "duikou/7".to_owned(),
            node: NODE.to_owned(),
            network: "n.example".to_owned(),
            instance: vec![instance; 16],
            ..Hello::default()
        }
    }

    /// A Control stream that begins with `hello`: how the node goes on, and what it hears.
    async fn dial(
        acceptor: &Acceptor,
        hello: Hello,
    ) -> (mpsc::Sender<Result<ControlFrame, Status>>, Inbound<ControlFrame>) {
        let (out, input) = mpsc::channel(4);
        out.send(Ok(ControlFrame { frame: Some(Frame::Hello(hello)) })).await.unwrap();
        let heard = acceptor.control(NODE.parse().unwrap(), Box::pin(ReceiverStream::new(input))).unwrap();
        (out, heard)
    }

    async fn first(mut heard: Inbound<ControlFrame>) -> Frame {
        heard.try_next().await.unwrap().unwrap().frame.unwrap()
    }

    #[tokio::test]
    async fn a_session_whose_opening_breaks_off_takes_no_place() {
        let folder = tempfile::tempdir().unwrap();
        let acceptor = gateway(&folder.path().join("data")).await;
        for _ in 0..=SESSIONS {
            let (out, heard) = dial(&acceptor, hello(7)).await;
            // Nobody is there to hear the answer.
            drop(heard);
            out.closed().await;
        }
        assert_eq!(acceptor.sessions(), 0);
        let (_out, heard) = dial(&acceptor, hello(7)).await;
        assert!(matches!(first(heard).await, Frame::Hello(_)));
        assert_eq!(acceptor.sessions(), 1);
        assert_eq!(acceptor.0.board.get(&NODE.parse().unwrap()).unwrap().software, "duikou/7");
    }

    #[tokio::test]
    async fn nothing_is_given_back_that_would_pass_for_all_and_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let acceptor = gateway_with(&folder.path().join("data"), contract::PAGE + 1).await;
        let (_out, heard) = dial(&acceptor, hello(7)).await;
        let Frame::Hello(begun) = first(heard).await else { panic!("no hello") };
        for (asked, ends) in [(contract::PAGE, true), (contract::PAGE + 1, false)] {
            let recover_members = (0..asked).map(member).collect();
            let open = FromSink::Open(Open { recover_members, ..Open::default() });
            let frame = SinkFrame { session: begun.session.clone(), lane: Lane::Bulk.into(), frame: Some(open) };
            let pull = acceptor.pull(NODE.parse().unwrap(), Box::pin(futures_util::stream::iter([Ok(frame)])));
            let frames: Vec<SourceFrame> = pull.await.unwrap().try_collect().await.unwrap();
            let is_end = |frame: &SourceFrame| matches!(&frame.frame, Some(FromSource::Batch(batch)) if batch.end);
            assert_eq!(frames.iter().any(is_end), ends, "{asked} members");
        }
    }

    #[tokio::test]
    async fn a_process_that_cannot_have_heard_that_it_runs_twice_is_told_again() {
        let folder = tempfile::tempdir().unwrap();
        let acceptor = gateway(&folder.path().join("data")).await;
        acceptor.0.told().note(&hello(7), Instant::now());
        let (_out, heard) = dial(&acceptor, hello(7)).await;
        assert!(matches!(first(heard).await, Frame::Goodbye(goodbye) if goodbye.code == TWICE));
        let (_out, heard) = dial(&acceptor, hello(8)).await;
        assert!(matches!(first(heard).await, Frame::Hello(_)), "a process that has been started since");

        let (mut told, at) = (Told::default(), Instant::now());
        told.note(&hello(7), at);
        assert!(told.has_missed(&hello(7), at + HEARD - Duration::from_secs(1)) && !told.has_missed(&hello(8), at));
        assert!(!told.has_missed(&hello(7), at + HEARD) && HEARD < DUPLICATE_WAIT, "it waited as it was told to");
        told.note(&hello(8), at + HEARD);
        assert_eq!(told.0.len(), 1, "what is past is forgotten");
        for instance in 9..=255 {
            told.note(&hello(instance), at + HEARD + Duration::from_millis(instance.into()));
        }
        assert!(told.0.len() == SESSIONS && told.has_missed(&hello(255), at + HEARD), "no more than a node can have");
    }
}
