//! What a link does, without sockets, tasks or clocks: time comes in as an argument, and what is to be done comes out.
//! Both ends run the same values; only what they read for differs.

mod backoff;
mod chatter;
mod credit;
mod pulse;
mod sink;
mod source;

#[cfg(test)]
mod pair;

pub(crate) use backoff::Backoff;
pub(crate) use chatter::Chatter;
pub(crate) use credit::Credit;
pub(crate) use pulse::{Beat, Pulse};
pub(crate) use sink::{Intake, SinkLane, Violation};
pub(crate) use source::{Reads, SourceLane, Want};
