//! A sample of every page of this part.

use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::subscription::{PauseReason, State, Way};
use duikou_proto::v1::{CreateSubscriptionResponse, Delivery, MailDigest, Page as Feed, Subscription, Webhook};
use prost_types::Timestamp;

use super::super::layout::Section;
use super::super::people::Called;
use super::super::reading::Names;
use super::super::samples::{NETWORK, Samples};
use super::super::sent::Sent;
use super::list::{ListPage, forgetting};
use super::subscribe::{MadePage, SubscribePage};
use super::subscription::{SubscriptionPage, ending};
use crate::accounts::Role;
use crate::saved::SavedSearch;

const TIME: i64 = 1_793_667_720;

fn subscription(way: Way, state: State) -> Subscription {
    Subscription {
        name: "subscriptions/0190b5c4-7f2e-7c3e-9d5e-1f2a3b4c5d6e".to_owned(),
        label: "<tea> & \"more\"".to_owned(),
        way: Some(way),
        state: state.into(),
        pause_reason: if state == State::Paused { PauseReason::Failing.into() } else { 0 },
        failure: "<no answer>".to_owned(),
        create_time: Some(Timestamp { seconds: TIME, nanos: 0 }),
        ..Subscription::default()
    }
}

/// Every page.
pub(in crate::web) fn samples(samples: &Samples) {
    let visitor = samples.signed(Role::Editor, "/saved");
    let page = || samples.page_for(&visitor, Section::Saved, "saved");
    let names = Names::sample(samples.language, NETWORK);
    let kept = |query: &str| SavedSearch {
        id: "0190b5c4-7f2e-7c3e-9d5e-1f2a3b4c5d6f".to_owned(),
        name: samples.say("茶叶<b>", "tea <b>"),
        query: query.to_owned(),
        create_time: TIME * 1_000_000,
        seen: TIME * 1_000_000,
    };
    let query = "q=tea%3Cb%3E&kind=project&direction=offer&region=520000&industry=A&tag=x&from=2026-11-01&min=5";
    let ways = [
        subscription(
            Way::Mail(MailDigest { address: "a@b.example".to_owned(), ..MailDigest::default() }),
            State::Active,
        ),
        subscription(Way::Webhook(Webhook { url: "https://b.example/?a&b".to_owned() }), State::Paused),
        subscription(Way::Page(Feed {}), State::Unconfirmed),
    ];
    let searches = [(kept(query), Some(3)), (kept(""), Some(0)), (kept("region=x"), None)];
    samples.add("saved/list.html", &ListPage::of(page(), &names, &searches, &ways, true));
    samples.add("saved/list.html", &ListPage::of(page(), &names, &[], &[], false));
    samples.add("kit/asking.html", &forgetting(page(), &kept(query)));
    samples.add("saved/subscribe.html", &SubscribePage::of(page(), &names, &kept(query), true, &Sent::default(), &[]));
    let sent = Sent::read(b"way=webhook&url=%22%3E&address=x&pace=weekly&request_id=1").unwrap_or_default();
    let faults = [("subscription.webhook.url".to_owned(), "<bad>".to_owned()), (String::new(), "<no mail>".to_owned())];
    samples.add("saved/subscribe.html", &SubscribePage::of(page(), &names, &kept("kind=event"), true, &sent, &faults));
    let without_mail = SubscribePage::of(page(), &names, &kept("kind=event"), false, &Sent::default(), &[]);
    samples.add("saved/subscribe.html", &without_mail);
    let delivery = |outcome: Outcome| Delivery {
        id: "evt_1".to_owned(),
        listing: format!("members/bijie.{NETWORK}/listings/tea"),
        attempt_time: Some(Timestamp { seconds: TIME, nanos: 0 }),
        outcome: outcome.into(),
        detail: "<404>".to_owned(),
        ..Delivery::default()
    };
    let deliveries = [Outcome::Delivered, Outcome::Refused, Outcome::TimedOut].map(delivery);
    let called = Called { title: "<tea>".to_owned(), ..Called::default() };
    let called = [(format!("members/bijie.{NETWORK}/listings/tea"), called)].into();
    for way in ways {
        let secret = if matches!(way.way, Some(Way::Webhook(_))) { "whsec_x" } else { "" }.to_owned();
        let path = if matches!(way.way, Some(Way::Page(_))) { "/feeds/x" } else { "" }.to_owned();
        samples.add("kit/asking.html", &ending(page(), &way));
        samples
            .add("saved/subscription.html", &SubscriptionPage::of(page(), &names, &way, (&deliveries, &called), true));
        let made = CreateSubscriptionResponse { subscription: Some(way), secret, path };
        samples.add("saved/made.html", &MadePage::of(page(), "https://duikou.example", made));
    }
}
