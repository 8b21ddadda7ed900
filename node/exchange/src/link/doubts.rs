//! What the peer refused of ours, as far as we know: the news that it has taken something after all may have been lost
//! with a link. So each link begins with sending it once more.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::federation::{Ack, Wanted};
use duikou_proto::name::RecordName;

use super::end::{Ended, LinkEnd};
use super::protocol::SourceLane;
use super::refusals::Note;
use crate::defects::{self, Defect};
use crate::engine::{RejectionFact, facts};
use crate::limits;
use crate::store::Found;

/// Names that the peer may still refuse, and in which pieces they are on their way to it.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    refused: BTreeSet<RecordName>,
    asked: BTreeMap<i64, Vec<RecordName>>,
}

impl Doubts {
    /// Has everything sent again that the peer refused, and forgets what is gone.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn begin(end: &LinkEnd, source: &mut SourceLane) -> Result<Self, Ended> {
        if defects::on(Defect::NoRetry) {
            return Ok(Self::default());
        }
        let prefix = facts::refused(&end.peer);
        let facts: Vec<(String, RejectionFact)> = end.engine.facts(&prefix, limits::REJECTIONS).await?;
        // A part of no form has no name by which it could be sent again. Where it is refused still, its head has it sent.
        let nameless = facts.iter().any(|(key, _)| *key == prefix);
        let mut refused = BTreeMap::new();
        for (key, RejectionFact { revision, .. }) in facts {
            if let Some(name) = key.strip_prefix(&prefix).and_then(|name| name.parse::<RecordName>().ok()) {
                refused.insert(name.clone(), Wanted { name: name.to_string(), revision });
            }
        }
        let names: Vec<RecordName> = refused.keys().cloned().collect();
        let mut here = BTreeSet::new();
        for names in names.chunks(limits::LINK_PAGE) {
            let Found { rows, damaged } = end.engine.found(names).await?;
            let rows = rows.into_iter().filter(|row| row.record.is_some() || row.withdrawal.is_some());
            here.extend(rows.map(|row| row.name));
            // It is not gone, and may come back.
            here.extend(damaged.into_iter().filter_map(|damaged| damaged.name.parse::<RecordName>().ok()));
        }
        let (wanted, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            refused.into_iter().partition(|(name, _)| here.contains(name));
        let gone = gone.into_values().chain(nameless.then(Wanted::default));
        let accepted: Vec<Wanted> = gone.collect();
        if !accepted.is_empty() {
            let ack = Ack { accepted, ..Default::default() };
            end.engine.submit(Note { peer: end.peer.clone(), ack, clock_right: false }).await?;
        }
        source.again(wanted.into_values().collect());
        Ok(Self { refused: here, asked: BTreeMap::new() })
    }

    /// A piece goes out, with all that is for the peer of these names.
    pub(crate) fn sent(&mut self, piece: i64, names: Vec<RecordName>) {
        let asked: Vec<RecordName> = names.into_iter().filter(|name| self.refused.remove(name)).collect();
        if !asked.is_empty() {
            self.asked.insert(piece, asked);
        }
    }

    /// What the peer does not refuse of a piece, it refuses no longer.
    pub(crate) fn settle(&mut self, ack: &mut Ack) {
        for name in self.asked.remove(&ack.number).unwrap_or_default() {
            if ack.rejected.iter().all(|rejected| rejected.name != name.as_str()) {
                ack.accepted.push(Wanted { name: name.to_string(), revision: 0 });
            }
        }
    }
}
