//! The sending half of one lane: which piece of the feed comes next, and what of it the peer gets.

use std::collections::VecDeque;

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Part;
use duikou_proto::federation::Wanted;
use duikou_proto::limits;
use duikou_proto::name::{NodeId, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::Lane;

use super::Violation;
use crate::defects::{self, Defect};
use crate::store::{Page, Row, Seq};

/// For whom a source reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reads {
    /// For the gateway: what the members on this node have let out, whatever its scopes.
    Up { node: NodeId },
    /// For a node: what its members may see, of all who live elsewhere.
    Down { node: NodeId, scopes: ScopeSet },
}

/// What the source wants to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// The feed in (after, upto], for all scopes that are not catching up.
    Common { after: Seq },
    /// The same for one scope alone.
    CatchUp { scope: Scope, since: i64, after: Seq, upto: Seq },
    /// These names again.
    Again(Vec<Wanted>),
    /// Nothing now: the peer has everything, or the window is full.
    Nothing,
}

/// A piece to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub(crate) number: i64,
    pub(crate) parts: Vec<Part>,
    /// Where it ends.
    pub(crate) upto: Seq,
    /// With a catch-up: the scope has arrived at the common position.
    pub(crate) joined: bool,
}

#[derive(Debug, Clone)]
struct Catching {
    scope: Scope,
    since: i64,
    at: Seq,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct SourceLane {
    lane: Lane,
    reads: Reads,
    common: Seq,
    catching: Vec<Catching>,
    again: VecDeque<Wanted>,
    /// The peer has nothing, and is spared withdrawals of what it cannot have had.
    fresh: bool,
    window: usize,
    in_flight: VecDeque<(i64, usize, Seq)>,
    number: i64,
    acknowledged: Seq,
}

impl SourceLane {
    /// A lane for a peer that stands at `common` (0: at the beginning).
    pub(crate) fn new(lane: Lane, reads: Reads, common: Seq, fresh: bool, window: usize) -> Self {
        Self {
            lane,
            reads,
            common,
            catching: Vec::new(),
            again: VecDeque::new(),
            fresh,
            window: window.clamp(1, limits::WINDOW_BYTES),
            in_flight: VecDeque::new(),
            number: 0,
            acknowledged: common,
        }
    }

    /// A scope that the peer reads alone, from `at`.
    pub(crate) fn catch_up(&mut self, scope: Scope, since: i64, at: Seq) {
        self.catching.push(Catching { scope, since, at });
    }

    /// The peer asks for states again that it refused.
    pub(crate) fn again(&mut self, wanted: Vec<Wanted>) {
        self.again.extend(wanted.into_iter().take(limits::PAGE));
        self.again.truncate(limits::PAGE * 10);
    }

    /// What to read, with the feed at `head`.
    pub(crate) fn want(&mut self, head: Seq) -> Want {
        let flying: usize = self.in_flight.iter().map(|(_, bytes, _)| bytes).sum();
        if flying >= self.window {
            return Want::Nothing;
        }
        if !self.again.is_empty() {
            let count = self.again.len().min(64);
            return Want::Again(self.again.drain(..count).collect());
        }
        if let Some(Catching { scope, since, at }) = self.catching.first().cloned() {
            return Want::CatchUp { scope, since, after: at, upto: self.common };
        }
        if self.common < head { Want::Common { after: self.common } } else { Want::Nothing }
    }

    /// What the peer gets of a page that was read for `want`; None where there is nothing to tell.
    pub(crate) fn piece(&mut self, want: &Want, page: &Page, directory: &Directory) -> Option<Piece> {
        let (after, end) = match want {
            Want::Common { after } => (*after, page.upto),
            Want::CatchUp { after, upto, .. } => (*after, page.upto.min(*upto)),
            Want::Again(_) | Want::Nothing => return None,
        };
        let scopes = self.scopes_for(want);
        let (mut parts, mut bytes, mut upto) = (Vec::new(), 0, end);
        for row in &page.rows {
            let first = [row.record_seq, row.withdrawal_seq].into_iter().filter(|seq| *seq > after).min();
            let Some(first) = first.filter(|first| *first <= end) else { continue };
            if !self.concerns(row, directory) {
                continue;
            }
            let of_row = self.parts(row, scopes.as_ref(), after, end, !self.fresh);
            let size: usize = of_row.iter().map(|part| part.bytes().len() + 8).sum();
            if bytes + size > limits::BATCH_BYTES && !parts.is_empty() {
                upto = first - 1;
                break;
            }
            bytes += size;
            parts.extend(of_row);
        }
        let joined = match want {
            Want::CatchUp { scope, .. } => self.advance(scope, upto),
            _ => {
                self.common = upto;
                if self.fresh && upto >= page.head {
                    self.fresh = false;
                }
                false
            }
        };
        // A piece in which nothing is for this peer tells it how far it is only where much was passed over, or the
        // lane is at the head: hidden changes are neither counted nor timed.
        let silent = parts.is_empty() && !joined && upto - self.told() < QUIET;
        if silent { None } else { Some(self.send(parts, bytes, upto, joined)) }
    }

    fn told(&self) -> Seq {
        self.in_flight.back().map_or(self.acknowledged, |(_, _, seq)| *seq)
    }

    fn advance(&mut self, scope: &Scope, upto: Seq) -> bool {
        let common = self.common;
        let Some(at) = self.catching.iter().position(|catching| catching.scope == *scope) else { return true };
        self.catching[at].at = upto;
        let joined = upto >= common;
        if joined {
            self.catching.remove(at);
        }
        joined
    }

    fn scopes_for(&self, want: &Want) -> Option<ScopeSet> {
        match (&self.reads, want) {
            (Reads::Up { .. }, _) => None,
            (Reads::Down { .. }, Want::CatchUp { scope, .. }) => Some([scope.clone()].into_iter().collect()),
            (Reads::Down { scopes, .. }, _) => {
                let catching = self.catching.iter().map(|catching| catching.scope.clone()).collect();
                Some(scopes.without(&catching))
            }
        }
    }

    fn concerns(&self, row: &Row, directory: &Directory) -> bool {
        let lane = row.record.as_ref().or(row.withdrawal.as_ref()).map(Part::lane);
        let host = directory.member_by_text(row.name.origin_str()).map(|member| &member.node);
        let barred = defects::on(Defect::HiddenNotCarried)
            && (directory.hides_held(&row.name)
                || directory
                    .member_by_text(row.name.origin_str())
                    .is_some_and(|member| member.state != duikou_proto::directory::MemberState::Active));
        lane == Some(self.lane)
            && !barred
            && match &self.reads {
                Reads::Up { node } => host == Some(node),
                Reads::Down { node, .. } => host != Some(node),
            }
    }

    /// Each part that lies in (after, upto] and whose scopes the reader meets: record, withdrawal, or both.
    fn parts(&self, row: &Row, scopes: Option<&ScopeSet>, after: Seq, upto: Seq, unknown: bool) -> Vec<Part> {
        let lies = |seq: Seq| after < seq && seq <= upto;
        let meets = |part: &Part| scopes.map_or(!part.scopes().is_empty(), |scopes| part.scopes().meets(scopes));
        let record = row.record.iter().filter(|record| lies(row.record_seq) && meets(record));
        let told = unknown || row.first_seq <= after;
        let beside = !(defects::on(Defect::RecordAlone) && row.record.is_some());
        let withdrawal = row.withdrawal.iter().filter(|w| beside && told && lies(row.withdrawal_seq) && meets(w));
        record.chain(withdrawal).cloned().collect()
    }

    /// What the peer gets of rows that it wanted again, with their names. What does not fit comes with the next piece.
    pub(crate) fn piece_again(&mut self, rows: &[Row], directory: &Directory) -> Option<(Piece, Vec<RecordName>)> {
        let scopes = self.scopes_for(&Want::Nothing);
        let (mut parts, mut names, mut later, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for row in rows.iter().filter(|row| self.concerns(row, directory)) {
            let of_row = self.parts(row, scopes.as_ref(), -1, Seq::MAX, true);
            let size: usize = of_row.iter().map(|part| part.bytes().len() + 8).sum();
            if bytes + size > limits::BATCH_BYTES / 2 && !parts.is_empty() {
                later.push(Wanted { name: row.name.to_string(), revision: row.revision() });
                continue;
            }
            if !of_row.is_empty() {
                names.push(row.name.clone());
            }
            bytes += size;
            parts.extend(of_row);
        }
        for wanted in later.into_iter().rev() {
            self.again.push_front(wanted);
        }
        if parts.is_empty() { None } else { Some((self.send(parts, bytes, self.common, false), names)) }
    }

    fn send(&mut self, parts: Vec<Part>, bytes: usize, upto: Seq, joined: bool) -> Piece {
        self.number += 1;
        self.in_flight.push_back((self.number, bytes.max(64), self.common));
        Piece { number: self.number, parts, upto, joined }
    }

    /// The peer has applied everything up to this number.
    pub(crate) fn acknowledge(&mut self, number: i64) -> Result<(), Violation> {
        if !self.in_flight.iter().any(|(sent, _, _)| *sent == number) {
            return Err(Violation::Acknowledged { sent: self.number, got: number });
        }
        while let Some((_, _, seq)) = self.in_flight.pop_front_if(|(sent, _, _)| *sent <= number) {
            self.acknowledged = self.acknowledged.max(seq);
        }
        if self.in_flight.is_empty() && self.catching.is_empty() {
            self.acknowledged = self.acknowledged.max(self.common);
        }
        Ok(())
    }

    /// Where the peer has everything that is for it.
    pub(crate) fn acknowledged(&self) -> Seq {
        self.acknowledged
    }

    /// How many bytes are on the way, and how many states wait to be sent once more.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.in_flight.iter().map(|(_, bytes, _)| bytes).sum(), self.again.len())
    }

    /// What the reads are for.
    pub(crate) fn reads(&self) -> &Reads {
        &self.reads
    }
}

/// Changes that may be passed over before a peer is told how far it is.
const QUIET: Seq = 8192;
