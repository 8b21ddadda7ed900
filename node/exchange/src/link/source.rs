//! Runs the sending half of a lane: reads the feed for it, seals positions, sends.

use bytes::Bytes;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Batch, CatchUp, Open, Parts, SinkFrame, SourceFrame, Wanted};
use duikou_proto::limits as contract;
use duikou_proto::scope::Scope;
use duikou_proto::v1::Lane;
use futures_util::{FutureExt, TryStreamExt};
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::doubts::Doubts;
use super::end::{Ended, LinkEnd, LinkRole, gone};
use super::heal;
use super::protocol::{Chatter, SourceLane, Want};
use super::wire::Inbound;
use crate::engine::{Engine, Known, Recovered};
use crate::limits;
use crate::store::{Order, Row, Stretch};

/// Batches smaller than this take longer to compress than to send.
const COMPRESS_BYTES: usize = 8 * 1024;
const ZSTD_LEVEL: i32 = 1;
/// Frames without anything in them, in ten seconds.
const CHATTER: u32 = 256;

/// Runs until the link ends. `open` is what the peer's sink wants, `window` how many bytes may be on the way to it.
pub(crate) async fn run(
    end: LinkEnd,
    lane: Lane,
    window: usize,
    open: Open,
    out: mpsc::Sender<SourceFrame>,
    mut input: Inbound<SinkFrame>,
) -> Result<std::convert::Infallible, Ended> {
    let engine = &end.engine;
    let (began, mut chatter) = (Instant::now(), Chatter::new(CHATTER));
    let mut source = begin(&end, lane, window, &open).await?;
    let mut doubts = Doubts::begin(&end, &mut source).await?;
    let (mut head, mut most) = (engine.watch_head(), (0, 0));
    let mut directory = engine.watch_directory();
    loop {
        while let Some(frame) = input.try_next().now_or_never() {
            let frame = frame?.ok_or_else(gone)?;
            if frame.frame.is_none() {
                chatter.heard(began.elapsed())?;
            }
            take(&end, lane, &mut source, &mut doubts, &out, frame).await?;
        }
        if !end.still_reads(source.reads(), &directory.borrow_and_update()) {
            return Err(Ended::Scopes);
        }
        let (in_flight, wanted) = source.waiting();
        if in_flight > most.0 || wanted > most.1 {
            most = (most.0.max(in_flight), most.1.max(wanted));
            end.board.update(&end.peer, |view| {
                view.in_flight = view.in_flight.max(in_flight);
                view.wanted = view.wanted.max(wanted);
            });
        }
        let want = source.want(*head.borrow_and_update());
        match want {
            Want::Nothing => {
                tokio::select! {
                    frame = input.try_next() => {
                        let frame = frame?.ok_or_else(gone)?;
                        if frame.frame.is_none() {
                            chatter.heard(began.elapsed())?;
                        }
                        take(&end, lane, &mut source, &mut doubts, &out, frame).await?;
                    }
                    changed = head.changed() => changed.map_err(|_| Ended::Stopped)?,
                    changed = directory.changed() => changed.map_err(|_| Ended::Stopped)?,
                }
            }
            Want::Again(wanted) => {
                let rows = rows_of(engine, &wanted).await?;
                let directory = engine.directory();
                if !end.still_reads(source.reads(), &directory) {
                    return Err(Ended::Scopes);
                }
                if let Some((piece, names)) = source.piece_again(&rows, &directory) {
                    doubts.sent(piece.number, names);
                    let batch = Batch { number: piece.number, ..batch(engine, &piece.parts)? };
                    send(&out, batch).await?;
                }
            }
            Want::Common { after } | Want::CatchUp { after, .. } => {
                let page = engine.page(Order::Link, after, limits::LINK_PAGE, limits::LINK_PAGE_BYTES).await?;
                // The directory of after the reading: a scope that was lost before a row came does not carry it.
                let directory = engine.directory();
                if !end.still_reads(source.reads(), &directory) {
                    return Err(Ended::Scopes);
                }
                if let Some(piece) = source.piece(&want, &page, &directory) {
                    let mut batch = Batch { number: piece.number, ..batch(engine, &piece.parts)? };
                    let newest = page.head.max(piece.upto);
                    if let Want::CatchUp { scope, since, .. } = &want {
                        let bound = bound(&end, lane, Some((scope, *since)));
                        let position = engine.seal_position(piece.upto, newest, &bound);
                        batch.catch_up = Some(CatchUp { scope: scope.to_string(), since: *since, position });
                        batch.joined = piece.joined;
                    } else {
                        batch.position = engine.seal_position(piece.upto, newest, &bound(&end, lane, None));
                        batch.remaining = (page.head - piece.upto).max(0);
                    }
                    send(&out, batch).await?;
                }
            }
        }
    }
}

async fn send(out: &mpsc::Sender<SourceFrame>, batch: Batch) -> Result<(), Ended> {
    let frame = SourceFrame { frame: Some(FromSource::Batch(batch)), ..Default::default() };
    out.send(frame).await.map_err(|_| gone())
}

async fn take(
    end: &LinkEnd,
    lane: Lane,
    source: &mut SourceLane,
    doubts: &mut Doubts,
    out: &mpsc::Sender<SourceFrame>,
    frame: SinkFrame,
) -> Result<(), Ended> {
    match frame.frame {
        Some(FromSink::Ack(mut ack)) => {
            source.acknowledge(ack.number)?;
            doubts.settle(&mut ack);
            if lane == Lane::Bulk {
                let acknowledged = source.acknowledged();
                end.board.update(&end.peer, |view| view.acknowledged = acknowledged);
            }
            if !ack.rejected.is_empty() || !ack.accepted.is_empty() {
                let offset = end.board.get(&end.peer).and_then(|view| view.clock_offset);
                let clock_right = offset.is_some_and(super::control::is_right);
                let note = super::refusals::Note { peer: end.peer.clone(), ack, clock_right };
                if end.engine.submit(note).await? {
                    return Err(Ended::Ahead);
                }
            }
            Ok(())
        }
        Some(FromSink::Again(again)) => {
            source.again(again.wanted);
            Ok(())
        }
        Some(FromSink::Probe(probe)) => heal::answer(end, source.reads(), probe, out).await,
        Some(FromSink::Open(_)) => Err(Ended::Protocol("opened twice".to_owned())),
        None => Ok(()),
    }
}

/// What a link's positions are good for: this peer, lane and scope alone.
fn bound(end: &LinkEnd, lane: Lane, scope: Option<(&Scope, i64)>) -> Vec<u8> {
    let scope = scope.map(|(scope, since)| format!("{scope}/{since}")).unwrap_or_default();
    format!("{}/{}/{scope}", end.peer, lane.as_str_name()).into_bytes()
}

async fn begin(end: &LinkEnd, lane: Lane, window: usize, open: &Open) -> Result<SourceLane, Ended> {
    let place = |sealed: &[u8], bound: &[u8]| -> (Known, bool) {
        match end.engine.open_position(sealed) {
            Some((position, bytes)) if bytes == bound => (end.engine.knows(&position), false),
            _ => (Known::Foreign, true),
        }
    };
    let common = if open.position.is_empty() {
        0
    } else {
        match place(&open.position, &bound(end, lane, None)).0 {
            Known::Yes(seq) if seq >= end.engine.floor() => seq,
            Known::Yes(_) | Known::Foreign => 0,
            Known::Lost => {
                if end.role == LinkRole::Gateway {
                    // This store was rolled back: from now on it is another feed, for every node.
                    end.engine.submit(Recovered::rolled_back()).await?;
                }
                return Err(Ended::RolledBack);
            }
        }
    };
    let mut source = SourceLane::new(lane, end.reads(), common, open.fresh, window);
    for catch_up in open.catch_ups.iter().take(contract::PAGE) {
        let Ok(scope) = catch_up.scope.parse::<Scope>() else {
            return Err(Ended::Protocol("a scope that is none".to_owned()));
        };
        let at = match place(&catch_up.position, &bound(end, lane, Some((&scope, catch_up.since)))).0 {
            Known::Yes(seq) if seq >= end.engine.floor() => seq,
            _ => 0,
        };
        source.catch_up(scope, catch_up.since, at);
    }
    end.board.update(&end.peer, |view| {
        if lane == Lane::Bulk {
            view.acknowledged = source.acknowledged();
        }
    });
    Ok(source)
}

async fn rows_of(engine: &Engine, wanted: &[Wanted]) -> Result<Vec<Row>, Ended> {
    let names: Vec<_> = wanted.iter().filter_map(|wanted| wanted.name.parse().ok()).collect();
    Ok(engine.rows(&names).await?)
}

/// Encodes parts, compressed where that helps.
pub(crate) fn batch(engine: &Engine, parts: &[duikou_proto::envelope::Part]) -> Result<Batch, Ended> {
    let parts = Parts { parts: parts.iter().map(|part| part.bytes().clone()).collect() };
    let plain = parts.encode_to_vec();
    let directory_index = engine.directory().index();
    let small = if plain.len() < COMPRESS_BYTES { None } else { zstd::bulk::compress(&plain, ZSTD_LEVEL).ok() };
    Ok(match small.filter(|small| small.len() < plain.len() * 9 / 10) {
        Some(small) => Batch { parts: small.into(), compressed: true, directory_index, ..Default::default() },
        None => Batch { parts: Bytes::from(plain), directory_index, ..Default::default() },
    })
}

/// Sends all that is held of some members, whatever its scopes: their node takes it back.
pub(crate) async fn give_back(end: LinkEnd, open: Open, out: mpsc::Sender<SourceFrame>) -> Result<(), Ended> {
    let directory = end.engine.directory();
    // A part of them would pass for all: the node would take what is left out for what never was.
    if open.recover_members.len() > contract::PAGE {
        return Err(Ended::Protocol(format!("more than {} members are to be given back at once", contract::PAGE)));
    }
    let mut number = 0;
    for member in &open.recover_members {
        let Some(member) = directory.member_by_text(member).filter(|member| member.node == end.peer) else {
            return Err(Ended::Protocol(format!("{member} does not live on {}", end.peer)));
        };
        let prefix = format!("members/{}/", member.id);
        let mut after = Some(String::new());
        while let Some(from) = after {
            let Stretch { rows, next, .. } = end.engine.range(&prefix, &from, limits::FEED_PAGE).await?;
            after = next;
            let mut parts = Vec::new();
            let mut bytes = 0;
            for part in rows.into_iter().flat_map(|row| row.record.into_iter().chain(row.withdrawal)) {
                if bytes + part.bytes().len() > contract::BATCH_BYTES / 2 {
                    number += 1;
                    send(&out, Batch { number, ..batch(&end.engine, &std::mem::take(&mut parts))? }).await?;
                    bytes = 0;
                }
                bytes += part.bytes().len();
                parts.push(part);
            }
            // Of what is gone, names alone are left.
            if !parts.is_empty() {
                number += 1;
                send(&out, Batch { number, ..batch(&end.engine, &parts)? }).await?;
            }
        }
    }
    number += 1;
    send(&out, Batch { number, end: true, directory_index: directory.index(), ..Default::default() }).await
}
