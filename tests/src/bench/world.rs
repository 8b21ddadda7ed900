//! What several figures need of a network.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{BatchCreateListingsRequest, CreateListingRequest, SearchListingsRequest};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::client::Target;
use super::content::listing;
use crate::harness::{Server, WebCertificate, within};

/// Listings in one call.
const CALL: usize = 500;
/// How long a store may take to hold everything.
const HELD: Duration = Duration::from_secs(300);

/// How long the index may take to have everything.
const INDEXED: Duration = Duration::from_secs(900);

/// A thousand watchers need as many descriptors, here and in the servers started from here.
pub(crate) fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Refused: the figure that needs it fails and says why.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// A member's way to write at a server, or to read there.
pub(crate) async fn target(server: &Server, member: &str, certificate: &WebCertificate) -> anyhow::Result<Target> {
    let secret = server.token(member, Role::Editor).await.context("no token")?;
    Ok(Target { secret: Some(secret), ..anonymous(server, certificate) })
}

/// Anybody's way to read at a server.
pub(crate) fn anonymous(server: &Server, certificate: &WebCertificate) -> Target {
    let path: PathBuf = certificate.certificate.clone();
    Target { address: server.addresses().web, certificate: path, secret: None }
}

/// Publishes listings `{prefix}-{n}` of `member` at its node, many at a time; the name of the last.
pub(crate) async fn fill(server: &Server, member: &str, prefix: &str, count: usize) -> anyhow::Result<String> {
    let mut listings = ListingServiceClient::new(server.local());
    let mut name = String::new();
    let numbers: Vec<usize> = (0..count).collect();
    for numbers in numbers.chunks(CALL) {
        let requests: Vec<CreateListingRequest> = numbers
            .iter()
            .map(|n| CreateListingRequest {
                listing: Some(listing(member, &format!("{prefix}-{n}"))),
                ..CreateListingRequest::default()
            })
            .collect();
        let parent = format!("members/{member}");
        let request = BatchCreateListingsRequest { parent, requests, ..Default::default() };
        let results = listings.batch_create_listings(request).await?.into_inner().results;
        let refused = results.iter().find(|result| result.revision == 0);
        anyhow::ensure!(refused.is_none() && results.len() == numbers.len(), "refused: {refused:?}");
        name = results.last().map(|result| result.name.clone()).unwrap_or_default();
    }
    Ok(name)
}

/// Waits until `server` shows the listing `last` and then, which is dearer to ask, holds `records` of others.
pub(crate) async fn holds(server: &Server, last: &str, records: i64) -> anyhow::Result<()> {
    let shown = async || server.get(last).await.map(drop).map_err(|status| status.to_string());
    within(HELD, shown).await.map_err(anyhow::Error::msg)?;
    let complete = async || {
        let status = server.status().await.map_err(|status| status.to_string())?;
        let held: i64 = status.holdings.iter().filter(|h| !h.own).map(|holding| holding.records).sum();
        // Heads and receipts count as records too.
        if held >= records { Ok(()) } else { Err(format!("{held} of {records}")) }
    };
    within(HELD, complete).await.map_err(anyhow::Error::msg)
}

/// Waits until a search at `server` counts `listings`: all that it holds is in its index, which would else be made on the
/// cores on which something is measured.
pub(crate) async fn indexed(server: &Server, listings: usize) -> anyhow::Result<()> {
    let complete = async || {
        let request = SearchListingsRequest { page_size: 1, ..SearchListingsRequest::default() };
        let answer = SearchServiceClient::new(server.local()).search_listings(request).await;
        let total = answer.map_err(|status| status.to_string())?.into_inner().total_size;
        if usize::try_from(total) == Ok(listings) { Ok(()) } else { Err(format!("{total} of {listings}")) }
    };
    within(INDEXED, complete).await.map_err(anyhow::Error::msg)
}
