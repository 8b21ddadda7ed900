//! What goes wrong: processes die, disks are lost or put back, folders are copied, bytes are altered,
//! wires break.

mod damaged;
mod erased;
mod kills;
mod ledger;
mod lost_disk;
mod lost_gateway;
mod network;
mod overheard;
mod poison;
mod rolled_back;
mod twice;
mod writer;

use std::time::Duration;

use duikou_proto::v1::Listing;
use duikou_tests::harness::{Draft, Server, within};
use futures_util::{StreamExt, TryStreamExt, stream};

/// How long a thing may take that should take seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// Writes under way at a time.
const ABREAST: usize = 32;

/// Waits until the gateway has acknowledged whatever `node` has written.
async fn is_safe_elsewhere(node: &Server) {
    node.linked().await;
    let safe = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let open: i64 = status.links.iter().map(|link| link.unacknowledged).sum();
        if open == 0 { Ok(()) } else { Err(format!("{open} unacknowledged")) }
    };
    within(PATIENCE, safe).await.unwrap_or_else(|reason| panic!("{}: {reason}", node.name()));
}

/// Publishes many.
async fn publish_all(node: &Server, drafts: impl IntoIterator<Item = Draft>) -> Vec<Listing> {
    let published = stream::iter(drafts).map(|draft| node.publish(draft)).buffer_unordered(ABREAST);
    published.try_collect().await.unwrap_or_else(|status| panic!("{}: {status}", node.name()))
}

/// Asserts that `server` holds each of these at least at its revision.
async fn holds_all(server: &Server, listings: &[Listing]) {
    let held: std::collections::BTreeMap<String, i64> =
        server.list("members/-").await.unwrap().into_iter().map(|held| (held.name, held.revision)).collect();
    for listing in listings {
        let revision = held.get(&listing.name).unwrap_or_else(|| panic!("{} lost {}", server.name(), listing.name));
        assert!(*revision >= listing.revision, "{} has {} as it was before", server.name(), listing.name);
    }
}
