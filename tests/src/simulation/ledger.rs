//! What writers were told: the least that must be left when everything has come to rest.

use std::collections::BTreeMap;

use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::name::RecordName;

use crate::invariants::Acknowledged;

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    revision: Revision,
    until: Micros,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<RecordName, Entry>);

impl Ledger {
    /// A writer was answered: `revision` (0: nothing is left of the name) with this date.
    pub(super) fn acknowledged(&mut self, name: RecordName, revision: Revision, expires: Micros) {
        let entry = self.0.entry(name).or_default();
        if revision == 0 {
            *entry = Entry::default();
        } else {
            entry.revision = entry.revision.max(revision);
        }
        entry.until = entry.until.max(expires);
    }

    /// A disk went, or an old state came back: what no disk holds any longer cannot come back either. The names.
    pub(super) fn lost(&mut self, left: impl Fn(&RecordName) -> Revision) -> Vec<RecordName> {
        let mut lost = Vec::new();
        for (name, entry) in &mut self.0 {
            let left = left(name);
            if left < entry.revision {
                entry.revision = left;
                lost.push(name.clone());
            }
        }
        lost
    }

    /// What must be left.
    pub(super) fn evidence(&self) -> Vec<Acknowledged> {
        let must = self.0.iter().filter(|(_, entry)| entry.revision > 0);
        must.map(|(name, entry)| Acknowledged {
            name: name.clone(),
            revision: entry.revision,
            // On its date, what nobody else could see is gone without a trace.
            until: entry.until,
        })
        .collect()
    }
}
