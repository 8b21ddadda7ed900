//! What the network hides. An entry names a record by a salted hash, so that it tells nobody of a name who does not hold
//! it. Whoever holds records finds out once which of them are meant, and not at each look at one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::name::RecordName;

/// The name of a hidden record, salted and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// 16 octets.
    pub salt: Vec<u8>,
    /// BLAKE3 over salt and name.
    pub name_hash: Vec<u8>,
    /// Why.
    pub reason: String,
}

impl Hidden {
    /// What an entry says to hide `name`.
    pub fn hash(salt: &[u8], name: &RecordName) -> Vec<u8> {
        hash(salt, name.as_str()).as_bytes().to_vec()
    }

    /// Whether it means `name`.
    pub fn means(&self, name: &RecordName) -> bool {
        self.means_text(name.as_str())
    }

    /// Whether it means the record of this name, be it one or not.
    pub fn means_text(&self, name: &str) -> bool {
        *hash(&self.salt, name).as_bytes() == *self.name_hash
    }

    /// Whether both mean the same, for whatever reason.
    fn is(&self, other: &Self) -> bool {
        (&self.salt, &self.name_hash) == (&other.salt, &other.name_hash)
    }
}

fn hash(salt: &[u8], name: &str) -> blake3::Hash {
    blake3::Hasher::new().update(salt).update(name.as_bytes()).finalize()
}

/// The hides of a log as it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Hides {
    all: Vec<Hidden>,
    /// So many of them, from the first on, were compared with every name that the store holds.
    compared: usize,
    /// Those of them that mean none of these: the names that come are compared with them.
    open: Vec<Hidden>,
    /// By what a name is meant, as far as that was found out. All states of one log share it: a hash is what it is, and
    /// whoever reads by the state of a moment ago must know of a name that has just come.
    meant: Arc<RwLock<HashMap<RecordName, Vec<Hidden>>>>,
}

impl Hides {
    pub(super) fn all(&self) -> &[Hidden] {
        &self.all
    }

    pub(super) fn hide(&mut self, hidden: Hidden) {
        self.all.push(hidden);
    }

    pub(super) fn show(&mut self, name_hash: &[u8]) {
        let stays = |hidden: &Hidden| hidden.name_hash != name_hash;
        self.compared = self.all[..self.compared].iter().filter(|hidden| stays(hidden)).count();
        self.all.retain(stays);
        self.open.retain(stays);
    }

    pub(super) fn mean(&self, name: &RecordName) -> bool {
        self.all.iter().any(|hidden| hidden.means(name))
    }

    pub(super) fn mean_held(&self, name: &RecordName) -> bool {
        let (compared, fresh) = self.all.split_at(self.compared);
        if fresh.iter().any(|hidden| hidden.means(name)) {
            return true;
        }
        if compared.is_empty() {
            return false;
        }
        let meant = self.meant.read().unwrap_or_else(PoisonError::into_inner);
        meant.get(name).is_some_and(|by| by.iter().any(|by| compared.iter().any(|hidden| hidden.is(by))))
    }

    pub(super) fn fresh(&self) -> &[Hidden] {
        &self.all[self.compared..]
    }

    pub(super) fn compared(&mut self, found: &[(RecordName, Hidden)]) {
        let mean_none = |hidden: &&Hidden| !found.iter().any(|(_, found)| found.is(hidden));
        self.open.extend(self.all[self.compared..].iter().filter(mean_none).cloned());
        self.compared = self.all.len();
        found.iter().for_each(|(name, hidden)| self.note(name, hidden));
    }

    pub(super) fn open_of(&self, name: &RecordName) -> Option<&Hidden> {
        self.open.iter().find(|hidden| hidden.means(name))
    }

    pub(super) fn came(&mut self, name: &RecordName, hidden: &Hidden) {
        self.open.retain(|open| !open.is(hidden));
        self.note(name, hidden);
    }

    /// The names that a hide with this hash is known to mean.
    pub(super) fn meant(&self, name_hash: &[u8]) -> Vec<RecordName> {
        let meant = self.meant.read().unwrap_or_else(PoisonError::into_inner);
        let by = |by: &Vec<Hidden>| by.iter().any(|by| by.name_hash == name_hash);
        let mut names: Vec<RecordName> = meant.iter().filter(|(_, it)| by(it)).map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    fn note(&self, name: &RecordName, hidden: &Hidden) {
        let mut meant = self.meant.write().unwrap_or_else(PoisonError::into_inner);
        let by = meant.entry(name.clone()).or_default();
        if !by.iter().any(|by| by.is(hidden)) {
            by.push(hidden.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn name(at: u8) -> RecordName {
        format!("members/a.n/listings/r{at}").parse().unwrap()
    }

    #[derive(Debug, Clone)]
    enum Step {
        Hide(u8),
        Show(u8),
        Compare,
        Come(u8),
        /// A transaction fails: what it made of the log is thrown away.
        Undone(Vec<Step>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let simple = prop_oneof![
            (0..4u8).prop_map(Step::Hide),
            (0..4u8).prop_map(Step::Show),
            Just(Step::Compare),
            (0..4u8).prop_map(Step::Come),
        ];
        let undone = prop::collection::vec(simple.clone(), 1..4).prop_map(Step::Undone);
        prop_oneof![4 => simple, 1 => undone]
    }

    /// As the writer of a store does. No salt is used twice.
    fn take(hides: &mut Hides, held: &mut BTreeSet<u8>, salts: &mut u8, step: &Step) {
        match step {
            Step::Hide(at) => {
                *salts += 1;
                let salt = vec![*salts; 16];
                hides.hide(Hidden { name_hash: Hidden::hash(&salt, &name(*at)), salt, reason: String::new() });
            }
            Step::Show(at) => {
                let meant: Vec<Hidden> =
                    hides.all().iter().filter(|hidden| hidden.means(&name(*at))).cloned().collect();
                meant.iter().for_each(|hidden| hides.show(&hidden.name_hash));
            }
            Step::Compare => {
                let fresh = hides.fresh().to_vec();
                let pairs = held.iter().flat_map(|at| fresh.iter().map(|hidden| (name(*at), hidden.clone())));
                let found: Vec<_> = pairs.filter(|(name, hidden)| hidden.means(name)).collect();
                hides.compared(&found);
            }
            Step::Come(at) => {
                held.insert(*at);
                while let Some(hidden) = hides.open_of(&name(*at)).cloned() {
                    hides.came(&name(*at), &hidden);
                }
            }
            Step::Undone(steps) => {
                let (mut hides, mut held) = (hides.clone(), held.clone());
                steps.iter().for_each(|step| take(&mut hides, &mut held, salts, step));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_held_is_looked_up_and_never_otherwise_than_by_its_hash(
            steps in prop::collection::vec(step(), 1..40),
        ) {
            let (mut hides, mut held, mut salts) = (Hides::default(), BTreeSet::new(), 0);
            let mut states = Vec::new();
            for step in &steps {
                take(&mut hides, &mut held, &mut salts, step);
                states.push(hides.clone());
                // Whoever still reads by an earlier state has its answers, of what has come since too: all that holds still.
                for (state, at) in states.iter().flat_map(|state| held.iter().map(move |at| (state, name(*at)))) {
                    let holds = |hidden: &&Hidden| hidden.means(&at) && hides.all().iter().any(|now| now.is(hidden));
                    let (found, is) = (state.mean_held(&at), state.mean(&at));
                    let still = state.all().iter().any(|hidden| holds(&hidden));
                    prop_assert!(found == is || (is && !still), "{at}: found {found}, is {is}");
                }
                prop_assert!(held.iter().all(|at| hides.mean_held(&name(*at)) == hides.mean(&name(*at))));
            }
        }
    }
}
