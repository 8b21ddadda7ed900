//! `/calendar`: the events of a month, by day.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, SearchListingsRequest, SearchResult, TimeRange};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, ZonedDateTime};

use super::super::catalogue::Texts;
use super::super::layout::{FeedLink, Page, Section};
use super::super::pager::Empty;
use super::super::respond::Answer;
use super::super::visitor::Visitor;
use super::super::{Web, format};
use super::card::foreign;
use super::coming::{begins, coming};
use super::names::Names;

/// Events of a month that are shown.
const EVENTS: i32 = 500;
/// Years before and after this one to which the calendar leads.
const YEARS: i16 = 5;

/// An event on its day.
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) title: String,
    pub(crate) lang: String,
    /// When it begins; that it goes on, on the days after that.
    pub(crate) clock: String,
    /// From when to when, where it has several days; where those stand below each other it is there on the first alone.
    pub(crate) period: String,
    /// Whether a day before has it too.
    pub(crate) again: bool,
}

/// A day of the month, or of those beside it that fill its weeks.
pub(crate) struct Day {
    pub(crate) number: i8,
    pub(crate) weekday: String,
    pub(crate) machine: String,
    pub(crate) inside: bool,
    pub(crate) today: bool,
    pub(crate) entries: Vec<Entry>,
}

impl Day {
    /// The classes of its cell.
    pub(crate) fn class(&self) -> &'static str {
        // Where nothing begins there is nothing to say to those who read down the month.
        match (self.inside, self.today, self.entries.iter().all(|entry| entry.again)) {
            (false, ..) => "outside",
            (true, true, true) => "today free",
            (true, true, false) => "today",
            (true, false, true) => "free",
            (true, false, false) => "taken",
        }
    }
}

/// The calendar.
#[derive(Template)]
#[template(path = "reading/calendar.html")]
pub(crate) struct CalendarPage {
    pub(crate) page: Page,
    pub(crate) weekdays: Vec<String>,
    pub(crate) weeks: Vec<Vec<Day>>,
    pub(crate) before: String,
    pub(crate) before_name: String,
    pub(crate) after: String,
    pub(crate) after_name: String,
    pub(crate) total: usize,
    pub(crate) empty: Option<Empty>,
}

pub(super) async fn calendar(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let now = format::in_china(web.engine().now().div_euclid(1_000_000));
    let first = asked(query.as_deref().unwrap_or_default(), &now);
    let range = TimeRange { start_time: beginning(first), end_time: beginning(next_month(first)) };
    let request = SearchListingsRequest {
        page_size: EVENTS,
        order_by: OrderBy::Closing.into(),
        filter: Some(Filter { kinds: vec!["event".to_owned()], event_time: Some(range), ..Filter::default() }),
        ..SearchListingsRequest::default()
    };
    let searches = &web.services().searches;
    let found = searches.search_listings(visitor.ask(request)).await;
    let found = found.map_err(|status| visitor.failed(&status))?.into_inner();
    let next = match beginning(next_month(first)) {
        Some(from) if found.results.is_empty() => coming(&web, &visitor, from, 1).await,
        Some(_) | None => Ok(Vec::new()),
    };
    let next = next.map_err(|status| visitor.failed(&status))?;
    let names = Names::new(&web, &visitor);
    let title = visitor.texts.about("calendar-title", &month_name(&visitor, first));
    let page = Page::new(&web, &visitor, Section::Calendar, title);
    visitor.page(&CalendarPage::of(page, &names, first, now.date(), &found.results, &next))
}

fn month_name(visitor: &Visitor, first: Date) -> String {
    format::month(visitor.language(), &zoned(first))
}

fn zoned(day: Date) -> ZonedDateTime {
    let zone = TimeZone::get(format::ZONE).unwrap_or(TimeZone::UTC);
    day.to_zoned_datetime(zone).unwrap_or_default()
}

fn beginning(day: Date) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: zoned(day).timestamp().as_second(), nanos: 0 })
}

/// The first day of `month=2026-12`; of this month where nothing sound near this year is asked for.
fn asked(query: &str, now: &ZonedDateTime) -> Date {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let asked = pairs.find_map(|(key, value)| (key == "month").then(|| format!("{value}-01").parse::<Date>().ok()));
    let near = |day: &Date| (day.year() - now.year()).abs() <= YEARS && day.day() == 1;
    asked.flatten().filter(near).unwrap_or_else(|| now.date().first_of_month())
}

fn next_month(first: Date) -> Date {
    first.checked_add(1.month()).unwrap_or(first)
}

fn path(first: Date) -> String {
    format!("/calendar?month={:04}-{:02}", first.year(), first.month())
}

impl CalendarPage {
    /// The month that begins with `first`; `next` are events after it, where it has none.
    pub(crate) fn of(
        mut page: Page,
        names: &Names,
        first: Date,
        today: Date,
        events: &[SearchResult],
        next: &[SearchResult],
    ) -> Self {
        let texts = page.texts();
        let weekday_ids = ["weekday-1", "weekday-2", "weekday-3", "weekday-4", "weekday-5", "weekday-6", "weekday-7"];
        let weekdays = weekday_ids.map(|id| texts.text(id));
        page.canonical = path(first);
        page.description = texts.text("calendar-description");
        page.feeds = vec![FeedLink {
            path: "/listings.ics?kind=event".to_owned(),
            kind: "text/calendar",
            name: texts.text("feed-calendar"),
        }];
        let last = first.last_of_month();
        let mut weeks = Vec::new();
        let mut day = first.checked_sub(i64::from(first.weekday().to_monday_zero_offset()).days()).unwrap_or(first);
        let mut shown = BTreeSet::new();
        while day <= last {
            let mut week = Vec::with_capacity(7);
            for weekday in &weekdays {
                let inside = (first..=last).contains(&day);
                let entries: Vec<Entry> = match inside {
                    true => events.iter().filter_map(|event| entry(texts, names, event, first, day)).collect(),
                    false => Vec::new(),
                };
                shown.extend(entries.iter().map(|entry| entry.path.clone()));
                week.push(Day {
                    number: day.day(),
                    weekday: weekday.clone(),
                    machine: day.to_string(),
                    inside,
                    today: day == today,
                    entries,
                });
                day = day.tomorrow().unwrap_or(day);
            }
            weeks.push(week);
        }
        let before = first.checked_sub(1.month()).unwrap_or(first);
        let after = next_month(first);
        let name = |day| format::month(texts.language(), &zoned(day));
        let next = next.iter().filter_map(begins).min().map(|begins| format::in_china(begins).date().first_of_month());
        let empty = shown.is_empty().then(|| Empty {
            title: texts.text("calendar-empty"),
            advice: match next {
                Some(month) => texts.about("calendar-next-advice", &name(month)),
                None => texts.text("calendar-empty-advice"),
            },
            link: next.map_or_else(Default::default, |month| (path(month), texts.about("calendar-next", &name(month)))),
        });
        Self {
            weekdays: weekdays.into(),
            weeks,
            before: path(before),
            before_name: name(before),
            after: path(after),
            after_name: name(after),
            total: shown.len(),
            empty,
            page,
        }
    }
}

/// An event on one of its days in the month that begins with `first`.
fn entry(texts: Texts, names: &Names, event: &SearchResult, first: Date, day: Date) -> Option<Entry> {
    let listing = event.listing.as_ref()?;
    let opportunity = listing.listing.as_ref()?;
    let Some(Details::Event(details)) = &opportunity.details else { return None };
    let start = format::in_china(details.start_time.as_ref()?.seconds);
    // What ends at midnight ends with the day before.
    let end = details.end_time.as_ref().map_or(start.clone(), |end| format::in_china(end.seconds - 1));
    let end = if end.date() < start.date() { start.clone() } else { end };
    let several = end.date() > start.date();
    (start.date() <= day && day <= end.date()).then(|| Entry {
        path: names.listing_path(&listing.name),
        title: opportunity.title.clone(),
        lang: foreign(texts, &opportunity.language),
        clock: if start.date() == day { format::clock(&start) } else { texts.text("calendar-goes-on") },
        period: if several { format::days(texts.language(), &start, &end) } else { String::new() },
        again: day > start.date().max(first),
    })
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::{Event, Listing, Opportunity};

    use super::*;

    #[test]
    fn an_event_stands_on_each_of_its_days() {
        let texts = Texts::of(Language::Zh);
        let names = Names::sample(Language::Zh, "pprd.example");
        let at = |text: &str| {
            let seconds = text.parse::<jiff::Timestamp>().unwrap().as_second();
            Some(prost_types::Timestamp { seconds, nanos: 0 })
        };
        let days = |start: &str, end: &str| {
            let event = Event { start_time: at(start), end_time: at(end), ..Event::default() };
            let body = Opportunity { details: Some(Details::Event(event)), ..Opportunity::default() };
            let listing =
                Listing { name: "members/bijie/listings/x".to_owned(), listing: Some(body), ..Listing::default() };
            let event = SearchResult { listing: Some(listing), ..SearchResult::default() };
            let all = (1..=31).map(|day| Date::constant(2027, 3, day));
            let on = |day| entry(texts, &names, &event, Date::constant(2027, 3, 1), day);
            let entries: Vec<(i8, Entry)> = all.filter_map(|day| Some((day.day(), on(day)?))).collect();
            // Whoever reads down the month finds it once.
            let once: Vec<&(i8, Entry)> = entries.iter().filter(|(_, entry)| !entry.again).collect();
            assert!(once.len() == 1 && once[0].0 == entries[0].0, "{start}");
            let period = once[0].1.period.clone();
            (entries.into_iter().map(|(day, entry)| (day, entry.clock)).collect::<Vec<_>>(), period)
        };
        let (fair, period) = days("2027-02-26T01:00:00Z", "2027-03-19T09:00:00Z");
        assert_eq!(period, "2月26日至3月19日");
        assert_eq!(fair.iter().map(|(day, _)| *day).collect::<Vec<_>>(), (1..=19).collect::<Vec<_>>());
        assert!(fair.iter().all(|(_, clock)| clock == "续"), "{fair:?}");
        // Until midnight at the end of the sixth, in China.
        let (two, period) = days("2027-03-05T01:00:00Z", "2027-03-06T16:00:00Z");
        assert_eq!(two, [(5, "09:00".to_owned()), (6, "续".to_owned())]);
        assert_eq!(period, "3月5日至3月6日");
        let (one, period) = days("2027-03-05T01:00:00Z", "2027-03-05T01:00:00Z");
        assert_eq!((one.len(), &*period), (1, ""));
    }
}
