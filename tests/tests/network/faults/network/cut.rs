//! Partitions: a cable comes out, packets are swallowed, one way or both.

use duikou_proto::v1::WithdrawalReason;
use duikou_tests::harness::{Fault, Network, Server, offer};

use super::{both_publish, link, over, told_down, two_offices};

/// Both ends of shenzhen's link say that it is down; the node says how much is not safe, in words too.
async fn both_ends_tell(net: &Network, unacknowledged: i64) {
    let node = net.node("shenzhen");
    let since = told_down(node, "gateway").await;
    told_down(net.gateway(), "shenzhen").await;
    let down = link(node, "gateway").await;
    assert_eq!(down.unacknowledged, unacknowledged);
    assert_eq!(down.since_time, Some(since), "down since it went down, however often it was tried since");

    let status = node.cli(&["status", "--language", "en"]).await.done();
    for said in ["LINK_DOWN", "Check the network", &format!(" {unacknowledged} ")] {
        assert!(status.contains(said), "{said:?} is not in {status}");
    }
    let doctor = node.cli(&["doctor", "--language", "en"]).await;
    assert_ne!(doctor.code, 0, "{doctor}");
    assert!(doctor.stdout.contains("LINK_DOWN") && doctor.stdout.contains("Check the network"), "{doctor}");
}

/// While `cut` stands, both sides write, end and narrow; then it ends.
async fn through(net: &Network, cut: impl AsyncFnOnce(&Server) -> Fault) {
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    both_publish(net, "before").await;
    node.publish(offer("ends")).await.unwrap();
    other.publish(offer("narrows")).await.unwrap();
    net.settle().await;

    let fault = cut(node).await;
    both_publish(net, "during").await;
    node.withdraw("members/shenzhen/listings/ends", WithdrawalReason::Filled).await.unwrap();
    other.replace(offer("narrows").for_members(&["bijie"])).await.unwrap();
    both_ends_tell(net, 2).await;
    net.gateway().sees("members/bijie/listings/during").await;
    assert_eq!(other.status().await.unwrap().alarms, [], "the other office is not concerned");
    assert!(net.gateway().get("members/shenzhen/listings/during").await.is_err());

    fault.ends();
    over(net, "after").await;
    node.sees("members/bijie/listings/during").await;
    other.loses("members/shenzhen/listings/ends").await;
    node.loses("members/bijie/listings/narrows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_comes_out_and_is_put_back() {
    let net = two_offices(821).await;
    through(&net, async |node| node.host().unplugged()).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_that_swallows_everything_is_noticed_by_both_ends() {
    let net = two_offices(822).await;
    through(&net, async |node| node.host().swallowed()).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_is_open_in_one_direction_is_no_link() {
    let net = two_offices(823).await;
    through(&net, async |node| node.host().unheard()).await;
    let deaf = net.node("shenzhen").host().deaf();
    both_publish(&net, "deaf").await;
    both_ends_tell(&net, 1).await;
    deaf.ends();
    over(&net, "at-last").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_cut_off_finds_all_its_nodes_again() {
    let net = two_offices(824).await;
    both_publish(&net, "before").await;
    net.settle().await;
    let fault = net.gateway().host().swallowed();
    both_publish(&net, "during").await;
    for node in net.nodes() {
        told_down(node, "gateway").await;
        told_down(net.gateway(), node.name()).await;
        assert_eq!(link(node, "gateway").await.unacknowledged, 1);
    }
    fault.ends();
    over(&net, "after").await;
    net.finish().await;
}
