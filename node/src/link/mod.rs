//! The link between a node and its gateway: two-way, over one connection that the node dials. `protocol` is what it
//! does; the rest carries it out.

mod board;
mod protocol;

pub use board::{LinkBoard, LinkPhase, LinkView};
