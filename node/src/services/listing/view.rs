//! What a write came to, as its writer gets it.

use duikou_proto::name::NetworkName;
use duikou_proto::v1::{Listing, Opportunity};
use prost::Message;

use crate::engine::Written;
use crate::feed::listing_of;

/// The listing that a write came to.
pub(crate) fn listing_written(written: Written, network: &NetworkName) -> Listing {
    match written {
        Written::Created(part) | Written::Updated(part) | Written::Unchanged(part) => {
            // Its body was encoded here a moment ago.
            listing_of(&part, Opportunity::decode(part.body()).unwrap_or_default(), network)
        }
        Written::Ended(revision) | Written::Over(revision) => Listing { revision, ..Listing::default() },
    }
}
