//! Everything that can go wrong with wires, machines, disks and clocks, for ten minutes, one trouble and up to three at a
//! time, while every member writes.
//!
//! It is run by hand:
//!
//! ```text
//! cargo nextest run -p duikou-tests --run-ignored only --no-capture -E 'test(ten_minutes_of_it)'
//! ```
//!
//! `DUIKOU_FAULTS_MINUTES` says for how long (10), `DUIKOU_FAULTS_SEED` which troubles; without one a new seed is drawn,
//! and told.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use duikou_proto::v1::link_status::State;
use duikou_tests::harness::{Network, Relay, Seed, Server, SmallDisk, within};

use super::{BACK, all_is_well};
use crate::faults::writer;

const MINUTES_VARIABLE: &str = "DUIKOU_FAULTS_MINUTES";
const SEED_VARIABLE: &str = "DUIKOU_FAULTS_SEED";
/// How long a trouble lasts at most: longer than it takes to be noticed and for waits between dials to grow.
const LASTS: u64 = 25_000;
/// How long all is left alone between troubles, at most.
const PEACE: u64 = 5_000;
/// Each writer's rest between two writes.
const REST: Duration = Duration::from_millis(50);
/// Within this the network is at rest after the last write.
const SETTLES: Duration = Duration::from_secs(180);

/// One thing that is wrong with one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Unplugged,
    Swallowed,
    Unheard,
    Deaf,
    Forgotten,
    Lossy,
    Narrow,
    Far,
    Frozen,
    Killed,
    ClockBehind,
    ClockAhead,
    DiskFull,
}

use Trouble::*;

/// What can happen to any server.
const ANY: [Trouble; 9] = [Unplugged, Swallowed, Unheard, Deaf, Forgotten, Lossy, Narrow, Frozen, Killed];

/// A network, and what of it is not the servers'.
struct World {
    net: Network,
    relay: Relay,
    disk: SmallDisk,
}

impl World {
    async fn new(seed: u64) -> Self {
        let mut net = writer::network(seed).on_hosts().start().await;
        let disk = SmallDisk::mount(&net.root().join("small"));
        net.join("small", &["small"]).await.linked().await;
        let relay = net.relay("north").await;
        Self { net, relay, disk }
    }

    fn possible(&self, server: &Server) -> Vec<Trouble> {
        let mut possible = ANY.to_vec();
        match server.name() {
            "gateway" => {}
            "north" => possible.extend([Far, ClockBehind, ClockAhead]),
            "small" => possible.push(DiskFull),
            _ => possible.extend([ClockBehind, ClockAhead]),
        }
        possible
    }

    /// `server` is in `trouble` for so long.
    async fn suffers(&self, server: &Server, trouble: Trouble, lasts: Duration) {
        let host = server.host();
        let fault = match trouble {
            Unplugged => Some(host.unplugged()),
            Swallowed => Some(host.swallowed()),
            Unheard => Some(host.unheard()),
            Deaf => Some(host.deaf()),
            Forgotten => Some(host.forgotten()),
            Lossy => Some(host.lossy(10)),
            Narrow => Some(host.narrow(1_000)),
            Far => {
                self.relay.takes(Duration::from_millis(300));
                None
            }
            Frozen => {
                server.freeze();
                None
            }
            Killed => {
                server.kill9();
                None
            }
            ClockBehind | ClockAhead => {
                server.stop().await;
                server.start_with_clock(if trouble == ClockAhead { "+3h" } else { "-20m" }).await;
                None
            }
            DiskFull => {
                self.disk.fill();
                None
            }
        };
        tokio::time::sleep(lasts).await;
        drop(fault);
        match trouble {
            Far => self.relay.takes(Duration::ZERO),
            Frozen => server.thaw(),
            Killed => drop(server.start().await),
            ClockBehind | ClockAhead => drop(server.restart().await),
            DiskFull => self.disk.empty(),
            _ => {}
        }
    }

    /// Between one and three servers suffer at a time, each from something else; after that, links come back by
    /// themselves.
    async fn troubles(&self, mut chance: Seed, end: Instant, stop: &AtomicBool) {
        let began = Instant::now();
        while Instant::now() < end {
            let mut servers: Vec<&Server> = self.net.servers().collect();
            let mut sufferers = Vec::new();
            for _ in 0..=chance.below(3) {
                let server = servers.swap_remove(chance.below(servers.len() as u64) as usize);
                let trouble = *chance.pick(&self.possible(server));
                let lasts = Duration::from_millis(chance.below(LASTS));
                eprintln!("{:>5.1} s  {}: {trouble:?} for {lasts:?}", began.elapsed().as_secs_f32(), server.name());
                sufferers.push(self.suffers(server, trouble, lasts));
            }
            futures_util::future::join_all(sufferers).await;
            self.links_are_back().await;
            tokio::time::sleep(Duration::from_millis(chance.below(PEACE))).await;
        }
        stop.store(true, Ordering::Relaxed);
    }

    async fn links_are_back(&self) {
        let back = async || {
            for server in self.net.servers() {
                let status = server.status().await.map_err(|status| status.to_string())?;
                if status.links.is_empty() || status.links.iter().any(|link| link.state() != State::Connected) {
                    return Err(format!("{}: {:?}", server.name(), status.links));
                }
            }
            Ok(())
        };
        within(BACK, back).await.unwrap_or_else(|reason| panic!("a link does not come back: {reason}"));
    }
}

fn given<T: FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text:?} is no number")))
}

/// See the head of this file. Each of its troubles has a short scenario of its own beside it, which always runs; together
/// they take longer than all other tests.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes: it is run by hand"]
async fn ten_minutes_of_it() {
    let drawn = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 1_000_000;
    let seed = given(SEED_VARIABLE).unwrap_or_else(drawn);
    let minutes: u64 = given(MINUTES_VARIABLE).unwrap_or(10);
    eprintln!("{SEED_VARIABLE}={seed}, for {minutes} minutes");
    let world = World::new(seed).await;
    let net = &world.net;

    let stop = AtomicBool::new(false);
    let chance = |n| Seed::new(seed * 1_000 + n);
    let writer = |node: &str, member: &'static str, n| {
        let server = net.nodes().iter().find(|server| server.name() == node).unwrap();
        writer::write(server, member, chance(n), REST, &stop)
    };
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let (north, south, east, far, small, ()) = tokio::join!(
        writer("north", "north", 1),
        writer("south", "south", 2),
        writer("east", "east", 3),
        writer("east", "far", 4),
        writer("small", "small", 5),
        world.troubles(chance(6), end, &stop),
    );
    net.settle_within(SETTLES).await;
    all_is_well(net).await;
    for (node, member, ledger) in [
        ("north", "north", north),
        ("south", "south", south),
        ("east", "east", east),
        ("east", "far", far),
        ("small", "small", small),
    ] {
        writer::agrees(net, seed, node, member, &ledger).await;
    }
    net.node("small").stop().await;
    world.net.leave("it was judged, and one disk goes with the test");
}
