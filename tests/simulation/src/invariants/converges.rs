//! Every store holds exactly the latest state of every record that its members may see, or has refused it to its
//! origin's knowledge.

use std::collections::BTreeSet;

use duikou_proto::name::RecordName;

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "converges", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let truth = evidence.truth();
    let mut found = Vec::new();
    for store in &evidence.stores {
        let elsewhere = |name: &&&RecordName| evidence.host(name) != Some(&store.node) && !evidence.is_removed(name);
        let held = store.rows.iter().filter_map(|(name, row)| {
            row.record.as_ref().filter(|record| evidence.is_live(record)).map(|record| (name, record))
        });
        let held: std::collections::BTreeMap<_, _> = held.collect();
        let names: BTreeSet<_> = truth.keys().chain(held.keys()).filter(elsewhere).copied().collect();
        for name in names {
            let wanted = truth.get(name).filter(|record| evidence.belongs(&store.node, record.scopes()));
            let has = held.get(name);
            if let (Some(wanted), Some(refused)) = (wanted, store.rejected.get(name))
                && *refused == wanted.revision()
            {
                if !evidence.hears_of_refusal(&store.node, name, *refused) {
                    found.push(format!("{} refused {name}, and its origin does not know", store.node));
                }
                continue;
            }
            match (wanted, has) {
                (Some(wanted), None) => found.push(format!(
                    "{} lacks {name} at {} for {}",
                    store.node,
                    wanted.revision(),
                    wanted.scopes().to_text()
                )),
                (None, Some(has)) => found.push(format!(
                    "{} holds {name} at {} for {}, which is not for it now",
                    store.node,
                    has.revision(),
                    has.scopes().to_text()
                )),
                (Some(wanted), Some(has)) if wanted.hash() != has.hash() => found.push(format!(
                    "{} holds {name} at {}, its origin has {}",
                    store.node,
                    has.revision(),
                    wanted.revision()
                )),
                _ => {}
            }
        }
    }
    found
}
