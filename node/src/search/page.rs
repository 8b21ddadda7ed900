//! Pages of results: by time each goes on after the last key of the one before; by relevance all are of one state of the
//! index, which is kept for a while, since a score is good for one state only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::order::Key;
use super::view::View;
use crate::limits;
use crate::world::random;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the beginning.
    First,
    /// After this listing, by time.
    After(Key),
    /// So many results on, by relevance, in the state with this number.
    Offset { state: u64, offset: usize },
}

impl Start {
    /// As a token holds it.
    pub(crate) fn to_text(self) -> String {
        match self {
            Self::First => String::new(),
            Self::After((time, tie)) => format!("a/{time}/{tie}"),
            Self::Offset { state, offset } => format!("o/{state}/{offset}"),
        }
    }

    /// Reads what [`Self::to_text`] wrote.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let start = match parts.next()? {
            "" => Self::First,
            "a" => Self::After((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)),
            "o" => Self::Offset { state: parts.next()?.parse().ok()?, offset: parts.next()?.parse().ok()? },
            _ => return None,
        };
        parts.next().is_none().then_some(start)
    }
}

/// States of the index of which somebody is reading pages, oldest use first.
#[derive(Default)]
pub(crate) struct Kept(Mutex<VecDeque<KeptView>>);

struct KeptView {
    number: u64,
    used: Instant,
    view: Arc<View>,
}

impl Kept {
    /// Keeps a state and gives it a number that nobody can guess.
    pub(crate) fn keep(&self, view: &Arc<View>) -> u64 {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self::forget_old(&mut kept);
        if let Some(at) = kept.iter().position(|kept| Arc::ptr_eq(&kept.view, view))
            && let Some(mut same) = kept.remove(at)
        {
            same.used = Instant::now();
            let number = same.number;
            kept.push_back(same);
            return number;
        }
        if kept.len() >= limits::SEARCH_STATES {
            kept.pop_front();
        }
        let number = u64::from_le_bytes(random());
        kept.push_back(KeptView { number, used: Instant::now(), view: view.clone() });
        number
    }

    /// The state with this number, if it is still kept.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<View>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self::forget_old(&mut kept);
        let at = kept.iter().position(|kept| kept.number == number)?;
        let mut found = kept.remove(at)?;
        found.used = Instant::now();
        let view = found.view.clone();
        kept.push_back(found);
        Some(view)
    }

    fn forget_old(kept: &mut VecDeque<KeptView>) {
        while kept.front().is_some_and(|oldest| oldest.used.elapsed() > limits::SEARCH_STATE_KEPT) {
            kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_start_is_read_as_it_was_written(time: i64, tie: u64, state: u64, offset: usize) {
            for start in [Start::First, Start::After((time, tie)), Start::Offset { state, offset }] {
                prop_assert_eq!(Start::from_text(&start.to_text()), Some(start));
            }
        }

        #[test]
        fn any_other_text_is_none(text in "[ao/0-9-]{0,30}") {
            if let Some(start) = Start::from_text(&text) {
                prop_assert_eq!(Start::from_text(&start.to_text()), Some(start));
            }
        }
    }
}
