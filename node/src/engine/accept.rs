//! How a row takes in what arrives: a function of the row and the parts, the same for own writes, links and recovery.

use duikou_proto::directory::Directory;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::order::{Rank, equivocates};

use crate::store::{Row, Seq};

/// By what states are ordered: the keys that verify now.
pub(crate) struct Ranking<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) now: Micros,
}

impl Ranking<'_> {
    pub(crate) fn rank(&self, part: &Part) -> Rank {
        let verifies = self.directory.verifying_key(part.name().origin_str(), part.key_number(), self.now).is_some();
        Rank::of(part, verifies)
    }
}

/// A row that changed.
pub(crate) struct Accepted {
    pub(crate) row: Row,
    /// The origin has signed two different things as one revision.
    pub(crate) equivocation: bool,
}

/// Takes `parts` (of one name) into `old`; None where nothing outranks what is there. `seq` is the number that the
/// change gets.
///
/// Record and withdrawal of one revision are one state; a withdrawal ends only older records; a row keeps its
/// withdrawal across later records, as long as these do not cover its scopes.
pub(crate) fn accept(old: Option<&Row>, parts: &[Part], ranking: &Ranking<'_>, seq: Seq) -> Option<Accepted> {
    let name = parts.first()?.name();
    let mut row = old.cloned().unwrap_or_else(|| Row::new(name.clone()));
    let (mut content, mut gone, mut gone_content, mut changed) = (false, false, false, false);
    let mut equivocation = false;
    for part in parts {
        let held = if part.is_record() { &row.record } else { &row.withdrawal };
        equivocation |= held.as_ref().is_some_and(|held| equivocates(held, part));
        if held.as_ref().is_some_and(|held| ranking.rank(part) <= ranking.rank(held)) {
            continue;
        }
        let same_content = held.as_ref().is_some_and(|held| held.hash() == part.hash());
        if part.is_record() {
            if row.withdrawal.as_ref().is_some_and(|w| part.revision() < w.revision()) {
                continue;
            }
            content |= !same_content;
            gone_content |= row.record.as_ref().is_some_and(|r| !r.scopes().is_within(part.scopes()));
            row.record = Some(part.clone());
        } else {
            content |= !same_content;
            gone_content |= !same_content;
            gone = true;
            if row.record.as_ref().is_some_and(|r| r.revision() < part.revision()) {
                row.record = None;
            }
            row.withdrawal = Some(part.clone());
        }
        changed = true;
    }
    if !changed {
        return None;
    }
    if let (Some(record), Some(withdrawal)) = (&row.record, &row.withdrawal)
        && withdrawal.revision() < record.revision()
        && withdrawal.scopes().is_within(record.scopes())
    {
        row.withdrawal = None;
    }
    for part in parts {
        row.exposed.extend(part.scopes());
        row.expire_max = row.expire_max.max(part.expire_time());
    }
    row.gone = None;
    if row.record != old.and_then(|old| old.record.clone()) {
        row.record_seq = seq;
    }
    if gone {
        row.withdrawal_seq = seq;
    }
    if content || row.first_seq == 0 {
        row.record_content_seq = seq;
    }
    if gone_content {
        row.withdrawal_content_seq = seq;
    }
    if row.first_seq == 0 {
        row.first_seq = seq;
    }
    if row.record.is_none() {
        row.record_seq = 0;
    }
    if row.withdrawal.is_none() {
        row.withdrawal_seq = 0;
    }
    Some(Accepted { row, equivocation })
}
