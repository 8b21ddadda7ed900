//! Anything dies at any instant: what was acknowledged stays, and every store ends with exactly that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duikou_proto::federation::admission_service_client::AdmissionServiceClient;
use duikou_proto::federation::{AddToCircleRequest, DropFromCircleRequest};
use duikou_proto::v1::WithdrawalReason;
use duikou_tests::harness::{NETWORK, Network, Seed, Server, offer};
use tonic::Code;

use super::ledger::{Held, Ledger};

const SEED: u64 = 101;
const KILLS: usize = 25;
/// Names that each member writes again and again.
const NAMES: u64 = 30;
/// A scope is drawn for every write, so that names are widened and narrowed without end.
const SCOPES: [&[&str]; 7] = [
    &["public"],
    &["network"],
    &["circle:west"],
    &["circle:west", "circle:coast"],
    &["member:far"],
    &["member:north", "circle:coast"],
    &[],
];

/// Writes until told to stop, and keeps the books.
async fn write(server: &Server, member: &str, mut chance: Seed, stop: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let id = format!("x{}", chance.below(NAMES));
        let name = format!("members/{member}.{NETWORK}/listings/{id}");
        if chance.below(4) == 0 {
            match server.withdraw(&name, WithdrawalReason::Withdrawn).await {
                Ok(_) => ledger.acknowledged(&name, Held::Nothing),
                Err(status) if status.code() == Code::NotFound => {}
                Err(status) => {
                    lost(&status);
                    ledger.unknown(&name, Held::Nothing);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            continue;
        }
        let title = format!("{member} {number}");
        let draft = offer(&id).by(member).titled(&title).for_scopes(chance.pick::<&[&str]>(&SCOPES));
        let written = match server.replace(draft.clone()).await {
            Err(status) if status.code() == Code::NotFound => server.publish(draft).await,
            other => other,
        };
        match written {
            Ok(listing) => ledger.acknowledged(&name, Held::Revision(listing.revision)),
            Err(status) => {
                lost(&status);
                ledger.unknown(&name, Held::Title(title));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    ledger
}

/// Asserts that a write failed for want of a server and for no other reason.
fn lost(status: &tonic::Status) {
    let expected = matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal);
    assert!(
        expected && std::error::Error::source(status).is_some() || status.code() == Code::Unavailable,
        "{status:?}"
    );
}

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
    let net = Network::new(SEED)
        .gateway()
        .node("north", &["north"])
        .node("south", &["south"])
        .node("east", &["east", "far"])
        .circle("west", &["north", "far"])
        .circle("coast", &["south", "east"])
        .start()
        .await;
    let stop = AtomicBool::new(false);
    let chance = |n| Seed::new(SEED * 1_000 + n);
    let writer = |node: &str, member: &'static str, n| {
        let server = net.nodes().iter().find(|server| server.name() == node).unwrap();
        write(server, member, chance(n), &stop)
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
        let listed = net.node(node).list(&format!("members/{member}")).await.unwrap();
        let found: BTreeMap<_, _> = listed.into_iter().map(|listing| (listing.name.clone(), listing)).collect();
        let (certain, uncertain) = ledger.counts();
        eprintln!("{member}: {certain} names certain, {uncertain} not, {} there", found.len());
        assert!(certain > 0, "{member} wrote nothing");
        let contradictions = ledger.contradictions(&found);
        assert!(contradictions.is_empty(), "seed {SEED}: {contradictions:#?}");
    }
    net.finish().await;
}
