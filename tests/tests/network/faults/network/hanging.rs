//! Servers that hang, and connections of which one end knows nothing any more.

use duikou_tests::harness::offer;

use super::{all_is_well, all_stays_well, both_publish, link, over, told_down, two_offices};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_for_longer_than_a_ping_may_take_goes_on_where_it_was() {
    let net = two_offices(831).await;
    let (gateway, node, other) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    both_publish(&net, "before").await;
    net.settle().await;

    gateway.freeze();
    both_publish(&net, "gateway-hangs").await;
    for node in net.nodes() {
        told_down(node, "gateway").await;
        assert_eq!(link(node, "gateway").await.unacknowledged, 1);
    }
    gateway.thaw();
    over(&net, "gateway-is-back").await;

    node.freeze();
    other.publish(offer("node-hangs")).await.unwrap();
    told_down(gateway, "shenzhen").await;
    gateway.sees("members/bijie/listings/node-hangs").await;
    node.thaw();
    over(&net, "node-is-back").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_only_one_end_remembers_stands_in_nobodys_way() {
    let net = two_offices(832).await;
    let (gateway, node) = (net.gateway(), net.node("shenzhen"));
    both_publish(&net, "before").await;
    net.settle().await;

    // Neither end hears that the other has gone.
    let forgotten = node.host().forgotten();
    told_down(node, "gateway").await;
    all_is_well(&net).await;
    both_publish(&net, "other-connection").await;
    net.settle().await;
    forgotten.ends();

    // The gateway takes the node's dead process for alive, for as long as a ping may take; the next must not be told
    // that it runs twice, nor must its link be called down when the dead one's at last ends.
    let forgotten = node.host().forgotten();
    node.kill9();
    node.start().await;
    node.linked().await;
    all_is_well(&net).await;
    all_stays_well(&net).await;
    over(&net, "next-process").await;
    forgotten.ends();

    // And the other way about.
    let forgotten = node.host().forgotten();
    gateway.kill9();
    gateway.start().await;
    over(&net, "next-gateway").await;
    forgotten.ends();
    net.finish().await;
}
