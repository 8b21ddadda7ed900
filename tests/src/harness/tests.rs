//! The harness on a small network of real processes.

use duikou_proto::v1::WithdrawalReason;
use tonic::Code;

use super::{Network, offer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_network_converges_through_kills_and_each_store_holds_its_own_alone() {
    let net = Network::new(11)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "harbin"])
        .node("zunyi", &["zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .start()
        .await;
    let (shenzhen, offices, zunyi) = (net.node("shenzhen"), net.node("offices"), net.node("zunyi"));

    let tea = shenzhen.publish(offer("tea").saying("spring leaves")).await.unwrap();
    shenzhen.publish(offer("pact").saying("circle secret").for_circle("pan-prd")).await.unwrap();
    shenzhen.publish(offer("letter").saying("for harbin only").for_members(&["harbin"])).await.unwrap();
    offices.publish(offer("draft").by("harbin").saying("stays at home").on_request()).await.unwrap();
    net.settle().await;
    assert_eq!(zunyi.sees("members/shenzhen/listings/tea").await.revision, tea.revision);
    assert!(offices.holds_bytes(b"circle secret") && offices.holds_bytes(b"for harbin only"));
    for needle in ["circle secret", "for harbin only", "stays at home"] {
        zunyi.never_received(needle.as_bytes());
    }
    net.gateway().never_received(b"stays at home");

    zunyi.kill9();
    shenzhen.replace(offer("tea").saying("autumn leaves")).await.unwrap();
    shenzhen.withdraw("members/shenzhen/listings/pact", WithdrawalReason::Withdrawn).await.unwrap();
    offices.loses("members/shenzhen/listings/pact").await;
    net.gateway().kill9();
    offices.publish(offer("mill").by("bijie").for_network()).await.unwrap();
    net.gateway().start().await;
    zunyi.start().await;
    net.settle().await;
    zunyi.sees("members/bijie/listings/mill").await;
    assert_eq!(zunyi.get("members/shenzhen/listings/letter").await.unwrap_err().code(), Code::NotFound);

    let listed = shenzhen.cli(&["list", "--output", "json"]).await.done();
    assert!(listed.contains("members/bijie.pprd.example/listings/mill"), "{listed}");
    assert_eq!(shenzhen.cli(&["nonsense"]).await.code, 2);
    shenzhen.restart().await;
    net.settle().await;
    shenzhen.stop().await;
    net.finish().await;
}
