//! The network's directory: a hash-chained, signed log of admissions, keys, states and circles, and the view that
//! replaying it gives. Every node keeps the log and replays it; nothing else says who may what.

mod entry;
mod hides;
mod key;
mod replay;
mod view;

#[cfg(test)]
mod tests;

pub use entry::{Link, Read, genesis, next, read};
pub use hides::Hidden;
pub use key::{EncryptionKey, KeyRing, MemberKey, authority_input, directory_key_input, member_key_input};
pub use view::{Circle, Directory, Member, MemberState};

use thiserror::Error;

use crate::name::InvalidName;

/// Why an entry does not continue the directory. None of them changes the view.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DirectoryError {
    /// Not an entry at all.
    #[error("directory entry {index} is malformed: {detail}")]
    Malformed {
        /// Which.
        index: i64,
        /// What is wrong.
        detail: String,
    },
    /// Another index than the next one.
    #[error("directory entry {got} where {expected} should follow")]
    Gap {
        /// The next one.
        expected: i64,
        /// What came.
        got: i64,
    },
    /// It follows another entry than the one held: somebody keeps two directories.
    #[error("the directory forks at entry {index}: it does not follow the entry held here")]
    Fork {
        /// Where.
        index: i64,
    },
    /// Not signed by the key that it needs.
    #[error("directory entry {index} is not signed by {by}")]
    Signature {
        /// Which.
        index: i64,
        /// Whose signature is missing: `the root`, `the directory key`, `the member's key before`.
        by: &'static str,
    },
    /// Another root than the one pinned.
    #[error("the network's root key is {got}, not {expected}")]
    Root {
        /// Pinned.
        expected: String,
        /// What came.
        got: String,
    },
    /// It contradicts the entries before it.
    #[error("directory entry {index} makes no sense: {detail}")]
    Contradiction {
        /// Which.
        index: i64,
        /// With what.
        detail: String,
    },
}

impl DirectoryError {
    fn malformed(index: i64, error: &InvalidName) -> Self {
        Self::Malformed { index, detail: error.to_string() }
    }
}
