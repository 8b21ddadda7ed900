//! Wires that are long, lossy or narrow: slow is not broken.

use std::time::Duration;

use duikou_tests::harness::{Draft, Seed, offer};

use super::{all_is_well, both_publish, link, over, two_offices};
use crate::faults::{is_safe_elsewhere, publish_all};

/// How long the long wire is, each way.
const FAR: Duration = Duration::from_millis(300);
/// Lost of a hundred packets, each way.
const LOSS: u8 = 10;
/// What the narrow wire takes.
const KILOBITS: u32 = 1_000;
/// What waits for the narrow wire: for more seconds than a ping may take.
const WAITING: u64 = 32;

/// A listing of 60 KB that compresses badly.
fn thick(id: &str, chance: &mut Seed) -> Draft {
    let character = |_| char::from_u32(0x4E00 + chance.below(20_000) as u32).unwrap();
    offer(id).saying(&(0..19_000).map(character).collect::<String>())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wire_carries_everything_and_no_clock_is_blamed() {
    let net = two_offices(841).await;
    let node = net.node("shenzhen");
    let relay = net.relay("shenzhen").await;
    let before = link(node, "gateway").await.since_time;
    relay.takes(FAR);
    publish_all(node, (0..200).map(|n| offer(&format!("tea-{n}")))).await;
    publish_all(net.node("bijie"), (0..200).map(|n| offer(&format!("mill-{n}")))).await;
    net.settle().await;
    all_is_well(&net).await;
    assert_eq!(link(node, "gateway").await.since_time, before, "the link has not gone down");

    node.restart().await;
    node.linked().await;
    over(&net, "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lossy_wire_carries_everything() {
    let net = two_offices(842).await;
    let fault = net.node("shenzhen").host().lossy(LOSS);
    publish_all(net.node("shenzhen"), (0..300).map(|n| offer(&format!("tea-{n}")))).await;
    publish_all(net.node("bijie"), (0..300).map(|n| offer(&format!("mill-{n}")))).await;
    net.settle().await;
    net.node("shenzhen").restart().await;
    net.node("shenzhen").linked().await;
    both_publish(&net, "through-loss").await;
    net.settle().await;
    fault.ends();
    over(&net, "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_wire_full_of_listings_is_not_taken_for_dead() {
    let net = two_offices(843).await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    net.settle().await;
    let fault = node.host().narrow(KILOBITS);
    let up = link(node, "gateway").await.since_time;
    let mut chance = Seed::new(843);
    publish_all(node, (0..WAITING).map(|n| thick(&format!("up-{n}"), &mut chance))).await;
    is_safe_elsewhere(node).await;
    publish_all(other, (0..WAITING).map(|n| thick(&format!("down-{n}"), &mut chance))).await;
    net.settle_within(Duration::from_secs(120)).await;
    assert_eq!(link(node, "gateway").await.since_time, up, "the link has not gone down");
    all_is_well(&net).await;
    fault.ends();
    over(&net, "after").await;
    net.finish().await;
}
