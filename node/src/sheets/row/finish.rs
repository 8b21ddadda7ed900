//! What the cells of a row come to together.

use duikou_proto::language::{Language, Text};
use duikou_proto::reference::regions;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::validate;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::draft::Draft;
use super::expire::day_after;
use super::put::day_text;
use super::{Read, Reader, ZONE};
use crate::sheets::fields::{FIELDS, Field, Info, of_violation};
use crate::sheets::header::MONEY;
use crate::sheets::identity;
use crate::sheets::kind::Kind;
use crate::typed::{When, money, place};

impl Reader<'_> {
    pub(super) fn finish(&self, mut draft: Draft) -> Read {
        if draft.body.direction == 0 {
            draft.body.direction = self.layout.implied.direction;
        }
        self.bounds(&mut draft);
        match self.layout.kind {
            Kind::Capital => draft.body.details = Some(Details::Capital(std::mem::take(&mut draft.capital))),
            Kind::Project => self.project(&mut draft),
            Kind::Technology => draft.body.details = Some(Details::Technology(std::mem::take(&mut draft.technology))),
            Kind::Talent => self.talent(&mut draft),
            Kind::Event => self.event(&mut draft),
        }
        contact(&mut draft);
        if draft.contact != duikou_proto::v1::Contact::default() {
            draft.body.contact = Some(std::mem::take(&mut draft.contact));
        }
        tell_in_body(&mut draft);
        if draft.body.language.is_empty() && is_chinese(&draft.body) {
            draft.body.language = "zh-CN".to_owned();
        }
        if let Some(expire) = draft.expire {
            let zone = self.zone_of(&draft);
            draft.listing.expire_time = at_end(expire, &zone).map(stamp);
            if let (When::Day(_), Some(after)) = (expire, day_after(&draft.body))
                && let Some(time) = draft.listing.expire_time.as_mut().filter(|time| time.seconds + 1 == after)
            {
                time.seconds = after;
            }
            if draft.listing.expire_time.as_ref().is_some_and(|time| time.seconds <= self.now.as_second()) {
                let text = Text::new("有效期已过，请改为今后的日期。", "This date has passed: give one to come.");
                draft.fault_of(Some(Field::Expire), text);
            }
        }
        validate::normalise(&mut draft.body);
        for violation in validate::opportunity(&draft.body, "listing") {
            let field = of_violation(&violation.field, self.layout.kind, &draft.body);
            // Who seeks an event says when it is over by when it begins, which is lacking already.
            let sought = draft.body.direction == i32::from(Direction::Request);
            if field == Some(Field::End) && sought && draft.start.is_none() && draft.end.is_none() {
                continue;
            }
            let text = match field {
                Some(_) => violation.text,
                None => Text::new(
                    format!("{}：{}", violation.field, violation.text.zh),
                    format!("{}: {}", violation.field, violation.text.en),
                ),
            };
            // A field that no column has is told by its name.
            let text = match field.filter(|field| !draft.columns.contains_key(field)) {
                Some(field) => {
                    Text::new(format!("{}：{}", field.info().zh, text.zh), format!("{}: {}", field.info().en, text.en))
                }
                None => text,
            };
            draft.fault_of(field, text);
        }
        if draft.listing.name.is_empty() {
            let id = identity::of(self.layout.kind, &draft.body, draft.given.contains(&Field::Title));
            draft.listing.name = format!("{}/listings/{id}", self.parent);
        }
        draft.faults.sort_by_key(|fault| fault.column);
        draft.notes.sort_by_key(|note| note.column);
        draft.listing.listing = Some(draft.body);
        Read::Row { listing: Box::new(draft.listing), faults: draft.faults, notes: draft.notes }
    }

    /// The two ends of a range that has a column for each, where nothing says it in one.
    fn bounds(&self, draft: &mut Draft) {
        let mut bounds = std::mem::take(&mut draft.bounds);
        let mut take = |from, to| (bounds.remove(&from), bounds.remove(&to));
        let pairs = [(Field::AmountFrom, Field::AmountTo), (Field::WageFrom, Field::WageTo)];
        for (from, to) in pairs {
            let Some(whole) = from.info().bound().and_then(|bound| bound.of(self.layout.kind)) else { continue };
            let (low, high) = take(from, to);
            if (low.is_none() && high.is_none()) || draft.given.contains(&whole) {
                continue;
            }
            let range = match money::joined(low, high) {
                Ok(range) => range,
                Err(text) => {
                    draft.fault_of(Some(to), text);
                    continue;
                }
            };
            draft.given.insert(whole);
            match whole {
                Field::Amount => (draft.capital.amount_min, draft.capital.amount_max) = (range.min, range.max),
                Field::Wage => {
                    draft.talent.wage_period = range.period.map(i32::from).unwrap_or_default();
                    (draft.talent.wage_min, draft.talent.wage_max) = (range.min, range.max);
                }
                _ => (draft.project.investment_min, draft.project.investment_max) = (range.min, range.max),
            }
        }
    }

    fn project(&self, draft: &mut Draft) {
        let total = draft.total_investment.clone();
        let absent = !draft.given.contains(&Field::Investment) && !draft.columns.contains_key(&Field::Investment);
        match total {
            Some(total) if draft.whole_investment || absent => {
                (draft.project.investment_min, draft.project.investment_max) = (total.min, total.max);
                if draft.whole_investment {
                    let text = Text::new("“全部”按总投资读取", "read as the total investment");
                    draft.note_of(Field::Investment, text);
                }
            }
            None if draft.whole_investment => {
                let text = Text::new(
                    "“全部”要有总投资才能读取，请填写金额。",
                    "All of it needs a total investment: give an amount.",
                );
                draft.fault_of(Some(Field::Investment), text);
            }
            _ => {}
        }
        draft.body.details = Some(Details::Project(std::mem::take(&mut draft.project)));
    }

    fn talent(&self, draft: &mut Draft) {
        if draft.talent.supply_type == 0 {
            draft.talent.supply_type = self.layout.implied.supply;
        }
        // Tables of posts have no titles; what they have of one is put together.
        let untitled = !draft.given.contains(&Field::Title) && !draft.columns.contains_key(&Field::Title);
        let name = match &*draft.talent.occupation_name {
            "" => crate::typed::occupation::name(&draft.talent.occupation_code),
            name => name,
        };
        if untitled && !name.is_empty() && draft.talent.headcount > 0 && !draft.body.regions.is_empty() {
            let places: Vec<&str> = draft
                .body
                .regions
                .iter()
                .filter_map(|code| regions().get(code))
                .map(|entry| entry.name(Language::Zh))
                .collect();
            draft.body.title = format!("{}{name}{}人", places.join("、"), draft.talent.headcount);
        } else if untitled {
            // Why there is none is said where it is.
            draft.body.title = "—".to_owned();
        }
        draft.body.details = Some(Details::Talent(std::mem::take(&mut draft.talent)));
    }

    fn event(&self, draft: &mut Draft) {
        let zone = self.zone_of(draft);
        match (draft.end, draft.until) {
            (None, Some(until)) if !draft.has_fault(Field::End) => {
                draft.end = Some(until);
                let end = day_text(until);
                draft.note_of(Field::Start, Text::new(format!("结束时间读作 {end}"), format!("it ends {end}")));
            }
            (Some(end), Some(until)) if at_end_of_event(end, &zone) != at_end_of_event(until, &zone) => {
                let text = Text::new(
                    "与开始时间一栏写的结束时间不同，请改为一致。",
                    "The start says another end: make them one.",
                );
                draft.fault_of(Some(Field::End), text);
            }
            _ => {}
        }
        if draft.event.time_zone.is_empty() {
            draft.event.time_zone = ZONE.to_owned();
        }
        let sought = draft.body.direction == i32::from(Direction::Request);
        let (start, end, deadline) = match (draft.start, draft.end, draft.deadline) {
            (start, end, deadline) if sought => {
                let (start, end) = period(start, end);
                (start, end, deadline)
            }
            told => told,
        };
        for (field, when) in [(Field::Start, start), (Field::End, end)] {
            if let Some(When::Month(_)) = when {
                let text = Text::new("只有月份，请写明是哪一天。", "This is a month: say which day.");
                draft.fault_of(Some(field), text);
            }
        }
        if let (Some(When::Day(_)), false) = (start, sought) {
            let text = Text::new("没有时刻，按当天0时开始读取", "no time of day: read as midnight at its beginning");
            draft.note_of(Field::Start, text);
        }
        draft.event.start_time = start.and_then(|when| at_start(when, &zone)).map(stamp);
        // A day on which it ends belongs to it.
        draft.event.end_time = end.and_then(|when| at_end_of_event(when, &zone)).map(stamp);
        let start_day = start.and_then(|when| local_day(when, &zone));
        draft.event.registration_deadline = deadline
            .and_then(|when| match when {
                When::Day(day) if Some(day) == start_day => start.and_then(|when| at_start(when, &zone)),
                when => at_end(when, &zone),
            })
            .map(stamp);
        self.region_of_event(draft);
        draft.body.details = Some(Details::Event(std::mem::take(&mut draft.event)));
    }

    /// The place in which its venue lies, else the member's own.
    fn region_of_event(&self, draft: &mut Draft) {
        let unsaid = !draft.given.contains(&Field::Regions) && !draft.has_fault(Field::Regions);
        if !unsaid || draft.columns.contains_key(&Field::Regions) {
            return;
        }
        match place::in_address(&draft.event.venue, self.home) {
            Some((place, unknown)) => {
                draft.body.regions = vec![place.code.to_owned()];
                if let Some(unknown) = unknown {
                    let name = regions().get(place.code).map_or("", |entry| entry.name(Language::Zh));
                    draft.note_of(
                        Field::Venue,
                        Text::new(
                            format!("{name}没有“{unknown}”，地点保留原文，地区按{name}填写，请核对"),
                            format!("{name} has no {unknown}: the venue is kept as it is, and the region is {name}; check it"),
                        ),
                    );
                }
            }
            None => draft.body.regions = self.home.map(str::to_owned).into_iter().collect(),
        }
    }

    fn zone_of(&self, draft: &Draft) -> TimeZone {
        match &*draft.event.time_zone {
            "" => self.zone.clone(),
            name => TimeZone::get(name).unwrap_or_else(|_| self.zone.clone()),
        }
    }
}

/// A name and a number that stood in one cell, where each has no column of its own that says another.
fn contact(draft: &mut Draft) {
    for (column, field, value) in std::mem::take(&mut draft.with_it) {
        let told = if field == Field::Person { &mut draft.contact.person } else { &mut draft.contact.phone };
        if told.is_empty() {
            value.clone_into(told);
            let info = field.info();
            let text = Text::new(format!("{}读作 {value}", info.zh), format!("{}: {value}", info.en));
            draft.note_of(column, text);
        } else if *told != value {
            let info = field.info();
            let text = Text::new(
                format!("这里写的是“{value}”，{}一栏写的是“{told}”，请改为一致。", info.zh),
                format!("Here stands {value}, and under {} {told}: make them one.", info.en),
            );
            draft.fault_of(Some(column), text);
        }
    }
}

/// Whether a listing is in Chinese: where any of its texts is, or its title is in no language, as a number is. A row
/// without a title is wrong, and is told so once.
fn is_chinese(body: &Opportunity) -> bool {
    let is_han = |text: &&str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut texts = vec![&*body.title, &*body.body, &*body.summary];
    match &body.details {
        Some(Details::Capital(part)) => texts.push(&part.conditions),
        Some(Details::Project(part)) => texts.extend([&*part.land_terms, &*part.policy_terms]),
        Some(Details::Talent(part)) => texts.extend([&*part.occupation_name, &*part.training]),
        Some(Details::Event(part)) => texts.push(&part.venue),
        Some(Details::Technology(_)) | None => {}
    }
    !body.title.chars().any(char::is_alphabetic) || texts.iter().any(is_han)
}

/// What has no field of its own becomes a list at the end of the body, which [`told_in`] reads.
/// What such a list says already is said anew: a form shows it with the rest of the body.
fn tell_in_body(draft: &mut Draft) {
    // An amount that is there is agreed upon.
    let given = &draft.given;
    let is_over = |field: &Field, text: &str| given.contains(field) && MONEY.contains(field) && money::is_open(text);
    draft.told.retain(|(field, text)| !is_over(field, text));
    let known = told_in(&draft.body.body);
    let stays = |(info, text): &&(&Info, String)| {
        !is_over(&info.field, text) && !draft.told.iter().any(|(field, _)| *field == info.field)
    };
    let kept: Vec<(Field, String)> =
        known.iter().filter(stays).map(|(info, text)| (info.field, text.clone())).collect();
    if draft.told.is_empty() && kept.len() == known.len() {
        return;
    }
    draft.told.sort_by_key(|(field, _)| *field);
    let lines = |told: &[(Field, String)]| -> Vec<String> {
        told.iter().map(|(field, text)| format!("- {}：{}", field.info().zh, text)).collect()
    };
    let lines = [lines(&kept), lines(&draft.told)].concat();
    let mut body = if known.is_empty() { draft.body.body.clone() } else { text_of(&draft.body.body).to_owned() };
    if !body.is_empty() && !lines.is_empty() {
        body.push_str("\n\n");
    }
    body.push_str(&lines.join("\n"));
    draft.body.body = body;
}

/// What the list at the end of a body tells, by the fields that it names.
pub(crate) fn told_in(body: &str) -> Vec<(&'static Info, String)> {
    let mut told: Vec<_> = body.lines().rev().map_while(told).collect();
    told.reverse();
    told
}

/// A body without that list.
pub(crate) fn text_of(body: &str) -> &str {
    let list = body.lines().rev().take_while(|line| told(line).is_some()).count();
    let mut rest = body.trim_end();
    for _ in 0..list {
        rest = rest.rsplit_once('\n').map_or("", |(before, _)| before);
    }
    rest.trim_end()
}

fn told(line: &str) -> Option<(&'static Info, String)> {
    let (name, text) = line.strip_prefix("- ")?.split_once('：')?;
    let info = FIELDS.iter().find(|info| info.zh == name)?;
    Some((info, text.to_owned()))
}

/// The days of a period for which somebody seeks an event: months are as good as days, and what ends nowhere else ends
/// with the day or month in which it begins.
fn period(start: Option<When>, end: Option<When>) -> (Option<When>, Option<When>) {
    let end = match (start, end) {
        (Some(When::Day(_) | When::Month(_)), None) => start,
        (_, end) => end,
    };
    let first = start.map(|when| if let When::Month(first) = when { When::Day(first) } else { when });
    let last = end.map(|when| match when {
        When::Month(first) => When::Day(first.last_of_month()),
        when => when,
    });
    (first, last)
}

fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

fn at_start(when: When, zone: &TimeZone) -> Option<Timestamp> {
    match when {
        When::Day(day) => midnight(day, zone),
        When::Moment(at) => zone.to_timestamp(at).ok(),
        When::Exact(at) => Some(at),
        When::Month(_) => None,
    }
}

/// The last second of a day or a month.
fn at_end(when: When, zone: &TimeZone) -> Option<Timestamp> {
    match when {
        When::Day(_) | When::Month(_) => {
            let next = when.last_day()?.tomorrow().ok()?;
            midnight(next, zone)?.checked_sub(1.second()).ok()
        }
        when => at_start(when, zone),
    }
}

/// Midnight at the end of a day.
fn at_end_of_event(when: When, zone: &TimeZone) -> Option<Timestamp> {
    match when {
        When::Day(day) => midnight(day.tomorrow().ok()?, zone),
        when => at_start(when, zone),
    }
}

fn local_day(when: When, zone: &TimeZone) -> Option<Date> {
    match when {
        When::Day(day) => Some(day),
        When::Moment(at) => Some(at.date()),
        When::Exact(at) => Some(zone.to_datetime(at).date()),
        When::Month(_) => None,
    }
}

fn stamp(at: Timestamp) -> prost_types::Timestamp {
    crate::time::timestamp(at.as_microsecond())
}
