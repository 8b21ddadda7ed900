//! The words of [`super::Violation::reason`]. They are part of the contract: none changes its meaning.

/// A field that must be given is absent.
pub const REQUIRED: &str = "REQUIRED";
/// An enum has its zero value where one of the others must be chosen.
pub const UNSPECIFIED: &str = "UNSPECIFIED";
/// A text has more characters than it may.
pub const TOO_LONG: &str = "TOO_LONG";
/// A list has more items than it may.
pub const TOO_MANY: &str = "TOO_MANY";
/// An item repeats an earlier one of its list.
pub const DUPLICATE: &str = "DUPLICATE";
/// A code is not in its table, or a number not in its enum.
pub const UNKNOWN_CODE: &str = "UNKNOWN_CODE";
/// A number is below or above its bounds.
pub const OUT_OF_RANGE: &str = "OUT_OF_RANGE";
/// A text does not have the form that its field asks for.
pub const BAD_FORMAT: &str = "BAD_FORMAT";
/// Two fields that are valid alone do not go together.
pub const INCONSISTENT: &str = "INCONSISTENT";
/// A name is not one of the message's fields.
pub const UNKNOWN_FIELD: &str = "UNKNOWN_FIELD";
