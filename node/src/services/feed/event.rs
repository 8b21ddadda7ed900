//! An event as it goes to a reader: whole, or as a listing that is encoded already, once for all who get it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use duikou_proto::codec;
use duikou_proto::name::NetworkName;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::{self, FeedEvent};
use prost::Message;

use crate::feed::{Cursor, Step, listing_of};
use crate::services::encoded::{encoded_listing, field_len, put_field};

/// Field numbers of FeedEvent.
const LISTING: u32 = 1;
const CURSOR: u32 = 10;

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

/// The same as gRPC frames it, of a listing that is encoded already.
pub(super) fn framed_step(step: &Step, cursor: &Cursor, network: &NetworkName) -> Bytes {
    let Step::Listing(part, shown) = step else { return framed(&whole(step.clone(), cursor, network)) };
    framed_listing(&encoded_listing(part, shown, network), &BASE64_URL_SAFE_NO_PAD.encode(cursor))
}

fn framed_listing(listing: &[u8], cursor: &str) -> Bytes {
    let mut frame = frame(field_len(LISTING, listing.len()) + field_len(CURSOR, cursor.len()));
    put_field(LISTING, listing, &mut frame);
    put_field(CURSOR, cursor.as_bytes(), &mut frame);
    frame.freeze()
}

/// A message as gRPC frames it.
pub(super) fn framed(event: &FeedEvent) -> Bytes {
    let mut frame = frame(event.encoded_len());
    frame.extend_from_slice(&event.encode_to_vec());
    frame.freeze()
}

/// An event is at most a listing, which is far below what frames hold.
fn frame(length: usize) -> BytesMut {
    codec::frame(u32::try_from(length).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_was_encoded_before_gives_the_same_bytes() {
        let listing = v1::Listing { name: "members/a.n/listings/x".into(), revision: 7, ..v1::Listing::default() };
        let whole = FeedEvent { event: Some(Event::Listing(listing.clone())), cursor: "abc".into() };
        let sent = framed_listing(&listing.encode_to_vec(), "abc");
        assert_eq!(sent, framed(&whole));
        assert_eq!(sent[..5], [&[0][..], &u32::try_from(whole.encoded_len()).unwrap().to_be_bytes()].concat());
        assert_eq!(sent[5..], whole.encode_to_vec());
    }
}
