//! Following what changes, through restarts, and beside those who do not keep up.

use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::{Filter, WithdrawalReason, reset};
use duikou_tests::harness::{Network, WebCertificate, offer, request};
use tonic::Code;

use super::{Holder, Watcher, listing_name, reason};

fn offers() -> Option<Filter> {
    Some(Filter { directions: vec![Direction::Offer.into()], ..Filter::default() })
}

async fn listing(watcher: &mut Watcher) -> String {
    match watcher.next().await {
        Event::Listing(listing) => listing.name,
        other => panic!("{other:?} instead of a listing"),
    }
}

async fn gone(watcher: &mut Watcher) -> (String, Reason) {
    match watcher.next().await {
        Event::NoLonger(gone) => (gone.name.clone(), gone.reason()),
        other => panic!("{other:?} instead of a departure"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_sends_what_there_is_then_what_comes_and_goes_on_after_a_restart() {
    let net = Network::new(781).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let name = |id: &str| listing_name("shenzhen", id);
    for draft in [offer("a"), offer("b"), offer("c"), request("r")] {
        node.publish(draft).await.unwrap();
    }
    let mut watcher = Watcher::new(node.local(), offers(), "").await.unwrap();
    assert_eq!(watcher.snapshot().await, ["a", "b", "c"].map(name));

    node.publish(request("s")).await.unwrap();
    node.publish(offer("d")).await.unwrap();
    assert_eq!(listing(&mut watcher).await, name("d"), "a request is not asked for");
    node.replace(request("a")).await.unwrap();
    assert_eq!(gone(&mut watcher).await, (name("a"), Reason::Filter));
    node.replace(offer("a")).await.unwrap();
    assert_eq!(listing(&mut watcher).await, name("a"));
    for (id, why, told) in [
        ("b", WithdrawalReason::Withdrawn, Reason::Withdrawn),
        ("c", WithdrawalReason::Filled, Reason::Filled),
        ("d", WithdrawalReason::Deleted, Reason::Deleted),
    ] {
        node.withdraw(&name(id), why).await.unwrap();
        assert_eq!(gone(&mut watcher).await, (name(id), told));
    }
    node.publish(offer("b")).await.unwrap();
    assert_eq!(listing(&mut watcher).await, name("b"));
    assert_eq!(reason(&node.publish(offer("d")).await.unwrap_err()), "DELETED");

    let cursor = watcher.cursor.clone();
    node.restart().await;
    node.publish(offer("e")).await.unwrap();
    node.withdraw(&name("a"), WithdrawalReason::Withdrawn).await.unwrap();
    let mut resumed = Watcher::new(node.local(), offers(), &cursor).await.unwrap();
    let mut news = Vec::new();
    loop {
        match resumed.next().await {
            Event::Listing(listing) => news.push(listing.name),
            Event::NoLonger(gone) => news.push(format!("no {}", gone.name)),
            Event::CaughtUp(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(news, [name("e"), format!("no {}", name("a"))]);
    node.kill9();
    node.start().await;
    node.linked().await;
    node.publish(offer("f")).await.unwrap();
    let mut resumed = Watcher::new(node.local(), offers(), &resumed.cursor).await.unwrap();
    assert_eq!(listing(&mut resumed).await, name("f"));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_cannot_be_honoured_begins_again() {
    let net = Network::new(782).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("a")).await.unwrap();
    node.publish(request("r")).await.unwrap();
    net.settle().await;
    let mut watcher = Watcher::new(node.local(), offers(), "").await.unwrap();
    watcher.snapshot().await;
    let all = ["a", "r"].map(|id| listing_name("shenzhen", id));

    for (channel, cursor, cause) in [
        (node.local(), &*watcher.cursor, reset::Cause::Filter),
        (net.gateway().local(), &*watcher.cursor, reset::Cause::Foreign),
        (node.local(), "no cursor at all", reset::Cause::Foreign),
    ] {
        let mut other = Watcher::new(channel, None, cursor).await.unwrap();
        match other.next().await {
            Event::Reset(reset) => assert_eq!(reset.cause(), cause),
            event => panic!("{event:?} instead of a reset"),
        }
        assert_eq!(other.snapshot().await, all);
    }
    let bad = Filter { kinds: vec!["nonsense".to_owned()], ..Filter::default() };
    let refused = Watcher::new(node.local(), Some(bad), "").await.err().unwrap();
    assert_eq!((refused.code(), super::fields(&refused).len()), (Code::InvalidArgument, 1));
    net.finish().await;
}

/// More than one stream's window and buffers hold.
const THICK: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_reading_costs_nobody_anything_and_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(783).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    let mut names = Vec::new();
    for number in 0..THICK {
        names.push(node.publish(offer(&format!("thick-{number}")).saying(&"茶".repeat(19_000))).await.unwrap().name);
    }
    let web = node.web(certificate.client(), None).await.unwrap();
    let mut slow = Watcher::new(web, None, "").await.unwrap();
    let mut received = std::collections::BTreeSet::from([listing(&mut slow).await]);

    let web = node.web(certificate.client(), None).await.unwrap();
    let mut brisk = Holder::new(Watcher::new(web, None, "").await.unwrap()).await;
    assert_eq!(brisk.held.len(), THICK);
    // The bound is a minute; the other reader receives what is published all the while.
    for number in 0..75 {
        let name = node.publish(offer(&format!("thin-{number}"))).await.unwrap().name;
        while !brisk.held.contains(&name) {
            brisk.step().await;
        }
        names.push(name);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }

    let cut = loop {
        match slow.try_next().await {
            Ok(Event::Listing(listing)) => drop(received.insert(listing.name)),
            Ok(other) => panic!("{other:?} although the reader was too slow"),
            Err(status) => break status,
        }
    };
    assert_eq!((cut.code(), &*reason(&cut)), (Code::ResourceExhausted, "SLOW_READER"), "{cut}");
    assert!(received.len() < THICK, "nothing was held back: {}", received.len());

    let web = node.web(certificate.client(), None).await.unwrap();
    let mut resumed = Watcher::new(web, None, &slow.cursor).await.unwrap();
    received.extend(resumed.snapshot().await);
    names.sort();
    assert_eq!(received.into_iter().collect::<Vec<_>>(), names);
    net.finish().await;
}
