//! What writers were told: the least that must be left when everything has come to rest.

use std::collections::BTreeMap;

use duikou_exchange::store::Row;
use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::name::RecordName;

use crate::invariants::Acknowledged;

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// What must be left at least.
    revision: Revision,
    /// What was signed: a clock that was ahead signs what is signed anew below it.
    signed: Revision,
    until: Micros,
}

/// What is left of a name.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left {
    /// The revision that its origin's store holds.
    pub(super) here: Revision,
    /// The newest that this or its gateway's store holds.
    pub(super) revision: Revision,
    /// How long that is kept there.
    pub(super) until: Micros,
}

impl Left {
    /// Of a name whose origin lives where `home` is its row.
    pub(super) fn of(home: Option<&Row>, gateway: Option<&Row>) -> Self {
        let newest = home.into_iter().chain(gateway).max_by_key(|row| row.revision());
        let part = newest.and_then(|row| row.record.as_ref().or(row.withdrawal.as_ref()));
        Self {
            here: home.map_or(0, Row::revision),
            revision: newest.map_or(0, Row::revision),
            until: part.map_or(0, |part| part.expire_time()),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<RecordName, Entry>);

impl Ledger {
    /// A writer was answered: `signed` (0: nothing is left of the name) with this date. Whatever clocks do, `revision` of
    /// it is left.
    pub(super) fn acknowledged(&mut self, name: RecordName, revision: Revision, signed: Revision, expires: Micros) {
        let entry = self.0.entry(name).or_default();
        if revision == 0 {
            *entry = Entry::default();
        } else {
            entry.revision = entry.revision.max(revision);
            entry.signed = entry.signed.max(signed);
        }
        entry.until = entry.until.max(expires);
    }

    /// A disk went, or an old state came back: what no disk holds any longer cannot come back either. The names.
    pub(super) fn lost(&mut self, left: impl Fn(&RecordName) -> Option<Left>) -> Vec<RecordName> {
        let mut lost = Vec::new();
        for (name, entry) in &mut self.0 {
            let Some(Left { here, revision, until }) = left(name) else { continue };
            if here < entry.signed {
                // Others keep a record until its own date, whatever dates it had that they have not heard of.
                entry.until = until;
            }
            if revision < entry.revision {
                entry.revision = revision;
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
