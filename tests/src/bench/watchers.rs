//! What a subscriber costs the gateway while nothing happens: its TLS connection, its stream and its filter.

use super::client::{Client, Task};
use super::figure::{Figure, Goal};
use super::tally::{median, resident_kib};
use super::{REPEATS, world};
use crate::harness::{Network, WebCertificate, offer};

pub(crate) const IDLE: &str = "idle_watcher_kib";

const GOAL: Goal = Goal::AtMost(40.0);
const WATCHERS: usize = 1_000;
/// Watchers before the first measurement: what the first ones cost is not what each one costs.
const WARM_UP: usize = 50;
const MEMBER: &str = "shenzhen";

/// Measures it.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let mut each = Vec::new();
    for run in 0..REPEATS {
        // A fresh gateway each time: memory that an earlier run gave back may still be resident.
        let net =
            Network::new(4 + run as u64).web_certificate(&certificate).node(MEMBER, &[MEMBER]).measured().start().await;
        let published = net.node(MEMBER).publish(offer("tea")).await?;
        net.gateway().sees(&published.name).await;
        let target = world::anonymous(net.gateway(), &certificate);
        let gateway = net.gateway().process_id().ok_or_else(|| anyhow::anyhow!("the gateway is gone"))?;
        let watch = |count| Task::Watch { target: target.clone(), count, on_one: 1, apart: false };
        let mut first = Client::start(&watch(WARM_UP)).await?;
        first.answer().await?;
        let before = resident_kib(gateway)?;
        let mut watchers = Client::start(&watch(WATCHERS)).await?;
        watchers.answer().await?;
        each.push((resident_kib(gateway)? - before) / WATCHERS as f64);
        watchers.end().await?;
        first.end().await?;
    }
    Ok(Figure {
        name: IDLE,
        value: median(each),
        unit: "KiB",
        baseline: None,
        goal: Some(GOAL),
        details: vec![("watchers", WATCHERS.into())],
    })
}
