//! `/subscriptions/{id}`: one subscription, what it has delivered, and what is done with it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{Interest, PauseReason, State as Running, Way};
use duikou_proto::v1::subscription_service_server::SubscriptionService;
use duikou_proto::v1::{
    DeleteSubscriptionRequest, Delivery, GetSubscriptionRequest, ListDeliveriesRequest, PauseSubscriptionRequest,
    ResumeSubscriptionRequest, Subscription, TestSubscriptionRequest,
};
use prost_types::Timestamp;

use super::super::Web;
use super::super::asking::AskingPage;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::layout::{Crumb, Page, Section};
use super::super::people::{Called, titles};
use super::super::reading::{Names, about_filter};
use super::super::respond::{Answer, see_other_with};
use super::super::signed::Signed;
use super::SAVED;
use crate::accounts::Role;

/// Where a subscription is, by its name.
pub(super) fn path(name: &str) -> String {
    format!("/{name}")
}

/// How it is delivered, in words.
pub(super) fn way(texts: Texts, subscription: &Subscription) -> String {
    match &subscription.way {
        Some(Way::Mail(mail)) => {
            let pace = match mail.pace() {
                Pace::AtOnce => "pace-once",
                Pace::Weekly => "pace-weekly",
                Pace::Daily | Pace::Unspecified => "pace-daily",
            };
            texts.fill("way-mail-to", &[("what", &mail.address), ("pace", &texts.text(pace))])
        }
        Some(Way::Webhook(webhook)) => texts.about("way-webhook-to", &webhook.url),
        Some(Way::Page(_)) => texts.text("way-page"),
        Some(Way::Pull(_)) | None => texts.text("way-pull"),
    }
}

/// Whether it goes on, in words, and why not.
pub(super) fn state(texts: Texts, subscription: &Subscription) -> String {
    match subscription.state() {
        Running::Active | Running::Unspecified => texts.text("subscription-active"),
        Running::Unconfirmed => texts.text("subscription-unconfirmed"),
        Running::Paused => texts.text(match subscription.pause_reason() {
            PauseReason::Requested | PauseReason::Unspecified => "subscription-paused",
            PauseReason::Failing => "subscription-failing",
            PauseReason::Gone => "subscription-gone",
            PauseReason::Account => "subscription-account",
            PauseReason::Unsubscribed => "subscription-unsubscribed",
            PauseReason::SubjectEnded => "subscription-subject",
        }),
    }
}

fn outcome(texts: Texts, outcome: Outcome) -> String {
    texts.text(match outcome {
        Outcome::Delivered => "outcome-delivered",
        Outcome::Refused => "outcome-refused",
        Outcome::Unreachable => "outcome-unreachable",
        Outcome::TimedOut => "outcome-timed-out",
        Outcome::TlsFailed => "outcome-tls",
        Outcome::AddressForbidden => "outcome-forbidden",
        Outcome::Unspecified => "outcome-unknown",
    })
}

/// Why it fails: what became of it in the reader's words, beside what the machines said.
fn failure(texts: Texts, failure: &str) -> String {
    let told = failure.split_once(": ").and_then(|(name, detail)| Some((Outcome::from_str_name(name)?, detail)));
    match told {
        Some((found, detail)) => {
            texts.fill("subscription-failure-of", &[("what", &outcome(texts, found)), ("detail", detail)])
        }
        None => failure.to_owned(),
    }
}

/// A delivery that was tried.
pub(super) struct DeliveryLine {
    time: String,
    outcome: String,
    detail: String,
    /// What it was about, by its title where that can still be read, in which language (empty: the page's own), and where
    /// it is.
    listing: String,
    lang: String,
    listing_path: String,
}

/// The page.
#[derive(Template)]
#[template(path = "saved/subscription.html")]
pub(super) struct SubscriptionPage {
    page: Page,
    path: String,
    /// What it delivers, in words.
    about: String,
    way: String,
    state: String,
    failure: String,
    made: String,
    success: String,
    next: String,
    /// What may be done with it at once; empty: nothing.
    actions: Vec<(&'static str, String, &'static str)>,
    /// Whether it may be ended, which is asked first.
    may: bool,
    deliveries: Vec<DeliveryLine>,
}

/// What it delivers, in words.
fn interest(texts: Texts, names: &Names, subscription: &Subscription) -> String {
    match &subscription.interest {
        Some(Interest::Filter(filter)) => about_filter(texts, names, filter),
        Some(Interest::CounterpartOf(_)) => texts.text("subscription-counterparts"),
        None => texts.text("about-all"),
    }
}

/// How people call it.
pub(super) fn called(texts: Texts, subscription: &Subscription) -> String {
    match &*subscription.label {
        "" => texts.text("subscription-unnamed"),
        label => label.to_owned(),
    }
}

fn name(id: &str) -> String {
    format!("subscriptions/{id}")
}

pub(super) async fn show(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let service = &web.services().subscriptions;
    let (one, deliveries) = tokio::join!(
        service.get_subscription(signed.ask(GetSubscriptionRequest { name: name(&id) })),
        service.list_deliveries(signed.ask(ListDeliveriesRequest { parent: name(&id) })),
    );
    let one = one.map_err(|status| signed.failed(&status))?.into_inner();
    let deliveries = deliveries.map_err(|status| signed.failed(&status))?.into_inner().deliveries;
    let page = Page::new(&web, &signed, Section::Saved, called(signed.texts, &one));
    let may = signed.at_least(Role::Editor).is_ok();
    let named = deliveries.iter().map(|delivery| &*delivery.listing).filter(|name| !name.is_empty());
    let called = titles(&web, &signed, named.collect()).await;
    signed.page(&SubscriptionPage::of(page, &Names::new(&web, &signed), &one, (&deliveries, &called), may))
}

impl SubscriptionPage {
    /// With its deliveries, and what is called how of what they were about.
    pub(super) fn of(
        mut page: Page,
        names: &Names,
        one: &Subscription,
        (deliveries, called): (&[Delivery], &BTreeMap<String, Called>),
        may: bool,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb { path: SAVED.to_owned(), name: texts.text("saved-title") }];
        let moment = |time: &Option<Timestamp>| {
            let moment = |time: &Timestamp| format::moment(texts.language(), &format::in_china(time.seconds));
            time.as_ref().map_or_else(String::new, moment)
        };
        let mut actions = Vec::new();
        if may {
            match one.state() {
                Running::Paused => actions.push(("resume", texts.text("subscription-resume"), "main")),
                Running::Active | Running::Unconfirmed | Running::Unspecified => {
                    actions.push(("pause", texts.text("subscription-pause"), ""));
                }
            }
            if matches!(one.way, Some(Way::Webhook(_))) {
                actions.push(("test", texts.text("subscription-test"), ""));
            }
        }
        let line = |delivery: &Delivery| {
            let id = || delivery.listing.rsplit('/').next().unwrap_or_default().to_owned();
            let called = called.get(&delivery.listing).cloned();
            let (listing, lang) = called.map_or_else(|| (id(), String::new()), |called| (called.title, called.lang));
            DeliveryLine {
                time: moment(&delivery.attempt_time),
                outcome: outcome(texts, delivery.outcome()),
                detail: delivery.detail.clone(),
                listing_path: match &*delivery.listing {
                    "" => String::new(),
                    name => names.listing_path(name),
                },
                listing,
                lang,
            }
        };
        Self {
            path: path(&one.name),
            about: interest(texts, names, one),
            way: way(texts, one),
            state: state(texts, one),
            failure: failure(texts, &one.failure),
            made: moment(&one.create_time),
            success: moment(&one.success_time),
            next: moment(&one.next_attempt_time),
            actions,
            may,
            deliveries: deliveries.iter().map(line).collect(),
            page,
        }
    }
}

pub(super) async fn pause(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let request = signed.ask(PauseSubscriptionRequest { name: name(&id) });
    let done = web.services().subscriptions.pause_subscription(request).await;
    done.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(&path(&name(&id)), "done-subscription-paused"))
}

pub(super) async fn resume(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let request = signed.ask(ResumeSubscriptionRequest { name: name(&id) });
    let done = web.services().subscriptions.resume_subscription(request).await;
    done.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(&path(&name(&id)), "done-subscription-resumed"))
}

pub(super) async fn test(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let request = signed.ask(TestSubscriptionRequest { name: name(&id) });
    let done = web.services().subscriptions.test_subscription(request).await;
    let delivered = done.map_err(|status| signed.failed(&status))?.into_inner().outcome() == Outcome::Delivered;
    let notice = if delivered { "done-test-delivered" } else { "done-test-failed" };
    Ok(see_other_with(&path(&name(&id)), notice))
}

/// Asks before one is ended.
pub(super) async fn ask_delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    signed.at_least(Role::Editor)?;
    let one = web.services().subscriptions.get_subscription(signed.ask(GetSubscriptionRequest { name: name(&id) }));
    let one = one.await.map_err(|status| signed.failed(&status))?.into_inner();
    let page = Page::new(&web, &signed, Section::Saved, signed.texts.text("subscription-end-title"));
    signed.page(&ending(page, &one))
}

/// The page that asks.
pub(super) fn ending(mut page: Page, one: &Subscription) -> AskingPage {
    let texts = page.texts();
    page.indexed = false;
    page.trail = vec![
        Crumb { path: SAVED.to_owned(), name: texts.text("saved-title") },
        Crumb { path: path(&one.name), name: called(texts, one) },
    ];
    AskingPage {
        action: format!("{}/delete", path(&one.name)),
        lead: texts.about("subscription-end-lead", &called(texts, one)),
        help: texts.text("subscription-end-help"),
        etag: String::new(),
        yes: texts.text("subscription-delete"),
        no: (texts.text("forget-back"), path(&one.name)),
        page,
    }
}

/// Ends one.
pub(super) async fn delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let request = signed.ask(DeleteSubscriptionRequest { name: name(&id), ..DeleteSubscriptionRequest::default() });
    let done = web.services().subscriptions.delete_subscription(request).await;
    done.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(SAVED, "done-subscription-gone"))
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn why_it_fails_is_told_in_the_readers_language() {
        for (told, zh) in [
            ("UNREACHABLE: Connection refused", "无法连接（Connection refused）"),
            ("HTTP 404", "HTTP 404"),
            ("else: not known", "else: not known"),
        ] {
            assert_eq!(failure(Texts::of(Language::Zh), told), zh);
        }
        assert_eq!(failure(Texts::of(Language::En), "TIMED_OUT: no answer"), "Timed out (no answer)");
    }
}
