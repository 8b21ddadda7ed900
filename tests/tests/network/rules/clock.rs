//! A clock that is wrong: nothing is dated by it.

use duikou_proto::v1::WithdrawalReason;
use duikou_proto::v1::link_status::State;
use duikou_tests::harness::{Network, Server, now, offer, within};
use tonic::Code;

use super::{PATIENCE, failed, listing_name, reason};

async fn alarmed(node: &Server) {
    let alarm = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let codes: Vec<&str> = status.alarms.iter().map(|alarm| &*alarm.code).collect();
        let told = codes.contains(&"HALTED") && codes.contains(&"CLOCK_REFUSED");
        if told { Ok(()) } else { Err(format!("{codes:?}, {:?}", status.links)) }
    };
    within(PATIENCE, alarm).await.unwrap_or_else(|reason| panic!("no alarm: {reason}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_ahead_wrote_unseen_arrives_once_it_is_right() {
    let net = Network::new(742).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.node("zunyi", &["zunyi"]).circle("pair", &["shenzhen", "bijie"]).start().await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    for id in ["kept", "narrowed", "ended"] {
        node.publish(offer(id)).await.unwrap();
    }
    net.settle().await;
    net.gateway().stop().await;
    node.stop().await;

    node.start_with_clock("+3h").await;
    node.publish(offer("new")).await.unwrap();
    node.replace(offer("narrowed").for_circle("pair")).await.unwrap();
    node.withdraw("members/shenzhen/listings/ended", WithdrawalReason::Withdrawn).await.unwrap();
    node.stop().await;
    node.start().await;
    node.publish(offer("after")).await.unwrap();
    net.gateway().start().await;
    net.settle().await;

    for id in ["kept", "narrowed", "new", "after"] {
        other.get(&listing_name("shenzhen", id)).await.unwrap_or_else(|status| panic!("{id}: {status}"));
    }
    let gone = other.get("members/shenzhen/listings/ended").await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let narrowed = net.node("zunyi").get("members/shenzhen/listings/narrowed").await.unwrap_err();
    assert_eq!(narrowed.code(), Code::NotFound);
    let status = node.status().await.unwrap();
    assert_eq!(status.alarms, [], "nothing is refused any longer");
    // Later writes follow what was signed anew, not what the clock made of it.
    node.replace(offer("new").for_circle("pair")).await.unwrap();
    net.settle().await;
    assert_eq!(net.node("zunyi").get("members/shenzhen/listings/new").await.unwrap_err().code(), Code::NotFound);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_twenty_minutes_off_stops_writing_and_nothing_else() {
    let net = Network::new(741).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    node.stop().await;

    node.start_with_clock("+20m").await;
    alarmed(node).await;
    let refused = node.publish(offer("late")).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::FailedPrecondition, "CLOCK_OFF"), "{refused}");
    let withdraw = ["withdraw", &*listing_name("shenzhen", "tea"), "--yes", "--language", "en"];
    failed(&node.cli(&withdraw).await, 78, &["clock is too far off", "set this machine's clock"]);
    let status = node.status().await.unwrap();
    assert!(status.links.iter().all(|link| link.state() == State::Connected), "{:?}", status.links);
    assert!(node.get("members/shenzhen/listings/tea").await.is_ok(), "reading goes on");
    let status = other.status().await.unwrap();
    assert_eq!(status.alarms, [], "nobody else is concerned");

    node.restart().await;
    node.linked().await;
    node.publish(offer("in-time")).await.unwrap();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_clock_is_wrong_stops_all_writing_and_dates_nothing() {
    let net = Network::new(743).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (gateway, node, other) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    for shift in ["+3h", "-20m"] {
        gateway.stop().await;
        gateway.start_with_clock(shift).await;
        for node in net.nodes() {
            alarmed(node).await;
        }
        let refused = node.publish(offer("unsaid")).await.unwrap_err();
        assert_eq!(reason(&refused), "CLOCK_OFF", "{shift}: {refused}");
        assert!(other.get(&listing_name("shenzhen", "tea")).await.is_ok(), "reading goes on");
        assert!(gateway.get(&listing_name("shenzhen", "tea")).await.is_ok(), "there as well");
        let alarm = gateway.alarms("CLOCK_REFUSED", "clock").await;
        assert!(alarm.message.contains("bijie") || alarm.message.contains("shenzhen"), "{alarm:?}");
    }
    gateway.restart().await;
    for node in net.nodes() {
        node.linked().await;
    }
    let written = async || node.publish(offer("in-time")).await.map_err(|status| status.to_string());
    let written = within(PATIENCE, written).await.unwrap();
    assert_eq!(other.sees(&written.name).await.update_time, written.update_time);
    let ahead = written.update_time.unwrap().seconds - now() / 1_000_000;
    assert!((-60..=0).contains(&ahead), "it is dated {ahead} s ahead");
    let status = other.status().await.unwrap();
    assert_eq!(status.alarms, [], "nothing is left of it");
    net.finish().await;
}
