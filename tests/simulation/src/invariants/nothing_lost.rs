//! What a writer was told is on disk is at its origin, or something newer of that name is. Where a member was moved away
//! by force, its old node has taken writes until it heard of that: those lie in the files of what departed.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "nothing acknowledged is lost", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for write in evidence.acknowledged.iter().filter(|write| evidence.now <= write.until) {
        let Some(host) = evidence.host(&write.name) else { continue };
        let Some(store) = evidence.store(host) else { continue };
        let departed = evidence.stores.iter().filter_map(|store| store.departed.get(&write.name).copied()).max();
        let held = store.rows.get(&write.name).map_or(0, duikou_exchange::store::Row::revision);
        let held = held.max(departed.unwrap_or_default());
        if held < write.revision {
            found.push(format!("{} was acknowledged at {}, {host} holds {held}", write.name, write.revision));
        }
    }
    found
}
