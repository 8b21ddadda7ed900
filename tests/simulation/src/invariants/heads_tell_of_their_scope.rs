//! A head counts what its origin has in that scope, and is as of the last change of that scope: of changes in others it
//! tells nothing. Not verified in stores that have forgotten rows, since then nobody knows what touched a scope.

use std::collections::BTreeMap;

use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::{Kind, RecordName};
use duikou_proto::scope::Scope;
use duikou_proto::set_hash::{Element, SetHash};
use duikou_proto::v1::{Head, KindSum};
use prost::Message;

use super::{Evidence, Invariant, StoreEvidence};

pub(super) const INVARIANT: Invariant = Invariant { name: "heads tell of their scope", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for store in &evidence.stores {
        for (name, row) in store.rows.iter().filter(|(name, _)| evidence.host(name) == Some(&store.node)) {
            let Some(head) = row.record.as_ref().and_then(read) else { continue };
            let Ok(scope) = head.scope.parse::<Scope>() else { continue };
            if head.kinds != sums(store, name, &scope) {
                found.push(format!("{} says with {name} what it does not hold", store.node));
            }
            let touched = touched(store, name, &scope).max(store.vouched.unwrap_or(0));
            if !store.has_forgotten && head.as_of > touched {
                found.push(format!("{name} is as of {}, and nothing touched its scope since {touched}", head.as_of));
            }
        }
    }
    found
}

fn read(record: &Part) -> Option<Head> {
    (*record.kind() == Kind::head()).then(|| Head::decode(record.body()).ok())?
}

/// What the origin of `name` has in a scope.
fn of_scope<'a>(store: &'a StoreEvidence, name: &RecordName, scope: &Scope) -> impl Iterator<Item = &'a Part> {
    let (origin, scope) = (name.origin_str().to_owned(), scope.clone());
    let of_origin = store.rows.values().filter(move |row| row.name.origin_str() == origin);
    let parts = of_origin.flat_map(|row| row.record.iter().chain(&row.withdrawal));
    parts.filter(move |part| part.kind().is_counted() && part.scopes().contains(&scope))
}

fn sums(store: &StoreEvidence, name: &RecordName, scope: &Scope) -> Vec<KindSum> {
    let mut kinds: BTreeMap<Kind, SetHash> = BTreeMap::new();
    for record in of_scope(store, name, scope).filter(|part| part.is_record()) {
        kinds.entry(record.kind().clone()).or_default().add(&Element::of(record));
    }
    let sum = |(kind, set): (&Kind, &SetHash)| KindSum {
        kind: kind.to_string(),
        count: set.count(),
        digest: set.digest().to_vec(),
    };
    kinds.iter().map(sum).collect()
}

fn touched(store: &StoreEvidence, name: &RecordName, scope: &Scope) -> Micros {
    of_scope(store, name, scope).map(Part::revision).max().unwrap_or(0)
}
