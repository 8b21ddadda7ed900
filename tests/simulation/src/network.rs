//! The wire of a simulated network: frames take their time, and between two servers it can close, one way or both, break
//! with or without anybody noticing, or end because a process does.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use duikou_exchange::link::{Acceptor, Connect, Ended, Inbound, Outbound, Wire};
use duikou_proto::federation::{ControlFrame, SinkFrame, SourceFrame};
use duikou_proto::name::NodeId;
use futures_util::{Stream, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::seed::Seed;

/// Frames of one stream that are on their way at once.
const ON_THE_WAY: usize = 32;
/// Frames that wait at the other end.
const ARRIVED: usize = 4;

/// How long a frame takes: at least so long, and up to so much longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay {
    /// At least.
    pub(super) least: Duration,
    /// Longer by up to this.
    pub(super) spread: Duration,
}

/// Sees what goes to a node from its gateway.
pub(super) type Tap = Arc<dyn Fn(&NodeId, &SourceFrame) + Send + Sync>;

struct State {
    delay: Delay,
    seed: Seed,
    tap: Option<Tap>,
    listening: BTreeMap<NodeId, Acceptor>,
    open: BTreeMap<(NodeId, NodeId), watch::Sender<bool>>,
    connections: Vec<Connection>,
}

/// Which servers reach which. Its clones are the same network.
#[derive(Clone)]
pub(super) struct Net(Arc<Mutex<State>>);

/// A connection, of which each end may know or not know that it is broken.
#[derive(Clone)]
struct Connection {
    dialler: NodeId,
    listener: NodeId,
    /// Nothing flows any longer.
    silent: CancellationToken,
    noticed: [CancellationToken; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Dialler,
    Listener,
}

impl End {
    fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Listener,
            Self::Listener => Self::Dialler,
        }
    }
}

impl Connection {
    fn server(&self, end: End) -> &NodeId {
        match end {
            End::Dialler => &self.dialler,
            End::Listener => &self.listener,
        }
    }

    fn notices(&self, end: End) -> &CancellationToken {
        &self.noticed[end as usize]
    }

    fn joins(&self, one: &NodeId, other: &NodeId) -> bool {
        [&self.dialler, &self.listener] == [one, other] || [&self.dialler, &self.listener] == [other, one]
    }

    fn end_of(&self, server: &NodeId) -> End {
        if self.dialler == *server { End::Dialler } else { End::Listener }
    }
}

impl Net {
    /// A network in which everybody reaches everybody, whose luck depends on `seed` alone.
    pub(super) fn new(seed: Seed, delay: Delay) -> Self {
        Self(Arc::new(Mutex::new(State {
            delay,
            seed,
            tap: None,
            listening: BTreeMap::new(),
            open: BTreeMap::new(),
            connections: Vec::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows every batch that leaves a gateway for a node.
    pub(super) fn set_tap(&self, tap: Tap) {
        self.state().tap = Some(tap);
    }

    /// Changes how long frames take.
    pub(super) fn set_delay(&self, delay: Delay) {
        self.state().delay = delay;
    }

    /// A process begins to listen.
    pub(super) fn listen(&self, server: &NodeId, acceptor: Acceptor) {
        self.state().listening.insert(server.clone(), acceptor);
    }

    /// What `from` sends to `to` arrives, or is held back.
    pub(super) fn set_open(&self, from: &NodeId, to: &NodeId, open: bool) {
        self.state().way(from, to).send_replace(open);
    }

    /// Breaks what lies between two servers. Whoever is among `noticing` learns it at once, the others never.
    pub(super) fn break_between(&self, one: &NodeId, other: &NodeId, noticing: &[&NodeId]) {
        self.break_where(|connection| connection.joins(one, other), noticing);
    }

    /// A process ends. Its peers learn it at once, or, where the power went, never.
    pub(super) fn end(&self, server: &NodeId, told: bool) {
        let mut state = self.state();
        state.listening.remove(server);
        let (of_it, others) = std::mem::take(&mut state.connections)
            .into_iter()
            .partition(|connection| connection.dialler == *server || connection.listener == *server);
        state.connections = others;
        drop(state);
        for connection in of_it {
            let peer = connection.end_of(server).other();
            connection.silent.cancel();
            if told {
                connection.notices(peer).cancel();
            }
        }
    }

    fn break_where(&self, which: impl Fn(&Connection) -> bool, noticing: &[&NodeId]) {
        let mut state = self.state();
        let (broken, whole) = std::mem::take(&mut state.connections).into_iter().partition(which);
        state.connections = whole;
        drop(state);
        for connection in broken {
            connection.silent.cancel();
            for end in [End::Dialler, End::Listener] {
                if noticing.contains(&connection.server(end)) {
                    connection.notices(end).cancel();
                }
            }
        }
    }

    fn lag(&self) -> Duration {
        let mut state = self.state();
        let Delay { least, spread } = state.delay;
        least + spread.mul_f64(state.seed.below(1000) as f64 / 1000.0)
    }

    /// Frames go from one end of a connection to the other.
    fn pipe<T, S>(&self, connection: &Connection, from: End, frames: S, see: impl Fn(&T) + Send + 'static) -> Inbound<T>
    where
        T: Send + 'static,
        S: Stream<Item = Result<T, Status>> + Send + 'static,
    {
        let (arrive, arrived) = mpsc::channel(ARRIVED);
        let to = from.other();
        let way = self.state().way(connection.server(from), connection.server(to)).subscribe();
        let carrying = carry(self.clone(), connection.clone(), way, Box::pin(frames), arrive, see);
        let (sender, receiver) = (connection.notices(from).clone(), connection.notices(to).clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = sender.cancelled() => {}
                () = carrying => {}
            }
        });
        Box::pin(futures_util::stream::unfold(Some((arrived, receiver)), |state| async move {
            let (mut arrived, noticed) = state?;
            tokio::select! {
                biased;
                () = noticed.cancelled() => Some((Err(broken()), None)),
                frame = arrived.recv() => match frame {
                    Some(frame) => Some((frame, Some((arrived, noticed)))),
                    None if noticed.is_cancelled() => Some((Err(broken()), None)),
                    None => None,
                },
            }
        }))
    }
}

fn broken() -> Status {
    Status::unavailable("the connection broke")
}

impl State {
    fn way(&mut self, from: &NodeId, to: &NodeId) -> &watch::Sender<bool> {
        self.open.entry((from.clone(), to.clone())).or_insert_with(|| watch::Sender::new(true))
    }
}

async fn carry<T: Send + 'static>(
    net: Net,
    connection: Connection,
    mut way: watch::Receiver<bool>,
    mut frames: Inbound<T>,
    arrive: mpsc::Sender<Result<T, Status>>,
    see: impl Fn(&T),
) {
    let mut going: VecDeque<(Instant, Result<T, Status>)> = VecDeque::new();
    let mut last = Instant::now();
    let mut more = true;
    loop {
        if !more && going.is_empty() {
            return;
        }
        let due = going.front().map(|(due, _)| *due);
        tokio::select! {
            biased;
            () = connection.silent.cancelled() => {
                // Nobody hears anything more; who does not notice goes on waiting.
                std::future::pending::<()>().await;
            }
            () = arrive.closed() => return,
            frame = frames.next(), if more && going.len() < ON_THE_WAY => match frame {
                Some(frame) => {
                    if let Ok(frame) = &frame {
                        see(frame);
                    }
                    more = frame.is_ok();
                    last = last.max(Instant::now() + net.lag());
                    going.push_back((last, frame));
                }
                None => more = false,
            },
            () = async { sleep_until(due.unwrap_or(last)).await; let _ = way.wait_for(|open| *open).await; }, if due.is_some() => {
                let Some((_, frame)) = going.pop_front() else { continue };
                tokio::select! {
                    biased;
                    () = connection.silent.cancelled() => std::future::pending::<()>().await,
                    sent = arrive.send(frame) => if sent.is_err() { return },
                }
            }
        }
    }
}

/// How the process of a node dials its gateway.
pub(super) struct Dialler {
    net: Net,
    node: NodeId,
    gateway: NodeId,
    died: CancellationToken,
}

impl Dialler {
    /// For the process of `node` that ends with `died`.
    pub(super) fn new(net: &Net, node: &NodeId, gateway: &NodeId, died: CancellationToken) -> Self {
        Self { net: net.clone(), node: node.clone(), gateway: gateway.clone(), died }
    }
}

#[async_trait]
impl Connect for Dialler {
    async fn connect(&self) -> Result<Box<dyn Wire>, Ended> {
        if self.died.is_cancelled() {
            std::future::pending::<()>().await;
        }
        for (from, to) in [(&self.node, &self.gateway), (&self.gateway, &self.node)] {
            tokio::time::sleep(self.net.lag()).await;
            let mut way = self.net.state().way(from, to).subscribe();
            let _ = way.wait_for(|open| *open).await;
        }
        let mut state = self.net.state();
        let Some(acceptor) = state.listening.get(&self.gateway).cloned() else {
            return Err(Ended::Broken("nobody listens".to_owned()));
        };
        let connection = Connection {
            dialler: self.node.clone(),
            listener: self.gateway.clone(),
            silent: CancellationToken::new(),
            noticed: [CancellationToken::new(), CancellationToken::new()],
        };
        state.connections.push(connection.clone());
        let tap = state.tap.clone();
        drop(state);
        Ok(Box::new(SimulatedWire { net: self.net.clone(), connection, acceptor, tap }))
    }
}

struct SimulatedWire {
    net: Net,
    connection: Connection,
    acceptor: Acceptor,
    tap: Option<Tap>,
}

impl SimulatedWire {
    fn there<T: Send + 'static>(&self, frames: Outbound<T>) -> Inbound<T> {
        self.net.pipe(&self.connection, End::Dialler, ReceiverStream::new(frames).map(Ok), |_| {})
    }

    fn back<T: Send + 'static>(&self, frames: Inbound<T>, see: impl Fn(&T) + Send + 'static) -> Inbound<T> {
        self.net.pipe(&self.connection, End::Listener, frames, see)
    }

    async fn call<T>(&self, answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        tokio::select! {
            biased;
            () = self.connection.notices(End::Dialler).cancelled() => Err(broken()),
            answer = answer => answer,
        }
    }
}

#[async_trait]
impl Wire for SimulatedWire {
    async fn control(&self, frames: Outbound<ControlFrame>) -> Result<Inbound<ControlFrame>, Status> {
        let answer = self.acceptor.control(self.connection.dialler.clone(), self.there(frames))?;
        Ok(self.back(answer, |_| {}))
    }

    async fn pull(&self, frames: Outbound<SinkFrame>) -> Result<Inbound<SourceFrame>, Status> {
        let node = self.connection.dialler.clone();
        let answer = self.call(self.acceptor.pull(node.clone(), self.there(frames))).await?;
        let tap = self.tap.clone();
        Ok(self.back(answer, move |frame| {
            if let Some(tap) = &tap {
                tap(&node, frame);
            }
        }))
    }

    async fn push(&self, frames: Outbound<SourceFrame>) -> Result<Inbound<SinkFrame>, Status> {
        let answer = self.call(self.acceptor.push(self.connection.dialler.clone(), self.there(frames))).await?;
        Ok(self.back(answer, |_| {}))
    }
}
