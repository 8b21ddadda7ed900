//! A member's node that means harm: it has the node's certificate and the member's keys, and a link of its own making.

use std::collections::BTreeMap;

use anyhow::Context;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Ack, Batch, Open, SinkFrame, SourceFrame};
use duikou_proto::v1::{Lane, Signed};

use super::tamper::{of_source, with_parts};
use crate::harness::{LANES, Peer, Stream};

/// A link with all lanes open; it lives as long as this.
pub struct Member {
    pushes: BTreeMap<i32, (Stream<SourceFrame, SinkFrame>, i64)>,
    /// What the gateway gives is here for whoever wants it; nothing of it is acknowledged.
    pub pulls: Vec<Stream<SinkFrame, SourceFrame>>,
    alive: tokio::task::JoinHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

impl Member {
    /// Begins a link as `peer`.
    ///
    /// # Errors
    /// Where the gateway refuses it.
    pub async fn link(peer: &Peer) -> anyhow::Result<Self> {
        let mut link = peer.link().await?;
        let (mut pushes, mut pulls) = (BTreeMap::new(), Vec::new());
        for lane in LANES {
            pulls.push(link.pull(lane, Open::default()).await?);
            let mut push = link.push(lane).await?;
            let opened = push.must().await?;
            anyhow::ensure!(matches!(opened.frame, Some(FromSink::Open(_))), "{opened:?}");
            pushes.insert(lane.into(), (push, 0));
        }
        let alive = tokio::spawn(async move {
            while let Ok(Some(frame)) = link.control.next().await {
                if link.control.answer(&frame).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { pushes, pulls, alive })
    }

    /// Sends these parts in one batch; what the gateway says to them.
    ///
    /// # Errors
    /// Where the link ends instead.
    pub async fn push(&mut self, lane: Lane, parts: Vec<Signed>) -> anyhow::Result<Ack> {
        let (push, number) = self.pushes.get_mut(&lane.into()).context("no such lane")?;
        *number += 1;
        let batch = Batch { number: *number, position: vec![1; 64], ..Batch::default() };
        push.send(of_source(FromSource::Batch(with_parts(batch, parts)))).await?;
        loop {
            match push.must().await?.frame {
                Some(FromSink::Ack(ack)) if ack.number == *number => return Ok(ack),
                _ => {}
            }
        }
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    /// Where the link has ended.
    pub async fn send(&mut self, lane: Lane, frame: SourceFrame) -> anyhow::Result<()> {
        self.pushes.get_mut(&lane.into()).context("no such lane")?.0.send(frame).await
    }
}
