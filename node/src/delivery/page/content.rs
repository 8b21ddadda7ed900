//! What a page shows, before it is written in some form: read by name, through the eyes of the moment.

use std::collections::HashMap;

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use duikou_proto::name::RecordName;
use duikou_proto::v1::{Listing, Matched, Opportunity};

use super::advance::Busy;
use super::place::Place;
use crate::delivery::memory::{self, HadFact, LeftFact, departures};
use crate::delivery::subjects::told;
use crate::delivery::subscription::SubscriptionFact;
use crate::delivery::wants::{Wanted, Wants};
use crate::engine::{Engine, Seen, facts};
use crate::feed::{listing_of, readable};
use crate::limits;
use crate::store::StoreError;

/// What a page shows.
pub(super) struct Content {
    /// Of the subscription.
    pub(super) title: String,
    pub(super) id: String,
    /// When anything on it last changed.
    pub(super) updated: Micros,
    pub(super) entries: Vec<Entry>,
    /// What is gone, newest first; on the first page only.
    pub(super) left: Vec<LeftFact>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<String>,
    /// Whether it is the first page.
    pub(super) first: bool,
    /// Begins the ids of entries.
    pub(super) network: String,
}

/// A listing on a page.
pub(super) struct Entry {
    pub(super) listing: Listing,
    pub(super) opportunity: Opportunity,
    /// Of a counterpart: what it answers, and why.
    pub(super) matched: Option<Matched>,
    pub(super) had: HadFact,
    /// The origin's name.
    pub(super) author: String,
}

impl Entry {
    /// What stands in it: of a counterpart first why it is one, in both languages, since nobody said which its readers
    /// speak.
    pub(super) fn text(&self) -> String {
        let opportunity = &self.opportunity;
        let body = if opportunity.body.is_empty() { &opportunity.summary } else { &opportunity.body };
        match &self.matched {
            None => body.clone(),
            Some(matched) => format!("{}\n{}\n\n{body}", told(matched, Language::Zh), told(matched, Language::En)),
        }
    }
}

impl Content {
    /// Reads a page: what follows `after`, a place as `next` of the page before has it. A calendar is one page, of events
    /// alone.
    pub(super) async fn read(
        engine: &Engine,
        fact: &SubscriptionFact,
        after: &str,
        calendar: bool,
    ) -> Result<Self, Busy> {
        let prefix = facts::recent(&fact.id);
        // Whoever walks on by what is no place would begin again, without end.
        let mut place = match Place::read(after, &engine.identity().network) {
            Some(place) => format!("{prefix}{}", place.as_str()),
            None if after.is_empty() => String::new(),
            None => return Err(Busy::NoPlace),
        };
        let first = place.is_empty();
        let wanted = if calendar { limits::CALENDAR_EVENTS } else { limits::PAGE_ENTRIES };
        let (mut entries, mut next, mut looked) = (Vec::new(), None, 0);
        while entries.len() < wanted && looked < limits::PAGE_NAMES {
            let keys = engine.store().read().await?.facts(&prefix, &place, limits::PAGE_ENTRIES).await?;
            let Some((last, _)) = keys.last() else {
                next = None;
                break;
            };
            place.clone_from(last);
            looked += keys.len();
            next = (keys.len() == limits::PAGE_ENTRIES).then(|| Place::of(last.strip_prefix(&prefix).unwrap_or(last)));
            let names = keys.iter().filter_map(|(key, _)| {
                let (_, name) = key.strip_prefix(&prefix)?.split_once('/')?;
                RecordName::parse(name, &engine.identity().network).ok()
            });
            entries.extend(read_entries(engine, fact, &names.collect::<Vec<_>>(), calendar).await?);
        }
        entries.truncate(wanted);
        let mut left = if first { departures(engine, &fact.id, limits::CALENDAR_EVENTS).await? } else { Vec::new() };
        // What has come again is there; what is gone is told with its newest departure.
        let mut named = std::collections::HashSet::new();
        left.retain(|left| named.insert(left.name.clone()));
        let shown: std::collections::HashSet<&str> = entries.iter().map(|e: &Entry| e.listing.name.as_str()).collect();
        left.retain(|left| !shown.contains(left.name.as_str()));
        let times = entries.iter().map(|entry| entry.had.time).chain(left.iter().map(|left| left.time));
        let updated = times.chain([fact.update_time]).max().unwrap_or_default();
        let title = if fact.label.is_empty() { "对口 Duikou".to_owned() } else { fact.label.clone() };
        let network = engine.identity().network.to_string();
        let next = next.filter(|_| !calendar).map(|place| place.write());
        Ok(Self { title, id: fact.id.clone(), updated, entries, left, next, first, network })
    }

    /// The id of an entry, the same in every feed of the network for ever (RFC 4151).
    pub(super) fn entry_id(&self, name: &str) -> String {
        format!("tag:{},2026:{name}", self.network)
    }
}

async fn read_entries(
    engine: &Engine,
    fact: &SubscriptionFact,
    names: &[RecordName],
    events: bool,
) -> Result<Vec<Entry>, StoreError> {
    let rows = engine.rows(names).await?;
    let rows: HashMap<&RecordName, _> = rows.iter().map(|row| (&row.name, row)).collect();
    // The rights of after the reading: what was written since they were lost is not shown.
    let (viewer, directory, now) = (engine.viewer(&fact.reader()), engine.directory(), engine.now());
    let Some(wants) = Wants::of(engine, fact).await? else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for name in names {
        let Some(Seen::Record(part)) = rows.get(name).map(|row| viewer.see(row, &directory, now)) else { continue };
        let Some(opportunity) = readable(part) else { continue };
        let kind = part.kind().as_str();
        if events && kind != "event" {
            continue;
        }
        let Some(Wanted { matched }) = wants.look(part, &opportunity) else { continue };
        let Some(had) = memory::had(engine, &fact.id, name).await? else { continue };
        let listing = listing_of(part, opportunity.clone(), &engine.identity().network);
        let author = author(&directory, name.origin_str());
        entries.push(Entry { listing, opportunity, matched, had, author });
    }
    Ok(entries)
}

/// The origin's name.
pub(in crate::delivery) fn author(directory: &Directory, origin: &str) -> String {
    let member = directory.member_by_text(origin);
    let named = member.map(|member| if member.name_zh.is_empty() { &member.name_en } else { &member.name_zh });
    named.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| origin.to_owned())
}

/// The kind, the direction, and the tags.
pub(super) fn categories(opportunity: &Opportunity) -> Vec<String> {
    let kind = duikou_proto::validate::kind_of(opportunity).unwrap_or_default().to_owned();
    let direction = opportunity.direction().as_str_name().to_lowercase();
    [kind, direction].into_iter().chain(opportunity.tags.iter().cloned()).collect()
}

/// A time as RFC 3339 has it, to the second.
pub(super) fn rfc3339(time: Micros) -> String {
    let second = jiff::Timestamp::from_second(time.div_euclid(1_000_000)).unwrap_or_default();
    second.to_string()
}

/// The same of a time on the wire.
pub(super) fn rfc3339_of(time: Option<&prost_types::Timestamp>) -> Option<String> {
    time.map(|time| rfc3339(time.seconds.saturating_mul(1_000_000)))
}

/// `text` without what neither XML nor calendars can hold.
pub(super) fn clean(text: &str) -> String {
    let kept = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
    text.chars().filter(kept).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
