//! What a member may no longer see leaves its disk, and what it never might never came there.

use std::time::Duration;

use duikou_proto::federation::admission_service_client::AdmissionServiceClient;
use duikou_proto::federation::{AddToCircleRequest, DropFromCircleRequest};
use duikou_proto::v1::WithdrawalReason;
use duikou_tests::harness::{Draft, Network, Server, holds, offer, within};

use super::publish_all;

/// After how long nothing may be left.
const ERASED: Duration = Duration::from_secs(60);
/// Listings around those that are looked for, so that pages of the database split and merge.
const CROWD: usize = 400;

fn body(needle: &str) -> String {
    [needle; 24].join(" and ")
}

/// A listing whose text is `needle`, many times.
fn told(id: &str, needle: &str) -> Draft {
    offer(id).saying(&body(needle))
}

async fn is_erased(server: &Server, needles: &[String]) {
    let gone = async || {
        let databases = server.databases();
        let left: Vec<_> = needles
            .iter()
            .filter(|needle| databases.iter().any(|(_, bytes)| holds(bytes, needle.as_bytes())))
            .collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{} of {}: {:?}", left.len(), needles.len(), left[0])) }
    };
    within(ERASED, gone).await.unwrap_or_else(|reason| panic!("{} still has bytes of {reason}", server.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_narrowing_took_away_leaves_the_disk() {
    let net = Network::new(701).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.node("zunyi", &["zunyi"]).start().await;
    let (node, bijie, zunyi) = (net.node("shenzhen"), net.node("bijie"), net.node("zunyi"));
    let secret = |n: usize| format!("needle-{n:05}-in-the-haystack");
    let crowd = (0..CROWD).map(|n| told(&format!("listing-{n:03}"), &secret(n)).for_network());
    publish_all(node, crowd).await;
    net.settle().await;
    let (narrowed, ended): (Vec<usize>, Vec<usize>) =
        ((0..CROWD).step_by(4).collect(), (1..CROWD).step_by(4).collect());
    for n in narrowed.iter().chain(&ended) {
        assert!(zunyi.holds_bytes(secret(*n).as_bytes()));
    }

    for n in &narrowed {
        node.replace(told(&format!("listing-{n:03}"), &secret(*n)).for_members(&["bijie"])).await.unwrap();
    }
    for n in &ended {
        let name = format!("members/shenzhen/listings/listing-{n:03}");
        node.withdraw(&name, WithdrawalReason::Withdrawn).await.unwrap();
    }
    net.settle().await;
    let needles = |of: &[usize]| of.iter().map(|n| secret(*n)).collect::<Vec<_>>();
    is_erased(zunyi, &needles(&narrowed)).await;
    for server in [zunyi, bijie, net.gateway(), node] {
        is_erased(server, &needles(&ended)).await;
    }
    // The same scan finds what may stay.
    for n in (2..CROWD).step_by(4) {
        assert!(zunyi.holds_bytes(secret(n).as_bytes()), "{n}");
    }
    for n in &narrowed {
        assert!(bijie.holds_bytes(secret(*n).as_bytes()), "{n}");
    }

    let widened = node.replace(told("listing-000", &secret(0)).for_network()).await.unwrap();
    zunyi.sees(&widened.name).await;
    assert!(zunyi.holds_bytes(secret(0).as_bytes()));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_circles_that_change_nobody_has_a_byte_outside_its_scopes() {
    let net = Network::new(702).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.node("zunyi", &["zunyi"]).node("harbin", &["harbin"]).circle("pact", &["shenzhen", "bijie"]);
    let net = net.start().await;
    let (node, bijie, zunyi, harbin) = (net.node("shenzhen"), net.node("bijie"), net.node("zunyi"), net.node("harbin"));
    let never = || {
        for server in [zunyi, harbin] {
            for needle in ["pact-text-7a1c", "pact-id-9f", "bijie-text-5e2d", "home-text-c3d4"] {
                server.never_received(needle.as_bytes());
            }
        }
        for server in [bijie, zunyi, harbin, net.gateway()] {
            server.never_received(b"home-text-c3d4");
        }
    };
    node.publish(told("pact-id-9f", "pact-text-7a1c").for_circle("pact")).await.unwrap();
    node.publish(told("for-bijie", "bijie-text-5e2d").for_members(&["bijie"])).await.unwrap();
    node.publish(told("home", "home-text-c3d4").on_request()).await.unwrap();
    node.publish(told("open", "open-text-1b2a").for_network()).await.unwrap();
    net.settle().await;
    assert!(bijie.holds_bytes(b"pact-text-7a1c") && zunyi.holds_bytes(b"open-text-1b2a"));
    never();

    // Widened to the circle, narrowed to one member, widened again: the others learn nothing.
    node.replace(told("for-bijie", "bijie-text-5e2d").for_circle("pact")).await.unwrap();
    node.replace(told("pact-id-9f", "pact-text-7a1c").for_members(&["bijie"])).await.unwrap();
    net.settle().await;
    never();
    node.replace(told("pact-id-9f", "pact-text-7a1c").for_circle("pact")).await.unwrap();
    net.settle().await;
    never();

    // Zunyi joins and has it; harbin still has not.
    let mut admission = AdmissionServiceClient::new(net.gateway().local());
    let (circle, member) = ("pact".to_owned(), "zunyi".to_owned());
    admission.add_to_circle(AddToCircleRequest { circle: circle.clone(), member: member.clone() }).await.unwrap();
    zunyi.sees("members/shenzhen/listings/pact-id-9f").await;
    net.settle().await;
    assert!(zunyi.holds_bytes(b"pact-text-7a1c"));
    for needle in ["pact-text-7a1c", "pact-id-9f", "bijie-text-5e2d", "home-text-c3d4"] {
        harbin.never_received(needle.as_bytes());
    }

    // It leaves, and the texts leave its disk; what it may still see stays.
    admission.drop_from_circle(DropFromCircleRequest { circle, member }).await.unwrap();
    zunyi.loses("members/shenzhen/listings/pact-id-9f").await;
    net.settle().await;
    is_erased(zunyi, &["pact-text-7a1c".to_owned(), "bijie-text-5e2d".to_owned()]).await;
    assert!(zunyi.holds_bytes(b"open-text-1b2a") && bijie.holds_bytes(b"pact-text-7a1c"));

    // What is written for the circle afterwards never comes to it.
    node.publish(told("later", "later-text-8d8d").for_circle("pact")).await.unwrap();
    bijie.sees("members/shenzhen/listings/later").await;
    net.settle().await;
    for server in [zunyi, harbin] {
        server.never_received(b"later-text-8d8d");
    }
    net.finish().await;
}
