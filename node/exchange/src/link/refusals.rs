//! What a peer refused of ours is kept, so that the origin's operator sees it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use duikou_proto::federation::Ack;
use duikou_proto::federation::rejected::Code;
use duikou_proto::name::{NodeId, RecordName};

use super::said::said;
use crate::engine::{Command, RejectionFact, Work, facts, reissue};
use crate::limits;
use crate::store::StoreError;

/// An acknowledgement with refusals, or with the news that some no longer hold.
pub(crate) struct Note {
    pub(crate) peer: NodeId,
    pub(crate) ack: Ack,
    /// Whether this clock agrees with the peer's: only then it can be told what was ahead of time.
    pub(crate) clock_right: bool,
}

#[async_trait]
impl Command for Note {
    /// Whether states here are ahead of time: the link must begin anew, with recovery, for them to be signed anew.
    type Output = bool;

    fn names(&self) -> Vec<RecordName> {
        let refused = self.ack.rejected.iter().take(limits::REJECTIONS);
        refused.filter_map(|rejected| rejected.name.parse().ok()).collect()
    }

    fn bytes(&self) -> usize {
        let refused = self.ack.rejected.iter().map(|rejected| rejected.name.len() + rejected.detail.len() + 512);
        512 + refused.sum::<usize>() + self.ack.accepted.iter().map(|accepted| accepted.name.len() + 256).sum::<usize>()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        let prefix = facts::refused(&self.peer);
        for accepted in self.ack.accepted {
            work.remove_fact(format!("{prefix}{}", accepted.name));
        }
        let mut ahead = BTreeSet::new();
        let mut room = match self.ack.rejected.is_empty() {
            true => 0,
            false => limits::REJECTIONS - work.facts::<RejectionFact>(&prefix, limits::REJECTIONS).await?.len(),
        };
        for rejected in self.ack.rejected.into_iter().take(limits::REJECTIONS) {
            // What is not here cannot have been sent from here; a part of no form has no name.
            let held = match rejected.name.parse::<RecordName>() {
                Ok(name) => work.row(&name).await?.is_some(),
                Err(_) => rejected.name.is_empty(),
            };
            if !held || room == 0 {
                continue;
            }
            room -= 1;
            tracing::warn!(
                peer.id = %self.peer,
                record.name = rejected.name,
                code = rejected.code().as_str_name(),
                detail = said(&rejected.detail),
                "a peer refused a record"
            );
            if let (Code::Future, Ok(name)) = (rejected.code(), rejected.name.parse::<RecordName>())
                && work.is_own(&name)
            {
                ahead.insert(name.origin());
            }
            let code = rejected.code;
            let fact = RejectionFact {
                revision: rejected.revision,
                key_number: 0,
                code,
                detail: said(&rejected.detail),
                directory: work.memory.directory.index(),
                told: None,
                told_by: 0,
                record: None,
            };
            work.put_fact(format!("{prefix}{}", rejected.name), &fact);
        }
        let mut found = false;
        for member in ahead.into_iter().filter(|_| self.clock_right) {
            found |= reissue::prepare(work, &member);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::federation::Rejected;

    use super::*;

    #[test]
    fn a_note_counts_for_what_it_holds_and_names_the_rows_that_it_looks_at() {
        let note = |count: usize| {
            let name = |at: usize| format!("members/a.n/listings/{at}");
            let rejected = |at| Rejected { name: name(at), detail: "why".repeat(100), ..Rejected::default() };
            let mut ack = Ack { rejected: (0..count).map(rejected).collect(), ..Ack::default() };
            ack.rejected.push(Rejected::default());
            Note { peer: "node.n".parse().unwrap(), ack, clock_right: true }
        };
        assert_eq!(note(3).names().len(), 3, "a part of no form has no name");
        assert!(note(1_000).bytes() > 800 * 1_000 && note(0).bytes() < 4_096);
    }
}
