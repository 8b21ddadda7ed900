//! The asker's side: each member is asked by itself, whoever answers is heard at once, and at the deadline it is over.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use duikou_proto::directory::MemberState;
use duikou_proto::federation::live_answer::Hop;
use duikou_proto::federation::live_content::Refusal;
use duikou_proto::federation::live_query::Reader as For;
use duikou_proto::federation::{LiveAnswer, LiveQuery, LiveRequest};
use duikou_proto::limits as contract;
use duikou_proto::live::{Exchange, Page};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::sign::Signer;
use duikou_proto::v1::{self, Listing};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Live;
use super::answer::To;
use super::desk::Toward;
use super::outcomes::Asked;
use super::way::Back;
use crate::engine::dealings::Dealings;

/// Answers that wait for one slow caller.
const WAITING: usize = 16;

/// What is asked, of whom, and for how long.
#[derive(Debug, Clone)]
pub struct Ask {
    /// A member that lives here.
    pub asker: MemberId,
    /// Whether for a registered reader.
    pub registered: bool,
    /// Those that are asked.
    pub origins: Vec<MemberId>,
    /// What is asked for, without members.
    pub filter: v1::Filter,
    /// Words that answers hold; empty: any.
    pub words: String,
    /// Of each; within the contract's bounds.
    pub max_results: usize,
    /// How long answers are waited for.
    pub within: Duration,
}

/// Why nobody was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAsked {
    /// The asker's key is not here.
    #[error("the newest signing key of {0} is not here")]
    NoKey(MemberId),
    /// As many calls ask as may.
    #[error("too many live questions are under way")]
    TooMany,
}

/// What one member says.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Who says it.
    pub member: MemberId,
    /// What it says.
    pub outcome: Outcome,
}

/// What became of asking a member.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A page. On the last, whether nothing was left out.
    Answered {
        /// What it shows.
        listings: Vec<Listing>,
        /// Whether nothing follows.
        last: bool,
        /// On the last page: whether nothing was left out.
        complete: bool,
    },
    /// It does not answer.
    Refused(Refusal),
    /// Its node is not connected.
    Offline,
    /// Not everything came in time.
    TimedOut,
}

impl Live {
    /// Asks. What comes back ends with one last word of each member, when all have spoken or the time is over.
    ///
    /// # Errors
    /// Where nobody was asked.
    pub fn ask(&self, ask: Ask) -> Result<mpsc::Receiver<Heard>, NotAsked> {
        let engine = &self.0.engine;
        let signer = engine.identity().signers.newest(&ask.asker, &engine.directory());
        let signer = signer.ok_or_else(|| NotAsked::NoKey(ask.asker.clone()))?;
        let permit = self.0.asking.clone().try_acquire_owned().map_err(|_| NotAsked::TooMany)?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let live = self.clone();
        self.0.tasks.spawn(async move {
            let _permit = permit;
            let stopped = live.0.engine.stopped();
            let (asked, heard) = (AtomicI64::new(0), AtomicI64::new(0));
            tokio::select! {
                () = stopped.cancelled() => {}
                () = sender.closed() => {}
                () = live.ask_all(&ask, &signer, &sender, [&asked, &heard]) => {}
            }
            drop(sender);
            let dealings = Dealings { asked: asked.into_inner(), heard: heard.into_inner(), ..Dealings::default() };
            if let Err(error) = live.0.engine.note_dealings(&ask.asker, dealings).await {
                tracing::warn!(error = %crate::error::chain(&error), "what was asked live could not be counted");
            }
        });
        Ok(receiver)
    }

    /// Asks all of them, and counts those that were asked and those that answered.
    async fn ask_all(
        &self,
        ask: &Ask,
        signer: &Signer,
        heard: &mpsc::Sender<Heard>,
        [asked, answered]: [&AtomicI64; 2],
    ) {
        let deadline = Instant::now() + ask.within;
        let mut all: FuturesUnordered<_> = ask
            .origins
            .iter()
            .map(|origin| async move {
                asked.fetch_add(1, Ordering::Relaxed);
                let last = timeout_at(deadline, self.ask_one(ask, origin, signer, deadline, heard)).await;
                let last = last.unwrap_or(Some(Outcome::TimedOut));
                let how = Asked::by(last.as_ref());
                self.0.outcomes.asked.count(&how);
                answered.fetch_add(i64::from(how == Asked::Answered), Ordering::Relaxed);
                if let Some(outcome) = last {
                    // Whoever no longer listens misses nothing.
                    let _ = heard.send(Heard { member: origin.clone(), outcome }).await;
                }
            })
            .collect();
        while all.next().await.is_some() {}
    }

    /// Asks one member and gives on its pages; the last word where that is no page.
    async fn ask_one(
        &self,
        ask: &Ask,
        origin: &MemberId,
        signer: &Signer,
        deadline: Instant,
        heard: &mpsc::Sender<Heard>,
    ) -> Option<Outcome> {
        let engine = &self.0.engine;
        let directory = engine.directory();
        match directory.member(origin).map(|member| member.state) {
            None => return Some(Outcome::Offline),
            Some(MemberState::Suspended | MemberState::Removed(_)) => return Some(Outcome::Refused(Refusal::Asker)),
            Some(MemberState::Active) => {}
        }
        let exchange = Exchange { asker: ask.asker.clone(), origin: origin.clone(), nonce: engine.world().random() };
        let query = LiveQuery {
            filter: Some(ask.filter.clone()),
            words: ask.words.clone(),
            max_results: i32::try_from(ask.max_results).unwrap_or(i32::MAX),
            reader: if ask.registered { For::Registered } else { For::Member }.into(),
        };
        let question = exchange.ask(&query, engine.now(), signer, &directory, engine.world().random());
        let question = match question {
            Ok(question) => question,
            Err(error) => {
                tracing::warn!(origin.id = %origin, %error, "a live question cannot be sealed");
                return Some(Outcome::Refused(Refusal::Query));
            }
        };
        let left = || deadline.saturating_duration_since(Instant::now());
        let (sender, mut answers) = mpsc::channel(contract::LIVE_PAGES + 1);
        // Held while it is open.
        let _permit = match self.toward(origin, None) {
            Toward::Nowhere => return Some(Outcome::Offline),
            Toward::Here => {
                self.answer(question, left().min(*contract::LIVE_WITHIN.end()), To::Asker(sender));
                None
            }
            Toward::Over(way) => {
                let permit = way.asking.clone().acquire_owned().await.ok();
                // The wait for its turn has cost some of the time.
                let within_ms = i32::try_from(left().as_millis()).unwrap_or(i32::MAX);
                let request = LiveRequest { id: 0, origin: origin.to_string(), within_ms, question: Some(question) };
                if let Err(hop) = way.send(request, Back::Asker(sender)) {
                    return Some(of_hop(hop));
                }
                permit
            }
        };
        self.hear(&exchange, &mut answers, heard).await
    }

    async fn hear(
        &self,
        exchange: &Exchange,
        answers: &mut mpsc::Receiver<LiveAnswer>,
        heard: &mpsc::Sender<Heard>,
    ) -> Option<Outcome> {
        let engine = &self.0.engine;
        let Exchange { asker, origin, .. } = exchange;
        let mut number = 1;
        while let Some(LiveAnswer { reply, hop, .. }) = answers.recv().await {
            let Some(reply) = reply else {
                // Nobody signs this: it is believed before the origin has spoken, and not after.
                let hop = Hop::try_from(hop).unwrap_or_default();
                return Some(if number == 1 { of_hop(hop) } else { Outcome::TimedOut });
            };
            let key = |number| self.0.openers.numbered(asker, number);
            let page = exchange.read(number, &reply, &engine.directory(), engine.now(), key);
            let Some(Page { last, content, .. }) = page else {
                tracing::warn!(origin.id = %origin, number, "a page that is not of the member that was asked is dropped");
                continue;
            };
            number += 1;
            if content.refusal != 0 {
                return Some(Outcome::Refused(content.refusal()));
            }
            let listings = content.listings.into_iter().filter(|listing| self.is_of(listing, origin)).collect();
            let outcome = Outcome::Answered { listings, last, complete: last && content.complete };
            heard.send(Heard { member: origin.clone(), outcome }).await.ok()?;
            if last {
                return None;
            }
        }
        // Nothing more comes, and what came was no answer, or not the whole.
        Some(Outcome::TimedOut)
    }

    /// Whether a listing is one of this origin, and keeps the rules.
    fn is_of(&self, listing: &Listing, origin: &MemberId) -> bool {
        let name = RecordName::parse(&listing.name, &self.0.engine.identity().network);
        let sound = |opportunity| duikou_proto::validate::opportunity(opportunity, "listing").is_empty();
        name.is_ok_and(|name| name.origin() == *origin) && listing.listing.as_ref().is_some_and(sound)
    }
}

fn of_hop(hop: Hop) -> Outcome {
    match hop {
        Hop::Busy => Outcome::Refused(Refusal::Busy),
        Hop::Offline | Hop::Unspecified => Outcome::Offline,
    }
}
