//! Every part that a store holds is signed by a key of its origin that the directory knows.

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "what does not verify is nowhere", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for store in &evidence.stores {
        let rows = store.rows.values().filter(|row| !store.spoiled.contains(&row.name));
        let parts: Vec<_> = rows.flat_map(|row| row.record.iter().chain(&row.withdrawal)).collect();
        let key = |part: &&duikou_proto::envelope::Part| {
            let keys = &evidence.directory.member_by_text(part.name().origin_str())?.keys;
            // A key that no longer verifies signed what it signed.
            keys.verifying(part.key_number(), i64::MIN)
        };
        let claims: Vec<_> = parts.iter().filter_map(|part| Some(part.claim(key(part)?))).collect();
        let mut verdicts = duikou_proto::sign::verify_all(&claims, [7; 32]).into_iter();
        for part in parts {
            if key(&part).is_none() || verdicts.next() != Some(true) {
                found.push(format!("{} holds {} with key {}", store.node, part.name(), part.key_number()));
            }
        }
    }
    found
}
