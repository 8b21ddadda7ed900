//! What subscriptions told stands in the statistics of the member whose they are, once, and no earlier than it is had.

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::Way;
use duikou_proto::v1::{PullQueue, WithdrawalReason};
use duikou_tests::harness::{Receiver, Server, WebCertificate, offer, within};

use super::counterparts::{RICE, about, following, of, sought, two_cities};
use super::pull::{acknowledge, pull};
use super::{create, gets, name, subscribe};
use crate::rules::PATIENCE;

/// Columns of the table of dealings: what was told, and what of that was new and answers a listing.
const TOLD: [usize; 2] = [5, 6];

/// How much somebody's member was told within a year.
async fn counted(node: &Server, certificate: &WebCertificate, session: &str) -> [i64; 2] {
    let csv = node.page(certificate, session, "/statistics/year.dealings.csv").await;
    assert_eq!(csv.status, 200, "{csv:?}");
    let csv = csv.text();
    let number = |line: &str, column| -> i64 {
        line.split(',').nth(column).and_then(|cell| cell.trim().parse().ok()).unwrap_or_else(|| panic!("{csv}"))
    };
    TOLD.map(|column| csv.lines().skip(1).map(|line| number(line, column)).sum())
}

/// Takes the one event that there is, as its type, and says that it is had.
async fn takes(node: &Server, queue: &str) -> String {
    let taken = pull(node, queue, 0).await;
    let [event] = &taken.events[..] else { panic!("one event, not {:?}", taken.events) };
    acknowledge(node, queue, &taken.ack).await.unwrap();
    event.r#type.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_counted_once_for_whose_subscription_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = two_cities(968, &certificate).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let seeker = bijie.let_in(&certificate, "seeker", &["bijie=viewer"]).await;
    let neighbour = bijie.let_in(&certificate, "neighbour", &["zunyi=viewer"]).await;
    bijie.publish(sought(RICE).by("bijie")).await.unwrap();
    shenzhen.publish(about(offer("rice"), RICE)).await.unwrap();
    bijie.sees("members/shenzhen/listings/rice").await;
    let follows = following("bijie", of("sought"), Way::Pull(PullQueue {}));
    let queue = name(&create(bijie, follows, Start::Unspecified).await.unwrap());
    let receiver = Receiver::plain().await;
    subscribe(bijie, "zunyi", &receiver.url("/"), None, Start::Beginning).await.unwrap();
    gets(&receiver, 1).await;

    assert_eq!(pull(bijie, &queue, 0).await.events.len(), 1);
    assert_eq!(counted(bijie, &certificate, &seeker).await, [0, 0], "nobody has said yet that it is had");
    bijie.restart().await;
    assert_eq!(takes(bijie, &queue).await, "listing.published");
    assert_eq!(counted(bijie, &certificate, &seeker).await, [1, 1], "twice taken, once told");

    shenzhen.replace(about(offer("rice").titled("more rice"), RICE)).await.unwrap();
    net.settle().await;
    assert_eq!(takes(bijie, &queue).await, "listing.updated");
    assert_eq!(counted(bijie, &certificate, &seeker).await, [2, 1], "what has changed is told, and no new counterpart");
    gets(&receiver, 2).await;
    shenzhen.withdraw("members/shenzhen/listings/rice", WithdrawalReason::Withdrawn).await.unwrap();
    net.settle().await;
    assert_eq!(takes(bijie, &queue).await, "listing.withdrawn");
    gets(&receiver, 3).await;

    let both = async || (counted(bijie, &certificate, &seeker).await, counted(bijie, &certificate, &neighbour).await);
    // A receiver has what it was sent a moment before that is written down.
    let written = async || {
        let both = both().await;
        if both == ([2, 1], [2, 0]) { Ok(()) } else { Err(format!("{both:?}")) }
    };
    assert_eq!(within(PATIENCE, written).await, Ok(()), "an end is no listing, and what was asked for answers nothing");
    bijie.restart().await;
    assert_eq!(both().await, ([2, 1], [2, 0]));
    net.finish().await;
}
