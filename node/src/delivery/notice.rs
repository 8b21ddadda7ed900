//! Telling owners by mail that the server has paused a subscription: what is to be sent is a fact, written with what it
//! tells of, and one task sends it, so that no delivery waits for a mail server.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use duikou_proto::v1::subscription::PauseReason;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, pause};
use super::mail::{Mailer, Party, Purpose, link, paused, question};
use super::runner::Halt;
use super::schedule::wait_after;
use super::settle::{Changes, load};
use super::subscription::{NoticeWay, Phase, StateFact, SubscriptionFact, Way};
use crate::engine::{Command, Work, facts};
use crate::error::chain;
use crate::limits;
use crate::store::StoreError;

/// What is to be sent for a subscription: the newest of it goes before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NoticeFact {
    what: What,
    failures: u32,
    /// Not before this.
    next: Option<Micros>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    /// The reader of the address is asked to confirm it.
    Ask,
    /// It was paused for a [`PauseReason`].
    Paused(i32),
}

/// Notices that are read at a time.
const PAGE: usize = 100;

/// Pauses a subscription for what its owner did not ask for, and has that told.
pub(super) fn stop(id: &str, state: &mut StateFact, changes: &mut Changes, reason: PauseReason) {
    pause(state, reason);
    tracing::warn!(subscription.id = id, reason = reason.as_str_name(), "a subscription is paused");
    tell(id, reason.into(), changes);
}

/// Has it told that one is paused.
pub(super) fn tell(id: &str, reason: i32, changes: &mut Changes) {
    changes.put(facts::notice(id), &NoticeFact { what: What::Paused(reason), failures: 0, next: None });
}

/// Has the reader of the address of its notices asked to confirm it.
pub(crate) fn ask(id: &str, changes: &mut Changes) {
    changes.put(facts::notice(id), &NoticeFact { what: What::Ask, failures: 0, next: None });
}

/// To whom a notice of a subscription goes: to the address for that; without one to the reader of its digests.
fn party(fact: &SubscriptionFact, state: &StateFact, what: What) -> Option<(Party, Purpose)> {
    let digest = match &fact.way {
        // What comes back for days will come back.
        _ if what == What::Paused(PauseReason::Failing.into()) => None,
        Way::Mail(mail) if !state.unconfirmed => Some((mail.party(), Purpose::Unsubscribe)),
        Way::Mail(_) | Way::Webhook { .. } | Way::Page { .. } | Way::Pull => None,
    };
    let confirmed = state.notice_confirmed || what == What::Ask;
    match &fact.notice {
        Some(notice) => confirmed.then(|| (notice.party(), Purpose::EndNotices)),
        None => digest,
    }
}

impl NoticeWay {
    /// Whoever reads there.
    pub(super) fn party(&self) -> Party {
        let language = if self.language == "en" { Language::En } else { Language::Zh };
        Party { address: self.address.clone(), language, secret: self.secret.clone() }
    }
}

/// Sends notices until told to stop.
pub(super) async fn send(desk: Desk, stop: CancellationToken) {
    let work = async {
        loop {
            let next = match look(&desk).await {
                Ok(next) => next,
                Err(halt) => {
                    tracing::error!(error = %chain(&halt), "notices rest");
                    Some(desk.engine.now() + micros(limits::NOTICES_REST))
                }
            };
            let left = next.map(|next| u64::try_from(next - desk.engine.now()).unwrap_or(0));
            let due = left.map(|left| Instant::now() + std::time::Duration::from_micros(left));
            tokio::select! {
                () = desk.notices.notified() => {}
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

fn micros(duration: std::time::Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX / 2)
}

/// Sends what is due; when there is more.
async fn look(desk: &Desk) -> Result<Option<Micros>, Halt> {
    let (mut after, mut earliest) = (String::new(), None::<Micros>);
    loop {
        let page = desk.engine.store().read().await?.facts(facts::NOTICES, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(earliest) };
        after.clone_from(last);
        for (key, value) in page {
            let notice: NoticeFact = facts::decode(&key, &value)?;
            let id = key.strip_prefix(facts::NOTICES).unwrap_or_default();
            let next = match notice.next.filter(|next| *next > desk.engine.now()) {
                Some(next) => Some(next),
                None => one(desk, id, notice).await?,
            };
            earliest = earliest.into_iter().chain(next).min();
        }
    }
}

/// Sends one; when it is tried again, if it is.
async fn one(desk: &Desk, id: &str, notice: NoticeFact) -> Result<Option<Micros>, Halt> {
    let loaded = load(&desk.engine, id).await?;
    let holds = |(_, state): &(SubscriptionFact, StateFact)| match notice.what {
        What::Ask => !state.notice_confirmed,
        What::Paused(reason) => state.phase == Phase::Paused(reason),
    };
    let wanted = loaded.filter(holds).and_then(|(fact, state)| {
        let (party, purpose) = party(&fact, &state, notice.what)?;
        Some((fact, state, party, purpose))
    });
    let Some((mailer, (fact, state, party, purpose))) = desk.mailer.clone().zip(wanted) else {
        settle(desk, id, notice, None, None).await?;
        return Ok(None);
    };
    let mut asked: Vec<Micros> = desk.engine.fact(&facts::notice_asked(id)).await?.unwrap_or_default();
    let now = desk.engine.now();
    asked.retain(|time| *time + micros(limits::ASKED_WITHIN) > now);
    if notice.what == What::Ask && asked.len() >= limits::ASKED {
        let next = asked.first().map(|time| time + micros(limits::ASKED_WITHIN));
        settle(desk, id, notice.clone(), Some(NoticeFact { next, ..notice }), None).await?;
        return Ok(next);
    }
    let sent = post(&mailer, &fact, &state, &party, purpose, notice.what).await;
    let (after, asked) = match sent {
        Ok(()) => {
            asked.push(now);
            (None, (notice.what == What::Ask).then_some(asked))
        }
        Err(why) => {
            let failures = notice.failures + 1;
            let [chance] = desk.engine.world().random::<1>();
            let next = wait_after(failures, chance, None).map(|wait| now + micros(wait));
            tracing::warn!(subscription.id = id, failures, why, "a notice was not sent");
            (next.map(|next| NoticeFact { failures, next: Some(next), ..notice.clone() }), None)
        }
    };
    let next = after.as_ref().and_then(|after| after.next);
    settle(desk, id, notice, after, asked).await?;
    Ok(next)
}

async fn post(
    mailer: &Mailer,
    fact: &SubscriptionFact,
    state: &StateFact,
    party: &Party,
    purpose: Purpose,
    what: What,
) -> Result<(), String> {
    // The same where it is repeated.
    let id = format!("{}.{}.notice", fact.id, state.generation);
    match what {
        What::Ask => {
            let letter = question(fact, party, Purpose::ConfirmNotices, mailer.base());
            mailer.send(&party.address, letter, &id, None).await
        }
        What::Paused(reason) => {
            let end = link(mailer.base(), &fact.id, party, purpose);
            let reason = PauseReason::try_from(reason).unwrap_or_default();
            let letter = paused(fact, state, reason, party.language, mailer.base(), &end);
            mailer.send(&party.address, letter, &id, Some(&end)).await
        }
    }
}

async fn settle(
    desk: &Desk,
    id: &str,
    notice: NoticeFact,
    after: Option<NoticeFact>,
    asked: Option<Vec<Micros>>,
) -> Result<(), Halt> {
    Ok(desk.engine.submit(Settle { id: id.to_owned(), notice, after, asked }).await?)
}

/// Writes down what came of a notice, unless another has taken its place.
struct Settle {
    id: String,
    notice: NoticeFact,
    after: Option<NoticeFact>,
    asked: Option<Vec<Micros>>,
}

#[async_trait]
impl Command for Settle {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let key = facts::notice(&self.id);
        // One that has ended is forgotten, and nothing of it is written.
        let there = work.fact::<serde_json::Value>(&facts::subscription(&self.id)).await?.is_some();
        if let Some(asked) = self.asked.filter(|_| there) {
            work.put_fact(facts::notice_asked(&self.id), &asked);
        }
        if work.fact::<NoticeFact>(&key).await?.as_ref() == Some(&self.notice) {
            match self.after.filter(|_| there) {
                Some(after) => work.put_fact(key, &after),
                None => work.remove_fact(key),
            }
        }
        Ok(())
    }
}
