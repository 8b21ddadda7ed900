//! How long a listing takes from its publisher through the gateway to a watcher at another node, while nothing else
//! happens; held against the three commits that it waits for on the way.

use std::time::Instant;

use prost::Message;

use super::bare_store::BareStore;
use super::client::{self, Task};
use super::content::listing;
use super::figure::{Figure, Goal};
use super::tally::median;
use super::{REPEATS, world};
use crate::harness::{Network, WebCertificate};

pub(crate) const RATIO: &str = "visible_ratio";

const GOAL: Goal = Goal::AtMost(3.0);
const LISTINGS: usize = 200;
/// Node, gateway, node.
const STORES: usize = 3;
const FROM: &str = "shenzhen";
const TO: &str = "zunyi";

/// Measures it.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2).web_certificate(&certificate).node(FROM, &[FROM]).node(TO, &[TO]).measured().start().await;
    let target = world::target(net.node(FROM), FROM, &certificate).await?;
    let watcher = world::target(net.node(TO), TO, &certificate).await?;
    let mut stores = Vec::new();
    for number in 0..STORES {
        stores.push(BareStore::create(&folder.path().join(format!("bare-{number}.db"))).await?);
    }
    let (mut reals, mut bares) = (Vec::new(), Vec::new());
    for run in 0..REPEATS {
        bares.push(commits(&mut stores, run).await?);
        let task = Task::Visible {
            target: target.clone(),
            watcher: watcher.clone(),
            member: FROM.to_owned(),
            run: format!("run-{run}"),
            count: LISTINGS,
        };
        reals.push(client::run(&task).await?);
    }
    let (real, bare) = (median(reals), median(bares));
    Ok(Figure {
        name: RATIO,
        value: real / bare,
        unit: "ratio",
        baseline: Some((bare * 1_000.0, "ms")),
        goal: Some(GOAL),
        details: vec![("listings", LISTINGS.into()), ("visible_ms", ((real * 1e5).round() / 100.0).into())],
    })
}

async fn commits(stores: &mut [BareStore], run: usize) -> anyhow::Result<f64> {
    let mut seconds = Vec::with_capacity(LISTINGS);
    for n in 0..LISTINGS {
        let listing = listing(FROM, &format!("bare-{run}-{n}"));
        let row = [(listing.name.clone(), listing.encode_to_vec())];
        let start = Instant::now();
        for store in &mut *stores {
            store.commit(&row).await?;
        }
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok(median(seconds))
}
