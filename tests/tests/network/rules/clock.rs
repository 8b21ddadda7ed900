//! A clock that is wrong: nothing is dated by it.

use std::path::PathBuf;

use duikou_proto::v1::link_status::State;
use duikou_tests::harness::{Network, Server, offer, within};
use tonic::Code;

use super::{PATIENCE, failed, listing_name, reason};

/// Where Debian's package `faketime` keeps what it puts before the system's clock.
fn wrong_clock() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    found.expect("the package faketime is not installed: run tests/run, or apt-get install faketime")
}

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
async fn a_clock_twenty_minutes_off_stops_writing_and_nothing_else() {
    let net = Network::new(741).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    node.stop().await;

    let library = wrong_clock();
    let wrong = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME", "+20m"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    node.start_with(&wrong).await;
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
    net.settle().await;
}
