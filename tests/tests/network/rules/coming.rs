//! The events that the first page and the calendar name as the next ones.

use std::time::{SystemTime, UNIX_EPOCH};

use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Event, Listing};
use duikou_tests::harness::{Network, WebCertificate, offer, within};
use prost_types::Timestamp;

use super::PATIENCE;

fn in_days(days: i64) -> Option<Timestamp> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    Some(Timestamp { seconds: now as i64 + days * 86_400, nanos: 0 })
}

/// An event of one day whose listing ends so many days from now.
fn event(begins: i64, ends: i64) -> impl FnOnce(&mut Listing) {
    move |listing| {
        listing.expire_time = in_days(ends);
        listing.listing.get_or_insert_default().details = Some(Details::Event(Event {
            start_time: in_days(begins),
            end_time: in_days(begins + 1),
            time_zone: "Asia/Shanghai".to_owned(),
            venue: "毕节会展中心".to_owned(),
            ..Event::default()
        }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_begins_next_stands_first_however_long_its_listing_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2331).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    node.publish(offer("next").titled("Next fair").with(event(10, 300))).await.unwrap();
    for number in 0..7 {
        let (id, title) = (format!("later-{number}"), format!("Later fair {number}"));
        node.publish(offer(&id).titled(&title).with(event(150 + number, 151 + number))).await.unwrap();
    }
    let soon = within(PATIENCE, async || {
        let html = net.gateway().page(&certificate, "", "/").await.text();
        let soon = html.split("id=\"soon\"").nth(1).unwrap_or_default().to_owned();
        if html.contains("Later fair 6") && soon.contains("Later fair 0") { Ok(soon) } else { Err(html) }
    });
    let soon = soon.await.unwrap_or_else(|html| panic!("the events are not there: {html}"));
    let at = |title: &str| soon.find(title);
    assert!(at("Next fair").is_some() && at("Next fair") < at("Later fair 0"), "{soon}");
    net.finish().await;
}
