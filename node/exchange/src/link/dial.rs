//! The node's end: dials, says hello, takes back what is its own where it must, opens the lanes, and does it all
//! again when the link ends.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use duikou_proto::directory::DirectoryError;
use duikou_proto::envelope::Part;
use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{ControlFrame, DirectoryRequest, Hello, Open, Pong, SinkFrame, SourceFrame};
use duikou_proto::limits as contract;
use duikou_proto::name::MemberId;
use futures_util::TryStreamExt;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::control::{self, ControlStreams};
use super::end::{Ended, LANES, LinkEnd, SCOPES, TWICE, gone};
use super::hello::{self, Past};
use super::protocol::{Backoff, Chatter, SinkLane};
use super::reason::Step;
use super::run::{FRAMES, SinkStreams, SourceStreams, Streams, down, run};
use super::said::said;
use super::wire::{Connect, Inbound, Wire};
use super::{acknowledged, sink};
use crate::defects::{self, Defect};
use crate::engine::{Halt, KeepOutlived, Recovered, TakeBack, facts};
use crate::link::LinkPhase;

/// How long the peer may take for each step of the beginning.
pub(super) const STEP: Duration = Duration::from_secs(10);
/// How long a node that was told that it runs twice waits before it looks again.
pub(super) const DUPLICATE_WAIT: Duration = Duration::from_secs(30);
/// How long a link has to last until a node that was told that it runs twice is alone. Any other process of it would have
/// looked again by then, and both would have been told.
const ALONE: Duration = Duration::from_secs(2 * DUPLICATE_WAIT.as_secs());
/// Link after this long counts as good.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// Keeps the link up until the engine stops.
pub async fn keep(end: LinkEnd, dial: impl Connect) {
    let instance = end.engine.world().random();
    acknowledged::load(&end).await;
    let mut backoff = Backoff::default();
    loop {
        end.board.tried(&end.peer, end.engine.now());
        let began = Instant::now();
        let ended = tokio::select! {
            () = end.engine.stopped().cancelled_owned() => return,
            ended = once(&end, &dial, instance) => ended,
        };
        down(&end, &ended);
        if began.elapsed() > GOOD_AFTER {
            backoff.reset();
        }
        let wait = match &ended {
            Ended::Stopped => return,
            Ended::Scopes => Duration::ZERO,
            Ended::Goodbye { code, .. } if code == SCOPES => Duration::ZERO,
            Ended::Goodbye { code, .. } if code == TWICE => {
                tracing::error!(peer.id = %end.peer, "{}", Halt::Twice);
                end.engine.halt(Some(Halt::Twice));
                DUPLICATE_WAIT
            }
            _ => backoff.next(u32::from_le_bytes(end.engine.world().random())),
        };
        tracing::info!(peer.id = %end.peer, reason = %ended.told(), wait_ms = wait.as_millis() as u64, "link ended");
        tokio::select! {
            () = end.engine.stopped().cancelled_owned() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn within<T>(step: Step, future: impl Future<Output = Result<T, Ended>>) -> Result<T, Ended> {
    tokio::time::timeout(STEP, future).await.map_err(|_| Ended::Late(step))?
}

async fn once(end: &LinkEnd, dial: &impl Connect, instance: [u8; 16]) -> Ended {
    match begin(end, dial, instance).await {
        Ok((hello, streams)) => tokio::select! {
            biased;
            ended = run(end.clone(), &hello, streams) => ended,
            never = write_once_alone(end) => match never {},
        },
        Err(ended) => ended,
    }
}

/// Begins to write again once nobody else has shown up for long enough. Not when the link comes up: two that are left
/// running would then write in turns, each until the other comes.
async fn write_once_alone(end: &LinkEnd) -> Infallible {
    tokio::time::sleep(ALONE).await;
    if end.engine.halted() == Some(Halt::Twice) {
        tracing::info!(peer.id = %end.peer, "no other process runs with this node's identity any longer: writing again");
        let offset = end.board.get(&end.peer).and_then(|view| view.clock_offset);
        end.engine.halt(offset.and_then(control::off));
    }
    std::future::pending().await
}

async fn begin(end: &LinkEnd, dial: &impl Connect, instance: [u8; 16]) -> Result<(Hello, Streams), Ended> {
    let wire = within(Step::Dialling, dial.connect()).await?;
    let (out, frames) = mpsc::channel(FRAMES);
    control::send(&out, Frame::Hello(hello::hello(end, instance, String::new()).await?)).await?;
    let mut input = within(Step::Hello, async { Ok(wire.control(frames).await?) }).await?;
    let first = within(Step::Hello, async { input.try_next().await?.ok_or_else(gone) }).await?;
    let hello = match first.frame {
        Some(Frame::Hello(hello)) => hello,
        Some(Frame::Goodbye(goodbye)) => return Err(goodbye.into()),
        _ => return Err(Ended::Protocol("no hello".to_owned())),
    };
    hello::check(end, &hello)?;
    end.board.update(&end.peer, |view| view.software = said(&hello.software));
    let offset = hello.clock.saturating_sub(end.engine.now());
    control::judge_clock(end, offset);
    follow_directory(end, &out, &mut input, &hello).await?;
    recover(end, &*wire, &hello, control::is_right(offset)).await?;

    let mut streams = Streams { control: ControlStreams { out, input }, sinks: Vec::new(), sources: Vec::new() };
    for lane in LANES {
        let (out, frames) = mpsc::channel(FRAMES);
        let open = FromSink::Open(sink::open(end, lane).await?);
        let first = SinkFrame { session: hello.session.clone(), lane: lane.into(), frame: Some(open) };
        out.send(first).await.map_err(|_| gone())?;
        let input = within(Step::Pull, async { Ok(wire.pull(frames).await?) }).await?;
        streams.sinks.push(SinkStreams { lane, out, input });
    }
    for lane in LANES {
        let (out, frames) = mpsc::channel(FRAMES);
        let first = SourceFrame { session: hello.session.clone(), lane: lane.into(), frame: None };
        out.send(first).await.map_err(|_| gone())?;
        let mut input = within(Step::Push, async { Ok(wire.push(frames).await?) }).await?;
        let opened = within(Step::Push, async { input.try_next().await?.ok_or_else(gone) }).await?;
        let Some(FromSink::Open(open)) = opened.frame else {
            return Err(Ended::Protocol("a lane that is not opened".to_owned()));
        };
        streams.sources.push(SourceStreams { lane, open, out, input });
    }
    Ok((hello, streams))
}

/// The directory comes before everything else.
async fn follow_directory(
    end: &LinkEnd,
    out: &mpsc::Sender<ControlFrame>,
    input: &mut Inbound<ControlFrame>,
    hello: &Hello,
) -> Result<(), Ended> {
    let here = end.engine.directory();
    if hello.directory_index < here.index() {
        return Err(Ended::DirectoryBehind { theirs: hello.directory_index, here: here.index() });
    }
    if hello.directory_index == here.index() && hello.directory_hash != here.link().hash {
        return Err(DirectoryError::Fork { index: here.index() }.into());
    }
    while end.engine.directory().index() < hello.directory_index {
        let index = end.engine.directory().index() + 1;
        control::send(out, Frame::DirectoryRequest(DirectoryRequest { index })).await?;
        let entries = within(Step::Directory, entries(end, out, input)).await?;
        end.engine.submit(crate::engine::Follow(entries)).await??;
        if end.engine.directory().index() < index {
            return Err(Ended::Protocol(format!("directory entry {index} was asked for, and others came")));
        }
    }
    Ok(())
}

/// The next entries that come, whatever comes before them.
async fn entries(
    end: &LinkEnd,
    out: &mpsc::Sender<ControlFrame>,
    input: &mut Inbound<ControlFrame>,
) -> Result<Vec<Bytes>, Ended> {
    let (began, mut chatter) = (Instant::now(), Chatter::new(control::CHATTER));
    loop {
        match input.try_next().await?.ok_or_else(gone)?.frame {
            Some(Frame::DirectoryEntries(entries)) => {
                return Ok(entries.entries.iter().map(|entry| entry.encode_to_vec().into()).collect());
            }
            Some(Frame::Ping(ping)) => {
                let pong = Pong { number: ping.number, clock: end.engine.now() };
                control::send(out, Frame::Pong(pong)).await?;
            }
            Some(Frame::Goodbye(goodbye)) => return Err(goodbye.into()),
            _ => {}
        }
        chatter.heard(began.elapsed())?;
    }
}

/// Takes back from the gateway what is newer there of the members here, before anything is sent or signed.
async fn recover(end: &LinkEnd, wire: &dyn Wire, hello: &Hello, clock_right: bool) -> Result<(), Ended> {
    let past = hello::past(end, hello);
    let directory = end.engine.directory();
    let recovered_from: Option<String> = end.engine.fact(&facts::recovered_from(&end.peer)).await?;
    let members: Vec<_> = match past {
        Past::Whole if recovered_from.as_ref() == Some(&hello.feed_id) => {
            let asked: BTreeSet<_> = end.engine.unrecovered().into_iter().chain(end.engine.lacking()).collect();
            asked.into_iter().collect()
        }
        // A gateway that came back from an earlier time knows no position by which this store could tell that it did
        // too; and at its first link a store does not know whether there was one before it.
        Past::Whole | Past::Restored | Past::RolledBack => {
            directory.hosted(&end.engine.identity().node).map(|member| member.id.clone()).collect()
        }
    };
    if members.is_empty() || defects::on(Defect::NoRecovery) {
        return Ok(());
    }
    end.board.update(&end.peer, |view| view.phase = LinkPhase::Recovering);
    let (mut taken, mut kept) = (0, BTreeSet::new());
    for members in members.chunks(contract::PAGE) {
        let more;
        (more, kept) = take_back(end, wire, hello, members, kept).await?;
        taken += more;
    }
    let rolled_back = past == Past::RolledBack;
    let from = Some((end.peer.clone(), hello.feed_id.clone()));
    end.engine.submit(Recovered { members, from, rolled_back, clock_right }).await?;
    tracing::info!(peer.id = %end.peer, taken, rolled_back, "took own records back from the gateway");
    Ok(())
}

/// The same for as many members as are given back at once: how many rows are others than before, and of whom something was
/// kept that only a dead key has signed, `kept` included.
async fn take_back(
    end: &LinkEnd,
    wire: &dyn Wire,
    hello: &Hello,
    members: &[MemberId],
    mut kept: BTreeSet<MemberId>,
) -> Result<(usize, BTreeSet<MemberId>), Ended> {
    let (out, frames) = mpsc::channel(1);
    let open = Open {
        recover_members: members.iter().map(ToString::to_string).collect(),
        directory_index: end.engine.directory().index(),
        ..Default::default()
    };
    let first = SinkFrame { session: hello.session.clone(), lane: LANES[1].into(), frame: Some(FromSink::Open(open)) };
    out.send(first).await.map_err(|_| gone())?;
    let mut input = within(Step::Recovery, async { Ok(wire.pull(frames).await?) }).await?;
    let mut lane = SinkLane::default();
    let (mut taken, mut last) = (0, None);
    loop {
        let frame = within(Step::Recovery, async { input.try_next().await?.ok_or_else(gone) }).await?;
        let Some(FromSource::Batch(batch)) = frame.frame else {
            return Err(Ended::Protocol("recovery brings something else than batches".to_owned()));
        };
        let intake = lane.receive(&batch)?;
        for part in &intake.parts {
            // By member as asked, by name, the record first: so there is an end of it.
            let at = members.iter().position(|member| *member == part.origin());
            let place = Some((at, part.name().clone(), !part.is_record()));
            if at.is_none() || place <= last {
                return Err(Ended::Protocol(format!("{} is given back out of order", part.name())));
            }
            last = place;
        }
        if intake.parts.is_empty() && !batch.end {
            return Err(Ended::Protocol("recovery brings nothing and does not end".to_owned()));
        }
        let (parts, _) = sink::verify(&end.engine, intake).await;
        let (known, unknown): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, verifies)| verifies.is_some());
        taken += end.engine.submit(TakeBack(sound(known))).await?;
        let unknown = unknown.into_iter().map(|(part, _)| part).collect();
        let outlived = sound(sink::verify_by(&end.engine, unknown, |part| end.engine.key_of_any_time(part)).await);
        if !outlived.is_empty() {
            kept = end.engine.submit(KeepOutlived { parts: outlived, kept }).await?;
        }
        if batch.end {
            return Ok((taken, kept));
        }
    }
}

/// Those whose signature verifies.
fn sound(parts: Vec<(Part, Option<bool>)>) -> Vec<Part> {
    parts.into_iter().filter(|(_, verifies)| *verifies == Some(true)).map(|(part, _)| part).collect()
}
