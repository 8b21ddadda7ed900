//! What a search has found, as a message or as its bytes: the listings on a page were mostly encoded for others before.

use bytes::{BufMut, Bytes};
use duikou_proto::codec::Encoded;
use duikou_proto::name::NetworkName;
use duikou_proto::v1::{SearchListingsResponse, SearchResult};
use prost::{EncodeError, Message as _};

use crate::feed::listing_of;
use crate::search::Hit;
use crate::services::encoded::{encoded_listing, field_len, put_field, put_head};

/// Field numbers of SearchListingsResponse and SearchResult.
const RESULTS: u32 = 1;
const LISTING: u32 = 1;

/// One page of it.
pub(super) struct Found {
    /// What was found, each with all of its result but the listing.
    pub(super) results: Vec<(Hit, SearchResult)>,
    /// Everything else.
    pub(super) rest: SearchListingsResponse,
}

impl Found {
    /// As a message.
    pub(super) fn message(self, network: &NetworkName) -> SearchListingsResponse {
        let whole = |(hit, rest): (Hit, SearchResult)| {
            let listing = Some(listing_of(&hit.part, hit.opportunity().clone(), network));
            SearchResult { listing, ..rest }
        };
        SearchListingsResponse { results: self.results.into_iter().map(whole).collect(), ..self.rest }
    }

    /// As what is sent.
    pub(super) fn sent(self, network: &NetworkName) -> Sent {
        let encoded = |(hit, rest): (Hit, SearchResult)| (encoded_listing(&hit.part, &hit.shown, network), rest);
        Sent { results: self.results.into_iter().map(encoded).collect(), rest: self.rest }
    }
}

/// The same with the listings encoded.
pub(super) struct Sent {
    results: Vec<(Bytes, SearchResult)>,
    rest: SearchListingsResponse,
}

fn result_len((listing, rest): &(Bytes, SearchResult)) -> usize {
    field_len(LISTING, listing.len()) + rest.encoded_len()
}

impl Encoded for Sent {
    fn encoded_len(&self) -> usize {
        let results = self.results.iter().map(|result| field_len(RESULTS, result_len(result)));
        results.sum::<usize>() + self.rest.encoded_len()
    }

    fn put(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        for result in &self.results {
            put_head(RESULTS, result_len(result), out);
            put_field(LISTING, &result.0, out);
            result.1.encode(out)?;
        }
        self.rest.encode(out)
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::{Excerpt, Listing, Opportunity};

    use super::*;

    #[test]
    fn what_is_sent_are_the_bytes_of_the_message() {
        let listing = |title: &str| Listing {
            name: "members/a.n/listings/x".into(),
            listing: Some(Opportunity { title: title.into(), ..Opportunity::default() }),
            ..Listing::default()
        };
        let rest = |field: &str| SearchResult {
            excerpts: vec![Excerpt { field: field.into(), ..Excerpt::default() }],
            ..SearchResult::default()
        };
        let page = SearchListingsResponse { total_size: 2, corrected: true, ..SearchListingsResponse::default() };
        let pairs = [(listing("tea"), rest("title")), (listing(&"silk".repeat(200)), SearchResult::default())];
        let results = pairs.iter().cloned().map(|(listing, rest)| SearchResult { listing: Some(listing), ..rest });
        let message = SearchListingsResponse { results: results.collect(), ..page.clone() };
        let encoded = pairs.into_iter().map(|(listing, rest)| (listing.encode_to_vec().into(), rest));
        let sent = Sent { results: encoded.collect(), rest: page };
        let mut bytes = Vec::new();
        sent.put(&mut bytes).unwrap();
        assert_eq!(bytes, message.encode_to_vec());
        assert_eq!(sent.encoded_len(), bytes.len());
    }
}
