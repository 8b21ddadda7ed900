//! A peer with a node's identity that takes whatever the gateway sends it, and keeps every byte.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Ack, Open, SinkFrame, SourceFrame};
use duikou_proto::limits;
use prost::Message;

use super::peer::{LANES, Peer, Stream};
use super::wait::within;
use super::{Server, bytes};

/// How long it waits before it dials again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long it may take until something has come.
const SEEN: Duration = Duration::from_secs(60);

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
        let peer = Peer::in_place_of(node, gateway);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                // Every end is as good as another: the next link tells the same anew.
                let _ = link(&peer, &kept).await;
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

fn keep(seen: &Mutex<Vec<u8>>, frame: &impl Message) {
    seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&frame.encode_to_vec());
}

async fn link(peer: &Peer, seen: &Arc<Mutex<Vec<u8>>>) -> anyhow::Result<()> {
    let mut link = peer.link().await?;
    keep(seen, &link.hello);
    let mut tasks = tokio::task::JoinSet::new();
    let mut held = Vec::new();
    for lane in LANES {
        tasks.spawn(pull(link.pull(lane, Open::default()).await?, Arc::clone(seen)));
        held.push(link.push(lane).await?);
    }
    loop {
        tokio::select! {
            frame = link.control.next() => {
                let Some(frame) = frame? else { return Ok(()) };
                keep(seen, &frame);
                link.control.answer(&frame).await?;
            }
            Some(ended) = tasks.join_next() => return ended?,
        }
    }
}

async fn pull(mut batches: Stream<SinkFrame, SourceFrame>, seen: Arc<Mutex<Vec<u8>>>) -> anyhow::Result<()> {
    while let Some(frame) = batches.next().await? {
        keep(&seen, &frame);
        let Some(FromSource::Batch(batch)) = frame.frame else { continue };
        if batch.compressed {
            let plain = zstd::bulk::decompress(&batch.parts, limits::BATCH_BYTES)?;
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&plain);
        }
        let ack = Ack { number: batch.number, position: batch.position, ..Default::default() };
        batches.send(SinkFrame { frame: Some(FromSink::Ack(ack)), ..Default::default() }).await?;
    }
    Ok(())
}
