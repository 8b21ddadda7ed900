//! What this store holds of each origin, and whether that is all that the origin says it should.

use std::collections::BTreeMap;

use duikou_proto::envelope::Micros;
use duikou_proto::limits as contract;
use duikou_proto::v1::Holding;
use duikou_proto::v1::completeness::State as Completed;

use crate::engine::Engine;
use crate::engine::completeness::Completeness;
use crate::services::directory::completeness;
use crate::time::timestamp;

/// Scopes of one origin that are told.
const SCOPES: usize = 200;

/// All of it, by origin.
pub(super) fn of(engine: &Engine) -> Vec<Holding> {
    let (directory, node, now) = (engine.directory(), &engine.identity().node, engine.now());
    let own = |origin: &str| directory.member_by_text(origin).is_some_and(|member| member.node == *node);
    let mut scopes: BTreeMap<String, Vec<Completeness>> = BTreeMap::new();
    for held in engine.completeness().into_iter().filter(|held| !is_over(held, now)) {
        scopes.entry(held.origin.clone()).or_default().push(held);
    }
    let mut counts = engine.counts();
    // What is kept back whole is missed as well.
    for origin in scopes.keys() {
        counts.entry(origin.clone()).or_default();
    }
    let holdings = counts.into_iter().map(|(origin, count)| {
        let holding =
            Holding { own: own(&origin), records: count.records, withdrawals: count.withdrawals, ..Holding::default() };
        let scopes = scopes.remove(&origin).unwrap_or_default();
        judged(Holding { origin, ..holding }, scopes)
    });
    holdings.collect()
}

/// Whether the last head of a scope is old and nothing is lacking: nothing is in it any longer, and no newer one comes.
fn is_over(held: &Completeness, now: Micros) -> bool {
    held.state == Completed::Complete && held.issued.saturating_add(contract::HEAD_VALID.as_micros() as Micros) < now
}

/// With what its scopes say, each and all together.
fn judged(holding: Holding, mut scopes: Vec<Completeness>) -> Holding {
    let lacks = |held: &Completeness| held.state != Completed::Complete;
    scopes.sort_by(|one, two| lacks(two).cmp(&lacks(one)).then_with(|| one.scope.cmp(&two.scope)));
    Holding {
        state: scopes.iter().map(|held| i32::from(held.state)).max().unwrap_or_default(),
        // One that never was complete is less than any time.
        complete_time: scopes.iter().map(|held| held.complete).min().flatten().map(timestamp),
        scopes: scopes.iter().take(SCOPES).map(completeness).collect(),
        ..holding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;

    fn held(scope: &str, state: Completed, complete: Option<Micros>) -> Completeness {
        let (origin, scope) = ("a.n.example".to_owned(), scope.to_owned());
        Completeness { origin, scope, state, complete, issued: 100 * SECOND }
    }

    #[test]
    fn the_worst_scope_and_the_oldest_time_stand_for_all() {
        let scopes = vec![
            held("network:n.example", Completed::Complete, Some(90 * SECOND)),
            held("circle:z@n.example", Completed::Withheld, Some(40 * SECOND)),
            held("circle:b@n.example", Completed::Behind, Some(80 * SECOND)),
        ];
        let told = judged(Holding::default(), scopes.clone());
        assert_eq!((told.state(), told.complete_time.unwrap().seconds), (Completed::Withheld, 40));
        let order: Vec<&str> = told.scopes.iter().map(|held| held.scope.as_str()).collect();
        assert_eq!(order, ["circle:b@n.example", "circle:z@n.example", "network:n.example"]);

        let never = held("public", Completed::Behind, None);
        let told = judged(Holding::default(), [scopes, vec![never]].concat());
        assert_eq!((told.state(), told.complete_time), (Completed::Withheld, None), "one of them never was complete");
        let told = judged(Holding::default(), Vec::new());
        assert_eq!((told.state(), told.complete_time), (Completed::Unspecified, None));
    }

    #[test]
    fn what_is_told_is_bounded_and_what_is_lacking_comes_first() {
        let mut scopes: Vec<_> = (0..1_000).map(|n| held(&format!("{n:04}"), Completed::Complete, Some(1))).collect();
        scopes.push(held("lacking", Completed::Stale, Some(1)));
        let told = judged(Holding::default(), scopes);
        assert_eq!((told.scopes.len(), told.scopes[0].scope.as_str()), (SCOPES, "lacking"));
    }

    #[test]
    fn a_scope_in_which_nothing_is_any_longer_keeps_no_origin_back() {
        let ended = held("public", Completed::Complete, Some(SECOND));
        assert!(!is_over(&ended, 200 * SECOND));
        assert!(is_over(&ended, 100 * SECOND + 1801 * SECOND));
        let silent = held("public", Completed::Stale, Some(SECOND));
        assert!(!is_over(&silent, 100 * SECOND + 1801 * SECOND), "no head comes, and something should be there");
    }
}
