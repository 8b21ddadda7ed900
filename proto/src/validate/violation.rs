//! One thing that is wrong with a field.

use std::fmt;

use crate::language::Text;

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path, for example `listing.capital.amount_max.currency_code` or `listing.regions[2]`.
    pub field: String,
    /// A stable word for programs, one of [`super::reason`].
    pub reason: &'static str,
    /// What was wrong and what to do, for people.
    pub text: Text,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.field, self.text.en, self.reason)
    }
}
