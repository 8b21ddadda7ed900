//! A folder was copied, and both run: one identity, two writers.

use std::time::Duration;

use duikou_proto::v1::Status;
use duikou_tests::harness::{Network, Server, offer, within};

use super::PATIENCE;

/// Within this the one that is left goes on by itself: half a minute until it looks again, and a minute in which no other
/// comes.
const GOES_ON: Duration = Duration::from_secs(180);

/// Waits until `server` has stopped writing because it runs twice.
async fn stops_writing(server: &Server) {
    let stopped = async || {
        let status: Status = server.status().await.map_err(|status| status.to_string())?;
        let alarmed = status.alarms.iter().any(|alarm| alarm.code == "HALTED");
        if alarmed { Ok(()) } else { Err(format!("{:?}, {:?}", status.alarms, status.links)) }
    };
    within(PATIENCE, stopped).await.unwrap_or_else(|reason| panic!("{} goes on: {reason}", server.name()));
    let refused = server.publish(offer("split")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    assert!(String::from_utf8_lossy(refused.details()).contains("DUPLICATE_NODE"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_runs_twice_stops_writing_at_both_places() {
    let net = Network::new(501).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    node.stop().await;
    let twin = node.twin("shenzhen-copy");
    node.start().await;
    node.linked().await;
    twin.start().await;

    stops_writing(&twin).await;
    stops_writing(node).await;
    assert!(twin.get("members/shenzhen/listings/tea").await.is_ok(), "reading goes on");

    // Nobody starts it anew.
    twin.kill9();
    let again = async || node.publish(offer("one-again")).await.map_err(|status| status.to_string());
    let after = within(GOES_ON, again).await.unwrap_or_else(|reason| panic!("it does not write again: {reason}"));
    net.settle().await;
    net.node("bijie").sees(&after.name).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_died_and_came_back_at_once_is_not_taken_for_two() {
    let net = Network::new(502).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    for round in 0..5 {
        node.kill9();
        node.start().await;
        node.linked().await;
        node.publish(offer(&format!("round-{round}"))).await.unwrap();
    }
    net.finish().await;
}
