//! Listings of a given weight.

use duikou_proto::v1::Listing;
use prost::Message;

use crate::harness::{Seed, offer};

/// What every listing of a figure weighs, encoded.
pub(crate) const LISTING_BYTES: usize = 1024;

/// A public listing of `member`, about [`LISTING_BYTES`] long, different for every `id`.
pub(crate) fn listing(member: &str, id: &str) -> Listing {
    let mut seed = Seed::new(id.bytes().fold(17, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(byte.into())));
    let mut listing = offer(id).listing(member);
    let room = LISTING_BYTES.saturating_sub(listing.encoded_len() + 6);
    let mut body = String::with_capacity(room);
    while body.len() < room {
        let letter = char::from(b'a' + u8::try_from(seed.below(26)).expect("below 26"));
        body.push(if seed.below(6) == 0 { ' ' } else { letter });
    }
    listing.listing.get_or_insert_default().body = body.trim_end().to_owned();
    listing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_weigh_what_they_should_and_differ() {
        let (one, other) = (listing("shenzhen", "a-1"), listing("shenzhen", "a-2"));
        assert!((LISTING_BYTES - 16..=LISTING_BYTES).contains(&one.encoded_len()), "{}", one.encoded_len());
        assert_ne!(one.listing.unwrap().body, other.listing.unwrap().body);
    }
}
