//! How much of a bare service's rate a node reaches when 64 publish at once.
//!
//! The gateway is down meanwhile: on its own machine it would take nothing of the node's.

use std::time::Instant;

use anyhow::Context;
use prost::Message;

use super::bare_service;
use super::bare_store::{BareStore, GroupCommit};
use super::client::{self, Target, Task};
use super::content::listing;
use super::figure::{Figure, Goal};
use super::tally::median;
use super::{REPEATS, world};
use crate::harness::{Network, WebCertificate};

pub(crate) const RATIO: &str = "publish_ratio";
pub(crate) const COMMIT_LOOP: &str = "publish_commit_loop";

const GOAL: Goal = Goal::AtLeast(0.7);
const PUBLISHERS: usize = 64;
/// Of one run; all runs together stay below what a member may publish.
const LISTINGS: usize = 10_000;
const MEMBER: &str = "shenzhen";

/// Measures both figures, or the loop alone.
pub(crate) async fn measure(only_loop: bool) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let mut loops = Vec::new();
    for run in 0..REPEATS {
        loops.push(commit_loop(&folder.path().join(format!("loop-{run}.db"))).await?);
    }
    let details = vec![("publishers", PUBLISHERS.into()), ("listings", LISTINGS.into())];
    let commit_loop = Figure {
        name: COMMIT_LOOP,
        value: median(loops),
        unit: "rows/s",
        baseline: None,
        goal: None,
        details: details.clone(),
    };
    if only_loop {
        return Ok(vec![commit_loop]);
    }

    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(1).gateway().web_certificate(&certificate).node(MEMBER, &[MEMBER]).measured().start().await;
    let node = net.node(MEMBER);
    let real = world::target(node, MEMBER, &certificate).await?;
    net.gateway().stop().await;
    let store = BareStore::create(&folder.path().join("bare.db")).await?;
    let address = bare_service::serve(&certificate, GroupCommit::over(store)).await?.to_string();
    let bare = Target { address, ..real.clone() };

    let (mut reals, mut bares) = (Vec::new(), Vec::new());
    for run in 0..REPEATS {
        bares.push(rate(&bare, run).await.context("bare service")?);
        reals.push(rate(&real, run).await.context("node")?);
    }
    let (real, bare) = (median(reals), median(bares));
    let mut details = details;
    details.push(("listings_per_second", real.round().into()));
    let ratio = Figure {
        name: RATIO,
        value: real / bare,
        unit: "ratio",
        baseline: Some((bare, "listings/s")),
        goal: Some(GOAL),
        details,
    };
    Ok(vec![ratio, commit_loop])
}

async fn rate(target: &Target, run: usize) -> anyhow::Result<f64> {
    let task = Task::Publish {
        target: target.clone(),
        member: MEMBER.to_owned(),
        run: format!("run-{run}"),
        count: LISTINGS,
        publishers: PUBLISHERS,
    };
    Ok(LISTINGS as f64 / client::run(&task).await?)
}

async fn commit_loop(file: &std::path::Path) -> anyhow::Result<f64> {
    let group = GroupCommit::over(BareStore::create(file).await?);
    let row = |n: usize| {
        let listing = listing(MEMBER, &format!("loop-{n}"));
        let body = listing.encode_to_vec();
        (listing.name, body)
    };
    let shares: Vec<Vec<_>> = (0..PUBLISHERS).map(|p| (p..LISTINGS).step_by(PUBLISHERS).map(row).collect()).collect();
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for share in shares {
        let group = group.clone();
        tasks.spawn(async move {
            for row in share {
                group.commit(row).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(LISTINGS as f64 / start.elapsed().as_secs_f64())
}
