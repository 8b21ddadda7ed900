//! Following what changes, through restarts, and beside those who do not keep up.

use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::{Filter, WithdrawalReason, reset};
use duikou_tests::harness::{Network, offer, request};
use tonic::Code;

use super::{Watcher, listing_name, reason};

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
}
