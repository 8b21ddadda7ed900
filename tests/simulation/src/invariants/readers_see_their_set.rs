//! At the head, whoever followed a feed has exactly what its store shows to the likes of it.

use std::collections::BTreeMap;

use duikou_exchange::engine::Reader;

use super::{Evidence, Invariant};

pub(crate) const NAME: &str = "readers see their set";
pub(super) const INVARIANT: Invariant = Invariant { name: NAME, check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for reader in &evidence.readers {
        let Some(store) = evidence.store(&reader.node) else { continue };
        let scopes = evidence.scopes_of(&reader.reader, &reader.node);
        let operator = reader.reader == Reader::Operator;
        let own = |origin: &str| match &reader.reader {
            Reader::Member(id) => id.as_str() == origin,
            Reader::Operator => evidence.directory.member_by_text(origin).is_some_and(|m| m.node == reader.node),
            Reader::Anonymous | Reader::Registered | Reader::Narrowed(..) => false,
        };
        let mut wanted = BTreeMap::new();
        for (name, row) in &store.rows {
            let Some(record) = row.record.as_ref().filter(|record| evidence.is_live(record)) else { continue };
            let carried = operator && reader.node == evidence.gateway && !record.scopes().is_empty();
            let may = carried || own(name.origin_str()) || record.scopes().meets(&scopes);
            let wants = !reader.offers_only || reader.offers.contains(name);
            let shown = !reader.unreadable.contains(name);
            if may && wants && shown && evidence.is_shown(record) {
                wanted.insert(name.clone(), record.revision());
            }
        }
        let who = format!("{:?} at {}{}", reader.reader, reader.node, if reader.offers_only { ", offers" } else { "" });
        for (name, revision) in &wanted {
            if reader.holds.get(name) != Some(revision) {
                found.push(format!("{who} has {:?} of {name}, not {revision}", reader.holds.get(name)));
            }
        }
        for name in reader.holds.keys().filter(|name| !wanted.contains_key(name)) {
            found.push(format!("{who} was not told that {name} is gone"));
        }
    }
    found
}
