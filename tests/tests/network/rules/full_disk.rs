//! A disk that is full: what was acknowledged stays, what was not is refused in plain words, and the server lives on.

use duikou_proto::v1::Listing;
use duikou_tests::harness::{Network, Server, SmallDisk, offer, within};
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
        if acknowledged.len() == 10 {
            assert!(node.cli(&["search", "thick-0"]).await.done().contains("thick-0"));
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
    failed(&output, 74, &["The server's disk is full", "free some disk space"]);
    let held = node.list("members/-").await.unwrap();
    assert_eq!(held.len(), acknowledged.len(), "the server answers, and holds what it acknowledged");

    // Meanwhile the index has tried to take in what it lacks, for which there is no room.
    for _ in 0..5 {
        let found = node.cli(&["search", "thick-0", "--language", "en"]).await;
        assert!(found.done().contains("thick-0"), "what was there before is found");
    }

    let alarm = node.alarms("DISK_FULL", "The disk is full").await;
    assert!(alarm.remedy.contains("goes on by itself") && alarm.remedy.contains("acknowledged"), "{alarm:?}");
    let (head, why) = node.operator_port("/readyz").await;
    assert!(head.starts_with("http/1.1 503") && why.contains("DISK_FULL"), "{head}\n{why}");
    let backup = net.root().join("elsewhere");
    node.cli(&["backup", backup.to_str().unwrap()]).await.done();
    assert!(backup.join("data.db").exists(), "what a full disk needs most is a copy");

    disk.grow();
    let over = async || {
        let alarms = node.status().await.map_err(|status| status.to_string())?.alarms;
        if alarms.is_empty() { Ok(()) } else { Err(format!("{alarms:?}")) }
    };
    within(PATIENCE, over).await.unwrap_or_else(|alarms| panic!("it does not go on by itself: {alarms}"));
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

/// Waits until the link of `node` is down because its disk is full, and nothing else is blamed.
async fn blames_its_disk(node: &Server) {
    let told = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let codes: Vec<&str> = status.alarms.iter().map(|alarm| &*alarm.code).collect();
        let down = status.links.iter().any(|link| link.detail.contains("磁盘已满"));
        if codes == ["DISK_FULL"] && down { Ok(()) } else { Err(format!("{codes:?}, {:?}", status.links)) }
    };
    within(PATIENCE, told).await.unwrap_or_else(|why| panic!("{} does not blame its disk: {why}", node.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_a_full_disk_ends_blames_no_network() {
    let mut net = Network::new(739).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let path = net.root().join("small");
    let disk = SmallDisk::mount(&path);
    net.join("small", &["small"]).await.linked().await;
    let (origin, node) = (net.node("shenzhen"), net.node("small"));
    disk.fill();
    let published = origin.publish(offer("thick").saying(&"茶".repeat(19_000))).await.unwrap();
    for n in 0..120 {
        origin.publish(offer(&format!("thick-{n}")).saying(&"茶".repeat(19_000))).await.unwrap();
    }
    blames_its_disk(node).await;
    let doctor = node.cli(&["doctor", "--language", "en"]).await;
    assert!(doctor.stdout.contains("DISK_FULL") && !doctor.stdout.contains("Check the network"), "{doctor}");

    disk.grow();
    disk.empty();
    node.sees(&published.name).await;
    net.settle().await;
    node.stop().await;
    net.finish().await;
}
