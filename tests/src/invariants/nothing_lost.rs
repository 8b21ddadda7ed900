//! What a writer was told is on disk is at its origin, or something newer of that name is.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "nothing acknowledged is lost", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for write in evidence.acknowledged.iter().filter(|write| evidence.now <= write.until) {
        let Some(host) = evidence.host(&write.name) else { continue };
        let Some(store) = evidence.store(host) else { continue };
        let held = store.rows.get(&write.name).map_or(0, duikou_node::store::Row::revision);
        if held < write.revision {
            found.push(format!("{} was acknowledged at {}, {host} holds {held}", write.name, write.revision));
        }
    }
    found
}
