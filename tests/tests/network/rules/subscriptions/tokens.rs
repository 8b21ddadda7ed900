//! Subscriptions and the tokens that made them: what ends with a token, what rests with it, and what goes on without.

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::{PauseReason, State, Way};
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::token_service_client::TokenServiceClient;
use duikou_proto::v1::{
    CreateSubscriptionRequest, ListSubscriptionsRequest, Page, PullQueue, PullSubscriptionRequest,
    ResumeSubscriptionRequest, RevokeTokenRequest, RevokeTokenResponse, Subscription,
};
use duikou_tests::harness::{Network, Server, WebCertificate, WebClient, offer, within};
use serde_json::Value;
use tonic::Code;

use super::{http, shown, subscriptions};
use crate::rules::{PATIENCE, reason};

/// A token by the command line: its name, and a client that shows it.
async fn holder(server: &Server, certificate: &WebCertificate, args: &[&str]) -> (String, WebClient) {
    let args = [&["tokens", "create", "--output", "json"], args].concat();
    let made: Value = serde_json::from_str(&server.cli(&args).await.done()).unwrap();
    let secret = made["secret"].as_str().unwrap();
    let client = server.web(certificate.client(), Some(secret)).await.unwrap();
    (made["token"]["name"].as_str().unwrap().to_owned(), client)
}

/// A new subscription of whoever shows a token: its name, and of a page its path.
async fn make(client: &WebClient, way: Way) -> (String, String) {
    let request = CreateSubscriptionRequest {
        subscription: Some(Subscription { way: Some(way), ..Subscription::default() }),
        start: Start::Beginning.into(),
        ..CreateSubscriptionRequest::default()
    };
    let made = SubscriptionServiceClient::new(client.clone()).create_subscription(request).await.unwrap().into_inner();
    (super::name(&made), made.path)
}

async fn revoke(server: &Server, name: &str, end_subscriptions: bool) -> RevokeTokenResponse {
    let request = RevokeTokenRequest { name: name.to_owned(), end_subscriptions };
    TokenServiceClient::new(server.local()).revoke_token(request).await.unwrap().into_inner()
}

async fn listed(server: &Server) -> Vec<String> {
    let all = subscriptions(server).list_subscriptions(ListSubscriptionsRequest::default()).await.unwrap().into_inner();
    all.subscriptions.into_iter().map(|one| one.name).collect()
}

/// Waits until a subscription stands so.
async fn stands(server: &Server, name: &str, state: State, why: PauseReason) {
    let check = async || match shown(server, name).await {
        now if (now.state(), now.pause_reason()) == (state, why) => Ok(()),
        now => Err(format!("{name}: {:?} {:?}", now.state(), now.pause_reason())),
    };
    within(PATIENCE, check).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_tokens_own_ends_with_it_and_of_the_rest_it_is_said_who_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(971).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("tea").for_scopes(&["public"])).await.unwrap();
    let member = ["--member", "shenzhen"];
    let narrowed = [&member[..], &["--scope", "public", "--area", "subscriptions"]].concat();
    let (narrowed, client) = holder(node, &certificate, &narrowed).await;
    let (queue, _) = make(&client, Way::Pull(PullQueue {})).await;
    let (page, path) = make(&client, Way::Page(Page {})).await;
    let feed = format!("{path}.atom");
    let answer = http(node, &certificate, "GET", &feed, &[], "").await;
    assert!(answer.status == 200 && answer.text().contains("listings/tea"), "{answer:?}");
    let editor = [&member[..], &["--role", "editor", "--area", "subscriptions"]].concat();
    let (leaked, client) = holder(node, &certificate, &editor).await;
    let (goes_on, _) = make(&client, Way::Pull(PullQueue {})).await;
    assert_eq!(shown(node, &goes_on).await.creator, leaked);
    assert!(node.cli(&["subscriptions", "list"]).await.done().contains(&leaked));

    let ended = revoke(node, &narrowed, false).await;
    let mut both = ended.ended_subscriptions;
    both.sort();
    assert_eq!((both, ended.subscriptions), (vec![queue, page], vec![]));
    assert_eq!(listed(node).await, std::slice::from_ref(&goes_on));
    assert_eq!(http(node, &certificate, "GET", &feed, &[], "").await.status, 404);

    let said = node.cli(&["tokens", "revoke", &leaked]).await;
    assert!(said.code == 0 && said.stderr.contains(&format!("subscriptions delete {goes_on}")), "{said}");
    assert_eq!(listed(node).await, std::slice::from_ref(&goes_on), "it is the member's");
    let (thorough, client) = holder(node, &certificate, &editor).await;
    let (ends, _) = make(&client, Way::Pull(PullQueue {})).await;
    let revoked = revoke(node, &thorough, true).await;
    assert_eq!((revoked.subscriptions, revoked.ended_subscriptions), (vec![], vec![ends]));
    node.restart().await;
    assert_eq!(listed(node).await, [goes_on]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_tokens_own_rests_with_it_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(972).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let gateway = net.gateway();
    let code = ["--credit-code", "91350100M000100Y43", "--contact", "a@b.example"];
    gateway.cli(&[&["enterprises", "create", "acme", "--name-zh", "某公司"], &code[..]].concat()).await.done();
    let (_, client) = holder(gateway, &certificate, &["--enterprise", "acme"]).await;
    let (queue, _) = make(&client, Way::Pull(PullQueue {})).await;
    let (page, _) = make(&client, Way::Page(Page {})).await;
    let take = async || {
        let request = PullSubscriptionRequest { name: queue.clone(), max_events: 0 };
        subscriptions(gateway).pull_subscription(request).await
    };
    take().await.unwrap();

    gateway.cli(&["enterprises", "suspend", "acme", "--reason", "checks", "--yes"]).await.done();
    for name in [&queue, &page] {
        stands(gateway, name, State::Paused, PauseReason::Account).await;
        let resume = ResumeSubscriptionRequest { name: name.clone() };
        let refused = subscriptions(gateway).resume_subscription(resume).await.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (Code::FailedPrecondition, "TOKEN_RESTING"));
    }
    let refused = take().await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::FailedPrecondition, "SUBSCRIPTION_PAUSED"));
    let status = gateway.cli(&["status", "--output", "json"]).await.done();
    assert!(!status.contains("SUBSCRIPTIONS_PAUSED"), "somebody wanted that: {status}");
    gateway.cli(&["enterprises", "resume", "acme"]).await.done();
    for name in [&queue, &page] {
        stands(gateway, name, State::Active, PauseReason::Unspecified).await;
    }
    take().await.unwrap();

    let (_, brief) = holder(gateway, &certificate, &["--registered", "--valid", "3s"]).await;
    let (expires, _) = make(&brief, Way::Pull(PullQueue {})).await;
    stands(gateway, &expires, State::Paused, PauseReason::Account).await;
    gateway.cli(&["enterprises", "remove", "acme", "--yes"]).await.done();
    let gone = async || match listed(gateway).await {
        left if left == [expires.clone()] => Ok(()),
        left => Err(format!("{left:?}")),
    };
    within(PATIENCE, gone).await.unwrap();
    net.finish().await;
}
