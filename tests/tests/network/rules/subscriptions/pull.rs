//! Delivery to those who come and take, and whose subscriptions anybody sees.

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::Way;
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{
    AcknowledgeSubscriptionRequest, CreateSubscriptionRequest, DeleteSubscriptionRequest, GetSubscriptionRequest,
    ListSubscriptionsRequest, PullQueue, PullSubscriptionRequest, PullSubscriptionResponse, Subscription,
    WithdrawalReason,
};
use duikou_tests::harness::{Network, Server, WebCertificate, offer};
use tonic::Code;

use super::{create, name, subscriptions};
use crate::rules::reason;

fn queue() -> Subscription {
    Subscription { way: Some(Way::Pull(PullQueue {})), member: "shenzhen".to_owned(), ..Subscription::default() }
}

pub(super) async fn pull(server: &Server, name: &str, max_events: i32) -> PullSubscriptionResponse {
    let request = PullSubscriptionRequest { name: name.to_owned(), max_events };
    subscriptions(server).pull_subscription(request).await.expect("it is there").into_inner()
}

pub(super) async fn acknowledge(server: &Server, name: &str, ack: &str) -> Result<(), tonic::Status> {
    let request = AcknowledgeSubscriptionRequest { name: name.to_owned(), ack: ack.to_owned() };
    subscriptions(server).acknowledge_subscription(request).await.map(drop)
}

fn ids(taken: &PullSubscriptionResponse) -> Vec<(String, String)> {
    taken.events.iter().map(|event| (event.id.clone(), event.r#type.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_acknowledged_comes_again_and_what_is_does_not() {
    let net = Network::new(931).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    for id in ["a", "b", "c"] {
        node.publish(offer(id)).await.unwrap();
    }
    let queue = name(&create(node, queue(), Start::Unspecified).await.unwrap());
    let first = pull(node, &queue, 2).await;
    assert_eq!(first.events.len(), 2);
    node.kill9();
    node.start().await;
    let again = pull(node, &queue, 2).await;
    assert_eq!(ids(&again), ids(&first), "the same, with the same ids");
    let stale = acknowledge(node, &queue, &first.ack).await.unwrap_err();
    assert_eq!((stale.code(), &*reason(&stale)), (Code::FailedPrecondition, "ACK_UNKNOWN"));
    acknowledge(node, &queue, &again.ack).await.unwrap();
    acknowledge(node, &queue, &again.ack).await.expect("whoever lost the answer acknowledges once more");

    let rest = pull(node, &queue, 0).await;
    assert_eq!((rest.events.len(), rest.caught_up), (1, true));
    acknowledge(node, &queue, &again.ack).await.expect("also after the next pull, to which that does nothing");
    acknowledge(node, &queue, &rest.ack).await.unwrap();
    assert_eq!(acknowledge(node, &queue, &again.ack).await.unwrap_err().code(), Code::FailedPrecondition);
    let nothing = pull(node, &queue, 0).await;
    assert!(nothing.events.is_empty() && nothing.ack.is_empty() && nothing.caught_up);

    node.withdraw("members/shenzhen/listings/a", WithdrawalReason::Filled).await.unwrap();
    node.publish(offer("d")).await.unwrap();
    node.withdraw("members/shenzhen/listings/d", WithdrawalReason::Withdrawn).await.unwrap();
    for _ in 0..2 {
        let gone = pull(node, &queue, 0).await;
        let types: Vec<&str> = gone.events.iter().map(|event| event.r#type.as_str()).collect();
        assert_eq!(types, ["listing.withdrawn"], "of what came and went it hears nothing");
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_anothers_subscription() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(932)
        .gateway()
        .node("shenzhen", &["shenzhen", "bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    let node = net.node("shenzhen");
    let local = name(&create(node, queue(), Start::Unspecified).await.unwrap());
    let client = async |member: &str, role| {
        let secret = node.token(member, role).await.unwrap();
        SubscriptionServiceClient::new(node.web(certificate.client(), Some(&secret)).await.unwrap())
    };
    let make = || CreateSubscriptionRequest {
        subscription: Some(Subscription { member: String::new(), ..queue() }),
        ..CreateSubscriptionRequest::default()
    };
    let (mut owner, mut viewer, mut other) = (
        client("shenzhen", Role::Editor).await,
        client("shenzhen", Role::Viewer).await,
        client("bijie", Role::Editor).await,
    );
    let made = name(&owner.create_subscription(make()).await.unwrap().into_inner());
    let refused = viewer.create_subscription(make()).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::PermissionDenied, "NOT_PERMITTED"));
    let seen = async |client: &mut SubscriptionServiceClient<_>| {
        let listed = client.list_subscriptions(ListSubscriptionsRequest::default()).await.unwrap().into_inner();
        listed.subscriptions.into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut owner).await, [local.clone(), made.clone()]);
    assert_eq!(seen(&mut viewer).await, [local, made.clone()]);
    assert!(seen(&mut other).await.is_empty());

    let get = |name: &str| GetSubscriptionRequest { name: name.to_owned() };
    let absent = "subscriptions/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f";
    let (foreign, none) =
        (other.get_subscription(get(&made)).await.unwrap_err(), other.get_subscription(get(absent)).await.unwrap_err());
    assert_eq!((foreign.code(), none.code()), (Code::NotFound, Code::NotFound));
    assert_eq!(foreign.message().replace(&made, ""), none.message().replace(absent, ""));
    let delete = DeleteSubscriptionRequest { name: made.clone(), etag: String::new() };
    assert_eq!(other.delete_subscription(delete.clone()).await.unwrap_err().code(), Code::NotFound);
    owner.delete_subscription(delete).await.unwrap();
    assert_eq!(owner.get_subscription(get(&made)).await.unwrap_err().code(), Code::NotFound);

    let mut nobody = SubscriptionServiceClient::new(node.web(certificate.client(), None).await.unwrap());
    let refused = nobody.create_subscription(make()).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Unauthenticated, "TOKEN_REQUIRED"));
    net.finish().await;
}
