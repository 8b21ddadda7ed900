//! An older folder is put back in place of the present one, and nobody says so.

use duikou_proto::v1::WithdrawalReason;
use duikou_tests::harness::{Network, offer};
use tonic::Code;

use super::{holds_all, is_safe_elsewhere, publish_all};

async fn world(seed: u64) -> Network {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    net.node("zunyi", &["zunyi"]).circle("pan-prd", &["shenzhen", "bijie"]).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_the_copy_comes_back() {
    let net = world(401).await;
    let node = net.node("shenzhen");
    publish_all(node, (0..20).map(|n| offer(&format!("early-{n}")))).await;
    is_safe_elsewhere(node).await;
    node.stop().await;
    let old = net.root().join("old");
    node.copy_folder(&old);
    node.start().await;
    let later = publish_all(node, (0..60).map(|n| offer(&format!("late-{n}")).for_network())).await;
    node.withdraw("members/shenzhen/listings/early-1", WithdrawalReason::Filled).await.unwrap();
    node.replace(offer("early-2").for_circle("pan-prd")).await.unwrap();
    is_safe_elsewhere(node).await;

    node.stop().await;
    node.put_back(&old);
    node.start().await;
    net.settle().await;
    for server in net.servers() {
        holds_all(server, &later).await;
        server.loses("members/shenzhen/listings/early-1").await;
    }
    net.node("zunyi").loses("members/shenzhen/listings/early-2").await;
    net.node("bijie").sees("members/shenzhen/listings/early-2").await;

    node.restart().await;
    net.settle().await;
    holds_all(node, &later).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_on_the_old_copy_before_the_link_came_up_holds_as_well() {
    let net = world(402).await;
    let node = net.node("shenzhen");
    for id in ["tea", "mill", "road", "bridge"] {
        node.publish(offer(id).for_circle("pan-prd")).await.unwrap();
    }
    is_safe_elsewhere(node).await;
    node.stop().await;
    let old = net.root().join("old");
    node.copy_folder(&old);
    node.start().await;
    // In the future that the copy does not know, three are opened to everybody and one is taken back.
    for id in ["tea", "mill", "bridge"] {
        node.replace(offer(id).for_network().saying("opened wide")).await.unwrap();
    }
    node.withdraw("members/shenzhen/listings/road", WithdrawalReason::Withdrawn).await.unwrap();
    let lost = publish_all(node, (0..30).map(|n| offer(&format!("late-{n}")))).await;
    net.settle().await;
    net.node("zunyi").sees("members/shenzhen/listings/tea").await;

    node.stop().await;
    node.put_back(&old);
    net.gateway().stop().await;
    node.start().await;
    let kept = node.replace(offer("tea").for_members(&["bijie"]).saying("narrowed on the copy")).await.unwrap();
    node.withdraw("members/shenzhen/listings/mill", WithdrawalReason::Withdrawn).await.unwrap();
    let road = node.replace(offer("road").for_circle("pan-prd").saying("again")).await.unwrap();
    let new = node.publish(offer("new-on-the-copy").for_network()).await.unwrap();
    net.gateway().start().await;
    is_safe_elsewhere(node).await;
    net.settle().await;

    for server in net.servers() {
        holds_all(server, &lost).await;
        holds_all(server, std::slice::from_ref(&new)).await;
        server.loses("members/shenzhen/listings/mill").await;
    }
    for written in [kept.clone(), road] {
        // Where a withdrawal was owed, the same content was signed once more with it.
        let held = net.node("bijie").get(&written.name).await.unwrap();
        assert!(held.revision >= written.revision, "{}", written.name);
        assert_eq!((held.scopes, held.listing), (written.scopes, written.listing));
    }
    // Nobody keeps what the narrowing took away, although the copy did not know that it was ever theirs.
    let zunyi = net.node("zunyi");
    assert_eq!(zunyi.get(&kept.name).await.unwrap_err().code(), Code::NotFound);
    zunyi.sees("members/shenzhen/listings/bridge").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_rolled_back_gets_everything_from_its_nodes() {
    let net = world(403).await;
    let node = net.node("shenzhen");
    publish_all(node, (0..20).map(|n| offer(&format!("early-{n}")))).await;
    net.settle().await;
    net.gateway().stop().await;
    let old = net.root().join("old");
    net.gateway().copy_folder(&old);
    net.gateway().start().await;
    let later = publish_all(node, (0..60).map(|n| offer(&format!("late-{n}")))).await;
    node.replace(offer("early-3").for_circle("pan-prd")).await.unwrap();
    net.settle().await;

    net.gateway().stop().await;
    net.gateway().put_back(&old);
    net.gateway().start().await;
    net.settle().await;
    for server in net.servers() {
        holds_all(server, &later).await;
    }
    net.node("zunyi").loses("members/shenzhen/listings/early-3").await;
    let after = node.publish(offer("after")).await.unwrap();
    net.settle().await;
    net.node("zunyi").sees(&after.name).await;
    net.finish().await;
}
