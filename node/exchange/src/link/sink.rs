//! Runs the receiving half of a lane: reads batches, verifies them while those before are applied, answers.

use duikou_proto::envelope::Part;
use duikou_proto::federation::rejected::Code;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Ack, Again, Batch, CatchUp, Open, SinkFrame, SourceFrame, Wanted};
use duikou_proto::language::Text;
use duikou_proto::limits as contract;
use duikou_proto::scope::ScopeSet;
use duikou_proto::sign::{PublicKey, verify_all};
use duikou_proto::v1::Lane;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::breach::{self, Breach};
use super::end::{Ended, LinkEnd, LinkRole, gone};
use super::heal;
use super::protocol::{Chatter, Intake, SinkLane};
use super::said::said;
use super::wire::Inbound;
use crate::defects::{self, Defect};
use crate::engine::{Applied, Apply, CatchUpFact, Engine, PositionFact, Progress, RejectionFact, facts};
use crate::limits;

/// Batches that are verified at once, and as many again that wait to be applied.
const AHEAD: usize = 2;
/// Batches of fewer parts are verified where they are.
const INLINE: usize = 4;
/// Batches without parts in ten seconds: a source says how far it is after 8,192 rows that it passes over, and reads fewer
/// than two million in that time.
const CHATTER: u32 = 256;
/// How long a batch waits for the directory entry that it names.
const DIRECTORY_WAIT: std::time::Duration = std::time::Duration::from_secs(10);
/// How often refusals that only time can heal are asked for again.
const TIME_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// What this sink wants of the peer, by what it holds.
pub(crate) async fn open(end: &LinkEnd, lane: Lane) -> Result<Open, Ended> {
    let engine = &end.engine;
    let position: Option<PositionFact> = engine.fact(&facts::position(&end.peer, lane)).await?;
    let node = &engine.identity().node;
    let directory = engine.directory();
    let foreign = engine.counts().into_iter().any(|(origin, count)| {
        let own = directory.member_by_text(&origin).is_some_and(|member| member.node == *node);
        !own && count.records + count.withdrawals > 0
    });
    let catch_ups: Vec<(String, CatchUpFact)> =
        engine.facts(&facts::catch_ups(&end.peer, lane), contract::PAGE).await?;
    Ok(Open {
        fresh: end.role == LinkRole::Node && position.is_none() && (!foreign || defects::on(Defect::SparedByPosition)),
        position: position.map(|fact| fact.position).unwrap_or_default(),
        catch_ups: catch_ups
            .into_iter()
            .map(|(_, fact)| CatchUp { scope: fact.scope, since: fact.since, position: fact.position })
            .collect(),
        recover_members: Vec::new(),
        directory_index: directory.index(),
    })
}

struct Verified {
    batch: Batch,
    parts: Vec<(Part, Option<bool>)>,
    malformed: Vec<String>,
}

/// Runs until the link ends. `feed` identifies the peer's feed, `want_directory` asks the control lane for entries.
pub(crate) async fn run(
    end: LinkEnd,
    lane: Lane,
    feed: String,
    out: mpsc::Sender<SinkFrame>,
    mut input: Inbound<SourceFrame>,
    want_directory: watch::Sender<i64>,
) -> Result<std::convert::Infallible, Ended> {
    let scopes = end.node_scopes();
    let (ahead, verified) = mpsc::channel(AHEAD);
    let (tell, found) = mpsc::channel(AHEAD);
    let read = async {
        let mut sink = SinkLane::default();
        let (began, mut chatter) = (Instant::now(), Chatter::new(CHATTER));
        let mut verifying = FuturesOrdered::new();
        loop {
            tokio::select! {
                biased;
                Some(done) = verifying.next() => ahead.send(done).await.map_err(|_| gone())?,
                frame = input.try_next(), if verifying.len() < AHEAD => {
                    let Some(frame) = frame? else { return Err(gone()) };
                    let batch = match frame.frame {
                        Some(FromSource::Batch(batch)) => batch,
                        Some(FromSource::Found(answer)) => {
                            // More than was asked for is passed over.
                            if tell.try_send(answer).is_err() {
                                chatter.heard(began.elapsed())?;
                            }
                            continue;
                        }
                        None => {
                            chatter.heard(began.elapsed())?;
                            continue;
                        }
                    };
                    let intake = sink.receive(&batch)?;
                    if intake.parts.is_empty() && batch.catch_up.is_none() {
                        chatter.heard(began.elapsed())?;
                    }
                    catch_up_directory(&end.engine, batch.directory_index, &want_directory).await?;
                    verifying.push_back(verify(&end.engine, intake).map(|(parts, malformed)| {
                        Verified { batch, parts, malformed }
                    }));
                }
            }
        }
    };
    let apply = apply_all(&end, lane, &feed, &scopes, &out, verified);
    let again = ask_again(&end, &scopes, &out);
    let heal = async {
        // The lane of listings heals; heads come on the other one.
        if lane == Lane::Bulk { heal::keep(&end, &out, found).await } else { std::future::pending().await }
    };
    tokio::select! {
        ended = heal => ended,
        ended = read => ended,
        ended = apply => ended,
        ended = again => ended,
    }
}

async fn apply_all(
    end: &LinkEnd,
    lane: Lane,
    feed: &str,
    scopes: &ScopeSet,
    out: &mpsc::Sender<SinkFrame>,
    mut verified: mpsc::Receiver<Verified>,
) -> Result<std::convert::Infallible, Ended> {
    while let Some(Verified { batch, parts, malformed }) = verified.recv().await {
        wait_while_halted(end).await;
        let progress = match batch.catch_up {
            Some(CatchUp { scope, since, position }) => {
                let fact = CatchUpFact { scope, since, position };
                Progress::CatchUp { fact, joined: batch.joined }
            }
            None if batch.position.is_empty() => Progress::Again,
            None => Progress::Common { feed: feed.to_owned(), position: batch.position.to_vec() },
        };
        if defects::on(Defect::PositionBeforeParts) && !parts.is_empty() {
            let (parts, malformed, side) = (Vec::new(), Vec::new(), end.side(scopes));
            let ahead = Apply { peer: end.peer.clone(), lane, side, parts, malformed, progress: progress.clone() };
            end.engine.submit(ahead).await?;
        }
        if let Some(first) = malformed.first() {
            breach::note(end, Breach::Malformed, Text::same(said(first)));
        }
        let side = end.side(scopes);
        let apply = Apply { peer: end.peer.clone(), lane, side, parts, malformed, progress };
        match end.engine.submit(apply).await? {
            Applied::Stale => return Err(Ended::Scopes),
            Applied::Done { rejected, accepted, .. } => {
                for refused in &rejected {
                    tracing::warn!(
                        peer.id = %end.peer,
                        record.name = refused.name,
                        code = refused.code().as_str_name(),
                        detail = refused.detail,
                        "refused a record"
                    );
                }
                if lane == Lane::Bulk {
                    end.board.update(&end.peer, |view| view.behind = batch.remaining);
                }
                let ack = Ack { number: batch.number, position: batch.position.to_vec(), rejected, accepted };
                let frame = SinkFrame { frame: Some(FromSink::Ack(ack)), ..Default::default() };
                out.send(frame).await.map_err(|_| gone())?;
            }
        }
    }
    Err(gone())
}

/// A node whose clock is wrong applies nothing, and refuses nothing either.
async fn wait_while_halted(end: &LinkEnd) {
    let mut halted = end.engine.watch_halted();
    if end.role == LinkRole::Node {
        let _ = halted.wait_for(Option::is_none).await;
    }
}

/// Asks again for what was refused for reasons that the directory or the time may have removed.
async fn ask_again(
    end: &LinkEnd,
    scopes: &ScopeSet,
    out: &mpsc::Sender<SinkFrame>,
) -> Result<std::convert::Infallible, Ended> {
    let mut directory = end.engine.watch_directory();
    let mut every = tokio::time::interval(TIME_EVERY);
    loop {
        if end.role == LinkRole::Node && *scopes != end.node_scopes() {
            return Err(Ended::Scopes);
        }
        let index = directory.borrow_and_update().index();
        let refused: Vec<(String, RejectionFact)> =
            end.engine.facts(&facts::rejected(&end.peer), limits::REJECTIONS).await?;
        let prefix = facts::rejected(&end.peer);
        let wanted: Vec<Wanted> = refused
            .iter()
            .filter(|(_, fact)| match Code::try_from(fact.code) {
                Ok(Code::Key | Code::Suspended | Code::Host | Code::Foreign) => fact.directory < index,
                // What is over a limit may have come before what makes room for it.
                Ok(Code::Future | Code::Limit) => true,
                _ => false,
            })
            .filter_map(|(key, fact)| {
                Some(Wanted { name: key.strip_prefix(&prefix)?.to_owned(), revision: fact.revision })
            })
            .take(contract::PAGE)
            .collect();
        // The source of each lane sends what travels in it.
        if !wanted.is_empty() && !defects::on(Defect::NoRetry) {
            let frame = SinkFrame { frame: Some(FromSink::Again(Again { wanted })), ..Default::default() };
            out.send(frame).await.map_err(|_| gone())?;
        }
        tokio::select! {
            changed = directory.changed() => changed.map_err(|_| Ended::Stopped)?,
            _ = every.tick() => {}
        }
    }
}

async fn catch_up_directory(engine: &Engine, index: i64, want: &watch::Sender<i64>) -> Result<(), Ended> {
    if index <= engine.directory().index() {
        return Ok(());
    }
    want.send_replace(index);
    let mut directory = engine.watch_directory();
    let reached = directory.wait_for(|directory| directory.index() >= index);
    match tokio::time::timeout(DIRECTORY_WAIT, reached).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(Ended::Stopped),
        Err(_) => Err(Ended::Protocol(format!("directory entry {index} does not come"))),
    }
}

/// Checks the signatures of a batch by the keys that the directory knows.
pub(crate) async fn verify(engine: &Engine, intake: Intake) -> (Vec<(Part, Option<bool>)>, Vec<String>) {
    let directory = engine.directory();
    let now = engine.now();
    let key = |part: &Part| directory.verifying_key(part.name().origin_str(), part.key_number(), now);
    (verify_by(engine, intake.parts, key).await, intake.malformed)
}

/// Checks the signatures of parts, each by its `key`; None where that is not known.
pub(crate) async fn verify_by(
    engine: &Engine,
    parts: Vec<Part>,
    key: impl Fn(&Part) -> Option<PublicKey>,
) -> Vec<(Part, Option<bool>)> {
    let keys: Vec<_> = parts.iter().map(key).collect();
    let claims: Vec<_> = parts.iter().zip(&keys).filter_map(|(part, key)| Some(part.claim((*key)?))).collect();
    let weights = engine.world().random();
    let verdicts = if claims.len() < INLINE {
        verify_all(&claims, weights)
    } else {
        let count = claims.len();
        let verdicts = engine.world().aside(move || verify_all(&claims, weights)).await;
        verdicts.unwrap_or_else(|| vec![false; count])
    };
    let mut verdicts = verdicts.into_iter();
    let judged = parts.into_iter().zip(keys);
    judged.map(|(part, key)| (part, if key.is_some() { verdicts.next() } else { None })).collect()
}
