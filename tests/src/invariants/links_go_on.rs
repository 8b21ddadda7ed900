//! No record, member or clock stops a link.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "nothing stops a link", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let down = evidence.links.iter().filter(|link| !link.connected);
    down.map(|link| format!("{} is not connected: {}", link.node, link.detail)).collect()
}
