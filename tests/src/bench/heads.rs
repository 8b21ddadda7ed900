//! What heads and receipts cost: publishing, and a first synchronisation, with them and without.
//!
//! Without them is a build that can leave them out (`RUSTFLAGS="--cfg duikou_defects"`), in the same run, on the same
//! stores, by turns.

use std::time::Instant;

use anyhow::Context;

use super::client::{self, Task};
use super::figure::{Figure, Goal};
use super::tally::median;
use super::{REPEATS, world};
use crate::harness::{Network, Server, WebCertificate};

pub(crate) const PUBLISH: &str = "heads_publish_ratio";
pub(crate) const SYNC: &str = "heads_sync_ratio";

const GOAL: Goal = Goal::AtLeast(0.9);
const PUBLISHERS: usize = 64;
/// Of one run; all runs together stay below what a member may publish.
const LISTINGS: usize = 8_000;
/// What the gateway holds for a first synchronisation.
const RECORDS: usize = 50_000;
const MEMBER: &str = "shenzhen";
const OTHER: &str = "dongguan";
/// Neither heads nor receipts.
const WITHOUT: (&str, &str) = ("DUIKOU_DEFECTS", "NoHeads");

/// Refuses a build that cannot leave them out.
pub(crate) fn can_switch() -> anyhow::Result<()> {
    anyhow::ensure!(
        cfg!(duikou_defects),
        "{PUBLISH} and {SYNC} need a build that can leave heads out: RUSTFLAGS=\"--cfg duikou_defects\" cargo build \
         --release --workspace"
    );
    Ok(())
}

async fn start(server: &Server, with: bool) {
    if server.process_id().is_some() {
        server.stop().await;
    }
    if with {
        server.start().await
    } else {
        server.start_with(&[WITHOUT]).await
    };
}

/// Measures the rate of publishing; the gateway is down, as for the rate against a bare service.
pub(crate) async fn publish() -> anyhow::Result<Figure> {
    can_switch()?;
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(1).gateway().web_certificate(&certificate).node(MEMBER, &[MEMBER]).measured().start().await;
    let node = net.node(MEMBER);
    let secret = world::target(node, MEMBER, &certificate).await?.secret;
    net.gateway().stop().await;
    let mut rates = [Vec::new(), Vec::new()];
    for run in 0..REPEATS {
        for with in [false, true] {
            start(node, with).await;
            let target = client::Target { secret: secret.clone(), ..world::anonymous(node, &certificate) };
            let (run, count, publishers) = (format!("run-{run}-{with}"), LISTINGS, PUBLISHERS);
            let task = Task::Publish { target, member: MEMBER.to_owned(), run, count, publishers };
            let seconds = client::run(&task).await.context("publishing")?;
            rates[usize::from(with)].push(LISTINGS as f64 / seconds);
        }
    }
    Ok(figure(PUBLISH, rates, "listings/s", LISTINGS))
}

/// Measures the rate of a first synchronisation; node and gateway both have heads, or neither.
pub(crate) async fn sync() -> anyhow::Result<Figure> {
    can_switch()?;
    let mut net = Network::new(3).gateway().node(MEMBER, &[MEMBER, OTHER]).measured().start().await;
    let mut last = String::new();
    for member in [MEMBER, OTHER] {
        last = world::fill(net.node(MEMBER), member, "held", RECORDS / 2).await?;
    }
    let records = i64::try_from(RECORDS)?;
    world::holds(net.gateway(), &last, records).await?;
    for server in [net.gateway(), net.node(MEMBER)] {
        world::indexed(server, RECORDS).await?;
    }
    let mut rates = [Vec::new(), Vec::new()];
    for run in 0..REPEATS {
        for with in [false, true] {
            start(net.gateway(), with).await;
            let id = format!("new-{run}-{with}");
            let node = net.join_at_rest(&id, &[&id]).await;
            let began = Instant::now();
            start(node, with).await;
            world::holds(node, &last, records).await?;
            rates[usize::from(with)].push(RECORDS as f64 / began.elapsed().as_secs_f64());
            node.stop().await;
        }
    }
    Ok(figure(SYNC, rates, "records/s", RECORDS))
}

fn figure(name: &'static str, rates: [Vec<f64>; 2], unit: &'static str, count: usize) -> Figure {
    let [without, with] = rates.map(median);
    Figure {
        name,
        value: with / without,
        unit: "ratio",
        baseline: Some((without, unit)),
        goal: Some(GOAL),
        details: vec![("records", count.into()), ("with_per_second", with.round().into())],
    }
}
