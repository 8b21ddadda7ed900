//! Receivers that are down, slow or hostile, and addresses that nobody should reach.

use duikou_proto::v1::ResumeSubscriptionRequest;
use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::delivery::Outcome;
use duikou_tests::harness::{Manner, Network, Receiver, Server, WebCertificate, offer, within};

use super::{HERE, gets, log, name, shown, subscribe, subscriptions};
use crate::rules::{PATIENCE, fields};

/// Waits until the newest attempt of a subscription came to this.
async fn attempted(server: &Server, subscription: &str, outcome: Outcome) {
    let looked = async || match log(server, subscription).await.first() {
        Some(delivery) if delivery.outcome() == outcome => Ok(()),
        other => Err(format!("{other:?}")),
    };
    within(PATIENCE, looked).await.unwrap_or_else(|seen| panic!("{subscription} is not {outcome:?}: {seen}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_receiver_costs_the_others_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let believed = WebCertificate::make(folder.path());
    let other = tempfile::tempdir().unwrap();
    let unbelieved = WebCertificate::make(other.path());
    let net = Network::new(921)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .setting("delivery.allow", HERE)
        .setting("delivery.extra_roots", &believed.certificate.display().to_string())
        .start()
        .await;
    let node = net.node("shenzhen");
    let mut bad = Vec::new();
    for manner in [
        Manner::Hang,
        Manner::Endless,
        Manner::Close,
        Manner::Status(500),
        Manner::RetryAfter(503, 2),
        Manner::Redirect("http://127.0.0.1:9/".to_owned()),
    ] {
        let receiver = Receiver::plain().await;
        receiver.does(manner);
        let made = subscribe(node, "shenzhen", &receiver.url("/"), None, Start::Unspecified).await.unwrap();
        bad.push((receiver, name(&made)));
    }
    let liar = Receiver::with_tls(&unbelieved).await;
    let lied = name(&subscribe(node, "shenzhen", &liar.url("/"), None, Start::Unspecified).await.unwrap());
    let nobody = subscribe(node, "shenzhen", "http://127.0.0.1:9/", None, Start::Unspecified).await.unwrap();
    let healthy = [Receiver::plain().await, Receiver::with_tls(&believed).await];
    for receiver in &healthy {
        subscribe(node, "shenzhen", &receiver.url("/"), None, Start::Unspecified).await.unwrap();
    }
    for number in 0..20 {
        node.publish(offer(&format!("tea-{number}"))).await.unwrap();
    }
    for receiver in &healthy {
        assert_eq!(gets(receiver, 20).await.len(), 20);
    }

    for ((receiver, subscription), outcome) in bad.iter().zip([
        Outcome::TimedOut,
        Outcome::Delivered,
        Outcome::Unreachable,
        Outcome::Refused,
        Outcome::Refused,
        Outcome::Refused,
    ]) {
        attempted(node, subscription, outcome).await;
        assert!(!receiver.received().is_empty());
    }
    attempted(node, &lied, Outcome::TlsFailed).await;
    assert!(liar.received().is_empty(), "nothing is sent to whoever is not believed");
    attempted(node, &name(&nobody), Outcome::Unreachable).await;
    let failing = shown(node, &lied).await;
    assert!(failing.failure_count > 0 && failing.next_attempt_time.is_some(), "{failing:?}");
    // An endless body was an answer all the same.
    assert_eq!(shown(node, &bad[1].1).await.failure_count, 0);

    // Those that come to their senses get what they lack; at once, where their owner says so.
    let (receiver, subscription) = &bad[3];
    receiver.forget();
    receiver.does(Manner::Status(204));
    let resume = ResumeSubscriptionRequest { name: subscription.clone() };
    subscriptions(node).resume_subscription(resume).await.unwrap();
    assert_eq!(gets(receiver, 20).await.len(), 20);
    assert!(node.metric("duikou_deliveries_total{outcome=\"DELIVERED\"}").await >= 40);
    assert!(node.metric("duikou_deliveries_total{outcome=\"TIMED_OUT\"}").await >= 1);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_reaches_an_address_that_the_operator_has_not_allowed() {
    let net = Network::new(922).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let receiver = Receiver::plain().await;
    let port = receiver.url("").rsplit_once(':').unwrap().1.to_owned();
    for address in [
        receiver.url("/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://[::1]/".to_owned(),
        "https://2130706433/".to_owned(),
        "http://example.com/".to_owned(),
        "https://user@example.com/".to_owned(),
        "https://example.com:22/".to_owned(),
        "gopher://example.com/".to_owned(),
        "https://example.com/#x".to_owned(),
        String::new(),
    ] {
        let refused = subscribe(node, "shenzhen", &address, None, Start::Unspecified).await.unwrap_err();
        assert_eq!(fields(&refused), ["subscription.webhook.url"], "{address}: {refused}");
    }
    // A name says nothing of where it leads: that is judged when it is dialled.
    let made = subscribe(node, "shenzhen", "https://localhost:8443/", None, Start::Unspecified).await.unwrap();
    node.publish(offer("tea")).await.unwrap();
    attempted(node, &name(&made), Outcome::AddressForbidden).await;
    let delivery = log(node, &name(&made)).await.remove(0);
    assert!(!delivery.detail.contains("127.0.0.1"), "where it leads is nobody's business: {delivery:?}");
    assert!(receiver.received().is_empty());
    net.finish().await;
}
