//! Wires and machines as they are: cables come out, packets are swallowed, servers hang. Each has a machine of its own
//! ([`duikou_tests::harness::Host`]), so what breaks is real, and the kernel's.

mod cut;
mod hanging;
mod one_of_many;
mod poor;
mod ten_minutes;

use std::time::Duration;

use duikou_proto::v1::link_status::State;
use duikou_proto::v1::{LinkStatus, Listing};
use duikou_tests::harness::{NETWORK, Network, Server, offer, within};

/// Within this a link must be found dead: longer than a ping goes unanswered, on a busy machine.
const NOTICED: Duration = Duration::from_secs(30);
/// Within this a link must be back: longer than a dial that hangs and the longest wait between two, on a busy machine.
const BACK: Duration = Duration::from_secs(45);

/// Longer than a dead connection can go unnoticed.
const FORGOTTEN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A gateway and two offices, each on a machine of its own.
async fn two_offices(seed: u64) -> Network {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    net.on_hosts().start().await
}

/// Both offices publish, and have it acknowledged, whatever is wrong with the wires.
async fn both_publish(net: &Network, id: &str) -> [Listing; 2] {
    let mut published = Vec::new();
    for node in net.nodes() {
        let written =
            within(NOTICED, async || node.publish(offer(id)).await.map_err(|status| status.to_string())).await;
        published.push(written.unwrap_or_else(|reason| panic!("{} does not take {id}: {reason}", node.name())));
    }
    published.try_into().unwrap()
}

/// The link of `server` to `peer` (short id).
async fn link(server: &Server, peer: &str) -> LinkStatus {
    let status = server.status().await.unwrap();
    let link = status.links.into_iter().find(|link| link.peer == format!("{peer}.{NETWORK}"));
    link.unwrap_or_else(|| panic!("{} knows no {peer}", server.name()))
}

/// Waits until `server` says that its link to `peer` is down, with a reason and what to do; since when, is returned.
async fn told_down(server: &Server, peer: &str) -> prost_types::Timestamp {
    let told = async || {
        let status = server.status().await.map_err(|status| status.to_string())?;
        let alarm = status.alarms.iter().find(|alarm| alarm.code == "LINK_DOWN" && alarm.message.contains(peer));
        match alarm {
            Some(alarm) if !alarm.remedy.is_empty() => Ok(()),
            _ => Err(format!("{:?}, {:?}", status.links, status.alarms)),
        }
    };
    within(NOTICED, told).await.unwrap_or_else(|why| panic!("{} does not miss {peer}: {why}", server.name()));
    let link = link(server, peer).await;
    assert_ne!(link.state(), State::Connected);
    assert!(!link.detail.is_empty(), "{link:?}");
    link.since_time.unwrap()
}

/// Waits until every link is up, as both of its ends see it, and nobody has anything to complain of.
async fn all_is_well(net: &Network) {
    let well = async || {
        for server in net.servers() {
            let status = server.status().await.map_err(|status| status.to_string())?;
            let up = status.links.iter().all(|link| link.state() == State::Connected);
            if !up || !status.alarms.is_empty() {
                return Err(format!("{}: {:?}, {:?}", server.name(), status.links, status.alarms));
            }
        }
        Ok(())
    };
    within(BACK, well).await.unwrap_or_else(|reason| panic!("all is not well: {reason}"));
}

/// Watches that all stays well until whatever is left of dead connections must have been found.
async fn all_stays_well(net: &Network) {
    let until = tokio::time::Instant::now() + FORGOTTEN;
    while tokio::time::Instant::now() < until {
        for server in net.servers() {
            let links = server.status().await.unwrap().links;
            assert!(links.iter().all(|link| link.state() == State::Connected), "{}: {links:?}", server.name());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The fault is over: links come back by themselves, what was written meanwhile arrives, and what is written now.
async fn over(net: &Network, id: &str) {
    all_is_well(net).await;
    both_publish(net, id).await;
    net.settle().await;
    all_is_well(net).await;
}
