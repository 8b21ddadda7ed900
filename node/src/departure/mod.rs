//! A member leaves this node: what it wrote is delivered first, and what the store still holds of it is kept in files.
//! `typed` takes in at the new node what its office had typed at the old one.

mod export;
mod release;
mod typed;

pub(crate) use export::{FOLDER, keep_in};
pub use release::keep_released;
pub(crate) use typed::{NotTakenIn, TakeIn, TakenIn, read as read_typed};
