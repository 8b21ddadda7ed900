//! What a server holds in memory stays within its bounds, whatever changed and however slow its peers were. Not verified:
//! what the directory's size bounds.

use super::{Evidence, Invariant};

pub(crate) const NAME: &str = "memory is bounded";
pub(super) const INVARIANT: Invariant = Invariant { name: NAME, check };

fn check(evidence: &Evidence) -> Vec<String> {
    let beyond = evidence.memory.iter().filter(|memory| memory.held > memory.limit);
    beyond.map(|m| format!("{} holds {} {}, and may hold {}", m.node, m.held, m.what, m.limit)).collect()
}
