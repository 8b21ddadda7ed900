//! What comparing costs on the wire, and what healing costs.

use std::time::Duration;

use anyhow::Context;
use duikou_proto::v1::completeness::State;
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::{BatchCreateListingsRequest, Completeness, CreateListingRequest, GetMemberRequest};
use prost::Message;

use super::content::listing;
use super::counted::Counted;
use super::figure::{Figure, Goal};
use super::world;
use crate::harness::{Network, Server, take_row_out, within};

pub(crate) const COMPARE: &str = "compare_bytes";
pub(crate) const HEAL: &str = "heal_bytes_ratio";

const COMPARE_GOAL: Goal = Goal::AtMost(2048.0);
const HEAL_GOAL: Goal = Goal::AtMost(1.0);
const SOURCE: &str = "source";
const READER: &str = "reader";
const ORIGINS: [&str; 4] = ["origin-a", "origin-b", "origin-c", "origin-d"];
const CIRCLE: &str = "bench";
/// Records of each origin in each scope, where bytes of a comparison are counted.
const EACH: usize = 250;
/// Until every head has been signed anew: they live for ten minutes, and it is looked once a minute.
const RENEWED: Duration = Duration::from_secs(12 * 60);
/// How long nothing must come before a link counts as quiet.
const QUIET: Duration = Duration::from_secs(15);
/// Where differences are healed: so many records, and so many of them lacking.
const RECORDS: usize = 200_000;
const LACKING: usize = 100;
/// Bytes that healing may cost beside the records.
const ALLOWANCE: f64 = 200.0 * 1024.0;
const HELD: Duration = Duration::from_secs(600);

/// Everything that is held of `origin` at `server`, once all of it is complete.
async fn complete(server: &Server, origin: &str, scopes: usize) -> Result<Vec<Completeness>, String> {
    let request = GetMemberRequest { name: format!("members/{origin}") };
    let member = DirectoryServiceClient::new(server.local()).get_member(request).await;
    let held = member.map_err(|status| status.to_string())?.into_inner().completeness;
    let done = held.iter().filter(|held| held.state() == State::Complete).count();
    if done >= scopes && done == held.len() { Ok(held) } else { Err(format!("{origin}: {held:?}")) }
}

async fn all_complete(server: &Server, origins: &[&str], scopes: usize) -> anyhow::Result<()> {
    let look = async || {
        for origin in origins {
            complete(server, origin, scopes).await?;
        }
        Ok(())
    };
    within(HELD, look).await.map_err(anyhow::Error::msg)
}

/// Starts `reader` with its link through a relay.
async fn through_relay(net: &Network, reader: &Server) -> anyhow::Result<Counted> {
    let relay = Counted::start(net.gateway().link_address()).await?;
    reader.start_with(&[("DUIKOU_LINK_GATEWAY", relay.address())]).await;
    reader.linked().await;
    Ok(relay)
}

/// Waits until nothing but pings passes; the bytes until then.
async fn quiet(relay: &Counted) -> anyhow::Result<u64> {
    let look = async || {
        let before = relay.bytes();
        tokio::time::sleep(QUIET).await;
        // Pings and their answers, each way.
        let passed = relay.bytes() - before;
        if passed < 2048 { Ok(before) } else { Err(format!("{passed} bytes have passed in {QUIET:?}")) }
    };
    within(HELD, look).await.map_err(anyhow::Error::msg)
}

/// Measures the bytes of a reconnect after which nothing differs, for each origin and scope, with a new head of each.
pub(crate) async fn compare() -> anyhow::Result<Figure> {
    let net = Network::new(5).gateway().node(SOURCE, &ORIGINS).node(READER, &[READER]);
    let circle: Vec<&str> = ORIGINS.iter().copied().chain([READER]).collect();
    let net = net.circle(CIRCLE, &circle).measured().start().await;
    let (source, reader) = (net.node(SOURCE), net.node(READER));
    let reader_scope = format!("member:{READER}");
    let circle_scope = format!("circle:{CIRCLE}");
    let scopes = ["public", "registered", "network", &circle_scope, &reader_scope];
    for origin in ORIGINS {
        for scope in scopes {
            publish(source, origin, scope).await?;
        }
    }
    all_complete(reader, &ORIGINS, scopes.len()).await?;
    reader.stop().await;
    tokio::time::sleep(RENEWED).await;
    let relay = through_relay(&net, reader).await?;
    all_complete(reader, &ORIGINS, scopes.len()).await?;
    let bytes = quiet(&relay).await?;
    let pairs = ORIGINS.len() * scopes.len();
    Ok(Figure {
        name: COMPARE,
        value: bytes as f64 / pairs as f64,
        unit: "bytes",
        baseline: None,
        goal: Some(COMPARE_GOAL),
        details: vec![("origins_and_scopes", pairs.into()), ("bytes", bytes.into())],
    })
}

async fn publish(source: &Server, origin: &str, scope: &str) -> anyhow::Result<()> {
    let requests = (0..EACH).map(|n| {
        let id = format!("{}-{n}", scope.replace(':', "-"));
        let mut listing = listing(origin, &id);
        listing.scopes = vec![scope.to_owned()];
        CreateListingRequest { listing: Some(listing), ..CreateListingRequest::default() }
    });
    let parent = format!("members/{origin}");
    let request = BatchCreateListingsRequest { parent, requests: requests.collect(), ..Default::default() };
    let results = ListingServiceClient::new(source.local()).batch_create_listings(request).await?.into_inner().results;
    let refused = results.iter().find(|result| result.revision == 0);
    anyhow::ensure!(refused.is_none(), "refused: {refused:?}");
    Ok(())
}

/// Measures the bytes of healing records that have vanished from a mirror.
pub(crate) async fn heal() -> anyhow::Result<Figure> {
    let net = Network::new(6).gateway().node(SOURCE, &ORIGINS).node(READER, &[READER]).measured().start().await;
    let (source, reader) = (net.node(SOURCE), net.node(READER));
    let share = RECORDS / ORIGINS.len();
    let mut last = String::new();
    for origin in ORIGINS {
        last = world::fill(source, origin, "held", share).await?;
    }
    world::holds(reader, &last, i64::try_from(RECORDS)?).await?;
    all_complete(reader, &ORIGINS, 1).await?;
    reader.stop().await;
    let mut bytes_lacking = 0;
    let mut lacking = Vec::new();
    for n in 0..LACKING {
        let origin = ORIGINS[n % ORIGINS.len()];
        let id = format!("held-{}", n * (share / LACKING));
        let name = format!("members/{origin}.{}/listings/{id}", crate::harness::NETWORK);
        bytes_lacking += source.get(&name).await?.encoded_len();
        take_row_out(reader.dir(), &name).await.context("taking a row out")?;
        lacking.push(name);
    }
    let relay = through_relay(&net, reader).await?;
    for name in &lacking {
        within(HELD, async || reader.get(name).await.map(drop).map_err(|status| status.to_string()))
            .await
            .map_err(anyhow::Error::msg)?;
    }
    all_complete(reader, &ORIGINS, 1).await?;
    let bytes = quiet(&relay).await?;
    Ok(Figure {
        name: HEAL,
        value: bytes as f64 / (3.0 * bytes_lacking as f64 + ALLOWANCE),
        unit: "ratio",
        baseline: Some((3.0 * bytes_lacking as f64 + ALLOWANCE, "bytes")),
        goal: Some(HEAL_GOAL),
        details: vec![
            ("records", RECORDS.into()),
            ("lacking", LACKING.into()),
            ("lacking_bytes", bytes_lacking.into()),
            ("bytes", bytes.into()),
        ],
    })
}
