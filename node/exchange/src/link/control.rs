//! Runs the control stream: pulses, clocks, the directory, and live questions with their answers.

use std::time::Duration;

use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::{ControlFrame, DirectoryEntries, DirectoryRequest, Ping, Pong};
use duikou_proto::limits as contract;
use duikou_proto::v1::Signed;
use futures_util::TryStreamExt;
use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::end::{Ended, LinkEnd, LinkRole, gone};
use super::protocol::{Beat, Chatter, Credit, Pulse};
use super::wire::Inbound;
use crate::engine::{Follow, Halt};
use crate::limits;

/// Entries of one frame.
const ENTRIES: usize = 512;
/// Pulses and repetitions in ten seconds: a sound peer has a dozen.
pub(crate) const CHATTER: u32 = 256;
/// How long the connection may take a frame.
const TAKEN_WITHIN: Duration = Duration::from_secs(7);

/// Half a control stream each way.
pub(crate) struct ControlStreams {
    pub(crate) out: mpsc::Sender<ControlFrame>,
    pub(crate) input: Inbound<ControlFrame>,
}

/// Runs until the link ends.
pub(crate) async fn run(
    end: LinkEnd,
    streams: ControlStreams,
    mut wanted: watch::Receiver<i64>,
    peer_directory: i64,
) -> Result<std::convert::Infallible, Ended> {
    let ControlStreams { out, mut input } = streams;
    let began = Instant::now();
    let mut pulse = Pulse::new(Duration::ZERO);
    let mut chatter = Chatter::new(CHATTER);
    let mut credit = Credit::new(limits::LIVE_WINDOW_BYTES);
    let live = end.live.join(&end.peer, end.role == LinkRole::Node);
    let mut directory = end.engine.watch_directory();
    let mut told = peer_directory;
    let mut asked = -1;
    loop {
        let now = began.elapsed();
        let ping_at = credit.ping_at();
        if ping_at.is_some_and(|at| at <= now) {
            pulse.hurry();
        }
        let wait = match pulse.beat(now) {
            Beat::Dead => return Err(Ended::Dead),
            Beat::Ping(number) => {
                let directory_index = end.engine.directory().index();
                let ping = Ping { number, clock: end.engine.now(), directory_index };
                credit.pinged(now, number);
                send(&out, Frame::Ping(ping)).await?;
                continue;
            }
            Beat::Wait(until) => ping_at.map_or(until, |at| at.min(until)).saturating_sub(now),
        };
        if end.role == LinkRole::Gateway && told < end.engine.directory().index() {
            told = tell(&end, &out, told).await?;
            continue;
        }
        let want = *wanted.borrow_and_update();
        let here = end.engine.directory().index();
        if end.role == LinkRole::Node && want > here && asked < here {
            asked = here;
            send(&out, Frame::DirectoryRequest(DirectoryRequest { index: here + 1 })).await?;
        }
        tokio::select! {
            frame = input.try_next() => {
                let frame = frame?.ok_or_else(gone)?.frame;
                pulse.heard(began.elapsed());
                end.board.update(&end.peer, |view| view.heard += 1);
                let before = end.engine.directory().index();
                let mut waited_for = false;
                match frame {
                    Some(Frame::Ping(ping)) => {
                        wanted_by_ping(&end, &out, ping.directory_index, &mut asked).await?;
                        let pong = Pong { number: ping.number, clock: end.engine.now() };
                        send(&out, Frame::Pong(pong)).await?;
                    }
                    Some(Frame::Pong(pong)) => {
                        credit.ponged(pong.number);
                        pulse.pong(began.elapsed(), pong.number, pong.clock, end.engine.now());
                        if let Some(offset) = pulse.offset() {
                            judge_clock(&end, offset);
                        }
                    }
                    Some(Frame::DirectoryRequest(request)) => {
                        told = tell(&end, &out, request.index.saturating_sub(1)).await?;
                    }
                    Some(Frame::DirectoryEntries(entries)) if end.role == LinkRole::Node => {
                        let entries = entries.entries.iter().map(|entry| entry.encode_to_vec().into()).collect();
                        end.engine.submit(Follow(entries)).await??;
                    }
                    Some(Frame::LiveRequest(request)) => waited_for = live.takes(request),
                    Some(Frame::LiveAnswer(answer)) => waited_for = live.hears(answer),
                    Some(Frame::Goodbye(goodbye)) => return Err(goodbye.into()),
                    Some(Frame::Hello(_) | Frame::DirectoryEntries(_)) | None => {}
                }
                if !waited_for && end.engine.directory().index() == before {
                    chatter.heard(began.elapsed())?;
                }
            }
            (frame, bytes) = live.next(), if credit.is_open() => {
                credit.sent(bytes);
                send(&out, frame).await?;
            }
            changed = directory.changed() => changed.map_err(|_| Ended::Stopped)?,
            changed = wanted.changed() => changed.map_err(|_| gone())?,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn wanted_by_ping(
    end: &LinkEnd,
    out: &mpsc::Sender<ControlFrame>,
    theirs: i64,
    asked: &mut i64,
) -> Result<(), Ended> {
    let here = end.engine.directory().index();
    if end.role == LinkRole::Node && theirs > here && *asked < here {
        *asked = here;
        send(out, Frame::DirectoryRequest(DirectoryRequest { index: here + 1 })).await?;
    }
    Ok(())
}

pub(crate) async fn send(out: &mpsc::Sender<ControlFrame>, frame: Frame) -> Result<(), Ended> {
    let sent = tokio::time::timeout(TAKEN_WITHIN, out.send(ControlFrame { frame: Some(frame) })).await;
    // A peer that talks and does not listen is no better than a dead one.
    sent.map_err(|_| Ended::Dead)?.map_err(|_| gone())
}

/// Sends the entries after `after`; where the peer then stands.
pub(crate) async fn tell(end: &LinkEnd, out: &mpsc::Sender<ControlFrame>, after: i64) -> Result<i64, Ended> {
    let mut after = after.max(-1);
    loop {
        let encoded = end.engine.entries(after + 1, ENTRIES).await?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for entry in &encoded {
            bytes += entry.len();
            if bytes > contract::BATCH_BYTES && !entries.is_empty() {
                break;
            }
            let entry = Signed::decode(entry.clone()).map_err(|_| Ended::Protocol("an unreadable entry".to_owned()))?;
            entries.push(entry);
        }
        if entries.is_empty() {
            return Ok(after);
        }
        after += entries.len() as i64;
        send(out, Frame::DirectoryEntries(DirectoryEntries { entries })).await?;
    }
}

/// Whether a clock that differs from the peer's by so many microseconds tells what is ahead of time.
pub(crate) fn is_right(offset: i64) -> bool {
    offset.unsigned_abs() <= contract::CLOCK_WARN.as_micros() as u64
}

/// A node whose clock differs from its gateway's by too much neither writes nor applies.
pub(crate) fn judge_clock(end: &LinkEnd, offset: i64) {
    end.board.update(&end.peer, |view| view.clock_offset = Some(offset));
    if end.role != LinkRole::Node {
        return;
    }
    let (halted, off) = (end.engine.halted(), off(offset));
    if let Some(off) = off.filter(|_| halted.is_none()) {
        let seconds = offset / 1_000_000;
        tracing::error!(peer.id = %end.peer, offset_seconds = seconds, "clock out of tolerance: nothing is written");
        end.engine.halt(Some(off));
    }
    if off.is_none() && matches!(halted, Some(Halt::Clock { .. })) {
        tracing::info!(peer.id = %end.peer, "clock corrected: writing again");
        end.engine.halt(None);
    }
}

/// Why nothing is written by a clock from which the gateway's differs by so many microseconds.
pub(crate) fn off(offset: i64) -> Option<Halt> {
    let off = offset.unsigned_abs() > contract::CLOCK_REFUSE.as_micros() as u64;
    off.then(|| Halt::Clock { ahead_seconds: -(offset / 1_000_000) })
}
