//! No node holds a part whose scopes none of its members has.

use super::{Evidence, Invariant};

pub(crate) const NAME: &str = "nothing leaks";
pub(super) const INVARIANT: Invariant = Invariant { name: NAME, check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for store in evidence.stores.iter().filter(|store| store.node != evidence.gateway) {
        let scopes = evidence.directory.node_scopes(&store.node);
        for (name, row) in store.rows.iter().filter(|(name, _)| evidence.host(name) != Some(&store.node)) {
            for part in row.record.iter().chain(&row.withdrawal).filter(|part| !part.scopes().meets(&scopes)) {
                let what = if part.is_record() { "record" } else { "withdrawal" };
                found.push(format!("{} holds the {what} {name} for {}", store.node, part.scopes().to_text()));
            }
        }
    }
    found
}
