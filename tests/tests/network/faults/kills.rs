//! Anything dies at any instant: what was acknowledged stays, and every store ends with exactly that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duikou_proto::federation::admission_service_client::AdmissionServiceClient;
use duikou_proto::federation::{AddToCircleRequest, DropFromCircleRequest};
use duikou_tests::harness::{Network, Seed, Server};

use super::writer;

const SEED: u64 = 101;
const KILLS: usize = 25;
/// Lets one member in and out of a circle while the gateway dies under it.
async fn circle(gateway: &Server, mut chance: Seed, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let mut admission = AdmissionServiceClient::new(gateway.local());
        let (circle, member) = ("coast".to_owned(), "east".to_owned());
        // Whether it was done is the directory's to say, which is read at the end.
        if chance.below(2) == 0 {
            let _ = admission.add_to_circle(AddToCircleRequest { circle, member }).await;
        } else {
            let _ = admission.drop_from_circle(DropFromCircleRequest { circle, member }).await;
        }
        tokio::time::sleep(Duration::from_millis(200 + chance.below(800))).await;
    }
}

/// Kills one or two servers at a time and starts them again.
async fn kill(net: &Network, stop: &AtomicBool) {
    let mut chance = Seed::new(SEED);
    let servers: Vec<&Server> = net.servers().collect();
    let mut kills = 0;
    while kills < KILLS {
        tokio::time::sleep(Duration::from_millis(chance.below(900))).await;
        let mut down = vec![chance.below(servers.len() as u64) as usize];
        if chance.below(3) == 0 {
            down.push((down[0] + 1) % servers.len());
        }
        for at in &down {
            servers[*at].kill9();
            kills += 1;
        }
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        for at in down {
            servers[at].start().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_whoever_dies_whenever() {
    eprintln!("seed {SEED}");
    let net = writer::network(SEED).start().await;
    let stop = AtomicBool::new(false);
    let chance = |n| Seed::new(SEED * 1_000 + n);
    let writer = |node: &str, member: &'static str, n| {
        let server = net.nodes().iter().find(|server| server.name() == node).unwrap();
        writer::write(server, member, chance(n), Duration::ZERO, &stop)
    };
    let (north, south, east, far, (), ()) = tokio::join!(
        writer("north", "north", 1),
        writer("south", "south", 2),
        writer("east", "east", 3),
        writer("east", "far", 4),
        circle(net.gateway(), chance(5), &stop),
        kill(&net, &stop),
    );
    net.settle().await;
    for (node, member, ledger) in
        [("north", "north", north), ("south", "south", south), ("east", "east", east), ("east", "far", far)]
    {
        writer::agrees(&net, SEED, node, member, &ledger).await;
    }
    net.finish().await;
}
