//! Subscriptions: what the server keeps and delivers, by whatever way.

mod counted;
mod counterparts;
mod hostile;
mod mails;
mod pages;
mod pull;
mod tokens;
mod webhooks;

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::{Interest, Way};
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::{
    CreateSubscriptionRequest, CreateSubscriptionResponse, Delivery, Filter, GetSubscriptionRequest,
    ListDeliveriesRequest, Subscription, Webhook,
};
use duikou_tests::harness::{HttpAnswer, Received, Receiver, Server, WebCertificate};
pub(super) use mails::{BASE, link as mail_link};
use tonic::Status;
use tonic::transport::Channel;
pub(super) use webhooks::verified;

/// Where receivers of scenarios are.
pub(super) const HERE: &str = "127.0.0.0/8";

fn subscriptions(server: &Server) -> SubscriptionServiceClient<Channel> {
    SubscriptionServiceClient::new(server.local())
}

/// Subscribes a receiver through the eyes of a member of the server; all that it may see where there is no filter.
async fn subscribe(
    server: &Server,
    member: &str,
    url: &str,
    filter: Option<Filter>,
    start: Start,
) -> Result<CreateSubscriptionResponse, Status> {
    let subscription = Subscription {
        member: member.to_owned(),
        label: format!("for {member}"),
        interest: filter.map(Interest::Filter),
        way: Some(Way::Webhook(Webhook { url: url.to_owned() })),
        ..Subscription::default()
    };
    create(server, subscription, start).await
}

async fn create(
    server: &Server,
    subscription: Subscription,
    start: Start,
) -> Result<CreateSubscriptionResponse, Status> {
    let request = CreateSubscriptionRequest {
        subscription: Some(subscription),
        start: start.into(),
        ..CreateSubscriptionRequest::default()
    };
    Ok(subscriptions(server).create_subscription(request).await?.into_inner())
}

fn name(made: &CreateSubscriptionResponse) -> String {
    made.subscription.as_ref().expect("it was made").name.clone()
}

async fn shown(server: &Server, name: &str) -> Subscription {
    let request = GetSubscriptionRequest { name: name.to_owned() };
    subscriptions(server).get_subscription(request).await.expect("it is there").into_inner()
}

async fn log(server: &Server, name: &str) -> Vec<Delivery> {
    let request = ListDeliveriesRequest { parent: name.to_owned() };
    subscriptions(server).list_deliveries(request).await.expect("it is there").into_inner().deliveries
}

/// What came, as type and listing.
fn told(received: &[Received]) -> Vec<(String, String)> {
    received.iter().map(|one| (one.kind(), one.listing())).collect()
}

/// Waits until a receiver has had so many messages, and returns what came as type and listing.
async fn gets(receiver: &Receiver, count: usize) -> Vec<(String, String)> {
    told(&receiver.until(&format!("{count} messages"), |received| received.len() >= count).await)
}

/// A request to the public listener, as a browser, a feed reader or a mail program makes it.
pub(super) async fn http(
    server: &Server,
    certificate: &WebCertificate,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> HttpAnswer {
    let mut args = vec!["--request", method];
    headers.iter().for_each(|header| args.extend(["--header", header]));
    if !body.is_empty() {
        args.extend(["--data", body]);
    }
    server.curl(certificate, &args, path).await
}

fn text(answer: &HttpAnswer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}
