//! Runs a link whose streams are open: five of them side by side; the first that ends, ends all.

use duikou_proto::federation::{Hello, Open, SinkFrame, SourceFrame};
use duikou_proto::v1::Lane;
use tokio::sync::{mpsc, watch};

use super::breach::{self, Breach};
use super::control::{self, ControlStreams};
use super::end::{Ended, LinkEnd};
use super::wire::Inbound;
use super::{acknowledged, hello, sink, source};

/// Frames that wait for the wire, per stream. Bytes are bounded by the window.
pub(crate) const FRAMES: usize = 8;

/// A lane that this end reads.
pub(crate) struct SinkStreams {
    pub(crate) lane: Lane,
    pub(crate) out: mpsc::Sender<SinkFrame>,
    pub(crate) input: Inbound<SourceFrame>,
}

/// A lane that the peer reads.
pub(crate) struct SourceStreams {
    pub(crate) lane: Lane,
    pub(crate) open: Open,
    pub(crate) out: mpsc::Sender<SourceFrame>,
    pub(crate) input: Inbound<SinkFrame>,
}

/// All of a link.
pub(crate) struct Streams {
    pub(crate) control: ControlStreams,
    pub(crate) sinks: Vec<SinkStreams>,
    pub(crate) sources: Vec<SourceStreams>,
}

/// Runs until the link ends, and says why.
pub(crate) async fn run(end: LinkEnd, peer: &Hello, streams: Streams) -> Ended {
    let (want_directory, wanted) = watch::channel(-1);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(control::run(end.clone(), streams.control, wanted, peer.directory_index));
    for SinkStreams { lane, out, input } in streams.sinks {
        tasks.spawn(sink::run(end.clone(), lane, peer.feed_id.clone(), out, input, want_directory.clone()));
    }
    for SourceStreams { lane, open, out, input } in streams.sources {
        tasks.spawn(source::run(end.clone(), lane, hello::window(peer), open, out, input));
    }
    tasks.spawn(acknowledged::keep(end.clone()));
    let session = end.board.up(&end.peer, end.engine.now());
    let ended = tokio::select! {
        () = end.engine.stopped().cancelled_owned() => Ended::Stopped,
        first = tasks.join_next() => match first {
            Some(Ok(Err(ended))) => ended,
            Some(Err(panic)) => Ended::Broken(panic.to_string()),
            Some(Ok(Ok(never))) => match never {},
            None => Ended::Stopped,
        },
    };
    tasks.shutdown().await;
    end.board.ended(&end.peer, session, end.engine.now());
    ended
}

/// Shows on the board that a link is down, and why.
pub(crate) fn down(end: &LinkEnd, ended: &Ended) {
    end.board.down(&end.peer, ended, end.engine.now());
    if let Some((breach, detail)) = Breach::of(ended) {
        breach::note(end, breach, detail);
    }
}
