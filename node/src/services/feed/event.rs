//! An event as it goes to a reader: whole, or as a listing that is encoded already, once for all who get it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::{BufMut, Bytes};
use duikou_proto::codec::Encoded;
use duikou_proto::name::NetworkName;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::{self, FeedEvent};
use prost::{EncodeError, Message};

use crate::feed::{Cursor, Step, listing_of};
use crate::services::encoded::{encoded_listing, field_len, put_field};

/// Field numbers of FeedEvent.
const LISTING: u32 = 1;
const CURSOR: u32 = 10;

/// See the module.
pub(super) enum Sent {
    /// FeedEvent.listing in its encoded form.
    Listing {
        listing: Bytes,
        cursor: String,
    },
    Other(Box<FeedEvent>),
}

/// An event as a message.
pub(super) fn whole(step: Step, cursor: &Cursor, network: &NetworkName) -> FeedEvent {
    let event = match step {
        Step::Listing(part, shown) => Event::Listing(listing_of(&part, shown.opportunity().clone(), network)),
        Step::NoLonger(name, reason) => Event::NoLonger(v1::NoLonger { name: name.to_string(), reason: reason.into() }),
        Step::CaughtUp => Event::CaughtUp(v1::CaughtUp {}),
        Step::Reset(cause) => Event::Reset(v1::Reset { cause: cause.into() }),
    };
    FeedEvent { event: Some(event), cursor: BASE64_URL_SAFE_NO_PAD.encode(cursor) }
}

impl Sent {
    pub(super) fn of(step: Step, cursor: &Cursor, network: &NetworkName) -> Self {
        let Step::Listing(part, shown) = step else { return Self::Other(Box::new(whole(step, cursor, network))) };
        Self::Listing {
            listing: encoded_listing(&part, &shown, network),
            cursor: BASE64_URL_SAFE_NO_PAD.encode(cursor),
        }
    }
}

impl Encoded for Sent {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Listing { listing, cursor } => field_len(LISTING, listing.len()) + field_len(CURSOR, cursor.len()),
            Self::Other(event) => event.encoded_len(),
        }
    }

    fn put(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        match self {
            Self::Listing { listing, cursor } => {
                put_field(LISTING, listing, out);
                put_field(CURSOR, cursor.as_bytes(), out);
                Ok(())
            }
            Self::Other(event) => event.encode(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_was_encoded_before_gives_the_same_bytes() {
        let listing = v1::Listing { name: "members/a.n/listings/x".into(), revision: 7, ..v1::Listing::default() };
        let whole = FeedEvent { event: Some(Event::Listing(listing.clone())), cursor: "abc".into() };
        let sent = Sent::Listing { listing: listing.encode_to_vec().into(), cursor: "abc".into() };
        let mut bytes = Vec::new();
        sent.put(&mut bytes).unwrap();
        assert_eq!(bytes, whole.encode_to_vec());
        assert_eq!(sent.encoded_len(), bytes.len());
    }
}
