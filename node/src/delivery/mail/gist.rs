//! What a digest says of a listing beside its title and text, in one line: whether it is offered or sought, by whom, where,
//! and until when, or when it takes place.

use duikou_proto::language::{Language, Text};
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Event, Listing, Opportunity};
use duikou_proto::validate::kind_of;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use crate::delivery::subscription::MailWay;
use crate::matching::kind_named;
use crate::typed::{area, labels, place};

/// Places that are named.
const PLACES: usize = 3;

/// The line; `author` is what the origin is called. Days are those of the reader's zone.
pub(super) fn gist(listing: &Listing, author: &str, mail: &MailWay, speaks: Language) -> String {
    let nothing = Opportunity::default();
    let opportunity = listing.listing.as_ref().unwrap_or(&nothing);
    let zone = zone(&mail.time_zone);
    let when = match (&opportunity.details, &listing.expire_time) {
        (Some(Details::Event(event)), _) => begins(event, &zone, speaks),
        (_, Some(end)) => until(end.seconds, &zone, speaks),
        _ => String::new(),
    };
    let said = [what(opportunity, speaks), author.to_owned(), places(&opportunity.regions, speaks), when];
    said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// `人才需求`, `talent request`.
fn what(opportunity: &Opportunity, speaks: Language) -> String {
    let kind = kind_named(kind_of(opportunity).unwrap_or_default());
    let direction = labels::of(labels::DIRECTIONS, opportunity.direction);
    match (speaks, direction) {
        (_, None) => kind.in_language(speaks).to_owned(),
        (Language::Zh, Some(direction)) => format!("{}{}", kind.zh, direction.zh),
        (Language::En, Some(direction)) => format!("{} {}", kind.en, direction.en),
    }
}

fn places(codes: &[String], speaks: Language) -> String {
    if let Some(area) = area::of(codes) {
        return area.name(speaks).to_owned();
    }
    let named: Vec<String> = codes.iter().take(PLACES).map(|code| place::in_full(code, speaks)).collect();
    let (between, more) = match speaks {
        Language::Zh => ("、", "等"),
        Language::En => ("; ", " and others"),
    };
    let more = if codes.len() > PLACES { more } else { "" };
    format!("{}{more}", named.join(between))
}

/// The last day on which it is there.
fn until(end: i64, zone: &TimeZone, speaks: Language) -> String {
    let day = at(end.saturating_sub(1), zone).strftime("%Y-%m-%d").to_string();
    Text::new(format!("有效期至{day}"), format!("until {day}")).in_language(speaks).to_owned()
}

/// When an event begins, by the clock of its place, which is said where the reader's is another.
fn begins(event: &Event, zone: &TimeZone, speaks: Language) -> String {
    let Some(start) = &event.start_time else { return String::new() };
    let there = at(start.seconds, &self::zone(&event.time_zone));
    let elsewhere = there.offset() != at(start.seconds, zone).offset();
    let form = if elsewhere { "%Y-%m-%d %H:%M (UTC%:z)" } else { "%Y-%m-%d %H:%M" };
    let time = there.strftime(form).to_string();
    Text::new(format!("{time}开始"), format!("begins {time}")).in_language(speaks).to_owned()
}

fn at(seconds: i64, zone: &TimeZone) -> ZonedDateTime {
    Timestamp::from_second(seconds).unwrap_or_default().to_zoned_datetime(zone.clone())
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::opportunity::Direction;
    use duikou_proto::v1::{Project, Talent};
    use prost_types::Timestamp;

    use super::*;

    /// 2027-06-01T00:00:00+08:00.
    const JUNE: i64 = 1_811_779_200;

    fn told(details: Details, regions: &[&str], zone: &str, speaks: Language) -> String {
        let opportunity = Opportunity {
            direction: Direction::Request.into(),
            regions: regions.iter().map(ToString::to_string).collect(),
            details: Some(details),
            ..Opportunity::default()
        };
        let expire_time = Some(Timestamp { seconds: JUNE, nanos: 0 });
        let listing = Listing { listing: Some(opportunity), expire_time, ..Listing::default() };
        let mail = MailWay {
            address: "li@example.com".to_owned(),
            pace: 2,
            hour: 8,
            weekday: 1,
            time_zone: zone.to_owned(),
            language: "zh".to_owned(),
            secret: "s".to_owned(),
        };
        gist(&listing, "毕节办", &mail, speaks)
    }

    #[test]
    fn a_reader_sees_what_is_sought_by_whom_where_and_until_when() {
        let talent = || Details::Talent(Talent::default());
        let china = "Asia/Shanghai";
        assert_eq!(
            told(talent(), &["520500"], china, Language::Zh),
            "人才需求 · 毕节办 · 贵州省毕节市 · 有效期至2027-05-31"
        );
        assert_eq!(
            told(talent(), &["520500"], "Pacific/Auckland", Language::En),
            "talent request · 毕节办 · Bijie, Guizhou · until 2027-06-01",
            "by the reader's calendar"
        );
        let many = ["520500", "440300", "500237", "530100"];
        let project = Details::Project(Project::default());
        assert_eq!(
            told(project, &many, china, Language::Zh),
            "项目需求 · 毕节办 · 贵州省毕节市、广东省深圳市、重庆市巫山县等 · 有效期至2027-05-31"
        );
    }

    #[test]
    fn of_an_event_the_beginning_is_told_by_the_clock_of_its_place() {
        let event = |zone: &str| {
            let start_time = Some(Timestamp { seconds: JUNE + 9 * 3600, nanos: 0 });
            Details::Event(Event { start_time, time_zone: zone.to_owned(), ..Event::default() })
        };
        let told = |there: &str, here: &str| told(event(there), &[], here, Language::Zh);
        assert_eq!(told("Asia/Shanghai", "Asia/Macau"), "活动需求 · 毕节办 · 2027-06-01 09:00开始");
        assert_eq!(told("Europe/Lisbon", "Asia/Shanghai"), "活动需求 · 毕节办 · 2027-06-01 02:00 (UTC+01:00)开始");
    }
}
