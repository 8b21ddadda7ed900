//! The listing that a record holds, as readers get it.

use duikou_proto::envelope::{Part, Revision, Statement};
use duikou_proto::name::NetworkName;
use duikou_proto::v1::{Listing, Opportunity};
use prost::Message;

use crate::time::timestamp;

/// The listing in a record whose body is `opportunity`; scopes in the form that people write.
pub fn listing_of(part: &Part, opportunity: Opportunity, network: &NetworkName) -> Listing {
    let times = match part.statement() {
        Statement::Record { publish_time, update_time, expire_time, .. } => {
            [*publish_time, *update_time, *expire_time].map(|time| Some(timestamp(time)))
        }
        Statement::Withdrawal { .. } => [None; 3],
    };
    let [publish_time, update_time, expire_time] = times;
    Listing {
        name: part.name().to_string(),
        scopes: part.scopes().iter().map(|scope| scope.short(network)).collect(),
        publish_time,
        update_time,
        expire_time,
        revision: part.revision(),
        etag: etag(part.revision()),
        listing: Some(opportunity),
        draft: String::new(),
    }
}

/// The listing in a record, where it holds one.
pub fn listing_in(part: &Part, network: &NetworkName) -> Option<Listing> {
    let opportunity = part.kind().is_listing().then(|| Opportunity::decode(part.body()).ok()).flatten()?;
    Some(listing_of(part, opportunity, network))
}

/// Changes with every change.
fn etag(revision: Revision) -> String {
    format!("{revision:x}")
}

/// The revision in an etag; one that no record has where it is none.
pub fn revision_of(etag: &str) -> Revision {
    Revision::from_str_radix(etag.trim().trim_matches('"'), 16).unwrap_or(-1)
}
