//! What a subscriber lacks: the feed after the subscription's cursor, beside what the subscriber had.
//!
//! Where the cursor is no longer good (`Reset`), the feed begins again, and what had been sent is not sent again; at its end
//! everything that the subscriber had is looked at, and what it may not see or does not want any longer is told as gone.

use std::collections::HashMap;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Filter, Header};
use duikou_proto::name::RecordName;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::no_longer::Reason;

use super::event::{Event, What, listing, written};
use super::memory::{self, HadFact, LeftFact, When, cancelled_key, departures, sequence};
use super::subscription::{StateFact, SubscriptionFact};
use crate::engine::{Engine, Reader, Seen};
use crate::feed::{Cursor, EventReader, Step, readable};
use crate::limits;
use crate::store::StoreError;

/// Reads what one subscription lacks.
pub(crate) struct Gatherer {
    engine: Engine,
    id: String,
    reader: Reader,
    filter: Filter,
    feed: EventReader,
    entries: u64,
    sweep: bool,
    /// The last name that the comparison has looked at.
    swept: String,
    replay: Option<i64>,
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
}

impl Gatherer {
    /// Goes on where the subscription stands.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn new(
        engine: &Engine,
        fact: &SubscriptionFact,
        state: &StateFact,
        filter: Filter,
    ) -> Result<Self, StoreError> {
        let left = match state.replay {
            Some(_) => departures(engine, &fact.id, limits::DEPARTURES).await?,
            None => Vec::new(),
        };
        Ok(Self {
            engine: engine.clone(),
            id: fact.id.clone(),
            reader: fact.reader(),
            filter: filter.clone(),
            feed: EventReader::new(engine.clone(), fact.reader(), filter, &state.cursor()),
            entries: state.entries,
            sweep: state.sweep,
            swept: String::new(),
            replay: state.replay,
            left: left.into_iter().map(|left| (left.name.clone(), left)).collect(),
        })
    }

    /// Waits until there may be something.
    pub(crate) async fn wait(&mut self) {
        self.feed.wait().await;
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
        let mut gathered = Gathered { cursor: self.feed.cursor(), ..Gathered::default() };
        while gathered.events.len() < limit {
            let before = self.feed.cursor();
            let Some((step, cursor)) = self.feed.next().await? else {
                gathered.caught_up = !self.sweep;
                break;
            };
            match step {
                Step::Listing(part, shown) => {
                    let (opportunity, events) = (shown.opportunity(), &mut gathered.events);
                    self.listing(&part, opportunity, before, events).await?;
                }
                Step::NoLonger(name, reason) => self.left(name, reason, before, &mut gathered.events).await?,
                Step::Reset(_) => (self.sweep, self.swept) = (true, String::new()),
                Step::CaughtUp => self.caught_up(&before, &mut gathered.events).await?,
            }
            gathered.cursor = cursor;
        }
        // The feed has been read to its end at least once since the reset; what is not visible by now is gone.
        if self.sweep && gathered.events.len() < limit {
            self.sweep(limit, &mut gathered).await?;
            gathered.caught_up = !self.sweep;
        }
        Ok(gathered)
    }

    async fn listing(
        &mut self,
        part: &Part,
        opportunity: &Opportunity,
        cursor: Cursor,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let name = part.name();
        let held = memory::had(&self.engine, &self.id, name).await?;
        let place = events.iter().position(|event| event.name == *name);
        let time = written(part);
        let again = self.replay.is_some_and(|since| time >= since);
        let (when, now) = (When::of(opportunity), self.engine.now());
        let had = match held {
            Some(had) if part.revision() < had.offered => return Ok(()),
            Some(had) if part.revision() == had.confirmed && !again && place.is_none() => return Ok(()),
            Some(had) if part.revision() == had.offered => had,
            Some(had) => {
                let sequence = sequence(Some(had.sequence), now);
                HadFact { offered: part.revision(), sequence, time, when, ..had }
            }
            None => {
                let entry = match place.map(|place| events[place].had.entry) {
                    Some(entry) => entry,
                    None => {
                        self.entries += 1;
                        self.entries
                    }
                };
                let cancelled = match when {
                    Some(_) => self.engine.fact::<u32>(&cancelled_key(&self.id, name.as_str())).await?,
                    None => None,
                };
                let sequence = sequence(cancelled, now);
                HadFact { entry, offered: part.revision(), confirmed: 0, sequence, time, when }
            }
        };
        let listing = listing(part, opportunity.clone(), &self.engine.identity().network);
        let what = if had.confirmed == 0 { What::Published(listing) } else { What::Updated(listing) };
        let event = Event { name: name.clone(), what, had, before: held, cursor };
        match place {
            Some(place) => events[place] = event,
            None => events.push(event),
        }
        Ok(())
    }

    /// A replay ends. What left since its time is told again, which a feed that began anew does not.
    async fn caught_up(&mut self, cursor: &Cursor, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let since = self.replay.take();
        let mut left: Vec<LeftFact> = std::mem::take(&mut self.left).into_values().collect();
        left.retain(|left| since.is_some_and(|since| since > 0 && left.time >= since));
        left.sort_by_key(|left| left.time);
        for left in left {
            let Ok(name) = RecordName::parse(&left.name, &self.engine.identity().network) else { continue };
            let there = events.iter().any(|event| event.name == name);
            if !there && memory::had(&self.engine, &self.id, &name).await?.is_none() {
                let (had, cursor) = (left.had, cursor.clone());
                events.push(Event { name, what: What::LeftBefore(left), had, before: None, cursor });
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
        let held = memory::had(&self.engine, &self.id, &name).await?;
        let event = match (held, self.left.remove(name.as_str())) {
            (Some(had), _) => Event { name, what: What::Left(reason), had, before: held, cursor },
            (None, Some(left)) => Event { name, had: left.had, what: What::LeftBefore(left), before: None, cursor },
            (None, None) => return Ok(()),
        };
        events.push(event);
        Ok(())
    }

    /// Looks at what the subscriber had, name by name, and tells what it can no longer have.
    async fn sweep(&mut self, limit: usize, gathered: &mut Gathered) -> Result<(), StoreError> {
        while gathered.events.len() < limit {
            let page = memory::had_after(&self.engine, &self.id, &self.swept, limits::MEMORY_PAGE).await?;
            if page.is_empty() {
                self.sweep = false;
                return Ok(());
            }
            let names: Vec<RecordName> = page.iter().map(|(name, _)| name.clone()).collect();
            let rows = self.engine.rows(&names).await?;
            let rows: HashMap<&RecordName, _> = rows.iter().map(|row| (&row.name, row)).collect();
            let (viewer, directory, now) =
                (self.engine.viewer(&self.reader), self.engine.directory(), self.engine.now());
            for (name, had) in page {
                self.swept = memory::had_key(&self.id, &name);
                let reason = match rows.get(&name).map(|row| viewer.see(row, &directory, now)) {
                    Some(Seen::Record(part)) if self.wants(part) => continue,
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
                gathered.events.push(Event { name, what: What::Left(reason), had, before: Some(had), cursor });
                if gathered.events.len() >= limit {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn wants(&self, part: &Part) -> bool {
        readable(part).is_some_and(|opportunity| self.filter.matches(&Header::of(part), &opportunity))
    }
}
