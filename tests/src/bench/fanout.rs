//! What one change costs a server that many follow: where all want it, against a stream of the same bytes alone and
//! against servers that others have written; where none wants it, against a server that nobody follows.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::{CreateListingRequest, FeedEvent, Listing};
use prost::Message;

use super::client::{Client, Target, Task};
use super::content::listing;
use super::etcd::{self, Etcd};
use super::figure::{Figure, Goal};
use super::hub::{Feed, Hub};
use super::nats::{self, Nats, Way};
use super::tally::{median, processor_seconds_of};
use super::{REPEATS, bare_feed, world};
use crate::harness::{Network, Server, WebCertificate};

pub(crate) const RATIO: &str = "fanout_ratio";
pub(crate) const PEERS: &str = "fanout_vs_peers";
pub(crate) const NONMATCHING: &str = "nonmatching_ratio";

const FANOUT_GOAL: Goal = Goal::AtLeast(0.6);
const PEERS_GOAL: Goal = Goal::AtLeast(1.0);
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

/// Refuses a machine that has no peers.
pub(crate) fn has_peers() -> anyhow::Result<()> {
    let missing = [etcd::PROGRAM, nats::PROGRAM].into_iter().filter(|(path, _)| !Path::new(path).exists());
    let packages: Vec<&str> = missing.map(|(_, package)| package).collect();
    ensure!(packages.is_empty(), "{PEERS}: peers are not installed: apt-get install {}", packages.join(" "));
    Ok(())
}

/// Measures deliveries per second of processor time, of peers too where they are wanted.
pub(crate) async fn measure(with_peers: bool, report: &mut impl FnMut(Figure)) -> anyhow::Result<()> {
    if with_peers {
        has_peers()?;
    }
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(5).web_certificate(&certificate).node(MEMBER, &[MEMBER]).measured().start().await;
    let node = net.node(MEMBER);
    net.gateway().stop().await;
    let real = Node {
        server: node,
        process: node.process_id().context("the node is gone")?,
        target: world::anonymous(node, &certificate),
    };
    let (address, source) = bare_feed::serve(&certificate).await?;
    let bare = Bare { source, target: Target { address: address.to_string(), ..real.target.clone() } };

    let mut hubs: Vec<(&str, Box<dyn Hub + '_>)> = vec![("bare stream", Box::new(bare)), ("node", Box::new(real))];
    if with_peers {
        hubs.push(("etcd", Box::new(Etcd::start(&certificate).await?)));
        hubs.push(("jetstream", Box::new(Nats::start(&certificate, Way::Consumer).await?)));
        hubs.push(("jetstream_republished", Box::new(Nats::start(&certificate, Way::Republished).await?)));
        hubs.push(("nats_unkept", Box::new(Nats::start(&certificate, Way::Unkept).await?)));
    }
    let mut rates = vec![Vec::new(); hubs.len()];
    for run in 0..REPEATS {
        for ((name, hub), rates) in hubs.iter_mut().zip(&mut rates) {
            rates.push(rate(hub.as_mut(), run).await.context(*name)?);
        }
    }
    let mut rates = hubs.iter().map(|(name, _)| *name).zip(rates.into_iter().map(median));
    let ((_, bare), (_, real)) = rates.next().zip(rates.next()).context("measured first")?;
    let details =
        || vec![("watchers", MATCHING.into()), ("changes", CHANGES.into()), ("per_cpu_second", real.round().into())];
    report(Figure {
        name: RATIO,
        value: real / bare,
        unit: "ratio",
        baseline: Some((bare, "deliveries/cpu-s")),
        goal: Some(FANOUT_GOAL),
        details: details(),
    });
    let peers: Vec<(&str, f64)> = rates.collect();
    if let Some((best, peer)) = peers.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1)) {
        report(Figure {
            name: PEERS,
            value: real / peer,
            unit: "times as many",
            baseline: Some((peer, "deliveries/cpu-s")),
            goal: Some(PEERS_GOAL),
            details: details()
                .into_iter()
                .chain([("best_peer", best.into())])
                .chain(peers.iter().map(|(name, rate)| (*name, rate.round().into())))
                .collect(),
        });
    }
    Ok(())
}

/// Deliveries per second of processor time, of one run.
async fn rate(hub: &mut dyn Hub, run: usize) -> anyhow::Result<f64> {
    let task = Task::Follow { target: hub.target(), feed: hub.feed(), count: MATCHING, listings: CHANGES };
    let mut followers = Client::start(&task).await?;
    followers.answer().await?;
    let before = processor_seconds_of(hub.process())?;
    for change in 0..CHANGES {
        hub.publish(listing(MEMBER, &format!("run-{run}-{change}"))).await?;
        tokio::time::sleep(PACE).await;
    }
    followers.answer().await?;
    let seconds = processor_seconds_of(hub.process())? - before;
    followers.end().await?;
    Ok((MATCHING * CHANGES) as f64 / seconds)
}

struct Node<'a> {
    server: &'a Server,
    process: u32,
    target: Target,
}

#[tonic::async_trait]
impl Hub for Node<'_> {
    fn process(&self) -> u32 {
        self.process
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn feed(&self) -> Feed {
        Feed::Watch
    }

    async fn publish(&mut self, listing: Listing) -> anyhow::Result<()> {
        let request = CreateListingRequest { listing: Some(listing), ..CreateListingRequest::default() };
        ListingServiceClient::new(self.server.local()).create_listing(request).await?;
        Ok(())
    }
}

/// The stream in this process.
struct Bare {
    source: bare_feed::Source,
    target: Target,
}

#[tonic::async_trait]
impl Hub for Bare {
    fn process(&self) -> u32 {
        std::process::id()
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn feed(&self) -> Feed {
        Feed::Watch
    }

    async fn publish(&mut self, listing: Listing) -> anyhow::Result<()> {
        // Nobody follows any longer: their answer says it.
        let _ = self.source.send(event(listing));
        Ok(())
    }
}

/// An event as the node sends it, a cursor included.
fn event(listing: Listing) -> Bytes {
    FeedEvent { event: Some(Event::Listing(listing)), cursor: "c".repeat(CURSOR_CHARS) }.encode_to_vec().into()
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
