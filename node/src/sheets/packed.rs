//! A listing that waits to be sent: a table has tens of thousands, and as bytes each takes a fraction of the room.

use duikou_proto::v1::Listing;
use prost::Message;

/// A listing as its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    name: Box<str>,
    /// All but the name.
    bytes: Box<[u8]>,
}

impl Packed {
    pub(super) fn of(mut listing: Listing) -> Self {
        let name = std::mem::take(&mut listing.name).into();
        Self { name, bytes: listing.encode_to_vec().into() }
    }

    /// The listing's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The listing's title.
    pub fn title(&self) -> String {
        self.unpack().listing.map(|body| body.title).unwrap_or_default()
    }

    /// The listing without its body.
    pub(crate) fn without_body(&self) -> Listing {
        let mut listing = self.unpack();
        if let Some(opportunity) = &mut listing.listing {
            opportunity.body = String::new();
        }
        listing
    }

    /// The listing.
    pub fn unpack(&self) -> Listing {
        // They were written here.
        let listing = Listing::decode(&*self.bytes).unwrap_or_default();
        Listing { name: (*self.name).to_owned(), ..listing }
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::Opportunity;

    use super::*;

    #[test]
    fn what_was_packed_comes_back() {
        let body =
            Opportunity { title: "茶".to_owned(), regions: vec!["520500".to_owned()], ..Opportunity::default() };
        let name = "members/bijie/listings/tea".to_owned();
        let listing = Listing { name, scopes: vec!["public".to_owned()], listing: Some(body), ..Listing::default() };
        let packed = Packed::of(listing.clone());
        assert_eq!((packed.name(), &*packed.title()), ("members/bijie/listings/tea", "茶"));
        assert_eq!(packed.unpack(), listing);
    }
}
