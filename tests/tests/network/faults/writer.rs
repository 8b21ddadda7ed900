//! One who writes without end, whatever happens, and keeps the books.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duikou_proto::v1::WithdrawalReason;
use duikou_tests::harness::{Builder, NETWORK, Network, Seed, Server, offer};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::ledger::{Held, Ledger};

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
/// After a write that found no server.
const WAIT: Duration = Duration::from_millis(20);
/// What a server says that will not write for now: then nothing has changed.
const REFUSALS: [&str; 2] = ["DISK_FULL", "CLOCK_OFF"];

/// A network of those to whom the scopes are something, one node of which hosts two.
pub(super) fn network(seed: u64) -> Builder {
    let net = Network::new(seed).gateway().node("north", &["north"]).node("south", &["south"]);
    net.node("east", &["east", "far"]).circle("west", &["north", "far"]).circle("coast", &["south", "east"])
}

/// Writes until told to stop, with a rest after each write.
pub(super) async fn write(
    server: &Server,
    member: &str,
    mut chance: Seed,
    rest: Duration,
    stop: &AtomicBool,
) -> Ledger {
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
                Err(status) => failed(&status, &mut ledger, &name, Held::Nothing).await,
            }
        } else {
            let title = format!("{member} {number}");
            let draft = offer(&id).by(member).titled(&title).for_scopes(chance.pick::<&[&str]>(&SCOPES));
            let written = match server.replace(draft.clone()).await {
                Err(status) if status.code() == Code::NotFound => server.publish(draft).await,
                other => other,
            };
            match written {
                Ok(_) => ledger.acknowledged(&name, Held::Title(title)),
                Err(status) => failed(&status, &mut ledger, &name, Held::Title(title)).await,
            }
        }
        tokio::time::sleep(rest).await;
    }
    ledger
}

/// A write was refused, or no server was there to answer it: it fails for no other reason.
async fn failed(status: &Status, ledger: &mut Ledger, name: &str, wanted: Held) {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    if !REFUSALS.contains(&&*reason) {
        let expected = matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal);
        assert!(
            expected && std::error::Error::source(status).is_some() || status.code() == Code::Unavailable,
            "{status:?}"
        );
        ledger.unknown(name, wanted);
    }
    tokio::time::sleep(WAIT).await;
}

/// Asserts that `node` holds of `member` exactly what the books say.
pub(super) async fn agrees(net: &Network, seed: u64, node: &str, member: &str, ledger: &Ledger) {
    let listed = net.node(node).list(&format!("members/{member}")).await.unwrap();
    let found: BTreeMap<_, _> = listed.into_iter().map(|listing| (listing.name.clone(), listing)).collect();
    let (certain, uncertain) = ledger.counts();
    eprintln!("{member}: {certain} names certain, {uncertain} not, {} there", found.len());
    assert!(certain > 0, "{member} wrote nothing");
    let contradictions = ledger.contradictions(&found);
    assert!(contradictions.is_empty(), "seed {seed}: {contradictions:#?}");
}
