//! Feeds and calendars at secret addresses, as parsers of others read them.

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::subscription::Way;
use duikou_proto::v1::{
    Event, PauseSubscriptionRequest, RotateSubscriptionSecretRequest, Subscription, WithdrawalReason,
};
use duikou_tests::harness::{Draft, Network, WebCertificate, offer, python};
use serde_json::Value;

use super::{create, http, name, subscriptions, text};
use crate::rules::listing_name;

fn page(member: &str) -> Subscription {
    Subscription {
        way: Some(Way::Page(duikou_proto::v1::Page {})),
        member: member.to_owned(),
        label: "茶 & more".to_owned(),
        ..Subscription::default()
    }
}

fn fair(id: &str, day: i64) -> Draft {
    let at = |hour: i64| Some(prost_types::Timestamp { seconds: now() + (day * 24 + hour) * 3600, nanos: 0 });
    offer(id).with(move |listing| {
        listing.listing.get_or_insert_default().details = Some(Details::Event(Event {
            start_time: at(9),
            end_time: at(17),
            time_zone: "Asia/Shanghai".to_owned(),
            venue: "会展中心; hall 2, 毕节".to_owned(),
            registration_deadline: at(0),
            ..Event::default()
        }));
    })
}

fn now() -> i64 {
    duikou_tests::harness::now() / 1_000_000
}

fn ids(feed: &Value) -> Vec<String> {
    let entries = feed["entries"].as_array().expect("entries");
    entries.iter().map(|entry| entry["id"].as_str().unwrap_or_default().to_owned()).collect()
}

fn tag(listing: &str) -> String {
    format!("tag:{},2026:{listing}", duikou_tests::harness::NETWORK)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_shows_what_there_is_and_buries_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(941)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie", "zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let of = |id: &str| listing_name("shenzhen", id);
    shenzhen.publish(offer("tea").titled("茶 <b> & \"more\"").saying("# hello\n\nline")).await.unwrap();
    shenzhen.publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    bijie.sees("members/shenzhen/listings/pact").await;
    let made = create(bijie, page("bijie"), Start::Unspecified).await.unwrap();
    let other = create(bijie, page("zunyi"), Start::Unspecified).await.unwrap();
    let get = async |path: &str, headers: &[&str]| http(bijie, &certificate, "GET", path, headers, "").await;
    let atom = format!("{}.atom", made.path);

    let first = get(&atom, &[]).await;
    assert_eq!((first.status, first.header("content-type")), (200, "application/atom+xml; charset=utf-8"));
    let feed: Value = serde_json::from_str(&python("parse_feed.py", &first.body).await).unwrap();
    assert_eq!((&feed["version"], &feed["title"]), (&Value::from("atom10"), &Value::from("茶 & more")));
    assert_eq!(ids(&feed), [tag(&of("pact")), tag(&of("tea"))], "newest first");
    let tea = &feed["entries"][1];
    assert_eq!((&tea["title"], &tea["content"]), (&Value::from("茶 <b> & \"more\""), &Value::from("# hello\n\nline")));
    assert_eq!(tea["author"], "shenzhen办事处");
    let theirs = get(&format!("{}.atom", other.path), &[]).await;
    let theirs: Value = serde_json::from_str(&python("parse_feed.py", &theirs.body).await).unwrap();
    assert_eq!(ids(&theirs), [tag(&of("tea"))], "the circle is not for everybody");

    let etag = first.header("etag").to_owned();
    let again = get(&atom, &[&format!("if-none-match: {etag}")]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    // Within the second of a change nobody is told when it was: another may follow in it.
    let since = loop {
        match get(&atom, &[]).await.header("last-modified") {
            "" => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            since => break since.to_owned(),
        }
    };
    // Calendars send when they last looked.
    for (since, status) in
        [(&*since, 304), ("Fri, 01 Jan 2100 00:00:00 GMT", 304), ("Thu, 01 Jan 2026 00:00:00 GMT", 200), ("soon", 200)]
    {
        assert_eq!(get(&atom, &[&format!("if-modified-since: {since}")]).await.status, status, "{since}");
    }
    shenzhen.withdraw("members/shenzhen/listings/pact", WithdrawalReason::Withdrawn).await.unwrap();
    bijie.loses("members/shenzhen/listings/pact").await;
    let after = get(&atom, &[&format!("if-none-match: {etag}")]).await;
    assert_eq!(after.status, 200);
    let text_now = text(&after);
    let buried = format!("<at:deleted-entry ref=\"{}\" when=\"", tag(&of("pact")));
    assert!(text_now.contains(&buried) && text_now.contains("http://purl.org/atompub/tombstones/1.0"), "{text_now}");
    assert!(!text_now.contains("pact for partner cities"), "{text_now}");
    let theirs = text(&get(&format!("{}.atom", other.path), &[]).await);
    assert!(!theirs.contains("pact"), "whoever never had it hears nothing: {theirs}");

    let json: Value = serde_json::from_slice(&get(&format!("{}.json", made.path), &[]).await.body).unwrap();
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["items"][0]["id"], tag(&of("tea")));
    assert_eq!(json["_duikou"]["deleted"][0]["id"], tag(&of("pact")));

    let wrong = format!("/feeds/{}x.atom", made.path.trim_start_matches("/feeds/"));
    for path in [wrong.as_str(), "/feeds/x.atom", &format!("{}.rss", made.path), &made.path] {
        let answer = get(path, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{path}");
    }
    let rotate = RotateSubscriptionSecretRequest { name: name(&made), grace: None };
    let path = subscriptions(bijie).rotate_subscription_secret(rotate).await.unwrap().into_inner().path;
    assert_eq!(get(&atom, &[]).await.status, 404, "the old address has ended");
    assert_eq!(get(&format!("{path}.atom"), &[]).await.status, 200);
    subscriptions(bijie).pause_subscription(PauseSubscriptionRequest { name: name(&made) }).await.unwrap();
    assert_eq!(get(&format!("{path}.atom"), &[]).await.status, 404);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_feed_has_pages_that_show_each_entry_once() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(942).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    for number in 0..230 {
        node.publish(offer(&format!("tea-{number:03}"))).await.unwrap();
    }
    let made = create(node, page("shenzhen"), Start::Unspecified).await.unwrap();
    let mut path = format!("{}.atom", made.path);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = http(node, &certificate, "GET", &path, &[], "").await;
        let feed: Value = serde_json::from_str(&python("parse_feed.py", &answer.body).await).unwrap();
        seen.extend(ids(&feed));
        match feed["links"]["next"].as_str() {
            Some(next) => {
                let (origin, there) = next.split_once("/feeds/").unwrap_or_else(|| panic!("{next} leads nowhere"));
                assert!(origin.starts_with("https://127.0.0.1:"), "{next}");
                path = format!("/feeds/{there}");
            }
            None => break,
        }
    }
    let wanted: Vec<String> = (0..230).rev().map(|n| tag(&listing_name("shenzhen", &format!("tea-{n:03}")))).collect();
    assert_eq!(seen, wanted);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_moves_events_and_cancels_them_under_growing_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(943).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.publish(fair("fair", 10).titled("对接会, 第一届; 毕节")).await.unwrap();
    node.publish(offer("no-event")).await.unwrap();
    let made = create(node, page("shenzhen"), Start::Unspecified).await.unwrap();
    let read = async || {
        let answer = http(node, &certificate, "GET", &format!("{}.ics", made.path), &[], "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
        assert!(text(&answer).contains("PRODID:-//Duikou//"), "it is not said which library made it");
        let calendar: Value = serde_json::from_str(&python("parse_calendar.py", &answer.body).await).unwrap();
        calendar["events"].as_array().expect("events").clone()
    };
    let uid = listing_name("shenzhen", "fair");
    let find = |events: &[Value], uid: &str| {
        events.iter().find(|event| event["uid"] == uid).unwrap_or_else(|| panic!("{uid} in {events:?}")).clone()
    };
    let events = read().await;
    assert_eq!(events.len(), 2, "the event, and the end of its registration: {events:?}");
    let first = find(&events, &uid);
    assert_eq!(
        (&first["summary"], &first["status"]),
        (&Value::from("对接会, 第一届; 毕节"), &Value::from("CONFIRMED"))
    );
    assert_ne!(find(&events, &format!("{uid}/registration"))["start"], first["start"]);

    node.replace(fair("fair", 11).titled("对接会, 第一届; 毕节")).await.unwrap();
    let moved = find(&read().await, &uid);
    assert!(moved["sequence"].as_i64() > first["sequence"].as_i64(), "{moved} after {first}");
    assert_ne!(moved["start"], first["start"]);

    node.withdraw("members/shenzhen/listings/fair", WithdrawalReason::Withdrawn).await.unwrap();
    let events = read().await;
    let gone = find(&events, &uid);
    assert_eq!((&gone["status"], &gone["summary"], &gone["start"]), (&"CANCELLED".into(), &"".into(), &moved["start"]));
    assert!(gone["sequence"].as_i64() > moved["sequence"].as_i64(), "{gone} after {moved}");
    assert_eq!(find(&events, &format!("{uid}/registration"))["status"], "CANCELLED");

    node.publish(fair("fair", 12).titled("对接会")).await.unwrap();
    let back = find(&read().await, &uid);
    assert_eq!(back["status"], "CONFIRMED");
    assert!(back["sequence"].as_i64() > gone["sequence"].as_i64(), "{back} after {gone}");

    // Whoever has noted the end of the registration takes it out when there is none any longer.
    let registration = format!("{uid}/registration");
    let told = find(&read().await, &registration);
    node.replace(fair("fair", 12).titled("对接会").with(|listing| {
        if let Some(Details::Event(event)) = &mut listing.listing.get_or_insert_default().details {
            event.registration_deadline = None;
        }
    }))
    .await
    .unwrap();
    for _ in 0..2 {
        let dropped = find(&read().await, &registration);
        assert_eq!((&dropped["status"], &dropped["start"]), (&"CANCELLED".into(), &told["start"]));
        assert!(dropped["sequence"].as_i64() > told["sequence"].as_i64(), "{dropped} after {told}");
        assert_eq!(find(&read().await, &uid)["status"], "CONFIRMED");
        node.replace(offer("no-event").titled("still none")).await.unwrap();
    }
    net.finish().await;
}
