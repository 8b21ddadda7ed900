//! Peers that mean harm, with all the keys that their place gives them: `relay` is a gateway that stands before the real
//! one, and `tamper` what it does with the frames that pass; `member` is a member's node. `forge` is what can be signed.

mod forge;
mod member;
mod relay;
mod tamper;

pub use forge::{altered, draft, entries, envelope, fork, offer_directory, record, signer, stranger, withdrawal};
pub use member::Member;
pub use relay::Relay;
pub use tamper::{Frames, Tamper, of_source, on, parts_of, with_parts};
