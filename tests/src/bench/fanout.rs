//! What one change costs a server that many follow: where all want it, against a stream of the same bytes alone; where
//! none wants it, against a server that nobody follows.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use duikou_proto::v1::FeedEvent;
use duikou_proto::v1::feed_event::Event;
use prost::Message;

use super::client::{Client, Target, Task};
use super::content::listing;
use super::figure::{Figure, Goal};
use super::tally::{median, processor_seconds, processor_seconds_of};
use super::{REPEATS, bare_feed, world};
use crate::harness::{Network, Server, WebCertificate};

pub(crate) const RATIO: &str = "fanout_ratio";
pub(crate) const NONMATCHING: &str = "nonmatching_ratio";

const FANOUT_GOAL: Goal = Goal::AtLeast(0.6);
const NONMATCHING_GOAL: Goal = Goal::AtMost(1.2);
const MEMBER: &str = "shenzhen";

/// Watchers that want everything, each on a connection of its own.
const MATCHING: usize = 1_000;
/// Changes of one run.
const CHANGES: usize = 100;
/// Between two of them, so that no reader gets two at once: what saves work under load is not counted.
const PACE: Duration = Duration::from_millis(60);

/// Watchers that want nothing of it, on at most a hundred connections.
const APART: usize = 10_000;
const ON_ONE: usize = 100;
/// Changes of one run.
const ACCEPTED: usize = 3_000;

/// Measures deliveries per second of processor time.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(5).web_certificate(&certificate).node(MEMBER, &[MEMBER]).measured().start().await;
    let node = net.node(MEMBER);
    net.gateway().stop().await;
    let process = node.process_id().context("the node is gone")?;
    let real = world::anonymous(node, &certificate);
    let (address, source) = bare_feed::serve(&certificate).await?;
    let bare = Target { address: address.to_string(), ..real.clone() };

    let (mut reals, mut bares) = (Vec::new(), Vec::new());
    for run in 0..REPEATS {
        let mut followers = follow(&bare).await?;
        let before = processor_seconds()?;
        for change in 0..CHANGES {
            // Nobody follows any longer: the answer says it.
            let _ = source.send(event(&format!("bare-{run}-{change}")));
            tokio::time::sleep(PACE).await;
        }
        followers.answer().await.context("bare stream")?;
        bares.push(rate(processor_seconds()? - before));
        followers.end().await?;

        let mut followers = follow(&real).await?;
        let before = processor_seconds_of(process)?;
        for change in 0..CHANGES {
            world::fill(node, MEMBER, &format!("run-{run}-{change}"), 1).await?;
            tokio::time::sleep(PACE).await;
        }
        followers.answer().await.context("node")?;
        reals.push(rate(processor_seconds_of(process)? - before));
        followers.end().await?;
    }
    let (real, bare) = (median(reals), median(bares));
    Ok(Figure {
        name: RATIO,
        value: real / bare,
        unit: "ratio",
        baseline: Some((bare, "deliveries/cpu-s")),
        goal: Some(FANOUT_GOAL),
        details: vec![
            ("watchers", MATCHING.into()),
            ("changes", CHANGES.into()),
            ("per_cpu_second", real.round().into()),
        ],
    })
}

async fn follow(target: &Target) -> anyhow::Result<Client> {
    let task = Task::Follow { target: target.clone(), count: MATCHING, listings: CHANGES };
    let mut followers = Client::start(&task).await?;
    followers.answer().await?;
    Ok(followers)
}

fn rate(seconds: f64) -> f64 {
    (MATCHING * CHANGES) as f64 / seconds
}

/// An event as the node sends it, a cursor included.
fn event(id: &str) -> Bytes {
    let listing = Some(Event::Listing(listing(MEMBER, id)));
    FeedEvent { event: listing, cursor: "c".repeat(CURSOR_CHARS) }.encode_to_vec().into()
}

/// A cursor's length.
const CURSOR_CHARS: usize = 188;

/// Measures processor time per accepted change.
pub(crate) async fn nonmatching() -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for run in 0..REPEATS {
        // A fresh node each time: each of so many watchers first reads all that there is.
        let net = Network::new(6 + run as u64).web_certificate(&certificate).node(MEMBER, &[MEMBER]).measured();
        let net = net.start().await;
        let node = net.node(MEMBER);
        net.gateway().stop().await;
        let target = world::anonymous(node, &certificate);
        let task = Task::Watch { target, count: APART, on_one: ON_ONE, apart: true };
        let mut watchers = Client::start(&task).await?;
        watchers.answer().await?;
        with.push(cost(node, "apart").await?);
        watchers.end().await?;
        without.push(cost(node, "alone").await?);
    }
    let (with, without) = (median(with), median(without));
    Ok(Figure {
        name: NONMATCHING,
        value: with / without,
        unit: "ratio",
        baseline: Some((without * 1e6, "cpu-us/change")),
        goal: Some(NONMATCHING_GOAL),
        details: vec![
            ("watchers", APART.into()),
            ("changes", ACCEPTED.into()),
            ("cpu_us_per_change", (with * 1e6).round().into()),
        ],
    })
}

/// Processor seconds of the server for each of [`ACCEPTED`] changes, one at a time.
async fn cost(node: &Server, run: &str) -> anyhow::Result<f64> {
    let process = node.process_id().context("the node is gone")?;
    let before = processor_seconds_of(process)?;
    for change in 0..ACCEPTED {
        world::fill(node, MEMBER, &format!("{run}-{change}"), 1).await?;
    }
    Ok((processor_seconds_of(process)? - before) / ACCEPTED as f64)
}
