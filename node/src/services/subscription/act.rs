//! What owners do to their subscriptions.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::envelope::Micros;
use duikou_proto::v1::replay_subscription_request::Origin;
use duikou_proto::v1::subscription::{PauseReason, Way as Wanted};
use duikou_proto::v1::{self, Delivery, Subscription};
use duikou_proto::validate::reason;
use uuid::Uuid;

use super::Subscriptions;
use super::check::{new_page, seen, seen_to_change};
use super::view::shown;
use crate::audit::{Action, Event};
use crate::delivery::{
    self, Change, Changed, Changes, FROM_CURSOR, Message, NotTaken, Post, Refusal, Secret, Seen, Standing, StateFact,
    SubscriptionFact, Wants, Way, new_secret,
};
use crate::engine::audit::Audited;
use crate::engine::{Command, facts};
use crate::feed::{Cursor, Step};
use crate::limits;
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::services::page_token::{Purpose, page_size, page_size_of};
use crate::time::micros;

/// How long the secret before signs too where nobody says.
const GRACE: Micros = 24 * 3600 * 1_000_000;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuch => Self::NotFound("subscription".to_owned()),
            Refusal::Conflict => Self::Changed("subscription".to_owned()),
            Refusal::Full => Self::SubscriptionLimit,
            Refusal::Way => Self::OtherWay,
            Refusal::Paused => Self::SubscriptionPaused,
        }
    }
}

impl From<NotTaken> for Failure {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Refused(refusal) => refusal.into(),
            NotTaken::Write(error) => error.into(),
        }
    }
}

fn absent(name: &str) -> Failure {
    Failure::NotFound(name.chars().take(80).collect())
}

/// The same refusal, of the subscription with this name.
pub(super) fn of(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::NotFound(_) => absent(name),
        Failure::Changed(_) => Failure::Changed(name.to_owned()),
        other => other,
    }
}

/// A command with what the audit trail is told of it.
pub(super) fn audited<C>(
    caller: &Caller,
    action: Action,
    command: C,
) -> Audited<C, impl Fn(&Kept) -> Option<Event> + use<C>>
where
    C: Command<Output = Kept>,
{
    let tell = move |done: &Kept| {
        let (fact, _) = done.as_ref().ok()?;
        Some(Event::new(action, fact.name()).of_any(fact.member().as_ref()).saying(fact.way.place()))
    };
    Audited { command, by: caller.actor(), tell }
}

/// What becomes of a subscription, where anything does.
pub(super) type Kept = Result<(SubscriptionFact, StateFact), Refusal>;

/// The id in a name.
fn id_of(name: &str) -> Result<&str, Failure> {
    let id = name.strip_prefix("subscriptions/").ok_or_else(|| absent(name))?;
    Uuid::try_parse(id).map(|_| id).map_err(|_| absent(name))
}

impl Subscriptions {
    pub(super) async fn find(&self, name: &str, seen: &Seen) -> Result<(SubscriptionFact, StateFact), Failure> {
        self.desk.get(id_of(name)?, seen).await?.ok_or_else(|| absent(name))
    }

    pub(super) async fn get(&self, caller: &Caller, name: &str) -> Result<Subscription, Failure> {
        let (fact, state) = self.find(name, &seen(caller)?).await?;
        Ok(shown(&fact, &state))
    }

    pub(super) async fn list(
        &self,
        caller: &Caller,
        request: &v1::ListSubscriptionsRequest,
    ) -> Result<v1::ListSubscriptionsResponse, Failure> {
        let seen = seen(caller)?;
        let size = page_size(request.page_size)?;
        let account = match &seen {
            Seen::All => "",
            Seen::Account(account) => account,
        };
        let purpose = Purpose::new("ListSubscriptions", &[account.as_bytes()], &caller.reader);
        let after = purpose.open(&self.desk.engine, &request.page_token)?;
        let (found, next) = self.desk.list(&seen, &after, size).await?;
        Ok(v1::ListSubscriptionsResponse {
            next_page_token: next.map(|last| purpose.seal(&self.desk.engine, &last)).unwrap_or_default(),
            subscriptions: found.iter().map(|(fact, state)| shown(fact, state)).collect(),
        })
    }

    pub(super) async fn delete(&self, caller: &Caller, request: v1::DeleteSubscriptionRequest) -> Result<(), Failure> {
        let seen = seen_to_change(caller)?;
        let etag = Some(request.etag).filter(|etag| !etag.is_empty());
        let deleted = self.desk.delete(id_of(&request.name)?, seen, etag, caller.actor()).await?;
        deleted.map_err(|refusal| of(refusal.into(), &request.name))
    }

    /// Does something to one, and tells the runner.
    async fn change(
        &self,
        caller: &Caller,
        action: Action,
        name: &str,
        act: impl FnOnce(&mut SubscriptionFact, &mut StateFact, &mut Changes) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Subscription, Failure> {
        let seen = seen_to_change(caller)?;
        let id = id_of(name)?.to_owned();
        let change = Change { id, seen, etag: None, act };
        let (engine, change) = (self.desk.engine.clone(), audited(caller, action, change));
        let touched = |kept: &Kept| kept.iter().map(|(fact, _)| Changed::Touched(fact.id.clone())).collect();
        let (fact, state) = match self.desk.carry_out(async move { engine.submit(change).await }, touched).await? {
            Err(Refusal::NoSuch) => return Err(absent(name)),
            other => other?,
        };
        Ok(shown(&fact, &state))
    }

    pub(super) async fn pause(&self, caller: &Caller, name: &str) -> Result<Subscription, Failure> {
        self.change(caller, Action::SubscriptionPause, name, |_, state, _| {
            delivery::pause(state, PauseReason::Requested);
            Ok(())
        })
        .await
    }

    /// Refuses to let one go on whose token is not good: it would be stopped again at once.
    async fn may_go_on(&self, fact: &SubscriptionFact) -> Result<(), Failure> {
        match self.desk.standing(fact).await? {
            Standing::Good => Ok(()),
            Standing::Resting | Standing::Gone => Err(Failure::TokenResting),
        }
    }

    pub(super) async fn resume(&self, caller: &Caller, name: &str) -> Result<Subscription, Failure> {
        let (fact, _) = self.find(name, &seen_to_change(caller)?).await?;
        self.may_go_on(&fact).await?;
        self.change(caller, Action::SubscriptionResume, name, |_, state, _| {
            delivery::resume(state);
            Ok(())
        })
        .await
    }

    pub(super) async fn rotate(
        &self,
        caller: &Caller,
        request: v1::RotateSubscriptionSecretRequest,
    ) -> Result<v1::RotateSubscriptionSecretResponse, Failure> {
        let grace = match request.grace {
            None => GRACE,
            Some(grace) => {
                let longest = i64::try_from(limits::SECRET_GRACE.as_secs()).unwrap_or(i64::MAX);
                if !(0..=longest).contains(&grace.seconds) || grace.nanos < 0 {
                    let (zh, en) = ("宽限期为0至7天。", "The grace is 0 to 7 days.");
                    return Err(Failure::field("grace", reason::OUT_OF_RANGE, zh, en));
                }
                grace.seconds * 1_000_000
            }
        };
        let (secret, (address, path)) = (new_secret(), new_page());
        let until = self.desk.engine.now() + grace;
        let made = secret.clone();
        let changed = self.change(caller, Action::SubscriptionRotate, &request.name, move |fact, _, changes| {
            let id = fact.id.clone();
            match &mut fact.way {
                Way::Webhook { secrets, .. } => {
                    for before in secrets.iter_mut() {
                        before.until = Some(before.until.map_or(until, |ends| ends.min(until)));
                    }
                    secrets.insert(0, Secret { secret: made, until: None });
                    secrets.truncate(limits::WEBHOOK_SECRETS);
                    Ok(())
                }
                Way::Page { address: before } => {
                    changes.remove(facts::page_address(before));
                    changes.put(facts::page_address(&address), &id);
                    *before = address;
                    Ok(())
                }
                Way::Mail(_) | Way::Pull => Err(Refusal::Way),
            }
        });
        Ok(match changed.await?.way {
            Some(Wanted::Page(_)) => v1::RotateSubscriptionSecretResponse { secret: String::new(), path },
            _ => v1::RotateSubscriptionSecretResponse { secret, path: String::new() },
        })
    }

    pub(super) async fn test(&self, caller: &Caller, name: &str) -> Result<Delivery, Failure> {
        let (fact, _) = self.find(name, &seen_to_change(caller)?).await?;
        let Way::Webhook { url, secrets } = &fact.way else { return Err(Failure::OtherWay) };
        self.desk.may_test(&fact.account).map_err(Failure::RequestLimit)?;
        let target = url.parse().map_err(|_| Failure::OtherWay)?;
        let now = self.desk.engine.now();
        let id = format!("evt_{}", Uuid::new_v4().simple());
        let data = serde_json::json!({ "subscription": fact.name() });
        let body = delivery::body(TEST, now, &data).into();
        let (dialer, slots) = (&self.desk.dialer, &*self.desk.slots);
        // It is not known to be prompt: it waits among those who are slow.
        let mut post = Post { dialer, slots, target, slow: true, connection: None };
        let attempt = post.send(&Message { id: &id, body, secrets, now }).await;
        self.desk.outcomes.count(&attempt.outcome);
        Ok(delivery::delivery(&id, TEST, "", &attempt, now, &Cursor::new()).told())
    }

    pub(super) async fn replay(
        &self,
        caller: &Caller,
        request: v1::ReplaySubscriptionRequest,
    ) -> Result<Subscription, Failure> {
        let (fact, _) = self.find(&request.name, &seen_to_change(caller)?).await?;
        if !matches!(fact.way, Way::Webhook { .. } | Way::Pull) {
            return Err(Failure::OtherWay);
        }
        self.may_go_on(&fact).await?;
        let (cursor, since) = match request.origin {
            None => {
                let (zh, en) = ("请填写 start_time 或 cursor。", "Give start_time or cursor.");
                return Err(Failure::field("origin", reason::REQUIRED, zh, en));
            }
            Some(Origin::StartTime(time)) => {
                let bad = || Failure::field("start_time", reason::OUT_OF_RANGE, "时间不正确。", "This is no time.");
                let since = micros(&time).ok_or_else(bad)?;
                if since > self.desk.engine.now() {
                    // It would deliver nothing again, and say that it does.
                    let (zh, en) =
                        ("时间在将来，没有可重新送达的。", "This time is to come: there is nothing to deliver again.");
                    return Err(Failure::field("start_time", reason::OUT_OF_RANGE, zh, en));
                }
                (Vec::new(), since)
            }
            Some(Origin::Cursor(text)) => (self.known(&fact, &text).await?, FROM_CURSOR),
        };
        self.change(caller, Action::SubscriptionReplay, &request.name, move |_, state, _| {
            state.set_cursor(&cursor);
            state.replay = Some(since);
            delivery::resume(state);
            Ok(())
        })
        .await
    }

    /// A cursor that the subscription's reader goes on from.
    async fn known(&self, fact: &SubscriptionFact, text: &str) -> Result<Vec<u8>, Failure> {
        let engine = &self.desk.engine;
        let wants = Wants::of(engine, fact).await?;
        let good = || {
            let cursor = BASE64_URL_SAFE_NO_PAD.decode(text).ok().filter(|cursor| !cursor.is_empty())?;
            let mut reader = wants?.feed(engine, fact, &cursor);
            (!matches!(reader.ready(), Some((Step::Reset(_), _)))).then_some(cursor)
        };
        let (zh, en) = (
            "该游标不能用于此订阅（筛选条件或权限已变，或太旧），请改用时间。",
            "This cursor is not good for the subscription (another filter, other rights, or too old): give a time instead.",
        );
        good().ok_or_else(|| Failure::field("cursor", reason::INCONSISTENT, zh, en))
    }

    pub(super) async fn deliveries(
        &self,
        caller: &Caller,
        parent: &str,
    ) -> Result<v1::ListDeliveriesResponse, Failure> {
        let (fact, _) = self.find(parent, &seen(caller)?).await?;
        let kept = delivery::deliveries(&self.desk.engine, &fact.id).await?;
        Ok(v1::ListDeliveriesResponse { deliveries: kept.into_iter().map(|delivery| delivery.told()).collect() })
    }

    pub(super) async fn pull(
        &self,
        caller: &Caller,
        request: &v1::PullSubscriptionRequest,
    ) -> Result<v1::PullSubscriptionResponse, Failure> {
        let seen = seen(caller)?;
        let limit = page_size_of("max_events", request.max_events)?;
        let taken = match self.desk.pull(id_of(&request.name)?, &seen, limit).await {
            Err(NotTaken::Refused(Refusal::NoSuch)) => return Err(absent(&request.name)),
            other => other?,
        };
        Ok(v1::PullSubscriptionResponse { events: taken.events, ack: taken.ack, caught_up: taken.caught_up })
    }

    pub(super) async fn acknowledge(
        &self,
        caller: &Caller,
        request: &v1::AcknowledgeSubscriptionRequest,
    ) -> Result<(), Failure> {
        let seen = seen(caller)?;
        match self.desk.acknowledge(id_of(&request.name)?, &seen, &request.ack).await {
            Err(NotTaken::Refused(Refusal::NoSuch)) => Err(absent(&request.name)),
            Err(NotTaken::Refused(Refusal::Conflict)) => Err(Failure::AckUnknown),
            other => Ok(other?),
        }
    }
}

/// The type of a test.
const TEST: &str = "subscription.test";
