//! The rules for the body of a listing, applied once, where it is written: [`normalise`] first, then [`opportunity`],
//! which reports every violation with the path of its field. The contract's comments state the same rules; their
//! numbers are in [`bounds`].

pub mod bounds;
pub mod reason;

mod capital;
mod check;
mod credit_code;
mod event;
mod format;
mod language_tag;
mod money;
mod normalise;
mod opportunity;
mod parts;
mod project;
mod talent;
mod technology;
#[cfg(test)]
mod tests;
mod violation;

pub(crate) use check::Check;
pub use credit_code::is_credit_code;
pub(crate) use event::moment;
pub use format::is_email;
pub(crate) use language_tag::is_language_tag;
pub(crate) use money::range as money_range;
pub use normalise::normalise;
pub use opportunity::{kind_of, opportunity};
pub use violation::Violation;
