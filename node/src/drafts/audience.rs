//! For whom an approval would change anything.

use duikou_proto::directory::MemberState;
use duikou_proto::name::MemberId;
use duikou_proto::scope::{Scope, ScopeSet};

use crate::engine::{Engine, Reader};

/// Members that are named on each side.
const NAMED: usize = 1_000;

/// Who would see more, and who less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audience {
    /// In the form that people write.
    pub(crate) scopes_gained: Vec<String>,
    pub(crate) scopes_lost: Vec<String>,
    /// Full ids.
    pub(crate) members_gained: Vec<String>,
    pub(crate) members_lost: Vec<String>,
}

/// What becomes of the audience of a listing of `origin` whose scopes were `before`, and are `after`; None: it is not
/// published.
pub(crate) fn audience(engine: &Engine, origin: &MemberId, before: Option<&ScopeSet>, after: &ScopeSet) -> Audience {
    let network = &engine.identity().network;
    let nothing = ScopeSet::new();
    let before = before.unwrap_or(&nothing);
    let short = |scopes: ScopeSet| scopes.iter().map(|scope: &Scope| scope.short(network)).collect();
    let mut found = Audience {
        scopes_gained: short(after.without(before)),
        scopes_lost: short(before.without(after)),
        ..Audience::default()
    };
    let directory = engine.directory();
    for member in directory.members().filter(|member| member.id != *origin && member.state == MemberState::Active) {
        let viewer = engine.viewer(&Reader::Member(member.id.clone()));
        let sees = |scopes: &ScopeSet| scopes.iter().any(|scope| viewer.has(scope));
        let side = match (sees(before), sees(after)) {
            (false, true) => &mut found.members_gained,
            (true, false) => &mut found.members_lost,
            (true, true) | (false, false) => continue,
        };
        if side.len() < NAMED {
            side.push(member.id.to_string());
        }
    }
    found
}
