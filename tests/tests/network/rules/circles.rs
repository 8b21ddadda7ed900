//! What operators decide takes effect on links that are up, and those who watch are told.

use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Server, WebCertificate, offer};

use super::{Holder, Watcher, listing_name};

const PACT: &str = "members/shenzhen/listings/pact";

async fn network(seed: u64, certificate: &WebCertificate) -> Network {
    let net = Network::new(seed)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .web_certificate(certificate)
        .start()
        .await;
    let node = net.node("shenzhen");
    node.publish(offer("tea")).await.unwrap();
    node.publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    net.settle().await;
    net
}

/// Watches at a node through the eyes of its member.
async fn watch(node: &Server, certificate: &WebCertificate) -> Holder {
    let secret = node.token(node.name(), Role::Viewer).await.unwrap();
    let web = node.web(certificate.client(), Some(&secret)).await.unwrap();
    Holder::new(Watcher::new(web, None, "").await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_circle_receives_it_and_who_leaves_loses_it() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = network(761, &certificate).await;
    let (zunyi, tea, pact) = (net.node("zunyi"), listing_name("shenzhen", "tea"), listing_name("shenzhen", "pact"));
    let mut watcher = watch(zunyi, &certificate).await;
    watcher.holds(&[&tea]).await;

    net.gateway().cli(&["circles", "add", "pan-prd", "zunyi"]).await.done();
    zunyi.sees(PACT).await;
    watcher.holds(&[&tea, &pact]).await;
    net.settle().await;

    net.node("shenzhen").publish(offer("second").for_circle("pan-prd")).await.unwrap();
    let second = listing_name("shenzhen", "second");
    watcher.holds(&[&tea, &pact, &second]).await;

    watcher.left.clear();
    watcher.resets = 0;
    net.gateway().cli(&["circles", "drop", "pan-prd", "zunyi"]).await.done();
    zunyi.loses(PACT).await;
    watcher.holds(&[&tea]).await;
    watcher.lost(&pact, Reason::ScopeLost);
    net.settle().await;
    net.node("shenzhen").publish(offer("third").for_circle("pan-prd")).await.unwrap();
    net.node("bijie").sees("members/shenzhen/listings/third").await;
    net.settle().await;
    zunyi.never_received(b"third for partner cities");
}
