//! A disk is lost: what the gateway had acknowledged comes back.

use duikou_proto::v1::Listing;
use duikou_tests::harness::{Network, Server, WrongClock, now, offer};
use prost_types::Timestamp;

use super::{holds_all, is_safe_elsewhere, publish_all};

/// In seconds.
const DAY: i64 = 24 * 60 * 60;

/// A network of two nodes, in which `shenzhen` loses something.
async fn world(seed: u64) -> Network {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    net.circle("pan-prd", &["shenzhen", "bijie"]).start().await
}

/// After a recovery both hold the same again, and a new record reaches the other node.
async fn goes_on(net: &Network, node: &Server) {
    net.settle().await;
    let after = node.publish(offer("after").for_network()).await.unwrap();
    let seen = net.node("bijie").sees(&after.name).await;
    assert_eq!(seen.revision, after.revision);
    net.node("bijie").publish(offer("answer").for_circle("pan-prd")).await.unwrap();
    node.sees("members/bijie/listings/answer").await;
    net.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_node_gets_back_what_it_published_after_the_backup() {
    let net = world(201).await;
    let node = net.node("shenzhen");
    let before = publish_all(node, (0..40).map(|n| offer(&format!("early-{n}")))).await;
    node.publish(offer("home").on_request()).await.unwrap();
    let backup = net.root().join("backup");
    node.cli(&["backup", backup.to_str().unwrap()]).await.done();
    let later = publish_all(node, (0..500).map(|n| offer(&format!("late-{n}")))).await;
    node.replace(offer("early-0").titled("changed after the backup").for_circle("pan-prd")).await.unwrap();
    is_safe_elsewhere(node).await;

    node.kill9();
    node.lose_folder();
    node.cli(&["restore", backup.to_str().unwrap()]).await.done();
    node.start().await;
    goes_on(&net, node).await;

    for server in net.servers() {
        holds_all(server, &before).await;
        holds_all(server, &later).await;
    }
    assert_eq!(node.get(&before[0].name).await.unwrap().scopes.len(), 1);
    let early = node.get("members/shenzhen/listings/early-0").await.unwrap();
    assert_eq!(early.listing.unwrap().title, "changed after the backup");
    node.get("members/shenzhen/listings/home").await.unwrap();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_takes_for_ended_is_not_ended_by_whoever_restores_it() {
    let net = world(304).await;
    let (node, gateway, bijie) = (net.node("shenzhen"), net.gateway(), net.node("bijie"));
    let until = |days: i64| {
        move |listing: &mut Listing| {
            let seconds = now() / 1_000_000 + days * DAY;
            listing.expire_time = Some(Timestamp { seconds, nanos: 0 });
        }
    };
    node.publish(offer("tea").with(until(1))).await.unwrap();
    let backup = net.root().join("backup");
    node.cli(&["backup", backup.to_str().unwrap()]).await.done();
    let extended = node.replace(offer("tea").with(until(200))).await.unwrap();
    is_safe_elsewhere(node).await;

    // Three days later: by the backup it has ended.
    let clock = WrongClock::find();
    let later = clock.shifted("+72h");
    node.kill9();
    node.lose_folder();
    node.cli(&["restore", backup.to_str().unwrap()]).await.done();
    gateway.stop().await;
    bijie.stop().await;
    node.start_with(&later).await;
    let refused = node.publish(offer("too-early")).await.unwrap_err();
    assert!(String::from_utf8_lossy(refused.details()).contains("RECOVERING"), "{refused:?}");

    gateway.start_with(&later).await;
    bijie.start_with(&later).await;
    node.linked().await;
    let after = node.publish(offer("after").for_network()).await.unwrap();
    bijie.sees(&after.name).await;
    for server in net.servers() {
        assert_eq!(server.get(&extended.name).await.unwrap().revision, extended.revision);
    }
    net.leave("the clocks of all servers are ahead of the test's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lost_its_data_gets_it_all_from_the_gateway() {
    let net = world(301).await;
    let node = net.node("shenzhen");
    let listings = publish_all(node, (0..100).map(|n| offer(&format!("offer-{n}")))).await;
    let narrowed = node.replace(offer("offer-7").for_members(&["bijie"])).await.unwrap();
    is_safe_elsewhere(node).await;

    node.kill9();
    node.lose_data();
    node.cli(&["recover"]).await.done();
    node.start().await;
    goes_on(&net, node).await;

    holds_all(node, &listings).await;
    assert_eq!(node.get(&narrowed.name).await.unwrap().scopes, narrowed.scopes);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_lost_its_keys_too_comes_back_under_new_ones() {
    let net = world(302).await;
    let node = net.node("shenzhen");
    let listings = publish_all(node, (0..100).map(|n| offer(&format!("offer-{n}")))).await;
    is_safe_elsewhere(node).await;

    node.kill9();
    node.lose_folder();
    net.replace_keys(node, "shenzhen").await;
    node.start().await;
    goes_on(&net, node).await;

    for server in net.servers() {
        holds_all(server, &listings).await;
    }
    let renewed = node.replace(offer("offer-3").titled("under the new key")).await.unwrap();
    net.settle().await;
    assert_eq!(net.node("bijie").get(&renewed.name).await.unwrap().revision, renewed.revision);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_node_writes_nothing_before_it_has_its_records_back() {
    let net = world(303).await;
    let node = net.node("shenzhen");
    publish_all(node, [offer("tea")]).await;
    is_safe_elsewhere(node).await;

    node.kill9();
    node.lose_folder();
    net.replace_keys(node, "shenzhen").await;
    net.gateway().stop().await;
    node.start().await;
    let refused = node.publish(offer("too-early")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}");
    assert!(String::from_utf8_lossy(refused.details()).contains("RECOVERING"), "{refused:?}");
    let alarms = node.status().await.unwrap().alarms;
    assert!(alarms.iter().any(|alarm| alarm.code == "UNRECOVERED"), "{alarms:?}");

    net.gateway().start().await;
    node.sees("members/shenzhen/listings/tea").await;
    goes_on(&net, node).await;
    net.finish().await;
}
