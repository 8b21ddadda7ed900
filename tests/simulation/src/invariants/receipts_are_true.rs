//! Whoever has signed to an origin that it holds a scope as of a revision has everything of that scope up to there, but
//! for what it names as refused. Not verified for holders that have forgotten rows since.

use duikou_proto::envelope::Part;
use duikou_proto::receipt;
use duikou_proto::scope::Scope;

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "receipts are true", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    let truth = evidence.truth();
    let receipts = evidence.stores.iter().flat_map(|store| &store.rows).filter_map(|(name, row)| {
        let holder = evidence.store(evidence.host(name)?).filter(|holder| !holder.has_forgotten)?;
        Some((name, holder, receipt::read(row.record.as_ref()?)?))
    });
    for (name, holder, receipt) in receipts {
        for held in &receipt.scopes {
            let Ok(scope) = held.scope.parse::<Scope>() else { continue };
            let covered = |record: &&Part| {
                record.origin().as_str() == receipt.origin
                    && record.scopes().contains(&scope)
                    && record.revision() <= receipt::reached(held)
                    && evidence.belongs(&holder.node, record.scopes())
            };
            for record in truth.values().copied().filter(covered) {
                let here = holder.rows.get(record.name()).map_or(0, duikou_exchange::store::Row::revision);
                let refused = receipt::refusal(&receipt, record.name(), record.revision()).is_some();
                if here < record.revision() && !refused {
                    found.push(format!("{name} speaks for {}, which {} has not", record.name(), holder.node));
                }
            }
        }
    }
    found
}
