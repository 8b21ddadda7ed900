//! Nothing is dropped without its origin's signature, its date, or a directory entry that says so.

use duikou_exchange::store::GoneReason;

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "no healing deletes", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let truth = evidence.truth();
    let mut found = Vec::new();
    for store in &evidence.stores {
        for (name, row) in &store.rows {
            let dropped = row.record.is_none() && matches!(row.gone, Some((GoneReason::ScopeLost, _)));
            let live = truth.get(name).is_some_and(|record| evidence.belongs(&store.node, record.scopes()));
            if dropped && live && evidence.host(name) != Some(&store.node) {
                found.push(format!("{} dropped {name}, which lives and is for it", store.node));
            }
        }
    }
    found
}
