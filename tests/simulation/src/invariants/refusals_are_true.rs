//! What an origin is shown to be refused, somebody refuses.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "refusals are true", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for store in &evidence.stores {
        // A gateway's own are for its nodes to refuse, a node's for its gateway.
        let refuses =
            |peer: &&super::StoreEvidence| (store.node == evidence.gateway) != (peer.node == evidence.gateway);
        for name in store.refused.iter().filter(|name| evidence.host(name) == Some(&store.node)) {
            let peers = evidence.stores.iter().filter(refuses);
            if !peers.into_iter().any(|peer| peer.rejected.contains_key(name)) {
                found.push(format!("{} is told that {name} is refused, and nobody refuses it", store.node));
            }
        }
    }
    found
}
