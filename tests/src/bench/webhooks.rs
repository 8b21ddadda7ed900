//! How soon webhooks are told of a listing where there are many, few want it, and half of those hang.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use duikou_proto::v1::subscription::{Interest, Way};
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::{CreateSubscriptionRequest, Filter, Subscription, Webhook};
use futures_util::{StreamExt, TryStreamExt};

use super::REPEATS;
use super::figure::{Figure, Goal};
use super::tally::median;
use crate::harness::{Manner, Network, Receiver, Server, offer, within};

pub(crate) const HEALTHY: &str = "webhook_healthy_s";

const GOAL: Goal = Goal::AtMost(2.0);
const SUBSCRIPTIONS: usize = 10_000;
const MATCHING: usize = 100;
const HANGING: usize = 50;
const MEMBER: &str = "shenzhen";
/// Subscriptions that are made at once.
const AT_ONCE: usize = 64;
/// How long all of the healthy ones may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Measures it: the time from the answer to the publisher until the last healthy receiver has it.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let net =
        Network::new(61).node(MEMBER, &[MEMBER]).setting("delivery.allow", "127.0.0.0/8").measured().start().await;
    let node = net.node(MEMBER);
    let (healthy, hanging) = (Receiver::plain().await, Receiver::plain().await);
    hanging.does(Manner::Hang);
    let wanted = |number: usize| if number < MATCHING { "wanted" } else { "never" };
    futures_util::stream::iter(0..SUBSCRIPTIONS)
        .map(|number| {
            let receiver = if number < HANGING { &hanging } else { &healthy };
            subscribe(node, receiver.url(&format!("/{number}")), wanted(number))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    let mut seconds = Vec::new();
    for run in 0..REPEATS {
        healthy.forget();
        let tagged = |listing: &mut duikou_proto::v1::Listing| {
            listing.listing.get_or_insert_default().tags = vec!["wanted".to_owned()];
        };
        node.publish(offer(&format!("wanted-{run}")).with(tagged)).await?;
        let start = Instant::now();
        let told = async || {
            let paths: BTreeSet<String> = healthy.received().into_iter().map(|one| one.path).collect();
            let lacking = (MATCHING - HANGING).saturating_sub(paths.len());
            if lacking == 0 { Ok(start.elapsed()) } else { Err(format!("{lacking} lack it")) }
        };
        seconds.push(within(LIMIT, told).await.map_err(anyhow::Error::msg)?.as_secs_f64());
    }
    let idle = node.metric("duikou_deliveries_total{outcome=\"TIMED_OUT\"}").await;
    Ok(Figure {
        name: HEALTHY,
        value: median(seconds),
        unit: "s",
        baseline: None,
        goal: Some(GOAL),
        details: vec![
            ("subscriptions", SUBSCRIPTIONS.into()),
            ("matching", MATCHING.into()),
            ("hanging", HANGING.into()),
            ("timed_out", idle.into()),
        ],
    })
}

async fn subscribe(server: &Server, url: String, tag: &str) -> anyhow::Result<()> {
    let subscription = Subscription {
        interest: Some(Interest::Filter(Filter { tags: vec![tag.to_owned()], ..Filter::default() })),
        way: Some(Way::Webhook(Webhook { url })),
        ..Subscription::default()
    };
    let request =
        CreateSubscriptionRequest { subscription: Some(subscription), ..CreateSubscriptionRequest::default() };
    let made = SubscriptionServiceClient::new(server.local()).create_subscription(request).await;
    made.map(drop).context("no subscription")
}
