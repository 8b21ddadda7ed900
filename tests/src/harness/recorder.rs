//! A peer with a node's identity that takes whatever the gateway sends it, and keeps every byte.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duikou_node::trust::{Dial, LinkTls, TlsIdentity};
use duikou_proto::directory::Directory;
use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::link_service_client::LinkServiceClient;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Ack, ControlFrame, Hello, Open, Pong, SinkFrame, SourceFrame};
use duikou_proto::limits;
use duikou_proto::v1::Lane;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::network::NETWORK;
use super::start::full;
use super::wait::within;
use super::{Server, bytes};

const LANES: [Lane; 2] = [Lane::Prompt, Lane::Bulk];
/// How long it waits before it dials again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long it may take until something has come.
const SEEN: Duration = Duration::from_secs(60);
/// Frames that wait for the wire.
const FRAMES: usize = 8;

/// Runs until it is dropped. Whenever its link ends it dials again and asks for everything from the beginning, so that
/// each change of its rights shows it all that it may have then.
pub struct Recorder {
    seen: Arc<Mutex<Vec<u8>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Recorder {
    /// Takes the place of `node`, which must have stopped, at `gateway`.
    ///
    /// # Panics
    /// Where the node's folder holds no identity.
    pub fn in_place_of(node: &Server, gateway: &Server) -> Self {
        let identity = TlsIdentity::load(node.dir()).expect("the node has joined");
        let tls = LinkTls::new(NETWORK.parse().expect("a name"), identity).expect("it is this network's");
        let tls = tls.client(gateway_id(node.dir()).parse().expect("a node id")).expect("a client");
        let address = gateway.addresses().link.expect("a gateway takes links");
        let dial = Dial::new(address.parse().expect("an address"), tls);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, id) = (Arc::clone(&seen), full(node.name()));
        let task = tokio::spawn(async move {
            // Fixed, so that its own earlier link is not taken for another process.
            let instance = vec![7; 16];
            loop {
                // Every end is as good as another: the next link tells the same anew.
                let _ = link(&dial, &id, &instance, &kept).await;
                tokio::time::sleep(AGAIN).await;
            }
        });
        Self { seen, task }
    }

    /// Waits until `needle` has come.
    ///
    /// # Panics
    /// Where it never does.
    pub async fn sees(&self, needle: &[u8]) {
        let come = async || if self.saw(needle) { Ok(()) } else { Err("it has not come".to_owned()) };
        within(SEEN, come).await.unwrap_or_else(|why| panic!("{:?}: {why}", String::from_utf8_lossy(needle)));
    }

    /// Whether `needle` has ever come, in whatever frame.
    pub fn saw(&self, needle: &[u8]) -> bool {
        bytes::holds(&self.seen.lock().unwrap_or_else(PoisonError::into_inner), needle)
    }

    /// Forgets what has come so far.
    pub fn forget(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn gateway_id(dir: &Path) -> String {
    let text = std::fs::read_to_string(dir.join("duikou.toml")).expect("a configuration");
    let line = text.lines().find_map(|line| line.strip_prefix("gateway_id = ")).expect("it has joined");
    line.trim_matches('"').to_owned()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_micros()).expect("before the year 200,000")
}

fn keep(seen: &Mutex<Vec<u8>>, frame: &impl Message) {
    seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&frame.encode_to_vec());
}

async fn link(dial: &Dial, id: &str, instance: &[u8], seen: &Arc<Mutex<Vec<u8>>>) -> anyhow::Result<()> {
    let mut client =
        LinkServiceClient::new(dial.connect().await?).max_decoding_message_size(limits::LINK_MESSAGE_BYTES);
    let (out, frames) = mpsc::channel(FRAMES);
    let nothing = Directory::default();
    let hello = Hello {
        protocol_min: 1,
        protocol_max: 1,
        software: "recorder".to_owned(),
        node: id.to_owned(),
        network: NETWORK.to_owned(),
        clock: now(),
        feed_id: "07".repeat(16),
        directory_index: nothing.index(),
        directory_hash: nothing.link().hash.clone(),
        window_bytes: limits::WINDOW_BYTES as i64,
        instance: instance.to_vec(),
        ..Default::default()
    };
    out.send(ControlFrame { frame: Some(Frame::Hello(hello)) }).await?;
    let mut control = client.control(ReceiverStream::new(frames)).await?.into_inner();
    let first = control.message().await?.unwrap_or_default();
    keep(seen, &first);
    let Some(Frame::Hello(theirs)) = first.frame else { anyhow::bail!("no hello: {first:?}") };

    let mut tasks = tokio::task::JoinSet::new();
    let mut held = Vec::new();
    for lane in LANES {
        tasks.spawn(pull(client.clone(), theirs.session.clone(), lane, Arc::clone(seen)));
        let (pushing, frames) = mpsc::channel(FRAMES);
        let opening = SourceFrame { session: theirs.session.clone(), lane: lane.into(), frame: None };
        pushing.send(opening).await?;
        held.push((client.push(ReceiverStream::new(frames)).await?, pushing));
    }
    loop {
        tokio::select! {
            frame = control.message() => {
                let Some(frame) = frame? else { return Ok(()) };
                keep(seen, &frame);
                if let Some(Frame::Ping(ping)) = frame.frame {
                    let pong = Pong { number: ping.number, clock: now() };
                    out.send(ControlFrame { frame: Some(Frame::Pong(pong)) }).await?;
                }
            }
            Some(ended) = tasks.join_next() => return ended?,
        }
    }
}

async fn pull(
    mut client: LinkServiceClient<Channel>,
    session: String,
    lane: Lane,
    seen: Arc<Mutex<Vec<u8>>>,
) -> anyhow::Result<()> {
    let (out, frames) = mpsc::channel(FRAMES);
    let open = SinkFrame { session, lane: lane.into(), frame: Some(FromSink::Open(Open::default())) };
    out.send(open).await?;
    let mut batches = client.pull(ReceiverStream::new(frames)).await?.into_inner();
    while let Some(frame) = batches.message().await? {
        keep(&seen, &frame);
        let Some(FromSource::Batch(batch)) = frame.frame else { continue };
        if batch.compressed {
            let plain = zstd::bulk::decompress(&batch.parts, limits::BATCH_BYTES)?;
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&plain);
        }
        let ack = Ack { number: batch.number, position: batch.position, ..Default::default() };
        out.send(SinkFrame { frame: Some(FromSink::Ack(ack)), ..Default::default() }).await?;
    }
    Ok(())
}
