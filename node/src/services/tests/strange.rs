//! What programs send that is nothing: every parser answers with its own error, and none breaks.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::replay_subscription_request::Origin;
use duikou_proto::v1::reset::Cause;
use duikou_proto::v1::subscription::Way;
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::{
    AcknowledgeSubscriptionRequest, CreateSubscriptionRequest, ListListingsRequest, ListSubscriptionsRequest,
    PullRequest, PullSubscriptionRequest, ReplaySubscriptionRequest, Subscription,
};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use proptest::prelude::*;
use tonic::Code;

use super::*;
use crate::services::auth::secret_in;

/// Texts as strange as chance makes them: random bytes, and good ones that were changed a little.
fn strange(seed: u64, good: &str) -> Vec<String> {
    let mut chance = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    let mut bytes = |count: usize| {
        let mut bytes = vec![0; count];
        chance.fill(&mut bytes);
        bytes
    };
    let mut texts = vec!["=".to_owned(), "深".to_owned(), "A".repeat(100_000)];
    for length in 0..100 {
        texts.push(BASE64_URL_SAFE_NO_PAD.encode(bytes(length)));
        let mut changed = BASE64_URL_SAFE_NO_PAD.decode(good).unwrap();
        let place = usize::from(bytes(1)[0]) % changed.len();
        changed[place] ^= bytes(1)[0] | 1;
        texts.push(BASE64_URL_SAFE_NO_PAD.encode(&changed[..changed.len() - length % 7]));
    }
    texts
}

#[tokio::test]
async fn cursors_and_page_tokens_that_are_none_have_their_own_answers() {
    let world = World::new().await;
    for id in ["one", "two"] {
        world.publish("a", id, &["public"]).await;
    }
    let seed = 17;
    let first = world.feed().pull(PullRequest::default()).await.unwrap().into_inner();
    for cursor in strange(seed, &first.cursor).into_iter().filter(|cursor| !cursor.is_empty()) {
        let request = PullRequest { cursor: cursor.clone(), ..PullRequest::default() };
        let events = world.feed().pull(request).await.unwrap().into_inner().events;
        let cause = match events.first().and_then(|event| event.event.clone()) {
            Some(Event::Reset(reset)) => reset.cause(),
            other => panic!("seed {seed}, {cursor:?}: {other:?}"),
        };
        assert_eq!(cause, Cause::Foreign, "seed {seed}, {cursor:?}");
    }
    let list = |page_token: String| ListListingsRequest {
        parent: "members/-".into(),
        page_size: 1,
        page_token,
        ..Default::default()
    };
    let good = world.anybody().list_listings(list(String::new())).await.unwrap().into_inner().next_page_token;
    for token in strange(seed, &good).into_iter().filter(|token| !token.is_empty()) {
        let refused = world.anybody().list_listings(list(token.clone())).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "seed {seed}, {token:?}");
        assert_eq!(violations(&refused), ["page_token INCONSISTENT"], "seed {seed}, {token:?}");
    }
}

#[tokio::test]
async fn what_is_no_token_of_subscriptions_has_its_own_answer() {
    let world = World::new().await;
    world.publish("a", "one", &["public"]).await;
    let secret = world.token("a", Role::Editor).await;
    let mut client = SubscriptionServiceClient::new(world.public.clone());
    let mut names = Vec::new();
    for _ in 0..2 {
        let subscription = Some(Subscription { way: Some(Way::Pull(v1::PullQueue {})), ..Subscription::default() });
        let create = CreateSubscriptionRequest { subscription, ..CreateSubscriptionRequest::default() };
        let made = client.create_subscription(bearing(&secret, create)).await.unwrap().into_inner();
        names.push(made.subscription.unwrap().name);
    }
    let seed = 18;
    let list = |page_token: String| bearing(&secret, ListSubscriptionsRequest { page_size: 1, page_token });
    let good = client.list_subscriptions(list(String::new())).await.unwrap().into_inner().next_page_token;
    for token in strange(seed, &good).into_iter().filter(|token| !token.is_empty()) {
        let refused = client.list_subscriptions(list(token.clone())).await.unwrap_err();
        assert_eq!(violations(&refused), ["page_token INCONSISTENT"], "seed {seed}, {token:?}");
    }
    let name = names.remove(0);
    let pull = PullSubscriptionRequest { name: name.clone(), max_events: 0 };
    let ack = client.pull_subscription(bearing(&secret, pull)).await.unwrap().into_inner().ack;
    for text in strange(seed, &ack).into_iter().filter(|text| *text != ack) {
        let acknowledge = AcknowledgeSubscriptionRequest { name: name.clone(), ack: text.clone() };
        let refused = client.acknowledge_subscription(bearing(&secret, acknowledge)).await.unwrap_err();
        assert_eq!(reason(&refused), "ACK_UNKNOWN", "seed {seed}, {text:?}");
        let origin = Some(Origin::Cursor(text.clone()));
        let replay = ReplaySubscriptionRequest { name: name.clone(), origin };
        let refused = client.replay_subscription(bearing(&secret, replay)).await.unwrap_err();
        assert_eq!(violations(&refused), ["cursor INCONSISTENT"], "seed {seed}, {text:?}");
    }
    let acknowledge = AcknowledgeSubscriptionRequest { name, ack };
    client.acknowledge_subscription(bearing(&secret, acknowledge)).await.expect("none of that has done anything");
}

proptest! {
    #[test]
    fn no_authorization_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let Ok(value) = http::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        if let Ok(Some(secret)) = secret_in(&headers) {
            prop_assert!(secret.starts_with("dk_"));
        }
    }
}
