//! iCalendar (RFC 5545): events and the ends of their registration; what is gone is cancelled, under a higher sequence
//! number, so that calendars take it out.

use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use duikou_proto::v1::opportunity::Details;
use icalendar::{Calendar, Component, Event, EventLike, Property};

use super::content::{Content, Entry, clean};
use crate::addresses::{Origin, listing_page};
use crate::delivery::memory::When;
use crate::delivery::subjects::told;
use crate::markdown;

/// How soon calendars should look again.
const REFRESH: &str = "PT1H";

/// What stands in a calendar without events, since one has at least one component (RFC 5545, 3.6) and some programs refuse
/// one without: the time zone of its times, which nobody sees.
const NO_EVENT: &str = "BEGIN:VTIMEZONE\r\nTZID:Etc/UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
                        TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// Writes it.
pub(super) fn render(content: &Content, origin: Option<&Origin>) -> Vec<u8> {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0")).append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("PRODID", "-//Duikou//Duikou//ZH"));
    calendar.name(&clean(&content.title));
    calendar.append_property(("REFRESH-INTERVAL;VALUE=DURATION", REFRESH));
    for entry in &content.entries {
        if let Some(when) = When::of(&entry.opportunity) {
            let (name, had) = (&entry.listing.name, &entry.had);
            calendar.push(event(entry, when, origin));
            calendar.extend(deadline(entry, when, origin));
            calendar.extend(no_deadline(name, when.after(had.when).dropped, had.sequence, had.time));
        }
    }
    for left in &content.left {
        if let Some(when) = left.had.when {
            calendar.push(cancelled(&left.name, when.start, when.end, left.sequence(), left.time));
            calendar.extend(no_deadline(&left.name, when.deadline.or(when.dropped), left.sequence(), left.time));
        }
    }
    let mut text = calendar.to_string();
    if calendar.components.is_empty()
        && let Some(end) = text.rfind("END:VCALENDAR")
    {
        text.insert_str(end, NO_EVENT);
    }
    text.into_bytes()
}

fn event(entry: &Entry, when: When, origin: Option<&Origin>) -> Event {
    let (opportunity, had) = (&entry.opportunity, &entry.had);
    let mut event = begin(&entry.listing.name, when.start, when.end, had.sequence, had.time);
    lead(&mut event, entry, origin);
    event.summary(&clean(&opportunity.title)).add_property("STATUS", "CONFIRMED");
    let text = match &*opportunity.summary {
        "" => markdown::unmarked(&opportunity.body),
        summary => summary.to_owned(),
    };
    let why = entry.matched.as_ref().map(|matched| format!("{}\n", told(matched, Language::Zh))).unwrap_or_default();
    event.description(&clean(&format!("{why}{text}")));
    if let Some(Details::Event(details)) = &opportunity.details {
        let online = one_line(&details.online_url);
        let place = if details.venue.is_empty() { online.clone() } else { clean(&details.venue) };
        if !place.is_empty() {
            event.location(&place);
        }
        if !online.is_empty() {
            // RFC 7986; its URL is the listing's page.
            let mut conference = Property::new("CONFERENCE", online);
            conference.add_parameter("VALUE", "URI");
            event.append_property(conference);
        }
    }
    event.add_property("CATEGORIES", opportunity.direction().as_str_name());
    event
}

/// The end of the registration, as an event of its own that takes no time.
fn deadline(entry: &Entry, when: When, origin: Option<&Origin>) -> Option<Event> {
    let at = when.deadline?;
    let had = &entry.had;
    let mut event = begin(&deadline_uid(&entry.listing.name), at, at, had.sequence, had.time);
    lead(&mut event, entry, origin);
    let title = clean(&entry.opportunity.title);
    event.summary(&format!("报名截止 · Registration ends: {title}")).add_property("STATUS", "CONFIRMED");
    event.add_property("TRANSP", "TRANSPARENT");
    Some(event)
}

/// Leads to the listing's page.
fn lead(event: &mut Event, entry: &Entry, origin: Option<&Origin>) {
    if let Some(origin) = origin {
        event.url(&format!("{origin}{}", listing_page(&entry.listing.name)));
    }
}

/// An address, which has no breaks.
fn one_line(url: &str) -> String {
    clean(url).replace(['\n', '\t'], "")
}

fn cancelled(uid: &str, start: i64, end: i64, sequence: u32, changed: Micros) -> Event {
    let mut event = begin(uid, start, end, sequence, changed);
    event.add_property("STATUS", "CANCELLED");
    event
}

/// That a registration which was told of does not end then any longer.
fn no_deadline(name: &str, at: Option<i64>, sequence: u32, changed: Micros) -> Option<Event> {
    at.map(|at| cancelled(&deadline_uid(name), at, at, sequence, changed))
}

fn begin(uid: &str, start: i64, end: i64, sequence: u32, changed: Micros) -> Event {
    let changed = utc(changed.div_euclid(1_000_000));
    let mut event = Event::new();
    event.uid(uid).sequence(sequence);
    event.add_property("DTSTAMP", &changed).add_property("LAST-MODIFIED", &changed);
    event.add_property("DTSTART", utc(start));
    if end > start {
        event.add_property("DTEND", utc(end));
    }
    event
}

fn deadline_uid(name: &str) -> String {
    format!("{name}/registration")
}

fn utc(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_without_events_has_a_component_and_stays_the_same() {
        let content = || Content {
            title: "茶".to_owned(),
            id: "1".to_owned(),
            updated: 0,
            entries: Vec::new(),
            left: Vec::new(),
            next: None,
            first: true,
            network: "n.example".to_owned(),
        };
        let text = String::from_utf8(render(&content(), None)).unwrap();
        assert!(text.ends_with(&format!("{NO_EVENT}END:VCALENDAR\r\n")), "{text}");
        assert!(text.lines().all(|line| line.len() <= 75) && !text.replace("\r\n", "").contains('\n'), "{text}");
        assert_eq!(render(&content(), None), text.as_bytes());
    }
}
