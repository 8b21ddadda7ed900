//! A member leaves this node: what it wrote is delivered first, and what the store still holds of it is kept in a file.

mod export;
mod release;

pub(crate) use export::keep_in;
pub use release::keep_released;
