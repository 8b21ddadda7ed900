//! Peers that mean harm, with all the keys that their place gives them: `relay` is a gateway that stands before the real
//! one, `tamper` what it does with the frames that pass, `forge` what it can sign. A member that means harm is a
//! [`Peer`](crate::harness::Peer) in its node's place, with what `forge` signs for it.

mod forge;
mod relay;
mod tamper;

pub use forge::{altered, draft, entries, envelope, fork, signer, stranger, withdrawal};
pub use relay::Relay;
pub use tamper::{Frames, Tamper, of_source, on, parts_of, with_parts};
