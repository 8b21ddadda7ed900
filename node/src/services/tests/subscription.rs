//! Owners who go away in the middle of what they do to a subscription: what is written is done all the same.

use std::time::Duration;

use duikou_proto::v1::replay_subscription_request::Origin;
use duikou_proto::v1::subscription::{Interest, State, Way};
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::{
    CreateSubscriptionRequest, DeleteSubscriptionRequest, Filter, Page, PullQueue, ReplaySubscriptionRequest,
    ResumeSubscriptionRequest, RevokeTokenRequest, Subscription, UpdateSubscriptionRequest,
};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::delivery::{StateFact, SubscriptionFact};
use crate::engine::facts;

/// How long anything may take that happens at once.
const AT_ONCE: Duration = Duration::from_secs(30);
const REQUEST: &str = "0193e1a0-0000-7000-8000-000000000001";

/// A server that delivers, with something to be delivered.
struct Delivering {
    world: World,
    _runner: AbortOnDropHandle<()>,
}

impl Delivering {
    async fn new() -> Self {
        let mut world = World::new().await;
        let runner = world.runner.take().unwrap();
        let runner = AbortOnDropHandle::new(tokio::spawn(runner.run(world.stop.clone())));
        world.publish("a", "first", &["public"]).await;
        Self { world, _runner: runner }
    }

    fn client(&self) -> SubscriptionServiceClient<Routes> {
        SubscriptionServiceClient::new(self.world.local.clone())
    }

    /// The id of the only subscription, where there is one.
    async fn id(&self) -> Option<String> {
        let found = self.world.engine.facts::<SubscriptionFact>(facts::SUBSCRIPTIONS, 10).await.unwrap();
        assert!(found.len() < 2, "{found:?}");
        found.into_iter().next().map(|(_, fact)| fact.id)
    }

    async fn name(&self) -> String {
        format!("subscriptions/{}", self.id().await.unwrap())
    }

    async fn state(&self) -> StateFact {
        let key = facts::subscription_state(&self.id().await.unwrap());
        self.world.engine.fact(&key).await.unwrap().unwrap()
    }

    /// A listing comes that no page has.
    async fn news(&self) {
        self.world.pass(SECOND);
        let title = format!("at-{}", self.world.engine.now());
        self.world.publish("a", &title, &["public"]).await;
    }

    /// Waits until the runner has looked at the only subscription: its page has what there is now.
    async fn looked(&self) {
        self.until(async || self.state().await.success_time == Some(self.world.engine.now())).await;
    }

    /// Waits until what those had that have ended is forgotten.
    async fn forgotten(&self) {
        let ended = async || self.world.engine.facts::<()>(facts::SUBSCRIPTIONS_ENDED, 10).await.unwrap();
        self.until(async || ended().await.is_empty()).await;
    }

    async fn until(&self, so: impl AsyncFn() -> bool) {
        let waiting = async {
            while !so().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(AT_ONCE, waiting).await.expect("it happens at once");
    }
}

fn create() -> CreateSubscriptionRequest {
    CreateSubscriptionRequest {
        subscription: Some(Subscription {
            interest: Some(Interest::Filter(Filter::default())),
            way: Some(Way::Page(Page::default())),
            ..Subscription::default()
        }),
        request_id: REQUEST.to_owned(),
        ..CreateSubscriptionRequest::default()
    }
}

#[tokio::test]
async fn what_somebody_subscribes_to_is_delivered_although_they_hang_up() {
    let here = Delivering::new().await;
    let call = || async { here.client().create_subscription(create()).await };
    hang_up(&here.world.engine, call, async || here.id().await.is_some()).await;
    here.looked().await;

    // Whoever asks again has it looked at again, and it is the same one.
    here.news().await;
    let again = here.client().create_subscription(create()).await.unwrap().into_inner();
    assert_eq!(again.subscription.unwrap().name, here.name().await);
    here.looked().await;
}

#[tokio::test]
async fn what_would_change_nothing_is_refused_and_what_stays_as_it_is_is_not() {
    let here = Delivering::new().await;
    let mut wanted = create();
    if let Some(subscription) = &mut wanted.subscription {
        subscription.way = Some(Way::Pull(PullQueue::default()));
    }
    let made = here.client().create_subscription(wanted).await.unwrap().into_inner().subscription.unwrap();
    let update = async |change: fn(&mut Subscription)| {
        let mut subscription = Subscription { label: "tea".to_owned(), ..made.clone() };
        change(&mut subscription);
        let request = UpdateSubscriptionRequest { subscription: Some(subscription), ..Default::default() };
        here.client().update_subscription(request).await
    };
    let refused = async |change: fn(&mut Subscription)| violations(&update(change).await.unwrap_err());
    assert_eq!(refused(|wanted| wanted.set_state(State::Paused)).await, ["subscription.state INCONSISTENT"]);
    assert_eq!(refused(|wanted| wanted.member = "members/b".to_owned()).await, ["subscription.member INCONSISTENT"]);
    assert_eq!(update(|_| {}).await.unwrap().into_inner().label, "tea", "whoever sends back what they got");

    let replay = async |seconds: i64| {
        let at = here.world.engine.now() / 1_000_000 + seconds;
        let origin = Some(Origin::StartTime(prost_types::Timestamp { seconds: at, nanos: 0 }));
        here.client().replay_subscription(ReplaySubscriptionRequest { name: made.name.clone(), origin }).await
    };
    assert_eq!(violations(&replay(3600).await.unwrap_err()), ["start_time OUT_OF_RANGE"]);
    replay(-3600).await.unwrap();
}

#[tokio::test]
async fn what_owners_change_is_looked_at_although_they_hang_up() {
    let here = Delivering::new().await;
    here.client().create_subscription(create()).await.unwrap();
    here.looked().await;
    let name = here.name().await;

    here.news().await;
    let update = || async {
        let subscription = Subscription { name: name.clone(), label: "tea".to_owned(), ..Subscription::default() };
        let request = UpdateSubscriptionRequest { subscription: Some(subscription), ..Default::default() };
        here.client().update_subscription(request).await
    };
    let generation = here.state().await.generation;
    let changed = async || here.state().await.generation > generation;
    hang_up(&here.world.engine, update, changed).await;
    here.looked().await;

    here.news().await;
    let resume = || async { here.client().resume_subscription(ResumeSubscriptionRequest { name: name.clone() }).await };
    let generation = here.state().await.generation;
    let changed = async || here.state().await.generation > generation;
    hang_up(&here.world.engine, resume, changed).await;
    here.looked().await;

    let delete = || async {
        let request = DeleteSubscriptionRequest { name: name.clone(), ..Default::default() };
        here.client().delete_subscription(request).await
    };
    hang_up(&here.world.engine, delete, async || here.id().await.is_none()).await;
    here.forgotten().await;
}

#[tokio::test]
async fn what_ends_with_a_token_is_forgotten_although_whoever_revokes_it_hangs_up() {
    let here = Delivering::new().await;
    let secret = here.world.token("a", Role::Editor).await;
    let mut public = SubscriptionServiceClient::new(here.world.public.clone());
    public.create_subscription(bearing(&secret, create())).await.unwrap();
    let listed = here.world.tokens().list_tokens(v1::ListTokensRequest {}).await.unwrap().into_inner().tokens;
    let revoke = || async {
        let request = RevokeTokenRequest { name: listed[0].name.clone(), end_subscriptions: true };
        here.world.tokens().revoke_token(request).await
    };
    hang_up(&here.world.engine, revoke, async || here.id().await.is_none()).await;
    here.forgotten().await;
}
