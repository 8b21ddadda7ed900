//! A disk that is full: what was acknowledged stays, what was not is refused in plain words, and the server lives on.

use duikou_proto::v1::Listing;
use duikou_tests::harness::{Network, SmallDisk, offer, within};
use tonic::Code;

use super::{PATIENCE, failed, reason};

/// More listings of 60 KB than fit.
const TOO_MANY: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing() {
    let mut net = Network::new(731).gateway().start().await;
    let path = net.root().join("small");
    let disk = SmallDisk::mount(&path);
    net.join("small", &["small"]).await.linked().await;
    let node = net.node("small");

    let mut acknowledged: Vec<Listing> = Vec::new();
    let refused = loop {
        let id = format!("thick-{}", acknowledged.len());
        match node.publish(offer(&id).saying(&"茶".repeat(19_000))).await {
            Ok(listing) => acknowledged.push(listing),
            Err(status) => break status,
        }
        assert!(acknowledged.len() < TOO_MANY, "the disk does not become full");
    };
    assert_eq!((refused.code(), &*reason(&refused)), (Code::ResourceExhausted, "DISK_FULL"), "{refused}");
    assert!(acknowledged.len() > 50, "only {} fitted", acknowledged.len());

    let file = net.root().join("more.json");
    let line = serde_json::json!({
        "name": super::listing_name("small", "more"), "scopes": ["public"],
        "listing": {"direction": "OFFER", "title": "more", "language": "en", "regions": ["440300"],
            "capital": {"instrument": "EQUITY"}, "body": "茶".repeat(19_000)},
    });
    std::fs::write(&file, line.to_string()).unwrap();
    let output = node.cli(&["publish", file.to_str().unwrap(), "--language", "en"]).await;
    failed(&output, 74, &["The disk is full", "free some disk space"]);
    let held = node.list("members/-").await.unwrap();
    assert_eq!(held.len(), acknowledged.len(), "the server answers, and holds what it acknowledged");

    disk.grow();
    node.publish(offer("after")).await.unwrap();
    node.restart().await;
    net.settle().await;
    for listing in &acknowledged {
        assert_eq!(node.get(&listing.name).await.unwrap().revision, listing.revision);
    }
    node.stop().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_on_a_full_disk_holds_what_it_acknowledged() {
    let mut net = Network::new(732).gateway().start().await;
    let path = net.root().join("small");
    let disk = SmallDisk::mount(&path);
    net.join("small", &["small"]).await.linked().await;
    let node = net.node("small");
    let mut acknowledged = 0;
    while node.publish(offer(&format!("thick-{acknowledged}")).saying(&"茶".repeat(19_000))).await.is_ok() {
        acknowledged += 1;
        assert!(acknowledged < TOO_MANY, "the disk does not become full");
    }
    node.kill9();
    disk.grow();
    node.start().await;
    assert!(node.list("members/-").await.unwrap().len() >= acknowledged);
    net.settle().await;
    node.stop().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_on_a_full_disk_shows_what_it_has_and_takes_the_rest_once_there_is_room() {
    let net = Network::new(733).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (gateway, node, other) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    let before = node.publish(offer("before")).await.unwrap();
    net.settle().await;
    gateway.stop().await;
    let aside = net.root().join("aside");
    std::fs::rename(gateway.dir(), &aside).unwrap();
    let disk = SmallDisk::mount(gateway.dir());
    let copied = std::process::Command::new("cp").arg("-a").arg(aside.join(".")).arg(gateway.dir()).status();
    assert!(copied.unwrap().success());
    gateway.start().await;
    node.linked().await;
    other.linked().await;

    disk.fill();
    let mut written = Vec::new();
    for number in 0..120 {
        let thick = offer(&format!("thick-{number}")).saying(&"茶".repeat(19_000));
        written.push(node.publish(thick).await.unwrap().name);
    }
    let told = async || {
        let mut servers = Vec::new();
        for server in [gateway, node] {
            let status = server.status().await.map_err(|status| status.to_string())?;
            servers.extend(status.alarms.into_iter().map(|alarm| format!("{}: {}", server.name(), alarm.message)));
        }
        if servers.iter().any(|said| said.contains("磁盘") || said.contains("disk is full")) {
            Ok(())
        } else {
            Err(format!("{servers:?}"))
        }
    };
    within(PATIENCE, told).await.unwrap_or_else(|told| panic!("nobody is told of the disk: {told}"));
    assert_eq!(gateway.get(&before.name).await.unwrap().revision, before.revision, "it answers");
    let own = other.publish(offer("meanwhile")).await.unwrap();
    assert_eq!(other.get(&own.name).await.unwrap().revision, own.revision, "nobody else's disk is full");

    disk.empty();
    disk.grow();
    net.settle().await;
    for name in [&own.name, &written[0], &written[119]] {
        gateway.get(name).await.unwrap();
    }
    gateway.stop().await;
    drop(disk);
    net.leave("what the gateway has lies on a disk that is gone");
}
