//! What an account may do for a member.

use duikou_proto::v1::token;
use serde::{Deserialize, Serialize};

/// The later may all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes drafts and listings.
    Editor,
    /// Approves what others have written.
    Reviewer,
    /// Administers accounts and tokens of the member.
    Admin,
}

impl Role {
    /// Whether it writes at all.
    pub fn may_write(self) -> bool {
        self >= Self::Editor
    }

    /// As the contract has it; None where it says nothing that is known.
    pub fn read(role: i32) -> Option<Self> {
        match token::Role::try_from(role).ok()? {
            token::Role::Unspecified => None,
            token::Role::Viewer => Some(Self::Viewer),
            token::Role::Editor => Some(Self::Editor),
            token::Role::Reviewer => Some(Self::Reviewer),
            token::Role::Admin => Some(Self::Admin),
        }
    }

    /// As the contract has it.
    pub const fn shown(self) -> token::Role {
        match self {
            Self::Viewer => token::Role::Viewer,
            Self::Editor => token::Role::Editor,
            Self::Reviewer => token::Role::Reviewer,
            Self::Admin => token::Role::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_may_all_that_those_before_it_may() {
        assert!(Role::Viewer < Role::Editor && Role::Editor < Role::Reviewer && Role::Reviewer < Role::Admin);
        for role in [Role::Viewer, Role::Editor, Role::Reviewer, Role::Admin] {
            assert_eq!(Role::read(role.shown().into()), Some(role));
        }
        assert_eq!((Role::read(0), Role::read(99)), (None, None));
        assert!(!Role::Viewer.may_write() && Role::Editor.may_write() && Role::Admin.may_write());
    }
}
