//! A gateway with the keys of the real one, which stands before it: one node takes it for its gateway. What it does not
//! tamper with goes through, so that all the rest of the network is as it should be.

use std::sync::{Arc, Mutex, PoisonError};

use duikou_node::link::{Connect, Inbound, Wire};
use duikou_node::trust::accept::{AcceptLimits, incoming};
use duikou_node::trust::{Dial, LinkTls, Role, TlsIdentity};
use duikou_proto::federation::link_service_server::{LinkService, LinkServiceServer};
use duikou_proto::federation::{ControlFrame, SinkFrame, SourceFrame};
use duikou_proto::limits;
use duikou_proto::v1::Lane;
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::tamper::{Frames, Tamper};
use crate::harness::{NETWORK, Server, dial};

/// Frames that wait for the wire.
const FRAMES: usize = 8;

/// Serves until it is dropped.
pub struct Relay {
    address: String,
    passing: Passing,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.passing.cut();
        self.task.abort();
    }
}

impl Relay {
    /// Stands between `node` and `gateway`; honest, until it is told otherwise. The node has to be started with
    /// [`Relay::environment`].
    ///
    /// # Panics
    /// Where a folder lacks its keys.
    pub async fn between(node: &Server, gateway: &Server) -> Self {
        let identity = TlsIdentity::load(gateway.dir()).expect("a gateway has a certificate");
        let tls = LinkTls::new(NETWORK.parse().expect("a name"), identity).expect("it is this network's");
        let tls = tls.server(&[Role::Node]).expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let passing = Passing(Arc::new(Shared {
            dial: dial(node, &gateway.addresses().link.expect("a gateway takes links")),
            wire: Mutex::default(),
            tamper: Mutex::default(),
            cut: Mutex::default(),
        }));
        let service = LinkServiceServer::new(passing.clone())
            .max_decoding_message_size(limits::LINK_MESSAGE_BYTES)
            // Larger ones than an honest gateway sends, so that the node has to refuse them.
            .max_encoding_message_size(usize::MAX);
        let serve = tonic::transport::Server::builder().add_service(service);
        let task = tokio::spawn(async move {
            let served = serve.serve_with_incoming(incoming(listener, tls, AcceptLimits::default())).await;
            served.expect("the relay serves");
        });
        Self { address, passing, task }
    }

    /// What makes a node dial this in place of its gateway.
    pub fn environment(&self) -> [(&str, &str); 1] {
        [("DUIKOU_LINK_GATEWAY", &self.address)]
    }

    /// Tampers like this from now on.
    pub fn turns(&self, tamper: Tamper) {
        *self.passing.0.tamper.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(tamper);
    }

    /// The same, from the next link on, which begins at once: the one that is up ends.
    pub fn turns_anew(&self, tamper: Tamper) {
        self.turns(tamper);
        self.passing.cut();
    }

    /// Lets everything through again. Frames that never end do, so the link ends too.
    pub fn turns_honest(&self) {
        self.turns_anew(Tamper::default());
    }
}

#[derive(Clone)]
struct Passing(Arc<Shared>);

struct Shared {
    dial: Dial,
    /// To the real gateway; of the link that began last.
    wire: Mutex<Option<Arc<dyn Wire>>>,
    tamper: Mutex<Arc<Tamper>>,
    cut: Mutex<CancellationToken>,
}

impl Passing {
    fn tamper(&self) -> Arc<Tamper> {
        self.0.tamper.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wire(&self) -> Result<Arc<dyn Wire>, Status> {
        let wire = self.0.wire.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wire.ok_or_else(|| Status::failed_precondition("no link"))
    }

    fn cut(&self) {
        let mut cut = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *cut).cancel();
    }

    /// Passes on what becomes of each frame, until either end has gone.
    fn pass<T: Send + 'static>(
        &self,
        mut from: Inbound<T>,
        to: mpsc::Sender<T>,
        tamper: impl Fn(&Tamper, T) -> Frames<T> + Send + Sync + 'static,
    ) {
        let cut = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let passing = self.clone();
        tokio::spawn(async move {
            let pass = async {
                while let Ok(Some(frame)) = from.try_next().await {
                    let frames = tamper(&passing.tamper(), frame);
                    for frame in frames {
                        if to.send(frame).await.is_err() {
                            return;
                        }
                    }
                }
            };
            tokio::select! {
                () = cut.cancelled() => {}
                () = to.closed() => {}
                () = pass => {}
            }
        });
    }
}

fn frames<T: Send + 'static>(frames: mpsc::Receiver<T>) -> Inbound<T> {
    Box::pin(ReceiverStream::new(frames).map(Ok))
}

/// The first frame of a lane, which names it, before the others again.
async fn opened<T: Send + 'static>(
    mut frames: Streaming<T>,
    lane: fn(&T) -> i32,
) -> Result<(Lane, Inbound<T>), Status> {
    let first = frames.try_next().await?.ok_or_else(|| Status::invalid_argument("no opening frame"))?;
    let lane = Lane::try_from(lane(&first)).unwrap_or_default();
    Ok((lane, Box::pin(futures_util::stream::iter([Ok(first)]).chain(frames))))
}

#[async_trait::async_trait]
impl LinkService for Passing {
    type ControlStream = Inbound<ControlFrame>;
    type PullStream = Inbound<SourceFrame>;
    type PushStream = Inbound<SinkFrame>;

    async fn control(
        &self,
        request: Request<Streaming<ControlFrame>>,
    ) -> Result<Response<Self::ControlStream>, Status> {
        let wire = Connect::connect(&self.0.dial).await.map_err(|ended| Status::unavailable(ended.to_string()))?;
        let wire: Arc<dyn Wire> = wire.into();
        *self.0.wire.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire.clone());
        let (up, upward) = mpsc::channel(FRAMES);
        let (down, downward) = mpsc::channel(FRAMES);
        self.pass(Box::pin(request.into_inner()), up, Tamper::said);
        self.pass(wire.control(upward).await?, down, Tamper::told);
        Ok(Response::new(frames(downward)))
    }

    async fn pull(&self, request: Request<Streaming<SinkFrame>>) -> Result<Response<Self::PullStream>, Status> {
        let (lane, asked) = opened(request.into_inner(), |first: &SinkFrame| first.lane).await?;
        let (up, upward) = mpsc::channel(FRAMES);
        let (down, downward) = mpsc::channel(FRAMES);
        self.pass(asked, up, Tamper::asked);
        self.pass(self.wire()?.pull(upward).await?, down, move |tamper, frame| tamper.sent(lane, frame));
        Ok(Response::new(frames(downward)))
    }

    async fn push(&self, request: Request<Streaming<SourceFrame>>) -> Result<Response<Self::PushStream>, Status> {
        let (_, given) = opened(request.into_inner(), |first: &SourceFrame| first.lane).await?;
        let (up, upward) = mpsc::channel(FRAMES);
        let (down, downward) = mpsc::channel(FRAMES);
        self.pass(given, up, |_, frame| super::tamper::as_it_is(frame));
        self.pass(self.wire()?.push(upward).await?, down, Tamper::answered);
        Ok(Response::new(frames(downward)))
    }
}
