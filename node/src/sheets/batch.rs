//! Listings on their way to a server: as many at once as it takes.

use duikou_proto::v1::{BatchCreateListingsRequest, CreateListingRequest, Listing};
use prost::Message;

/// Listings that are sent at once.
pub(crate) const BATCH: usize = 500;
/// Encoded bytes that are sent at once: below what a server takes as one message.
const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// Listings that wait to be sent, each with what is known of where it stood.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    items: Vec<(T, CreateListingRequest)>,
    bytes: usize,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { items: Vec::new(), bytes: 0 }
    }
}

/// Batches of listings in their order, made as they are asked for.
pub(crate) fn batches<T>(listings: impl Iterator<Item = (T, Listing)>) -> impl Iterator<Item = Batch<T>> {
    let mut listings = listings.fuse();
    let mut batch = Batch::default();
    std::iter::from_fn(move || {
        let full = listings.find_map(|(place, listing)| batch.push(place, listing));
        full.or_else(|| Some(std::mem::take(&mut batch)).filter(|last| !last.is_empty()))
    })
}

impl<T> Batch<T> {
    /// Adds a listing; gives the batch before it where that is full.
    pub(crate) fn push(&mut self, place: T, listing: Listing) -> Option<Self> {
        let size = listing.encoded_len();
        let full = self.items.len() == BATCH || (self.bytes + size > BATCH_BYTES && !self.items.is_empty());
        let before = full.then(|| std::mem::take(self));
        self.bytes += size;
        self.items.push((place, CreateListingRequest { listing: Some(listing), ..CreateListingRequest::default() }));
        before
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What asks for it, and where its listings stood. `submit`: they are handed in for approval as this import.
    pub(crate) fn request(
        self,
        parent: &str,
        validate_only: bool,
        submit: Option<&str>,
    ) -> (Vec<T>, BatchCreateListingsRequest) {
        let (places, requests) = self.items.into_iter().unzip();
        let request = BatchCreateListingsRequest {
            parent: parent.to_owned(),
            requests,
            validate_only,
            submit: submit.is_some(),
            batch: submit.unwrap_or_default().to_owned(),
        };
        (places, request)
    }
}
