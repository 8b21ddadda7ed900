//! What subscriptions told stands in the statistics of the member whose they are, once, and no earlier than it is had.

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::Way;
use duikou_proto::v1::{MailDigest, PullQueue, WithdrawalReason, mail_digest};
use duikou_tests::harness::{MailServer, Network, Receiver, Server, WebCertificate, offer, within};

use super::counterparts::{RICE, about, following, of, sought, two_cities};
use super::mails::{BASE, link};
use super::pull::{acknowledge, pull};
use super::{create, gets, http, name, subscribe};
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

#[tokio::test(flavor = "multi_thread")]
async fn what_a_digest_tells_is_counted_once_its_mail_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let mails = MailServer::start(&certificate);
    let net = Network::new(974)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie", "zunyi"])
        .web_certificate(&certificate)
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &mails.implicit())
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let seeker = bijie.let_in(&certificate, "seeker", &["bijie=viewer"]).await;
    let neighbour = bijie.let_in(&certificate, "neighbour", &["zunyi=viewer"]).await;
    bijie.publish(sought(RICE).by("bijie")).await.unwrap();
    shenzhen.publish(about(offer("rice"), RICE)).await.unwrap();
    bijie.sees("members/shenzhen/listings/rice").await;
    let pace = mail_digest::Pace::AtOnce.into();
    let mail = MailDigest { address: "li@example.com".to_owned(), pace, ..MailDigest::default() };
    create(bijie, following("bijie", of("sought"), Way::Mail(mail)), Start::Unspecified).await.unwrap();
    let question = mails.next().await;
    assert_eq!(counted(bijie, &certificate, &seeker).await, [0, 0], "whoever is asked has been told nothing");

    // A mail server has what it took a moment before that is written down.
    let written = async |told: [i64; 2]| {
        let looked = async || match counted(bijie, &certificate, &seeker).await {
            seen if seen == told => Ok(()),
            seen => Err(format!("{seen:?}")),
        };
        assert_eq!(within(PATIENCE, looked).await, Ok(()));
    };
    let confirmed = http(bijie, &certificate, "POST", &link(&question, "confirm"), &[], "").await;
    assert_eq!(confirmed.status, 200);
    assert_eq!(mails.next().await.headers["subject"], "稻谷：新1条");
    written([1, 1]).await;

    // One mail of two counts twice; what has changed is told, and no new counterpart.
    shenzhen.replace(about(offer("rice").titled("more rice"), RICE)).await.unwrap();
    shenzhen.publish(about(offer("seed"), RICE)).await.unwrap();
    assert_eq!(mails.next().await.headers["subject"], "稻谷：新1条，更新1条");
    written([3, 2]).await;
    bijie.restart().await;
    assert_eq!(counted(bijie, &certificate, &seeker).await, [3, 2]);
    assert_eq!(counted(bijie, &certificate, &neighbour).await, [0, 0], "it was told to others");
    net.finish().await;
}
