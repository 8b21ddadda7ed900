//! What owners decide: a new subscription, and what changes of one.

use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::v1::counterpart_interest::Subject;
use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::{Interest, State, Way as Wanted};
use duikou_proto::v1::{self, CounterpartInterest, Subscription};
use duikou_proto::validate::{Violation, reason};
use uuid::Uuid;

use super::Subscriptions;
use super::act::{audited, of};
use super::check::{self, seen_to_change};
use super::view::shown;
use crate::audit::Action;
use crate::delivery::{
    self, Began, Change, Changed, Changes, Make, NoticeWay, Phase, StateFact, SubscriptionFact, Wants, Way,
};
use crate::engine::facts;
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::services::request_id::{RequestId, once};

impl Subscriptions {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        request: v1::CreateSubscriptionRequest,
    ) -> Result<v1::CreateSubscriptionResponse, Failure> {
        seen_to_change(caller)?;
        let (engine, mut found) = (&self.desk.engine, Vec::new());
        let request_id = RequestId::read(caller, &request.request_id, "CreateSubscription", &request, &mut found);
        if let Some(id) = &request_id
            && let Some(answer) = id.recall::<v1::CreateSubscriptionResponse>(engine).await?
        {
            self.tell(answer.subscription.iter()).await;
            return Ok(answer);
        }
        let start = Start::try_from(request.start).unwrap_or(Start::Unspecified);
        let wanted = request.subscription.unwrap_or_default();
        let owner = check::owner(caller, engine, &wanted.member, &mut found);
        let label = check::label(wanted.label, &mut found);
        let eyes = owner.as_ref().map(|owner| &owner.eyes);
        let interest = check::interest(wanted.interest, eyes, engine, &mut found);
        let way = check::way(wanted.way, &self.desk, &mut found);
        let notice = wanted.notice.and_then(|notice| check::notice(notice, &mut found));
        let (Some(owner), Some((way, secret, path)), true) = (owner, way, found.is_empty()) else {
            return Err(Failure::Violations(found));
        };
        if (notice.is_some() || matches!(way, Way::Mail(_))) && !self.desk.sends_mail() {
            return Err(Failure::MailOff);
        }
        let mut changes = Changes::default();
        let id = Uuid::now_v7().to_string();
        if let Way::Page { address } = &way {
            changes.put(facts::page_address(address), &id);
        }
        let from_now = match start {
            Start::Now => true,
            Start::Beginning => false,
            Start::Unspecified => {
                let sent = matches!(way, Way::Webhook { .. } | Way::Mail(_));
                sent && matches!(interest, Interest::Filter(_))
            }
        };
        let unconfirmed = matches!(way, Way::Mail(_));
        let phase = if unconfirmed { Phase::Unconfirmed } else { Phase::Active };
        let mut fact =
            SubscriptionFact::new(id, owner.account, owner.eyes, owner.token, label, &interest, way, engine.now());
        fact.narrowed = owner.narrowed;
        fact.creator = caller.actor().name;
        fact.notice = notice;
        fact.began = from_now.then(|| Began::now(engine, &fact.reader()));
        if fact.notice.is_some() {
            delivery::ask(&fact.id, &mut changes);
        }
        let mut state = StateFact { phase, unconfirmed, ..StateFact::default() };
        if let Some(wants) = self.wants(&fact).await?.filter(|_| from_now) {
            let mut feed = wants.feed(engine, &fact, &[]);
            feed.skip();
            state.set_cursor(&feed.cursor());
            state.head = engine.head();
        }
        let make = Make { fact, state, unbounded: owner.unbounded, changes };
        let answer = move |(fact, state): (SubscriptionFact, StateFact)| v1::CreateSubscriptionResponse {
            subscription: Some(shown(&fact, &state)),
            secret: secret.clone(),
            path: path.clone(),
        };
        let make = audited(caller, Action::SubscriptionCreate, make);
        let engine = engine.clone();
        let make = async move { once(&engine, request_id.as_ref(), make, answer).await };
        self.desk.carry_out(make, |made: &v1::CreateSubscriptionResponse| touched(made.subscription.iter())).await
    }

    /// What a subscription wants, where the listing that it names is there for whoever will see with its eyes.
    async fn wants(&self, fact: &SubscriptionFact) -> Result<Option<Wants>, Failure> {
        let wants = Wants::of(&self.desk.engine, fact).await?;
        match (fact.interest(), &wants) {
            (Interest::CounterpartOf(CounterpartInterest { subject: Some(Subject::Name(name)), .. }), Some(wants))
                if wants.ended() =>
            {
                Err(Failure::NotFound(name))
            }
            _ => Ok(wants),
        }
    }

    pub(super) async fn update(
        &self,
        caller: &Caller,
        request: v1::UpdateSubscriptionRequest,
    ) -> Result<Subscription, Failure> {
        let seen = seen_to_change(caller)?;
        let (engine, mut found) = (&self.desk.engine, Vec::new());
        let request_id = RequestId::read(caller, &request.request_id, "UpdateSubscription", &request, &mut found);
        if let Some(id) = &request_id
            && let Some(answer) = id.recall(engine).await?
        {
            self.tell([&answer]).await;
            return Ok(answer);
        }
        let wanted = request.subscription.unwrap_or_default();
        let (fact, state) = self.find(&wanted.name, &seen).await?;
        let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
        let asks = |path: &str, populated: bool| match &*paths {
            [] => populated,
            [all] if all == "*" => true,
            some => some.iter().any(|named| named == path),
        };
        for path in paths.iter().filter(|path| !CHANGEABLE.contains(&path.as_str())) {
            found.push(unknown_path(path));
        }
        if paths.is_empty() {
            found.extend(unchangeable(&wanted, &shown(&fact, &state), &engine.identity().network));
        }
        let label = asks("label", !wanted.label.is_empty()).then(|| check::label(wanted.label.clone(), &mut found));
        let given = wanted.interest.is_some();
        let interest = (asks("filter", given) || asks("counterpart_of", given))
            .then(|| check::interest(wanted.interest.clone(), Some(&fact.eyes), engine, &mut found));
        let way = match (&wanted.way, &fact.way) {
            (Some(Wanted::Webhook(webhook)), Way::Webhook { secrets, .. }) if asks("webhook", true) => {
                let url = check::url(&webhook.url, &self.desk, &mut found);
                url.map(|url| Way::Webhook { url, secrets: secrets.clone() })
            }
            (Some(Wanted::Mail(mail)), Way::Mail(before)) if asks("mail", true) => {
                let mail = check::mail(mail.clone(), &mut found);
                mail.map(|mail| Way::Mail(delivery::MailWay { secret: before.secret.clone(), ..mail }))
            }
            (Some(Wanted::Page(_)), Way::Page { .. }) | (Some(Wanted::Pull(_)), Way::Pull) | (None, _) => None,
            (Some(Wanted::Webhook(_)), Way::Webhook { .. }) | (Some(Wanted::Mail(_)), Way::Mail(_)) => None,
            (Some(_), _) => return Err(Failure::OtherWay),
        };
        let notice = asks("notice", wanted.notice.is_some())
            .then(|| wanted.notice.and_then(|notice| check::notice(notice, &mut found)));
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if notice.as_ref().is_some_and(Option::is_some) && !self.desk.sends_mail() {
            return Err(Failure::MailOff);
        }
        if let Some(interest) = &interest {
            let mut changed = fact.clone();
            changed.set_interest(interest);
            self.wants(&changed).await?;
        }
        let etag = Some(wanted.etag).filter(|etag| !etag.is_empty());
        let act = move |fact: &mut SubscriptionFact, state: &mut StateFact, changes: &mut Changes| {
            if let Some(notice) = notice {
                change_notice(fact, state, notice, changes);
            }
            if let Some(label) = label {
                fact.label = label;
            }
            if let Some(interest) = interest {
                fact.set_interest(&interest);
            }
            if let Some(way) = way {
                // Another address has to be confirmed anew.
                if let (Way::Mail(before), Way::Mail(after)) = (&fact.way, &way)
                    && before.address != after.address
                {
                    (state.unconfirmed, state.asked) = (true, false);
                    if state.phase == Phase::Active {
                        state.phase = Phase::Unconfirmed;
                    }
                }
                fact.way = way;
                state.failures = 0;
                state.next_attempt = None;
            }
            Ok(())
        };
        let name = fact.name();
        let change = Change { id: fact.id, seen, etag, act };
        let change = audited(caller, Action::SubscriptionUpdate, change);
        let engine = engine.clone();
        let change =
            async move { once(&engine, request_id.as_ref(), change, |(fact, state)| shown(&fact, &state)).await };
        let changed = self.desk.carry_out(change, |changed| touched([changed])).await;
        changed.map_err(|failure| of(failure, &name))
    }

    /// Has the runner look at those that somebody asks about once more.
    async fn tell(&self, again: impl IntoIterator<Item = &Subscription>) {
        for touched in touched(again) {
            self.desk.tell(touched).await;
        }
    }
}

/// What the runner is told of those that were made or changed: by the answer, which may be that of the same request before.
fn touched<'a>(shown: impl IntoIterator<Item = &'a Subscription>) -> Vec<Changed> {
    let ids = shown.into_iter().filter_map(|shown| shown.name.strip_prefix("subscriptions/"));
    ids.map(|id| Changed::Touched(id.to_owned())).collect()
}

/// Who hears of it from now on when it is paused. Whoever has not confirmed is asked, also once more.
fn change_notice(fact: &mut SubscriptionFact, state: &mut StateFact, notice: Option<NoticeWay>, changes: &mut Changes) {
    let before = fact.notice.take();
    let same = before.filter(|before| notice.as_ref().is_some_and(|notice| notice.address == before.address));
    state.notice_confirmed &= same.is_some();
    fact.notice = notice.map(|notice| match same {
        Some(before) => NoticeWay { secret: before.secret, ..notice },
        None => notice,
    });
    if fact.notice.is_some() && !state.notice_confirmed {
        delivery::ask(&fact.id, changes);
    }
}

/// What an update may change.
const CHANGEABLE: [&str; 7] = ["label", "filter", "counterpart_of", "notice", "webhook", "mail", "*"];

/// What an update without a mask gives another value than it has, and cannot change. What is as it is may stand there:
/// whoever sends back what they got changes nothing by it.
fn unchangeable(wanted: &Subscription, held: &Subscription, network: &NetworkName) -> Vec<Violation> {
    let id = MemberId::parse(&wanted.member, network);
    let member = !wanted.member.is_empty() && id.map_or(true, |id| id.as_str() != held.member);
    let state = wanted.state() != State::Unspecified && wanted.state() != held.state();
    let told = [
        (
            member,
            "subscription.member",
            "成员不能更改，请另建订阅。",
            "The member cannot be changed: make another subscription.",
        ),
        (
            state,
            "subscription.state",
            "状态不能这样更改，请用 PauseSubscription 或 ResumeSubscription。",
            "The state is not changed so: use PauseSubscription or ResumeSubscription.",
        ),
    ];
    let told = told.into_iter().filter(|(is, ..)| *is);
    told.map(|(_, field, zh, en)| crate::services::error::violation(field, reason::INCONSISTENT, zh, en)).collect()
}

fn unknown_path(path: &str) -> Violation {
    let path: String = path.chars().take(80).collect();
    crate::services::error::violation(
        "update_mask",
        reason::UNKNOWN_CODE,
        format!("不能更改 {path}；可更改 label、filter、counterpart_of、notice、webhook、mail。"),
        format!("{path} cannot be changed; label, filter, counterpart_of, notice, webhook and mail can."),
    )
}
