//! No single record, member or clock can stop a link: everything that can be wrong with one is wrong, each with another,
//! and those with whom nothing is wrong notice nothing.

use duikou_proto::v1::Signed;
use duikou_tests::harness::{NETWORK, Network, SmallDisk, offer, rewrite_record, within};
use tonic::Code;

use super::{NOTICED, told_down};

/// More listings of 60 KB than fit on a disk that is full.
const TOO_MANY: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_one_stops_no_other() {
    let mut net = Network::new(851)
        .gateway()
        .node("sound", &["sound"])
        .node("whole", &["whole"])
        .node("frozen", &["frozen"])
        .node("holed", &["holed"])
        .node("late", &["late"])
        .node("poisoned", &["poisoned"])
        .on_hosts()
        .start()
        .await;
    let path = net.root().join("full");
    let disk = SmallDisk::mount(&path);
    net.join("full", &["full"]).await.linked().await;
    let [sound, whole, frozen, holed, late, poisoned, full] = net.nodes() else { unreachable!() };
    for node in net.nodes() {
        node.publish(offer("before")).await.unwrap();
    }
    net.settle().await;

    frozen.freeze();
    let hole = holed.host().swallowed();
    // Its certificate is younger than its clock is late.
    late.stop().await;
    late.start_with_clock("-20m").await;
    // Altered before it ever left, so that it is sent as it is. Systems go on sending for a process that has ended: what
    // this connection held must never arrive.
    let forgotten = poisoned.host().forgotten();
    poisoned.publish(offer("bad")).await.unwrap();
    poisoned.stop().await;
    let bad = format!("members/poisoned.{NETWORK}/listings/bad");
    let unsigned = |signed: Signed| Signed { signature: vec![7; 64], ..signed };
    rewrite_record(poisoned.dir(), &bad, unsigned).await.unwrap();
    disk.fill();
    let mut thick = 0..TOO_MANY;
    let refused = loop {
        let id = format!("thick-{}", thick.next().expect("the disk becomes full"));
        if let Err(status) = full.publish(offer(&id).saying(&"茶".repeat(19_000))).await {
            break status;
        }
    };
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    poisoned.start().await;

    told_down(net.gateway(), "holed").await;
    told_down(net.gateway(), "frozen").await;
    for node in [sound, whole, holed, poisoned] {
        node.publish(offer("during")).await.unwrap();
    }
    for (from, to) in [(sound, whole), (whole, sound), (poisoned, sound), (poisoned, whole)] {
        to.sees(&format!("members/{}/listings/during", from.name())).await;
    }
    for node in [sound, whole] {
        assert_eq!(node.status().await.unwrap().alarms, [], "nothing is wrong with {}", node.name());
        assert!(node.status().await.unwrap().links.iter().all(|link| link.detail.is_empty()));
    }
    let said = async || {
        let status = late.status().await.map_err(|status| status.to_string())?;
        let told = status.alarms.iter().any(|alarm| alarm.code == "LINK_DOWN" && alarm.remedy.contains("时钟"));
        if told { Ok(()) } else { Err(format!("{:?}", status.alarms)) }
    };
    within(NOTICED, said).await.unwrap_or_else(|reason| panic!("the wrong clock is not told: {reason}"));

    let refused = async || {
        let status = poisoned.status().await.map_err(|status| status.to_string())?;
        let told = status.links.iter().any(|link| link.rejected_by_peer.iter().any(|refused| refused.name == bad));
        if told { Ok(()) } else { Err(format!("{:?}", status.links)) }
    };
    within(NOTICED, refused)
        .await
        .unwrap_or_else(|reason| panic!("its origin is not told of the bad record: {reason}"));

    hole.ends();
    forgotten.ends();
    frozen.thaw();
    disk.empty();
    late.restart().await;
    for node in net.nodes() {
        node.linked().await;
        node.publish(offer("after")).await.unwrap_or_else(|status| panic!("{}: {status}", node.name()));
    }
    // What does not verify is its own member's to write anew.
    poisoned.replace(offer("bad").saying("good")).await.unwrap();
    net.settle().await;
    full.stop().await;
    net.leave("it was judged, and one disk goes with the test");
}
