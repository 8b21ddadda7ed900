//! For whom an approval would change anything.

use duikou_proto::directory::MemberState;
use duikou_proto::name::MemberId;
use duikou_proto::scope::{Scope, ScopeSet};

use crate::engine::{Engine, Reader};

/// Members that are named on each side.
const NAMED: usize = 1_000;

/// Readers that are no members of the network, by what shows them a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Anybody on the Internet.
    Anybody,
    /// The enterprises that nodes have registered.
    Registered,
}

impl Beyond {
    /// Those who see what is for these scopes.
    pub(crate) fn of(scopes: &ScopeSet) -> Vec<Self> {
        let everybody = scopes.contains(&Scope::public());
        let registered = everybody || scopes.contains(&Scope::registered());
        [(Self::Anybody, everybody), (Self::Registered, registered)]
            .into_iter()
            .filter_map(|(beyond, sees)| sees.then_some(beyond))
            .collect()
    }
}

/// Who would see more, and who less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audience {
    /// In the form that people write.
    pub(crate) scopes_gained: Vec<String>,
    pub(crate) scopes_lost: Vec<String>,
    /// Full ids.
    pub(crate) members_gained: Vec<String>,
    pub(crate) members_lost: Vec<String>,
    /// Readers beside members.
    pub(crate) beyond_gained: Vec<Beyond>,
    pub(crate) beyond_lost: Vec<Beyond>,
    /// Whether somebody sees it who does not see what is published, or will who joins a circle; never of what is not
    /// published.
    pub(crate) wider: bool,
    /// Whether somebody no longer sees it, and certainly nobody else does.
    pub(crate) narrower: bool,
}

/// What becomes of the audience of a listing of `origin` whose scopes were `before`, and are `after`; None: it is not
/// published.
pub(crate) fn audience(engine: &Engine, origin: &MemberId, before: Option<&ScopeSet>, after: &ScopeSet) -> Audience {
    let network = &engine.identity().network;
    let nothing = ScopeSet::new();
    let published = before.is_some();
    let before = before.unwrap_or(&nothing);
    let beyond = |scopes: &ScopeSet, others: &ScopeSet| {
        let others = Beyond::of(others);
        Beyond::of(scopes).into_iter().filter(|beyond| !others.contains(beyond)).collect()
    };
    let short = |scopes: ScopeSet| scopes.iter().map(|scope: &Scope| scope.short(network)).collect();
    let mut found = Audience {
        scopes_gained: short(after.without(before)),
        scopes_lost: short(before.without(after)),
        beyond_gained: beyond(after, before),
        beyond_lost: beyond(before, after),
        ..Audience::default()
    };
    // Members beyond the bound are not named, and count.
    let (mut gains, mut loses) = (false, false);
    let directory = engine.directory();
    for member in directory.members().filter(|member| member.id != *origin && member.state == MemberState::Active) {
        let viewer = engine.viewer(&Reader::Member(member.id.clone()));
        let sees = |scopes: &ScopeSet| scopes.iter().any(|scope| viewer.has(scope));
        let (side, any) = match (sees(before), sees(after)) {
            (false, true) => (&mut found.members_gained, &mut gains),
            (true, false) => (&mut found.members_lost, &mut loses),
            (true, true) | (false, false) => continue,
        };
        *any = true;
        if side.len() < NAMED {
            side.push(member.id.to_string());
        }
    }
    if published {
        let of_all = [Scope::public(), Scope::registered(), Scope::network(network)];
        // Whoever joins a circle sees what is for it; where all members see it that is nobody more.
        let opens = |scopes: &ScopeSet, others: &ScopeSet| {
            let circles = scopes.without(others).iter().any(|scope| scope.as_str().starts_with("circle:"));
            circles && !of_all.iter().any(|scope| others.contains(scope))
        };
        found.wider = gains || !found.beyond_gained.is_empty() || opens(after, before);
        let narrows = loses || !found.beyond_lost.is_empty() || opens(before, after);
        found.narrower = narrows && after.is_no_wider_than(before);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::tests::{World, id};

    #[tokio::test]
    async fn who_sees_more_and_who_less_is_never_taken_for_the_other() {
        // `b` and `c` beside `a`, whose listing it is; `a` and `c` are in the circle `ring`.
        let world = World::new().await;
        let network = &world.engine.identity().network;
        let set = |scopes: &[&str]| -> ScopeSet {
            scopes.iter().map(|scope| Scope::parse(scope, network).expect("a scope")).collect()
        };
        let change = |before: Option<&[&str]>, after: &[&str]| {
            audience(&world.engine, &id("a"), before.map(set).as_ref(), &set(after))
        };
        type Case<'a> = (&'a [&'a str], &'a [&'a str], bool, bool, &'a [Beyond], &'a [Beyond]);
        let cases: [Case<'_>; 10] = [
            (&["public"], &["network"], false, true, &[], &[Beyond::Anybody, Beyond::Registered]),
            (&["network"], &["public"], true, false, &[Beyond::Anybody, Beyond::Registered], &[]),
            (&["registered"], &["public"], true, false, &[Beyond::Anybody], &[]),
            (&["network"], &["circle:ring"], false, true, &[], &[]),
            (&["member:c"], &["circle:ring"], true, false, &[], &[]),
            // Nobody sees it who does not see it now; who leaves the circle would.
            (&["circle:ring"], &["member:c"], false, false, &[], &[]),
            (&["public", "member:b"], &["public"], false, false, &[], &[]),
            (&["registered"], &["registered", "circle:ring"], false, false, &[], &[]),
            // Whoever asks may be shown it.
            (&["network"], &[], false, false, &[], &[]),
            (&[], &["network"], true, false, &[], &[]),
        ];
        for (before, after, wider, narrower, gained, lost) in cases {
            let found = change(Some(before), after);
            assert_eq!((found.wider, found.narrower), (wider, narrower), "{before:?} {after:?}");
            assert_eq!((&*found.beyond_gained, &*found.beyond_lost), (gained, lost), "{before:?} {after:?}");
        }
        assert_eq!(change(Some(&["network"]), &["circle:ring"]).members_lost, ["b.n.example"]);
        let fresh = change(None, &["public"]);
        assert!(!fresh.wider && fresh.beyond_gained.len() == 2, "nothing is published: {fresh:?}");
    }
}
