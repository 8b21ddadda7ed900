//! What was refused, in comparisons: its origin counts it, so it stands in the place of what is held. With that, a scope of
//! which all is here but what was refused is told apart from one of which something is missing.

use std::collections::BTreeMap;

use duikou_proto::envelope::{Part, Revision};
use duikou_proto::name::Kind;
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::set_hash::Element;
use serde::{Deserialize, Serialize};

use super::heads::Counted;

/// A record that was refused, as far as heads count it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRecord {
    /// Its revision.
    pub revision: Revision,
    kind: String,
    /// As text.
    scopes: String,
    /// Of the set of its scope.
    element: Vec<u8>,
}

impl RefusedRecord {
    /// None for what no head counts.
    pub(super) fn of(part: &Part) -> Option<Self> {
        (part.is_record() && part.kind().is_counted()).then(|| Self {
            revision: part.revision(),
            kind: part.kind().to_string(),
            scopes: part.scopes().to_text(),
            element: Element::of(part).bytes().to_vec(),
        })
    }

    /// None where it is not as it was written.
    pub(super) fn read(&self) -> Option<RefusedState> {
        Some(RefusedState {
            revision: self.revision,
            kind: self.kind.parse().ok()?,
            scopes: ScopeSet::from_text(&self.scopes).ok()?,
            element: Element::from_bytes(&self.element)?,
        })
    }
}

/// See [`RefusedRecord`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RefusedState {
    revision: Revision,
    kind: Kind,
    scopes: ScopeSet,
    element: Element,
}

/// What was refused of a name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Refused {
    /// The newest record.
    pub(super) record: Option<RefusedState>,
    /// For whom refused withdrawals end what is older than `told_by`.
    pub(super) told: ScopeSet,
    pub(super) told_by: Revision,
}

/// What a name is in the sum of one scope: in the place of what, if anything, stands what.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StandIn {
    pub(super) less: Option<(Kind, Element)>,
    pub(super) more: Option<(Kind, Element)>,
}

impl Refused {
    /// By scope, beside `held`.
    pub(super) fn stand_ins(&self, held: &Counted) -> BTreeMap<String, StandIn> {
        let held_record = held.record().filter(|part| part.kind().is_counted());
        let newer = |state: &&RefusedState| held_record.is_none_or(|held| held.revision() < state.revision);
        let record = self.record.as_ref().filter(newer);
        let ended = |scope: &Scope, revision: Revision| {
            let by_held = held.withdrawal().filter(|part| part.revision() > revision);
            self.told_by > revision && self.told.contains(scope)
                || by_held.is_some_and(|part| part.scopes().contains(scope))
        };
        let mut stand_ins: BTreeMap<String, StandIn> = BTreeMap::new();
        if let Some(part) = held_record {
            for scope in part.scopes().iter().filter(|scope| record.is_some() || ended(scope, part.revision())) {
                stand_ins.entry(scope.to_string()).or_default().less = Some((part.kind().clone(), Element::of(part)));
            }
        }
        if let Some(state) = record {
            for scope in state.scopes.iter().filter(|scope| !ended(scope, state.revision)) {
                stand_ins.entry(scope.to_string()).or_default().more = Some((state.kind.clone(), state.element));
            }
        }
        stand_ins
    }
}
