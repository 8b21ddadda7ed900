//! How long a new node takes to hold what its gateway holds, and how much memory both need meanwhile.
//!
//! The floor is what nobody could do without: the inserts, one after the other as the database takes them, or, where
//! that is more, all signature checks and inserts spread evenly over the cores.

use std::time::Instant;

use ed25519_zebra::{SigningKey, VerificationKeyBytes, batch};
use prost::Message;

use super::bare_store::{BareStore, Row};
use super::conditions::cores;
use super::content::{LISTING_BYTES, listing};
use super::figure::{Figure, Goal};
use super::tally::{forget_peak, median, peak_kib, processor_seconds};
use super::{REPEATS, world};
use crate::harness::{Network, Seed};

pub(crate) const RATIO: &str = "first_sync_ratio";
pub(crate) const RSS: &str = "first_sync_rss_mib";

const RATIO_GOAL: Goal = Goal::AtMost(2.0);
const RSS_GOAL: Goal = Goal::AtMost(200.0);
/// How much the gateway holds.
const SIZES: [usize; 2] = [50_000, 200_000];
/// Enough that none publishes more than a member may.
const MEMBERS: [&str; 5] = ["origin-a", "origin-b", "origin-c", "origin-d", "origin-e"];
const SOURCE: &str = "source";
/// Rows in one transaction of the floor.
const COMMIT: usize = 1_000;
/// Signatures that are timed, and how many are checked together.
const SIGNATURES: usize = 20_000;
const TOGETHER: usize = 256;

/// Measures both figures at every size.
pub(crate) async fn measure(report: &mut impl FnMut(Figure)) -> anyhow::Result<()> {
    let mut net = Network::new(3).gateway().node(SOURCE, &MEMBERS).measured().start().await;
    let mut held = 0;
    for size in SIZES {
        let share = (size - held) / MEMBERS.len();
        let mut last = String::new();
        for member in MEMBERS {
            last = world::fill(net.node(SOURCE), member, &format!("to-{size}"), share).await?;
        }
        held = size;
        world::holds(net.gateway(), &last, records(size)).await?;
        for server in [net.gateway(), net.node(SOURCE)] {
            world::indexed(server, size).await?;
        }
        measure_at(&mut net, size, &last, report).await?;
    }
    Ok(())
}

async fn measure_at(net: &mut Network, size: usize, last: &str, report: &mut impl FnMut(Figure)) -> anyhow::Result<()> {
    let verify_each = verify_seconds_each()?;
    let (mut seconds, mut floors, mut node_peaks, mut gateway_peaks) = (vec![], vec![], vec![], vec![]);
    for run in 0..REPEATS {
        floors.push(floor(size, verify_each).await?);
        let gateway = net.gateway().process_id().ok_or_else(|| anyhow::anyhow!("the gateway is gone"))?;
        forget_peak(gateway)?;
        let id = format!("new-{size}-{run}");
        let node = net.join_at_rest(&id, &[&id]).await;
        let start = Instant::now();
        node.start().await;
        world::holds(node, last, records(size)).await?;
        seconds.push(start.elapsed().as_secs_f64());
        let process = node.process_id().ok_or_else(|| anyhow::anyhow!("the node is gone"))?;
        node_peaks.push(peak_kib(process)? / 1024.0);
        gateway_peaks.push(peak_kib(gateway)? / 1024.0);
        node.stop().await;
    }
    let (real, bare) = (median(seconds), median(floors));
    report(Figure {
        name: RATIO,
        value: real / bare,
        unit: "ratio",
        baseline: Some((bare, "s")),
        goal: Some(RATIO_GOAL),
        details: vec![("records", size.into()), ("seconds", ((real * 100.0).round() / 100.0).into())],
    });
    for (process, peaks) in [("node", node_peaks), ("gateway", gateway_peaks)] {
        report(Figure {
            name: RSS,
            value: median(peaks),
            unit: "MiB",
            baseline: None,
            goal: Some(RSS_GOAL),
            details: vec![("records", size.into()), ("process", process.into())],
        });
    }
    Ok(())
}

fn records(size: usize) -> i64 {
    i64::try_from(size).expect("a small number")
}

/// The least that `size` records cost here.
async fn floor(size: usize, verify_each: f64) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut store = BareStore::create(&folder.path().join("floor.db")).await?;
    let row = |n: usize| -> Row {
        let listing = listing(SOURCE, &format!("floor-{n}"));
        let body = listing.encode_to_vec();
        (listing.name, body)
    };
    let (mut elapsed, mut processor) = (0.0, 0.0);
    for from in (0..size).step_by(COMMIT) {
        // Made outside the clock, and not all at once.
        let rows: Vec<Row> = (from..size.min(from + COMMIT)).map(row).collect();
        let (start, before) = (Instant::now(), processor_seconds()?);
        store.commit(&rows).await?;
        elapsed += start.elapsed().as_secs_f64();
        processor += processor_seconds()? - before;
    }
    let spread = (verify_each * size as f64 + processor) / cores() as f64;
    Ok(f64::max(elapsed, spread))
}

/// What checking one signature costs at best, on one core.
fn verify_seconds_each() -> anyhow::Result<f64> {
    let mut seed = Seed::new(4);
    let mut secret = [0; 32];
    secret.fill_with(|| seed.below(256) as u8);
    let key = SigningKey::from(secret);
    let public = VerificationKeyBytes::from(&key);
    let payloads: Vec<Vec<u8>> =
        (0..TOGETHER).map(|_| (0..LISTING_BYTES).map(|_| seed.below(256) as u8).collect()).collect();
    let signed: Vec<_> = payloads.iter().map(|payload| (key.sign(payload), payload)).collect();
    let start = Instant::now();
    for _ in 0..SIGNATURES / TOGETHER {
        let mut verifier = batch::Verifier::new();
        for (signature, payload) in &signed {
            verifier.queue((public, *signature, payload));
        }
        verifier.verify(Factors(seed.clone()))?;
    }
    Ok(start.elapsed().as_secs_f64() / (SIGNATURES / TOGETHER * TOGETHER) as f64)
}

/// Random enough for a measurement, and for nothing else.
struct Factors(Seed);

impl rand_core::TryRng for Factors {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.below(1 << 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.below(u64::MAX))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill_with(|| self.0.below(256) as u8);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Factors {}
