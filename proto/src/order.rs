//! Which of two states of one name wins, everywhere and whatever order they arrive in.

use crate::envelope::{Part, Revision};

/// Orders the states of a name: what verifies before what no longer does, then the higher revision, then (other bytes
/// at one revision: the origin equivocates) the greater hash, then the higher key number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    verifies: bool,
    revision: Revision,
    hash: [u8; 32],
    key_number: i32,
}

impl Rank {
    /// The rank of `part`; `verifies` says whether its key still verifies anything.
    pub fn of(part: &Part, verifies: bool) -> Self {
        Self { verifies, revision: part.revision(), hash: *part.hash(), key_number: part.key_number() }
    }
}

/// Whether one origin has signed two different things as one revision of a name.
pub fn equivocates(a: &Part, b: &Part) -> bool {
    a.name() == b.name() && a.revision() == b.revision() && a.is_record() == b.is_record() && a.hash() != b.hash()
}
