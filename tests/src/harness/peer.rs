//! A peer that speaks a link's protocol with the identity of a node, and does with it whatever a test wants.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use duikou_node::link::{Connect, Inbound, Wire};
use duikou_node::trust::{Dial, LinkTls, TlsIdentity};
use duikou_proto::directory::Directory;
use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::{ControlFrame, Hello, Open, Pong, SinkFrame, SourceFrame};
use duikou_proto::limits;
use duikou_proto::v1::Lane;
use futures_util::TryStreamExt;
use tokio::sync::mpsc;

use super::Server;
use super::clock::now;
use super::network::NETWORK;
use super::start::full;

/// Frames that wait for the wire.
const FRAMES: usize = 8;
/// How long the other end may take to say anything that is waited for.
const ANSWER: Duration = Duration::from_secs(30);

/// The lanes of a link.
pub const LANES: [Lane; 2] = [Lane::Prompt, Lane::Bulk];

/// How `node` dials its gateway at `address`, with the certificate in its folder.
///
/// # Panics
/// Where the folder holds no identity.
pub fn dial(node: &Server, address: &str) -> Dial {
    let identity = TlsIdentity::load(node.dir()).expect("the node has joined");
    let tls = LinkTls::new(NETWORK.parse().expect("a name"), identity).expect("it is this network's");
    let tls = tls.client(gateway_id(node.dir()).parse().expect("a node id")).expect("a client");
    Dial::new(address.parse().expect("an address"), tls)
}

fn gateway_id(dir: &Path) -> String {
    let text = std::fs::read_to_string(dir.join("duikou.toml")).expect("a configuration");
    let line = text.lines().find_map(|line| line.strip_prefix("gateway_id = ")).expect("it has joined");
    line.trim_matches('"').to_owned()
}

/// Somebody with a node's certificate.
pub struct Peer {
    dial: Dial,
    id: String,
}

impl Peer {
    /// Takes the place of `node`, which must have stopped, at `gateway`.
    ///
    /// # Panics
    /// Where the node's folder holds no identity.
    pub fn in_place_of(node: &Server, gateway: &Server) -> Self {
        let address = gateway.addresses().link.expect("a gateway takes links");
        Self { dial: dial(node, &address), id: full(node.name()) }
    }

    /// Dials and says hello, as one that knows nothing yet.
    ///
    /// # Errors
    /// Where the gateway does not answer with its own hello.
    pub async fn link(&self) -> anyhow::Result<PeerLink> {
        self.link_saying(|_| {}).await
    }

    /// The same with another hello than would be right.
    ///
    /// # Errors
    /// As [`Peer::link`].
    pub async fn link_saying(&self, change: impl FnOnce(&mut Hello)) -> anyhow::Result<PeerLink> {
        let wire = Connect::connect(&self.dial).await?;
        let (out, frames) = mpsc::channel(FRAMES);
        let nothing = Directory::default();
        let mut hello = Hello {
            protocol_min: 1,
            protocol_max: 1,
            software: "peer".to_owned(),
            node: self.id.clone(),
            network: NETWORK.to_owned(),
            clock: now(),
            feed_id: "07".repeat(16),
            directory_index: nothing.index(),
            directory_hash: nothing.link().hash.clone(),
            window_bytes: limits::WINDOW_BYTES as i64,
            // Fixed, so that its own earlier link is not taken for another process.
            instance: vec![7; 16],
            ..Hello::default()
        };
        change(&mut hello);
        out.send(ControlFrame { frame: Some(Frame::Hello(hello)) }).await?;
        let mut control = Stream { out, input: wire.control(frames).await? };
        let first = control.next().await?.context("the gateway ended the link")?;
        let Some(Frame::Hello(hello)) = first.frame else { anyhow::bail!("no hello: {first:?}") };
        Ok(PeerLink { wire, hello, control })
    }
}

/// A link that has begun; no lane is open yet.
pub struct PeerLink {
    wire: Box<dyn Wire>,
    /// What the gateway said of itself.
    pub hello: Hello,
    /// Pings come here, and have to be answered.
    pub control: Stream<ControlFrame, ControlFrame>,
}

impl PeerLink {
    /// Opens a lane to read.
    ///
    /// # Errors
    /// Where the gateway refuses.
    pub async fn pull(&mut self, lane: Lane, open: Open) -> anyhow::Result<Stream<SinkFrame, SourceFrame>> {
        let (out, frames) = mpsc::channel(FRAMES);
        let frame = Some(FromSink::Open(open));
        out.send(SinkFrame { session: self.hello.session.clone(), lane: lane.into(), frame }).await?;
        Ok(Stream { out, input: self.wire.pull(frames).await? })
    }

    /// Opens a lane to write.
    ///
    /// # Errors
    /// Where the gateway refuses.
    pub async fn push(&mut self, lane: Lane) -> anyhow::Result<Stream<SourceFrame, SinkFrame>> {
        let (out, frames) = mpsc::channel(FRAMES);
        out.send(SourceFrame { session: self.hello.session.clone(), lane: lane.into(), frame: None }).await?;
        Ok(Stream { out, input: self.wire.push(frames).await? })
    }
}

/// One call of a link.
pub struct Stream<O, I> {
    /// Frames for the other end.
    pub out: mpsc::Sender<O>,
    input: Inbound<I>,
}

impl<O: Send + Sync + 'static, I> Stream<O, I> {
    /// What comes next; None where the other end has ended the call.
    ///
    /// # Errors
    /// Where it ended with an error.
    pub async fn next(&mut self) -> Result<Option<I>, tonic::Status> {
        self.input.try_next().await
    }

    /// The same where something must come.
    ///
    /// # Errors
    /// Where nothing does.
    pub async fn must(&mut self) -> anyhow::Result<I> {
        let next = tokio::time::timeout(ANSWER, self.next()).await.context("nothing comes")?;
        next?.context("the other end closed it")
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// Where the other end has gone.
    pub async fn send(&mut self, frame: O) -> anyhow::Result<()> {
        Ok(self.out.send(frame).await?)
    }
}

impl Stream<ControlFrame, ControlFrame> {
    /// Answers what needs an answer for the link to live.
    ///
    /// # Errors
    /// Where the link has gone.
    pub async fn answer(&mut self, frame: &ControlFrame) -> anyhow::Result<()> {
        if let Some(Frame::Ping(ping)) = &frame.frame {
            let pong = Pong { number: ping.number, clock: now() };
            self.send(ControlFrame { frame: Some(Frame::Pong(pong)) }).await?;
        }
        Ok(())
    }
}
