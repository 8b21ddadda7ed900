//! No record, member or clock stops a link.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "nothing stops a link", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let down = evidence.links.iter().filter(|link| !link.connected);
    let halted = evidence.links.iter().filter_map(|link| Some((link, link.halted.as_ref()?)));
    down.map(|link| format!("{} is not connected: {}", link.node, link.detail))
        .chain(halted.map(|(link, why)| format!("{} writes nothing: {why}", link.node)))
        .collect()
}
