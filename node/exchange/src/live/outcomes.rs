//! How live questions have gone since the start, on either side.

use super::ask::Outcome;
use crate::counters::Counters;

/// What came of asking one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Answered,
    Refused,
    Offline,
    TimedOut,
}

impl Asked {
    const ALL: [Self; 4] = [Self::Answered, Self::Refused, Self::Offline, Self::TimedOut];

    fn name(&self) -> &'static str {
        match self {
            Self::Answered => "ANSWERED",
            Self::Refused => "REFUSED",
            Self::Offline => "OFFLINE",
            Self::TimedOut => "TIMED_OUT",
        }
    }

    /// By the last word where that was no page.
    pub(super) fn by(last: Option<&Outcome>) -> Self {
        match last {
            None | Some(Outcome::Answered { .. }) => Self::Answered,
            Some(Outcome::Refused(_)) => Self::Refused,
            Some(Outcome::Offline) => Self::Offline,
            Some(Outcome::TimedOut) => Self::TimedOut,
        }
    }
}

/// What became of a question to a member here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Answered,
    Refused,
    /// Not a word was said: it was met before, or is of nobody who may ask.
    Dropped,
    /// The store failed.
    Failed,
}

impl Came {
    const ALL: [Self; 4] = [Self::Answered, Self::Refused, Self::Dropped, Self::Failed];

    fn name(&self) -> &'static str {
        match self {
            Self::Answered => "ANSWERED",
            Self::Refused => "REFUSED",
            Self::Dropped => "DROPPED",
            Self::Failed => "FAILED",
        }
    }
}

/// Both sides.
#[derive(Debug)]
pub(crate) struct Outcomes {
    pub(super) asked: Counters<Asked>,
    pub(super) came: Counters<Came>,
}

impl Default for Outcomes {
    fn default() -> Self {
        Self { asked: Counters::new(&Asked::ALL, Asked::name), came: Counters::new(&Came::ALL, Came::name) }
    }
}
