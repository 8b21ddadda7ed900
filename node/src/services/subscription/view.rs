//! What is kept of a subscription, as its owner sees it: everything but its secrets.

use duikou_proto::v1::subscription::{self, State};
use duikou_proto::v1::{MailDigest, Notice, Page, PullQueue, Subscription, Webhook};

use crate::delivery::{Eyes, Phase, StateFact, SubscriptionFact, Way};
use crate::time::timestamp;

/// As the contract has it.
pub(super) fn shown(fact: &SubscriptionFact, state: &StateFact) -> Subscription {
    let (phase, pause_reason) = match state.phase {
        Phase::Active => (State::Active, 0),
        Phase::Unconfirmed => (State::Unconfirmed, 0),
        Phase::Paused(reason) => (State::Paused, reason),
    };
    let way = match &fact.way {
        Way::Webhook { url, .. } => subscription::Way::Webhook(Webhook { url: url.clone() }),
        Way::Mail(mail) => subscription::Way::Mail(MailDigest {
            address: mail.address.clone(),
            pace: mail.pace,
            hour: Some(mail.hour.into()),
            weekday: mail.weekday.into(),
            time_zone: mail.time_zone.clone(),
            language: mail.language.clone(),
        }),
        Way::Page { .. } => subscription::Way::Page(Page {}),
        Way::Pull => subscription::Way::Pull(PullQueue {}),
    };
    Subscription {
        name: fact.name(),
        label: fact.label.clone(),
        member: match &fact.eyes {
            Eyes::Member(member) => member.clone(),
            Eyes::Operator | Eyes::Registered => String::new(),
        },
        registered: fact.eyes == Eyes::Registered,
        interest: Some(fact.interest()),
        notice: fact.notice.as_ref().map(|notice| Notice {
            address: notice.address.clone(),
            language: notice.language.clone(),
            confirmed: state.notice_confirmed,
        }),
        way: Some(way),
        state: phase.into(),
        pause_reason,
        create_time: Some(timestamp(fact.create_time)),
        update_time: Some(timestamp(fact.update_time)),
        etag: fact.etag(),
        failure_count: i32::try_from(state.failures).unwrap_or(i32::MAX),
        failure: state.failure.clone(),
        creator: fact.creator.clone(),
        next_attempt_time: state.next_attempt.map(timestamp),
        success_time: state.success_time.map(timestamp),
    }
}
