//! A lane's sink heals what differs from its origin's head: it finds out where, asks for what it lacks, and lets go of
//! what it should not have, if the head says so.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Again, Found, Listed, ListedState, NameRange, Probe, SinkFrame, SourceFrame, Wanted};
use duikou_proto::limits as contract;
use duikou_proto::scope::Scope;
use tokio::sync::mpsc;

use super::LinkPhase;
use super::end::{Ended, LinkEnd, LinkRole, gone};
use super::protocol::Reads;
use crate::defects::{self, Defect};
use crate::engine::reconcile::{Difference, Held, MakeRoom, compare, range, within};
use crate::limits;

/// Looks again and again, until the link ends. `found` brings the peer's answers.
pub(crate) async fn keep(
    end: &LinkEnd,
    out: &mpsc::Sender<SinkFrame>,
    mut found: mpsc::Receiver<Found>,
) -> Result<std::convert::Infallible, Ended> {
    let mut before = BTreeSet::new();
    // Each with how often it was tried in vain, and the round in which it is due again.
    let mut tried: BTreeMap<(String, String, i64), (u32, u64)> = BTreeMap::new();
    let mut round = 0;
    loop {
        round += 1;
        tokio::time::sleep(limits::HEAL_EVERY).await;
        let view = end.board.get(&end.peer).unwrap_or_default();
        if defects::on(Defect::NoHealing) {
            continue;
        }
        if view.phase != LinkPhase::Connected || view.behind > 0 || end.engine.halted().is_some() {
            continue;
        }
        let directory = end.engine.directory();
        let from_here = |origin: &str| {
            let host = directory.member_by_text(origin).map(|member| &member.node);
            match end.role {
                LinkRole::Node => host.is_some_and(|host| *host != end.engine.identity().node),
                LinkRole::Gateway => host == Some(&end.peer),
            }
        };
        let scopes = end.node_scopes();
        let mut differing = end.engine.differing(from_here);
        differing.retain(|(_, scope, _)| end.role == LinkRole::Gateway || scopes.contains(scope));
        let now: BTreeSet<_> =
            differing.iter().map(|(origin, scope, head)| (origin.clone(), scope.to_string(), *head)).collect();
        tried.retain(|key, _| now.contains(key));
        let still = differing.into_iter().filter(|(origin, scope, head)| {
            let key = (origin.clone(), scope.to_string(), *head);
            before.contains(&key) && tried.get(&key).is_none_or(|(_, due)| *due <= round)
        });
        for (origin, scope, head) in still.take(limits::RECONCILE_AT_ONCE).collect::<Vec<_>>() {
            heal(end, &origin, &scope, out, &mut found).await?;
            let (times, due) = tried.entry((origin, scope.to_string(), head)).or_default();
            *times += 1;
            *due = round + (1 << (*times).min(limits::HEAL_BACKOFF));
        }
        before = now;
    }
}

async fn heal(
    end: &LinkEnd,
    origin: &str,
    scope: &Scope,
    out: &mpsc::Sender<SinkFrame>,
    found: &mut mpsc::Receiver<Found>,
) -> Result<(), Ended> {
    let held = end.engine.held(origin, scope, "", "").await?;
    let mut open = vec![range(&held, "", "")];
    let (mut lacks, mut extra) = (Vec::new(), Vec::new());
    for _ in 0..limits::RECONCILE_QUESTIONS {
        if open.is_empty() {
            break;
        }
        let mut ranges = open.split_off(open.len().saturating_sub(limits::RECONCILE_RANGES));
        ranges.sort_by(|one, other| one.after.cmp(&other.after));
        let asked = ranges.clone();
        let probe = Probe { origin: origin.to_owned(), scope: scope.to_string(), ranges };
        out.send(SinkFrame { frame: Some(FromSink::Probe(probe)), ..Default::default() }).await.map_err(|_| gone())?;
        let answer = loop {
            let answer = tokio::time::timeout(limits::HEAL_ANSWER, found.recv()).await;
            let answer = answer.map_err(|_| Ended::Dead)?.ok_or_else(gone)?;
            // One to an older question is passed over.
            if answer.origin == origin && answer.scope == scope.as_str() {
                break answer;
            }
        };
        check(&asked, &answer)?;
        for piece in answer.pieces {
            let ours = range(&held, &piece.after, &piece.until);
            if ours != piece {
                open.push(ours);
            }
        }
        for listed in &answer.listed {
            sort_out(&held, listed, &mut lacks, &mut extra);
        }
        if open.len() > limits::RECONCILE_OPEN || lacks.len() > limits::RECONCILE_STATES {
            return Err(Ended::Protocol("more differences than a member can have names".to_owned()));
        }
    }
    tracing::warn!(
        peer.id = %end.peer, origin, scope = %scope, lacking = lacks.len(), extra = extra.len(),
        "differs from the head of its origin"
    );
    let wanted: Vec<Wanted> = lacks
        .iter()
        .map(|state: &ListedState| Wanted { name: format!("members/{origin}/{}", state.id), revision: state.revision })
        .collect();
    let room = MakeRoom { origin: origin.to_owned(), scope: scope.clone(), extra, lacks };
    let dropped = end.engine.submit(room).await?;
    if dropped > 0 {
        tracing::warn!(peer.id = %end.peer, origin, scope = %scope, dropped, "let go of what its head does not count");
    }
    for wanted in wanted.chunks(contract::PAGE) {
        let again = Again { wanted: wanted.to_vec() };
        out.send(SinkFrame { frame: Some(FromSink::Again(again)), ..Default::default() }).await.map_err(|_| gone())?;
    }
    Ok(())
}

/// An answer speaks of what was asked, once, and of no more than is answered at a time.
fn check(asked: &[NameRange], answer: &Found) -> Result<(), Ended> {
    let pieces = answer.pieces.iter().map(|piece| (&piece.after, &piece.until));
    let listed = answer.listed.iter().map(|listed| (&listed.after, &listed.until));
    let mut told: Vec<_> = pieces.chain(listed).collect();
    told.sort();
    let ends_by = |until: &str, other: &str| other.is_empty() || (!until.is_empty() && until <= other);
    let apart = told.windows(2).all(|two| !two[0].1.is_empty() && two[0].1 <= two[1].0);
    let of_asked = told
        .iter()
        .all(|(after, until)| asked.iter().any(|range| range.after <= **after && ends_by(until, &range.until)));
    let in_bounds = told.len() <= asked.len() * limits::RECONCILE_PIECES
        && answer.listed.iter().all(|listed| listed.states.len() <= limits::RECONCILE_LIST);
    if apart && of_asked && in_bounds {
        return Ok(());
    }
    Err(Ended::Protocol("an answer about names that were not asked for, or more than fits one".to_owned()))
}

/// What the peer has and we have not or otherwise, and what we have and it has not or older.
fn sort_out(held: &[Held], listed: &Listed, lacks: &mut Vec<ListedState>, extra: &mut Vec<String>) {
    let ours = within(held, &listed.after, &listed.until);
    for state in &listed.states {
        if !ours.iter().any(|held| held.is(state)) {
            lacks.push(state.clone());
        }
    }
    for held in ours {
        let theirs = listed.states.iter().find(|state| state.id == held.id);
        if theirs.is_none_or(|theirs| theirs.revision < held.revision) {
            extra.push(held.id.clone());
        }
    }
}

/// Answers the peer's question, as far as it may know.
pub(crate) async fn answer(
    end: &LinkEnd,
    reads: &Reads,
    probe: Probe,
    out: &mpsc::Sender<SourceFrame>,
) -> Result<(), Ended> {
    let scope: Scope = probe.scope.parse().map_err(|_| Ended::Protocol("a scope that is none".to_owned()))?;
    let directory = end.engine.directory();
    let host = directory.member_by_text(&probe.origin).map(|member| member.node.clone());
    let may = match reads {
        Reads::Up { node } => host.as_ref() == Some(node),
        Reads::Down { node, scopes } => host.is_some() && host.as_ref() != Some(node) && scopes.contains(&scope),
    };
    // Else one question could have the same rows read many times.
    let apart = |two: &[NameRange]| !two[0].until.is_empty() && two[0].until <= two[1].after;
    if probe.ranges.len() > limits::RECONCILE_RANGES || !probe.ranges.windows(2).all(apart) {
        return Err(Ended::Protocol("ranges that overlap, or too many".to_owned()));
    }
    let mut difference = Difference::default();
    if may {
        for theirs in &probe.ranges {
            let held = end.engine.held(&probe.origin, &scope, &theirs.after, &theirs.until).await?;
            compare(&held, theirs, &mut difference);
        }
    }
    let Difference { pieces, listed } = difference;
    let found = Found { origin: probe.origin, scope: probe.scope, pieces, listed };
    out.send(SourceFrame { frame: Some(FromSource::Found(found)), ..Default::default() }).await.map_err(|_| gone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(after: &str, until: &str) -> NameRange {
        NameRange { after: after.to_owned(), until: until.to_owned(), count: 1, sum: 1 }
    }

    #[test]
    fn an_answer_stays_within_its_question() {
        let asked = [range("b", "d"), range("f", "")];
        let fits = |pieces: &[NameRange], states: usize| {
            let listed = Listed { after: "f".into(), until: "g".into(), states: vec![ListedState::default(); states] };
            check(&asked, &Found { pieces: pieces.to_vec(), listed: vec![listed], ..Found::default() }).is_ok()
        };
        assert!(fits(&[range("b", "c"), range("c", "d"), range("g", "")], 16));
        assert!(!fits(&[range("a", "c")], 1), "before what was asked");
        assert!(!fits(&[range("b", "e")], 1), "beyond it");
        assert!(!fits(&[range("b", "")], 1), "beyond it, without an end");
        assert!(!fits(&[range("b", "d"), range("c", "d")], 1), "twice");
        assert!(!fits(&[range("b", "c")], 17), "more states than are listed");
        let many: Vec<_> = (0..33).map(|at| range(&format!("g{at:02}"), &format!("g{:02}", at + 1))).collect();
        assert!(!fits(&many, 1), "more pieces than two ranges are split into");
    }
}
