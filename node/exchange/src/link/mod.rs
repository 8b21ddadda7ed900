//! The link between a node and its gateway: two-way, over one connection that the node dials. `protocol` is what it
//! does; the rest carries it out: `source` and `sink` run the halves of a lane, `control` the stream beside them,
//! `dial` and `accept` are the two beginnings, `wire` what they stand on, `reason` why there is none.

mod accept;
mod acknowledged;
mod board;
mod breach;
mod control;
mod dial;
mod doubts;
mod end;
mod grpc;
mod heal;
mod hello;
mod protocol;
mod reason;
mod refusals;
mod run;
mod said;
mod sink;
mod source;
mod unacknowledged;
mod unheard;
mod wire;

pub use accept::Acceptor;
pub use board::{LinkBoard, LinkPhase, LinkView};
pub use breach::{Breach, BreachView};
pub use dial::keep;
pub use end::{Ended, LinkEnd, LinkRole};
#[cfg(feature = "arbitrary")]
pub(crate) use protocol::SinkLane;
pub use reason::{Cause, Step};
pub use unacknowledged::Unacknowledged;
pub use unheard::unheard;
pub use wire::{Connect, Inbound, Outbound, Wire};
