//! What a subscriber lacks: the feed after the subscription's cursor, beside what the subscriber had.
//!
//! Where the cursor is no longer good (`Reset`), the feed begins again, and what had been sent is not sent again; at its end
//! everything that the subscriber had is looked at, and what it may not see or does not want any longer is told as gone.
//! The same is done where counterparts are followed and the listings that they answer have changed: cursors are tied to
//! what those say. Of a subscription that began later than the feed only what counts since then is lacking
//! ([`Began`](super::began::Began)), however often the feed begins again. What is told again has its id and its type again.

use std::collections::{HashMap, HashSet};

use duikou_proto::envelope::Part;
use duikou_proto::name::RecordName;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::no_longer::Reason;
use tokio::time::Instant;

use super::event::{Event, What, listing, written};
use super::memory::{self, HadFact, LeftFact, When, cancelled_key, departures, sequence};
use super::subscription::{StateFact, SubscriptionFact};
use super::wants::{self, Wanted, Wants};
use crate::engine::{Engine, Seen};
use crate::feed::{Cursor, EventReader, Step, readable};
use crate::limits;
use crate::store::{Found, StoreError};

/// The time of a replay that goes on from a cursor.
pub(crate) const FROM_CURSOR: i64 = 0;

/// Reads what one subscription lacks.
pub(crate) struct Gatherer<'a> {
    engine: Engine,
    fact: &'a SubscriptionFact,
    /// What is wanted; of counterparts it is read for each look, since it changes, and is large.
    lasting: Option<Wants>,
    tie: Option<[u8; 32]>,
    feed: EventReader,
    /// Wakes when something happens to the listings whose counterparts are followed.
    subjects: Option<EventReader>,
    /// When it last began anew because they had changed.
    renewed: Option<Instant>,
    /// When it does so again.
    renews: Option<Instant>,
    entries: u64,
    sweep: bool,
    /// The last name that the comparison has looked at.
    swept: String,
    replay: Option<i64>,
    /// Whether all is wanted that follows a cursor which its owner has named, also what was there before it began.
    follows_cursor: bool,
    /// What left lately, by name, where that is told again.
    left: HashMap<String, LeftFact>,
}

/// What is to be told next.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) events: Vec<Event>,
    /// Where the subscription stands after them.
    pub(crate) cursor: Cursor,
    /// Nothing more for now.
    pub(crate) caught_up: bool,
    /// Whether it began anew: where it stood before is no longer worth anything, even should it come to fit again.
    pub(crate) anew: bool,
    /// Whether there never will be more: what it follows has ended.
    pub(crate) ended: bool,
    /// Under what it was gathered.
    pub(crate) tie: Option<[u8; 32]>,
}

impl Gathered {
    /// Where the subscription stands before any of it is told.
    pub(crate) fn before(&self, state: StateFact) -> StateFact {
        let mut before = state;
        if self.anew {
            before.sweep = true;
            before.set_cursor(&[]);
        }
        before
    }
}

impl<'a> Gatherer<'a> {
    /// Goes on where the subscription stands; None where nothing can match what it wants.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn new(
        engine: &Engine,
        fact: &'a SubscriptionFact,
        state: &StateFact,
    ) -> Result<Option<Self>, StoreError> {
        let left = match state.replay {
            Some(_) => departures(engine, &fact.id, limits::DEPARTURES).await?,
            None => Vec::new(),
        };
        // Before they are read, so that it is noticed whatever happens to them afterwards.
        let watched = wants::watched(fact, &engine.identity().network);
        let subjects = watched.map(|filter| EventReader::at_head(engine.clone(), fact.reader(), filter));
        let Some(wants) = Wants::of(engine, fact).await? else { return Ok(None) };
        let feed = wants.feed(engine, fact, &state.cursor());
        let follows_cursor = state.replay == Some(FROM_CURSOR) && !state.cursor.is_empty();
        Ok(Some(Self {
            engine: engine.clone(),
            fact,
            tie: wants.tie(),
            // What is told again may have come and gone since.
            feed: if follows_cursor { feed.with_every_departure() } else { feed },
            lasting: wants.lasting(),
            subjects,
            renewed: None,
            renews: None,
            entries: state.entries,
            sweep: state.sweep,
            swept: String::new(),
            replay: state.replay,
            follows_cursor,
            left: left.into_iter().map(|left| (left.name.clone(), left)).collect(),
        }))
    }

    /// Waits until there may be something.
    pub(crate) async fn wait(&mut self) {
        match (self.renews, &mut self.subjects) {
            (Some(renews), _) => tokio::time::sleep_until(renews).await,
            (None, None) => self.feed.wait().await,
            (None, Some(subjects)) => tokio::select! {
                () = self.feed.wait() => {}
                () = subjects.wait() => {}
            },
        }
    }

    /// What is wanted now. Where that is something else than before, the feed begins anew; None where it is too early for
    /// that, and nothing is to be looked at until then.
    async fn renew(&mut self) -> Result<Option<Wants>, StoreError> {
        if let Some(lasting) = self.lasting.as_ref().and_then(Wants::lasting) {
            return Ok(Some(lasting));
        }
        if let Some(subjects) = &mut self.subjects {
            while subjects.next().await?.is_some() {}
        }
        let Some(wants) = Wants::of(&self.engine, self.fact).await? else { return Ok(None) };
        self.renews = None;
        if wants.tie() != self.tie {
            let rested = self.renewed.map(|renewed| renewed + limits::SUBJECTS_REST);
            if let Some(renews) = rested.filter(|rested| *rested > Instant::now() && !wants.nothing()) {
                self.renews = Some(renews);
                return Ok(None);
            }
            let cursor = self.feed.cursor();
            self.feed = wants.feed(&self.engine, self.fact, &cursor);
            (self.tie, self.renewed) = (wants.tie(), Some(Instant::now()));
        }
        Ok(Some(wants))
    }

    /// Writes into `state` where it stands.
    pub(crate) fn note(&self, state: &mut StateFact, cursor: &[u8]) {
        state.set_cursor(cursor);
        state.head = self.engine.head();
        state.entries = self.entries;
        state.sweep = self.sweep;
        state.replay = self.replay;
    }

    /// Whether where it stands is worth noting although there was nothing to tell.
    pub(crate) fn differs(&self, state: &StateFact) -> bool {
        let far = self.engine.head() - state.head >= limits::SUBSCRIPTION_LAG;
        far || self.sweep != state.sweep || self.replay != state.replay
    }

    /// The next events, at most `limit`, each name once with its latest.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn next(&mut self, limit: usize) -> Result<Gathered, StoreError> {
        let wants = self.renew().await?;
        let mut gathered = Gathered { cursor: self.feed.cursor(), tie: self.tie, ..Gathered::default() };
        let Some(wants) = wants else { return Ok(Gathered { caught_up: true, ..gathered }) };
        gathered.ended = wants.ended();
        while gathered.events.len() < limit {
            let before = self.feed.cursor();
            let Some((step, cursor)) = self.feed.next().await? else {
                gathered.caught_up = !self.sweep;
                break;
            };
            match step {
                Step::Listing(part, shown) => {
                    let (opportunity, events) = (shown.opportunity(), &mut gathered.events);
                    self.listing(&wants, &part, opportunity, before, events).await?;
                }
                Step::NoLonger(name, reason) => self.left(name, reason, before, &mut gathered.events).await?,
                Step::Reset(_) => {
                    (self.sweep, self.swept, gathered.anew) = (true, String::new(), true);
                    self.follows_cursor = false;
                    if wants.nothing() {
                        self.feed.skip();
                    }
                }
                Step::CaughtUp => self.caught_up(&before, &mut gathered.events).await?,
            }
            gathered.cursor = cursor;
        }
        // The feed has been read to its end at least once since the reset; what is not visible by now is gone.
        if self.sweep && gathered.events.len() < limit {
            self.sweep(&wants, limit, &mut gathered).await?;
            gathered.caught_up = !self.sweep;
        }
        Ok(gathered)
    }

    async fn listing(
        &mut self,
        wants: &Wants,
        part: &Part,
        opportunity: &Opportunity,
        cursor: Cursor,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let name = part.name();
        let Some(Wanted { matched }) = wants.look(part, opportunity) else {
            return self.left(name.clone(), Reason::Filter, cursor, events).await;
        };
        let held = memory::had(&self.engine, &self.fact.id, name).await?;
        if held.is_none() && !self.follows_cursor && !self.counts(part) {
            return Ok(());
        }
        let place = events.iter().position(|event| event.name == *name);
        let time = written(part);
        let again = self.replay.is_some_and(|since| time >= since);
        let (when, now) = (When::of(opportunity), self.engine.now());
        // Of what may have been told as gone nothing is had.
        let had = match held.filter(|had| !had.leaving) {
            Some(had) if part.revision() < had.offered => return Ok(()),
            Some(had) if part.revision() == had.confirmed && !again && place.is_none() => return Ok(()),
            Some(had) if part.revision() == had.offered => HadFact { new: had.new || had.confirmed == 0, ..had },
            Some(had) => {
                let (new, sequence) = (had.confirmed == 0, sequence(Some(had.sequence), now));
                let when = when.map(|when| when.after(had.when));
                HadFact { offered: part.revision(), new, sequence, time, when, ..had }
            }
            None => {
                let told = held.map(|had| had.entry);
                let entry = match place.map(|place| events[place].had.entry) {
                    Some(entry) if Some(entry) != told => entry,
                    Some(_) | None => {
                        self.entries += 1;
                        self.entries
                    }
                };
                let cancelled = match when {
                    Some(_) => self.engine.fact::<u32>(&cancelled_key(&self.fact.id, name.as_str())).await?,
                    None => None,
                };
                let sequence = sequence(held.map(|had| had.sequence).max(cancelled), now);
                let offered = part.revision();
                HadFact { entry, offered, confirmed: 0, new: true, leaving: false, sequence, time, when }
            }
        };
        let listing = listing(part, opportunity.clone(), &self.engine.identity().network);
        let what = if had.new { What::Published(listing) } else { What::Updated(listing) };
        let event = Event { name: name.clone(), what, matched, had, before: held, cursor };
        match place {
            Some(place) => events[place] = event,
            None => events.push(event),
        }
        Ok(())
    }

    /// Whether a listing that the subscriber has never had counts for it.
    fn counts(&self, part: &Part) -> bool {
        self.fact.began.as_ref().is_none_or(|began| began.counts(part, self.feed.first_came()))
    }

    /// A replay ends. What left since its time is told again, which a feed that began anew does not.
    async fn caught_up(&mut self, cursor: &Cursor, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let since = self.replay.take();
        let mut left: Vec<LeftFact> = std::mem::take(&mut self.left).into_values().collect();
        left.retain(|left| since.is_some_and(|since| since > FROM_CURSOR && left.time >= since));
        left.sort_by_key(|left| left.time);
        for left in left {
            let Ok(name) = RecordName::parse(&left.name, &self.engine.identity().network) else { continue };
            let there = events.iter().any(|event| event.name == name);
            if !there && memory::had(&self.engine, &self.fact.id, &name).await?.is_none() {
                let (had, cursor) = (left.had, cursor.clone());
                events.push(Event { name, what: What::LeftBefore(left), matched: None, had, before: None, cursor });
            }
        }
        Ok(())
    }

    async fn left(
        &mut self,
        name: RecordName,
        reason: Reason,
        cursor: Cursor,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        // What was about to be told of it no longer holds.
        events.retain(|event| event.name != name);
        let held = memory::had(&self.engine, &self.fact.id, &name).await?;
        // Of a replay from a time that is told at its end.
        let again = if self.follows_cursor { self.left.remove(name.as_str()) } else { None };
        let event = match (held, again) {
            (Some(had), _) => Event { name, what: What::Left(reason), matched: None, had, before: held, cursor },
            (None, Some(left)) => {
                let (had, what) = (left.had, What::LeftBefore(left));
                Event { name, what, matched: None, had, before: None, cursor }
            }
            (None, None) => return Ok(()),
        };
        events.push(event);
        Ok(())
    }

    /// Looks at what the subscriber had, name by name, and tells what it can no longer have.
    async fn sweep(&mut self, wants: &Wants, limit: usize, gathered: &mut Gathered) -> Result<(), StoreError> {
        while gathered.events.len() < limit {
            let page = memory::had_after(&self.engine, &self.fact.id, &self.swept, limits::MEMORY_PAGE).await?;
            if page.is_empty() {
                self.sweep = false;
                return Ok(());
            }
            let names: Vec<RecordName> = page.iter().map(|(name, _)| name.clone()).collect();
            let Found { rows, damaged } = self.engine.found(&names).await?;
            let rows: HashMap<&RecordName, _> = rows.iter().map(|row| (&row.name, row)).collect();
            let damaged: HashSet<&str> = damaged.iter().map(|damaged| damaged.name.as_str()).collect();
            let (viewer, directory, now) =
                (self.engine.viewer(&self.fact.reader()), self.engine.directory(), self.engine.now());
            for (name, had) in page {
                self.swept = memory::had_key(&self.fact.id, &name);
                // Of what cannot be read nobody knows that it has ended.
                if damaged.contains(name.as_str()) {
                    continue;
                }
                let reason = match rows.get(&name).map(|row| viewer.see(row, &directory, now)) {
                    Some(Seen::Record(part)) if is_wanted(wants, part) => continue,
                    Some(Seen::Record(_)) => Reason::Filter,
                    Some(Seen::Gone(reason)) => reason,
                    Some(Seen::Nothing) => Reason::ScopeLost,
                    // Rows go when the last date that the name ever had is past.
                    None => Reason::Expired,
                };
                if gathered.events.iter().any(|event| event.name == name) {
                    continue;
                }
                let cursor = gathered.cursor.clone();
                gathered.events.push(Event {
                    name,
                    what: What::Left(reason),
                    matched: None,
                    had,
                    before: Some(had),
                    cursor,
                });
                if gathered.events.len() >= limit {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn is_wanted(wants: &Wants, part: &Part) -> bool {
    readable(part).is_some_and(|opportunity| wants.look(part, &opportunity).is_some())
}
