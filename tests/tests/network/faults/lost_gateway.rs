//! The gateway is lost: what its nodes know of the directory comes back from them before it makes anything new, with a
//! backup and without one.

use duikou_tests::harness::{NETWORK, Network, Program, Server, offer, run_program, within};

use super::{PATIENCE, holds_all, is_safe_elsewhere, publish_all};

/// The nodes that were certified by a member's key, as the trail tells of them: each with where it called from.
async fn certified(gateway: &Server) -> Vec<(String, String)> {
    let told = gateway.cli(&["audit", "list", "--action", "node.certify", "--output", "json"]).await.done();
    let told: Vec<serde_json::Value> = serde_json::from_str(&told).unwrap();
    let text = |entry: &serde_json::Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let mut told: Vec<_> = told.iter().map(|entry| (text(entry, "resource"), text(entry, "address"))).collect();
    told.sort();
    told
}

async fn done(server: &Server, args: &[&str]) {
    let tried = async || match server.cli(args).await {
        output if output.code == 0 => Ok(()),
        output => Err(output.to_string()),
    };
    within(PATIENCE, tried).await.unwrap_or_else(|text| panic!("{args:?}: {text}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_restored_from_an_old_backup_takes_the_directory_back_from_its_nodes() {
    let mut net = Network::new(341)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .start()
        .await;
    publish_all(net.node("shenzhen"), (0..30).map(|n| offer(&format!("early-{n}")))).await;
    net.settle().await;
    let invite = net.invite("harbin").await;
    let backup = net.root().join("backup").display().to_string();
    net.gateway().cli(&["backup", &backup]).await.done();

    // All of this is lost with the gateway.
    net.join("zunyi", &["zunyi"]).await;
    net.gateway().cli(&["circles", "create", "later"]).await.done();
    net.gateway().cli(&["circles", "add", "later", "zunyi", "bijie"]).await.done();
    let late = publish_all(net.node("zunyi"), (0..20).map(|n| offer(&format!("late-{n}")).for_circle("later"))).await;
    net.settle().await;
    net.node("shenzhen").cli(&["keys", "rotate", "shenzhen"]).await.done();
    net.settle().await;
    is_safe_elsewhere(net.node("shenzhen")).await;
    let (gateway, bijie) = (net.gateway(), net.node("bijie"));
    let index = gateway.status().await.unwrap().directory_index;
    gateway.kill9();
    gateway.lose_folder();
    bijie.stop().await;
    gateway.cli(&["restore", &backup]).await.done();
    gateway.start().await;
    let early = gateway.cli(&["circles", "create", "too-early"]).await;
    assert_eq!(early.code, 75, "{early}");
    net.node("zunyi").linked().await;
    let waits = gateway.cli(&["circles", "create", "too-early"]).await;
    assert!(waits.code == 75 && waits.stderr.contains("bijie"), "{waits}");
    let alarms = gateway.status().await.unwrap().alarms;
    assert!(alarms.iter().any(|alarm| alarm.code == "GATHERING"), "{alarms:?}");
    bijie.start().await;

    done(gateway, &["circles", "create", "new"]).await;
    assert_eq!(gateway.status().await.unwrap().directory_index, index + 1, "nothing was lost, and nothing forked");
    net.settle().await;
    holds_all(gateway, &late).await;
    holds_all(bijie, &late).await;
    net.node("shenzhen").publish(offer("after")).await.unwrap();
    bijie.sees("members/shenzhen/listings/after").await;
    assert_eq!(certified(gateway).await, [], "it takes the certificates that there are");

    // What was taken back since the backup would else be good again.
    let listed = gateway.cli(&["invites", "list", "--output", "json"]).await.done();
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    let states = listed.iter().map(|invite| invite["state"].as_str().unwrap());
    assert!(
        states.clone().any(|state| state == "REVOKED") && !states.clone().any(|state| state == "OPEN"),
        "{listed:?}"
    );
    let dir = net.root().join("harbin").display().to_string();
    let refused = run_program(Program::Node, net.root(), &["join", &invite, "--dir", &dir]).await;
    assert!(refused.code == 77 && refused.stderr.contains("网关从备份恢复之前发出的"), "{refused}");
    let trail = gateway.cli(&["audit", "list", "--action", "backup.restore", "--output", "jsonl"]).await.done();
    assert_eq!(trail.lines().count(), 1, "{trail}");
    net.join("harbin", &["harbin"]).await.linked().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_lost_without_backup_is_rebuilt_from_its_members_and_nothing_of_theirs_is_gone() {
    let mut net = Network::new(342)
        .gateway()
        .node("shenzhen", &["shenzhen", "dongguan"])
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .start()
        .await;
    let mut listings = publish_all(net.node("shenzhen"), (0..40).map(|n| offer(&format!("offer-{n}")))).await;
    listings.extend(publish_all(net.node("bijie"), (0..10).map(|n| offer(&format!("coal-{n}")))).await);
    net.node("shenzhen").publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    net.node("shenzhen").publish(offer("ended")).await.unwrap();
    net.settle().await;
    net.node("shenzhen")
        .withdraw("members/shenzhen/listings/ended", duikou_proto::v1::WithdrawalReason::Filled)
        .await
        .unwrap();
    net.settle().await;
    let root_key = net.root().join("root.key").display().to_string();
    std::fs::copy(net.gateway().dir().join("root.key"), &root_key).unwrap();
    let index = net.gateway().status().await.unwrap().directory_index;

    // One node is away when it happens, and is back later.
    net.node("zunyi").stop().await;
    let gateway = net.gateway();
    gateway.kill9();
    gateway.lose_folder();
    net.node("shenzhen").publish(offer("meanwhile")).await.unwrap();
    gateway.cli(&["rebuild", "--network", NETWORK, "--root-key", &root_key]).await.done();
    assert!(!gateway.dir().join("root.key").exists());
    gateway.start().await;
    net.node("shenzhen").linked().await;
    net.node("bijie").linked().await;
    let early = gateway.cli(&["directory", "rotate", "--root-key", &root_key, "--yes"]).await;
    assert!(early.code == 75 && early.stderr.contains("zunyi"), "{early}");
    net.node("zunyi").start().await;
    net.node("zunyi").linked().await;
    done(gateway, &["directory", "rotate", "--root-key", &root_key, "--yes"]).await;
    assert!(gateway.status().await.unwrap().directory_index > index);
    net.settle().await;
    for server in net.servers() {
        holds_all(server, &listings).await;
        server.sees("members/shenzhen/listings/meanwhile").await;
    }
    let nodes = ["bijie", "shenzhen", "zunyi"].map(|node| (format!("nodes/{node}.{NETWORK}"), "127.0.0.1".to_owned()));
    assert_eq!(certified(gateway).await, nodes, "once each, since its authority is another one");
    gateway.cli(&["circles", "create", "new"]).await.done();
    gateway.restart().await;
    net.join("tongren", &["tongren"]).await;
    net.node("tongren").sees("members/shenzhen/listings/offer-39").await;
    net.finish().await;
}
