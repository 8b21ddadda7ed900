//! Whether this store holds what an origin says that it should: scope by scope, with the reason where it does not.

use std::collections::BTreeSet;

use duikou_proto::envelope::Micros;
use duikou_proto::federation::rejected::Code;
use duikou_proto::v1::completeness::State;

use super::RejectionFact;
use super::heads::ScopeState;
use super::{Engine, facts};
use crate::limits;

/// One scope of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Completeness {
    /// Full id.
    pub(crate) origin: String,
    /// Absolute.
    pub(crate) scope: String,
    pub(crate) state: State,
    /// When the newest head that was met was issued.
    pub(crate) complete: Option<Micros>,
    /// When the newest head was issued.
    pub(crate) issued: Micros,
}

fn judge(state: &ScopeState, rejected: bool, now: Micros) -> Option<(State, Micros)> {
    let (_, head) = state.head.as_ref()?;
    let stale = now > head.valid_until && !head.kinds.is_empty();
    let new = now.saturating_sub(head.issue_time) < limits::HEAD_SETTLES.as_micros() as Micros;
    let judged = match (state.meets_head(), stale) {
        (true, false) => State::Complete,
        (_, true) => State::Stale,
        (false, false) if rejected => State::Rejected,
        (false, false) if new || state.is_ahead() => State::Behind,
        (false, false) => State::Withheld,
    };
    Some((judged, head.issue_time))
}

impl Engine {
    /// All scopes of all origins that live elsewhere, as far as heads of them have come.
    pub(crate) fn completeness(&self) -> Vec<Completeness> {
        let (heads, directory, now) = (self.heads(), self.directory(), self.now());
        let rejected: BTreeSet<String> = self
            .0
            .memory
            .load()
            .hot(facts::REJECTIONS, limits::REJECTIONS)
            .into_iter()
            // What another node should have sent says nothing of what is held.
            .filter(|(key, value)| {
                facts::decode::<RejectionFact>(key, value).is_ok_and(|fact| fact.code != i32::from(Code::Host))
            })
            .filter_map(|(key, _)| Some(key.split("/members/").nth(1)?.split('/').next()?.to_owned()))
            .collect();
        let elsewhere =
            |origin: &str| directory.member_by_text(origin).is_some_and(|member| member.node != self.0.identity.node);
        let scopes = heads.iter().filter(|(origin, ..)| elsewhere(origin));
        let judged = scopes.filter_map(|(origin, scope, held)| {
            let (state, issued) = judge(held, rejected.contains(origin), now)?;
            let (origin, scope) = (origin.to_owned(), scope.to_owned());
            Some(Completeness { origin, scope, state, complete: held.met.map(|met| met.issue_time), issued })
        });
        judged.collect()
    }
}
