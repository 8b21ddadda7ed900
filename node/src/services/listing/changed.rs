//! What a write would change, told to whoever only asks.

use duikou_proto::name::{NetworkName, RecordName};
use duikou_proto::v1::batch_create_listings_response::Result as Item;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use duikou_proto::v1::{Listing, Opportunity};
use prost::Message;

use super::Listings;
use crate::drafts::differences;
use crate::engine::{Change, Content, Write};
use crate::feed::{listing_of, readable};
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::time::timestamp;

/// Paths that are told of one listing.
const PATHS: usize = 32;

/// What a trial would write; None of what is no trial, or ends something.
pub(super) fn tried(write: &Write) -> Option<Content> {
    match &write.change {
        Change::Put(_, content) if write.dry_run => Some(content.clone()),
        Change::Put(..) | Change::End(_) => None,
    }
}

/// The paths below Listing at which `content` is not what `before` is, in the order of the contract, at most 32. What a
/// writer leaves open stays as it is.
pub(super) fn changed_fields(before: &Listing, content: &Content, network: &NetworkName) -> Vec<String> {
    let after = Listing {
        publish_time: content.publish_time.map(timestamp).or(before.publish_time),
        expire_time: content.expire_time.map(timestamp).or(before.expire_time),
        // It was encoded when it was checked.
        listing: Some(Opportunity::decode(content.body.clone()).unwrap_or_default()),
        ..Listing::default()
    };
    let sorted = |mut scopes: Vec<String>| {
        scopes.sort();
        scopes
    };
    let scopes = content.scopes.iter().map(|scope| scope.short(network)).collect();
    let audience = sorted(before.scopes.clone()) != sorted(scopes);
    let paths = differences(Some(before), &after).into_iter().map(|difference| difference.path);
    audience.then(|| "scopes".to_owned()).into_iter().chain(paths).take(PATHS).collect()
}

impl Listings {
    /// Adds to what a trial came to what of the published listing would change.
    pub(super) async fn compared(&self, caller: &Caller, item: Item, content: &Content) -> Result<Item, Failure> {
        if item.outcome() != Outcome::Updated {
            return Ok(item);
        }
        let Ok(name) = item.name.parse::<RecordName>() else { return Ok(item) };
        let held = self.door.engine.get(&name, &caller.reader).await?;
        let before = held.and_then(|(part, _)| Some(listing_of(&part, readable(&part)?, self.network())));
        let changed_fields = before.map(|before| changed_fields(&before, content, self.network()));
        Ok(Item { changed_fields: changed_fields.unwrap_or_default(), ..item })
    }
}
