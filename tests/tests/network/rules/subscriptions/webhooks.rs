//! Webhooks that work: what is sent, in which order, signed how, and what survives.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::replay_subscription_request::Origin;
use duikou_proto::v1::subscription::{Interest, PauseReason, State, Way};
use duikou_proto::v1::{
    Filter, PauseSubscriptionRequest, ReplaySubscriptionRequest, ResumeSubscriptionRequest,
    RotateSubscriptionSecretRequest, Subscription, TestSubscriptionRequest, UpdateSubscriptionRequest, Webhook,
    WithdrawalReason,
};
use duikou_tests::harness::{Manner, Network, Received, Receiver, WebCertificate, offer, python, request, within};
use serde_json::json;

use super::{HERE, gets, log, name, shown, subscribe, subscriptions, told};
use crate::rules::{PATIENCE, listing_name};

/// What the reference verifier makes of messages.
pub(in crate::rules) async fn verified(messages: &[(&Received, &str, bool)]) {
    let messages: Vec<_> = messages
        .iter()
        .map(|(message, secret, good)| {
            json!({ "secret": secret, "headers": message.headers, "body": message.body, "good": good })
        })
        .collect();
    python("verify_webhook.py", json!(messages).to_string().as_bytes()).await;
}

fn pair(kind: &str, listing: String) -> (String, String) {
    (kind.to_owned(), listing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_told_what_its_member_may_see_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(911)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie", "zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .setting("delivery.allow", HERE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .start()
        .await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let of = |id: &str| listing_name("shenzhen", id);
    shenzhen.publish(offer("before").for_network()).await.unwrap();
    bijie.sees("members/shenzhen/listings/before").await;

    let (inside, outside) = (Receiver::with_tls(&certificate).await, Receiver::plain().await);
    let made = subscribe(bijie, "bijie", &inside.url("/hook?x=1"), None, Start::Beginning).await.unwrap();
    subscribe(bijie, "zunyi", &outside.url("/"), None, Start::Unspecified).await.unwrap();
    assert_eq!(gets(&inside, 1).await, [pair("listing.published", of("before"))]);

    shenzhen.publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    shenzhen.publish(offer("tea").for_network()).await.unwrap();
    gets(&inside, 3).await;
    assert_eq!(gets(&outside, 1).await, [pair("listing.published", of("tea"))], "it began with what came from then on");
    shenzhen.replace(offer("tea").for_network().titled("another title")).await.unwrap();
    gets(&inside, 4).await;
    assert_eq!(gets(&outside, 2).await[1], pair("listing.updated", of("tea")));

    // Narrowed to one of the two: the other had it and is told; of what it never had it hears nothing.
    shenzhen.replace(offer("tea").for_members(&["bijie"]).titled("another title")).await.unwrap();
    assert_eq!(gets(&outside, 3).await[2], pair("listing.no_longer", of("tea")));
    shenzhen.withdraw("members/shenzhen/listings/pact", WithdrawalReason::Filled).await.unwrap();
    shenzhen.withdraw("members/shenzhen/listings/before", WithdrawalReason::Withdrawn).await.unwrap();
    let received =
        inside.until("the end of two", |r| told(r).iter().filter(|t| t.0 == "listing.withdrawn").count() == 2);
    let received = received.await;
    net.settle().await;
    let names: BTreeSet<String> = outside.received().iter().map(Received::listing).collect();
    assert_eq!(names, BTreeSet::from([of("tea")]), "neither the circle's nor what was there before it began");
    let gone = received.iter().find(|one| one.kind() == "listing.withdrawn" && one.listing() == of("pact")).unwrap();
    assert_eq!(gone.json()["data"]["reason"], "FILLED");
    let first = received[0].json();
    assert_eq!(first["data"]["listing"]["listing"]["title"], "before for partner cities");
    assert_eq!(first["data"]["subscription"], name(&made));
    assert_eq!(received[0].path, "/hook?x=1");
    for one in &received {
        assert!(one.body.len() < 20_000);
        verified(&[(one, &made.secret, true)]).await;
    }
    let ids: BTreeSet<&str> = received.iter().map(Received::id).collect();
    assert_eq!(ids.len(), received.len(), "each has an id of its own");
    let kept = log(bijie, &name(&made)).await;
    assert_eq!(kept.len(), received.len());
    assert!(kept.iter().all(|delivery| delivery.outcome() == Outcome::Delivered && delivery.status == 200));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_circle_or_changes_the_filter_is_told_of_all_that_goes_and_comes() {
    let net = Network::new(912)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .setting("delivery.allow", HERE)
        .start()
        .await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let of = |id: &str| listing_name("shenzhen", id);
    for draft in [offer("pact").for_circle("pan-prd"), offer("tea"), request("silk")] {
        shenzhen.publish(draft).await.unwrap();
    }
    bijie.sees("members/shenzhen/listings/silk").await;
    let receiver = Receiver::plain().await;
    let made = subscribe(bijie, "bijie", &receiver.url("/"), None, Start::Beginning).await.unwrap();
    gets(&receiver, 3).await;

    receiver.forget();
    net.gateway().cli(&["circles", "drop", "pan-prd", "bijie"]).await.done();
    assert_eq!(gets(&receiver, 1).await, [pair("listing.no_longer", of("pact"))]);
    // The snapshot that follows a change of rights is not sent anew.
    net.settle().await;
    assert_eq!(receiver.received().len(), 1);

    receiver.forget();
    let offers = Filter { directions: vec![Direction::Offer.into()], ..Filter::default() };
    let change = |filter: Filter| UpdateSubscriptionRequest {
        subscription: Some(Subscription {
            name: name(&made),
            interest: Some(Interest::Filter(filter)),
            ..Subscription::default()
        }),
        ..UpdateSubscriptionRequest::default()
    };
    subscriptions(bijie).update_subscription(change(offers)).await.unwrap();
    let left = receiver.until("what no longer matches", |received| !received.is_empty()).await;
    assert_eq!(told(&left), [pair("listing.no_longer", of("silk"))]);
    assert_eq!(left[0].json()["data"]["reason"], "FILTER");
    receiver.forget();
    subscriptions(bijie).update_subscription(change(Filter::default())).await.unwrap();
    assert_eq!(gets(&receiver, 1).await, [pair("listing.published", of("silk"))]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_nine_during_deliveries_skips_nothing_and_what_is_repeated_has_its_id() {
    let net = Network::new(913).gateway().node("shenzhen", &["shenzhen"]).setting("delivery.allow", HERE).start().await;
    let node = net.node("shenzhen");
    let receiver = Receiver::plain().await;
    subscribe(node, "shenzhen", &receiver.url("/"), None, Start::Unspecified).await.unwrap();
    let mut wanted = BTreeSet::new();
    for round in 0..4 {
        for number in 0..40 {
            let published = node.publish(offer(&format!("kill-{round}-{number}"))).await.unwrap();
            wanted.insert(published.name);
        }
        node.withdraw(&format!("members/shenzhen/listings/kill-{round}-0"), WithdrawalReason::Withdrawn).await.unwrap();
        // Somewhere in the middle: how far it has come is left to chance.
        let least = usize::try_from(net.chance(30)).unwrap();
        receiver.until("the middle", |received| received.len() >= round * 40 + least).await;
        node.kill9();
        node.start().await;
    }
    let everything = |received: &[Received]| {
        let mut held = BTreeSet::new();
        for one in received {
            match one.kind().as_str() {
                "listing.withdrawn" => held.remove(&one.listing()),
                _ => held.insert(one.listing()),
            };
        }
        let there = wanted.iter().filter(|name| !name.ends_with("-0")).all(|name| held.contains(name));
        there && !held.iter().any(|name| name.ends_with("-0"))
    };
    let received = receiver.until("all of it, less what was withdrawn", everything).await;
    let mut ids: BTreeMap<&str, (String, String)> = BTreeMap::new();
    for one in &received {
        let about = ids.entry(one.id()).or_insert_with(|| (one.kind(), one.listing()));
        assert_eq!(*about, (one.kind(), one.listing()), "an id is of one event");
    }
    let events: BTreeSet<&(String, String)> = ids.values().collect();
    assert_eq!(events.len(), ids.len(), "an event has one id, however often it came");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_and_both_sign_for_the_grace() {
    let net = Network::new(914).gateway().node("shenzhen", &["shenzhen"]).setting("delivery.allow", HERE).start().await;
    let node = net.node("shenzhen");
    let receiver = Receiver::plain().await;
    let made = subscribe(node, "shenzhen", &receiver.url("/"), None, Start::Unspecified).await.unwrap();
    let rotate = |seconds| RotateSubscriptionSecretRequest {
        name: name(&made),
        grace: Some(prost_types::Duration { seconds, nanos: 0 }),
    };
    let second = subscriptions(node).rotate_subscription_secret(rotate(3600)).await.unwrap().into_inner().secret;
    node.publish(offer("a")).await.unwrap();
    gets(&receiver, 1).await;
    let third = subscriptions(node).rotate_subscription_secret(rotate(0)).await.unwrap().into_inner().secret;
    node.publish(offer("b")).await.unwrap();
    gets(&receiver, 2).await;
    let received = receiver.received();
    let (a, b) = (&received[0], &received[1]);
    verified(&[
        (a, &made.secret, true),
        (a, &second, true),
        (a, &third, false),
        (b, &made.secret, false),
        (b, &second, false),
        (b, &third, true),
    ])
    .await;
    let tampered = Received { body: a.body.replace("partner", "other"), ..a.clone() };
    verified(&[(&tampered, &second, false)]).await;

    let test = TestSubscriptionRequest { name: name(&made) };
    let delivery = subscriptions(node).test_subscription(test).await.unwrap().into_inner();
    assert_eq!((delivery.outcome(), delivery.status), (Outcome::Delivered, 200));
    let last = receiver.received().pop().unwrap();
    assert_eq!((last.kind().as_str(), last.id()), ("subscription.test", delivery.id.as_str()));
    verified(&[(&last, &third, true)]).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_it_is_paused_waits_collapsed_to_the_latest_and_a_replay_has_the_same_ids() {
    let net = Network::new(915).gateway().node("shenzhen", &["shenzhen"]).setting("delivery.allow", HERE).start().await;
    let node = net.node("shenzhen");
    let of = |id: &str| listing_name("shenzhen", id);
    let receiver = Receiver::plain().await;
    let made = subscribe(node, "shenzhen", &receiver.url("/"), None, Start::Unspecified).await.unwrap();
    node.publish(offer("kept")).await.unwrap();
    node.publish(offer("ended")).await.unwrap();
    gets(&receiver, 2).await;

    let pause = PauseSubscriptionRequest { name: name(&made) };
    let paused = subscriptions(node).pause_subscription(pause).await.unwrap().into_inner();
    assert_eq!((paused.state(), paused.pause_reason()), (State::Paused, PauseReason::Requested));
    for number in 0..5 {
        node.replace(offer("kept").titled(&format!("version {number}"))).await.unwrap();
    }
    node.publish(offer("fleeting")).await.unwrap();
    node.withdraw("members/shenzhen/listings/fleeting", WithdrawalReason::Withdrawn).await.unwrap();
    node.withdraw("members/shenzhen/listings/ended", WithdrawalReason::Withdrawn).await.unwrap();
    node.restart().await;
    assert_eq!(receiver.received().len(), 2, "nothing comes while it is paused");

    let resume = ResumeSubscriptionRequest { name: name(&made) };
    subscriptions(node).resume_subscription(resume).await.unwrap();
    gets(&receiver, 4).await;
    let received = receiver.received();
    assert_eq!(
        told(&received[2..]),
        [pair("listing.updated", of("kept")), pair("listing.withdrawn", of("ended"))],
        "of what came and went it hears nothing"
    );
    assert_eq!(received[2].json()["data"]["listing"]["listing"]["title"], "version 4");

    receiver.forget();
    let since = prost_types::Timestamp { seconds: 1, nanos: 0 };
    let replay = |origin| ReplaySubscriptionRequest { name: name(&made), origin: Some(origin) };
    subscriptions(node).replay_subscription(replay(Origin::StartTime(since))).await.unwrap();
    gets(&receiver, 2).await;
    let ids =
        |received: &[Received]| received.iter().map(|one| (one.id().to_owned(), one.kind())).collect::<BTreeSet<_>>();
    assert_eq!(ids(&receiver.received()), ids(&received[2..]));

    // Each has been told twice, and what follows either message is the same.
    let logged = async || {
        let log = log(node, &name(&made)).await;
        let kept: Vec<_> = log.into_iter().filter(|one| one.id == received[2].id()).map(|one| one.cursor).collect();
        if kept.len() == 2 { Ok(kept) } else { Err(format!("{} times", kept.len())) }
    };
    for cursor in within(PATIENCE, logged).await.unwrap() {
        receiver.forget();
        subscriptions(node).replay_subscription(replay(Origin::Cursor(cursor))).await.unwrap();
        gets(&receiver, 2).await;
        assert_eq!(ids(&receiver.received()), ids(&received[2..]), "what follows the cursor");
    }
    let refused =
        subscriptions(node).replay_subscription(replay(Origin::Cursor("bm9uZQ".to_owned()))).await.unwrap_err();
    assert_eq!(crate::rules::fields(&refused), ["cursor"]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_wants_no_more_is_left_alone_and_another_address_takes_over() {
    let net = Network::new(916).gateway().node("shenzhen", &["shenzhen"]).setting("delivery.allow", HERE).start().await;
    let node = net.node("shenzhen");
    let receiver = Receiver::plain().await;
    let made = subscribe(node, "shenzhen", &receiver.url("/"), None, Start::Unspecified).await.unwrap();
    receiver.does(Manner::Status(410));
    let tea = node.publish(offer("tea")).await.unwrap().name;
    let paused = async || {
        let shown = shown(node, &name(&made)).await;
        match (shown.state(), shown.pause_reason()) {
            (State::Paused, PauseReason::Gone) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    };
    within(PATIENCE, paused).await.unwrap();
    let alarm = node.alarms("SUBSCRIPTIONS_PAUSED", "1").await;
    assert!(alarm.remedy.contains("subscriptions"), "{alarm:?}");

    let other = Receiver::plain().await;
    let update = UpdateSubscriptionRequest {
        subscription: Some(Subscription {
            name: name(&made),
            way: Some(Way::Webhook(Webhook { url: other.url("/new") })),
            ..Subscription::default()
        }),
        ..UpdateSubscriptionRequest::default()
    };
    subscriptions(node).update_subscription(update).await.unwrap();
    let resume = ResumeSubscriptionRequest { name: name(&made) };
    subscriptions(node).resume_subscription(resume).await.unwrap();
    assert_eq!(gets(&other, 1).await, [pair("listing.published", tea)]);
    net.finish().await;
}
