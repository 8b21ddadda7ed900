//! A disk that is full: what was acknowledged stays, what was not is refused in plain words, and the server lives on.

use duikou_proto::v1::Listing;
use duikou_tests::harness::{Network, SmallDisk, offer};
use tonic::Code;

use super::{failed, reason};

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
