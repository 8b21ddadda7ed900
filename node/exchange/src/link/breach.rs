//! What a peer does that no sound one does: counted, logged, and shown to the operator.

use duikou_proto::directory::DirectoryError;
use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;

use super::end::{Ended, LinkEnd};
use super::said::said;

/// A way of breaking the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Frames that may not come, or too many of them.
    Protocol,
    /// Parts that have not the form of any.
    Malformed,
    /// A directory that does not continue the one held here.
    DirectoryFork,
    /// A directory that ends before the one held here.
    DirectoryRollback,
    /// Directory entries that are not signed as they must be, or make no sense.
    DirectoryForged,
}

/// How often it was, and the last time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BreachView {
    /// Since this process started.
    pub count: i64,
    /// When, the last time.
    pub last: Micros,
    /// What it was, for people.
    pub detail: Text,
}

impl Breach {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Protocol => "PROTOCOL_BREACH",
            Self::Malformed => "MALFORMED",
            Self::DirectoryFork => "DIRECTORY_FORK",
            Self::DirectoryRollback => "DIRECTORY_ROLLBACK",
            Self::DirectoryForged => "DIRECTORY_FORGED",
        }
    }

    /// That for which a link has ended, and what it was.
    pub(crate) fn of(ended: &Ended) -> Option<(Self, Text)> {
        let breach = match ended {
            Ended::Protocol(detail) => return Some((Self::Protocol, Text::same(said(detail)))),
            Ended::DirectoryBehind { .. } => Self::DirectoryRollback,
            Ended::Directory(DirectoryError::Fork { .. }) => Self::DirectoryFork,
            Ended::Directory(_) => Self::DirectoryForged,
            Ended::Scopes
            | Ended::Ahead
            | Ended::Stopped
            | Ended::Dead
            | Ended::Gone
            | Ended::Late(_)
            | Ended::Refused { .. }
            | Ended::Dial { .. }
            | Ended::RolledBack
            | Ended::Clock(_)
            | Ended::Goodbye { .. }
            | Ended::Broken(_)
            | Ended::Store(_)
            | Ended::Write(_) => return None,
        };
        Some((breach, ended.text()))
    }
}

/// Notes one. Of many alike the log tells ever fewer: the first, the second, the fourth, and so on.
pub(crate) fn note(end: &LinkEnd, breach: Breach, detail: Text) {
    let (now, mut count) = (end.engine.now(), 0);
    end.board.update(&end.peer, |view| {
        let noted = view.breaches.entry(breach).or_default();
        noted.count += 1;
        noted.last = now;
        noted.detail = detail.clone();
        count = noted.count;
    });
    if count.count_ones() == 1 {
        tracing::error!(alarm = breach.code(), peer.id = %end.peer, count, detail = detail.en, "the peer breaks the protocol");
    }
}
