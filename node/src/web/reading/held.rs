//! How complete what is here of an origin is, over all of its scopes that the reader has.

use duikou_proto::v1::completeness::State;

/// The worst of the scopes, and as of when all of them were complete, in the unit of the times; None: one never was.
pub(super) fn together<T: Ord>(scopes: impl Iterator<Item = (State, Option<T>)>) -> (State, Option<T>) {
    let (states, times): (Vec<State>, Vec<Option<T>>) = scopes.unzip();
    // The states are in the order of the contract, the worst last.
    (states.into_iter().max().unwrap_or_default(), times.into_iter().min().flatten())
}

/// Whether there is something that a reader must know; what is merely on its way will come.
pub(super) fn is_doubtful(state: State) -> bool {
    !matches!(state, State::Complete | State::Behind | State::Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_scope_and_the_oldest_time_stand_for_all() {
        let of = |scopes: &[(State, Option<i64>)]| together(scopes.iter().copied());
        assert_eq!(of(&[(State::Complete, Some(7)), (State::Behind, Some(5))]), (State::Behind, Some(5)));
        assert_eq!(of(&[(State::Rejected, Some(7)), (State::Stale, Some(5))]), (State::Rejected, Some(5)));
        assert_eq!(of(&[(State::Complete, Some(7)), (State::Withheld, None)]), (State::Withheld, None));
        assert_eq!(of(&[]), (State::Unspecified, None));
        assert!(is_doubtful(State::Stale) && !is_doubtful(State::Behind));
    }
}
