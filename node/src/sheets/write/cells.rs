//! A listing as cells that are read as the same listing.

use duikou_proto::Money;
use duikou_proto::language::Language;
use duikou_proto::v1::external_code::Scheme;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Contact, ExternalCode, Listing, Opportunity};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::sheets::fields::Field;
use crate::sheets::row::{expire, kept};
use crate::typed::money::{self, Period, Range};
use crate::typed::occupation::Occupation;
use crate::typed::{audience, choice, date, industry, labels, occupation, place};

/// The zone of times without one.
const ZONE: &str = "Asia/Shanghai";
/// What [`date::format`] writes of the first moment of a day behind it.
const MIDNIGHT: &str = " 00:00";

/// What stands under the header of a field; empty where the listing has nothing there.
pub(in crate::sheets) fn cell(listing: &Listing, field: Field) -> String {
    let empty = Opportunity::default();
    let body = listing.listing.as_ref().unwrap_or(&empty);
    let nobody = Contact::default();
    let contact = body.contact.as_ref().unwrap_or(&nobody);
    let (project_code, credit_code, other_codes) = codes(&body.external_codes);
    match field {
        // In full: it says which listing it is wherever the table goes.
        Field::Id => listing.name.clone(),
        Field::Publisher => publisher(listing).to_owned(),
        Field::Published => day(listing.publish_time.as_ref()),
        Field::Title => body.title.clone(),
        Field::Direction => choice::format(&[body.direction], labels::DIRECTIONS),
        Field::Summary => body.summary.clone(),
        Field::Body => body.body.clone(),
        Field::Language => body.language.clone(),
        Field::Regions => joined(body.regions.iter().map(|code| place::format(code))),
        Field::Industries => joined(body.industries.iter().map(|code| industry::format(code))),
        Field::Tags => joined(body.tags.iter().cloned()),
        Field::Audience => audience::format(&listing.scopes),
        Field::Expire => until(listing.expire_time.as_ref(), body),
        Field::Office => contact.office.clone(),
        Field::Person => contact.person.clone(),
        Field::Email => contact.email.clone(),
        Field::Phone => contact.phone.clone(),
        Field::Address => contact.address.clone(),
        Field::Links => {
            body.links.iter().map(|link| format!("{} {}", link.title, link.url)).collect::<Vec<_>>().join("\n")
        }
        Field::ProjectCode => project_code,
        Field::CreditCode => credit_code,
        Field::Rest => kept(&body.attachments, &other_codes),
        _ => particular(body, field),
    }
}

/// What a form shows of a field: as [`cell`], but places by their names, since nobody knows their codes.
pub(in crate::sheets) fn in_form(listing: &Listing, field: Field) -> String {
    match (field, &listing.listing) {
        (Field::Regions, Some(body)) => joined(body.regions.iter().map(|code| place::named(code, Language::Zh))),
        _ => cell(listing, field),
    }
}

fn particular(body: &Opportunity, field: Field) -> String {
    let range =
        |min: &Option<_>, max: &Option<_>, period| money::format(&Range { min: min.clone(), max: max.clone(), period });
    match (&body.details, field) {
        (Some(Details::Capital(part)), Field::Instrument) => choice::format(&[part.instrument], labels::INSTRUMENTS),
        (Some(Details::Capital(part)), Field::Amount) => range(&part.amount_min, &part.amount_max, None),
        (Some(Details::Capital(part)), Field::AmountFrom) => counted(part.amount_min.as_ref(), WAN),
        (Some(Details::Capital(part)), Field::AmountTo) => counted(part.amount_max.as_ref(), WAN),
        (Some(Details::Capital(part)), Field::Stages) => choice::format(&part.stages, labels::STAGES),
        (Some(Details::Capital(part)), Field::Conditions) => part.conditions.clone(),
        (Some(Details::Project(part)), Field::CooperationModes) => {
            choice::format(&part.cooperation_modes, labels::COOPERATION_MODES)
        }
        (Some(Details::Project(part)), Field::Investment) => range(&part.investment_min, &part.investment_max, None),
        (Some(Details::Project(part)), Field::AmountFrom) => counted(part.investment_min.as_ref(), WAN),
        (Some(Details::Project(part)), Field::AmountTo) => counted(part.investment_max.as_ref(), WAN),
        (Some(Details::Project(part)), Field::Phase) => choice::format(&[part.phase], labels::PHASES),
        (Some(Details::Project(part)), Field::LandTerms) => part.land_terms.clone(),
        (Some(Details::Project(part)), Field::PolicyTerms) => part.policy_terms.clone(),
        (Some(Details::Technology(part)), Field::Maturity) => number(part.maturity_trl),
        (Some(Details::Technology(part)), Field::IpStatus) => choice::format(&[part.ip_status], labels::IP_STATUSES),
        (Some(Details::Technology(part)), Field::Patents) => joined(part.patent_numbers.iter().cloned()),
        (Some(Details::Technology(part)), Field::TransferModes) => {
            choice::format(&part.transfer_modes, labels::TRANSFER_MODES)
        }
        (Some(Details::Talent(part)), Field::SupplyType) => choice::format(&[part.supply_type], labels::SUPPLY_TYPES),
        (Some(Details::Talent(part)), Field::Occupation) => {
            occupation::format(&Occupation { code: part.occupation_code.clone(), name: part.occupation_name.clone() })
        }
        (Some(Details::Talent(part)), Field::Headcount) => number(part.headcount),
        (Some(Details::Talent(part)), Field::Wage) => {
            range(&part.wage_min, &part.wage_max, Period::try_from(part.wage_period).ok())
        }
        (Some(Details::Talent(part)), Field::WageFrom) if part.wage_period() == Period::Month => {
            counted(part.wage_min.as_ref(), 1)
        }
        (Some(Details::Talent(part)), Field::WageTo) if part.wage_period() == Period::Month => {
            counted(part.wage_max.as_ref(), 1)
        }
        (Some(Details::Talent(part)), Field::Training) => part.training.clone(),
        (Some(Details::Event(part)), Field::Start) => {
            let text = time(part.start_time.as_ref(), &part.time_zone);
            // Who seeks an event gives days.
            let sought = body.direction == i32::from(Direction::Request);
            text.strip_suffix(MIDNIGHT).filter(|_| sought).map(str::to_owned).unwrap_or(text)
        }
        (Some(Details::Event(part)), Field::End) => last_day(time(part.end_time.as_ref(), &part.time_zone)),
        (Some(Details::Event(part)), Field::TimeZone) => part.time_zone.clone(),
        (Some(Details::Event(part)), Field::Venue) => part.venue.clone(),
        (Some(Details::Event(part)), Field::OnlineUrl) => part.online_url.clone(),
        (Some(Details::Event(part)), Field::Deadline) => time(part.registration_deadline.as_ref(), &part.time_zone),
        (Some(Details::Event(part)), Field::Capacity) => number(part.capacity),
        _ => String::new(),
    }
}

/// Yuan in one 万.
const WAN: i128 = 10_000;

/// An amount of yuan in units of so many, exactly; nothing of other currencies, which nobody adds to them.
fn counted(amount: Option<&Money>, unit: i128) -> String {
    const NANOS: i128 = 1_000_000_000;
    let Some(Money { units, nanos, .. }) = amount.filter(|amount| amount.currency_code == "CNY") else {
        return String::new();
    };
    let (all, one) = (i128::from(*units) * NANOS + i128::from(*nanos), unit * NANOS);
    if all < 0 {
        return String::new();
    }
    let (whole, rest) = (all / one, all % one);
    let places = one.ilog10() as usize;
    let rest = format!("{rest:0places$}");
    match rest.trim_end_matches('0') {
        "" => whole.to_string(),
        rest => format!("{whole}.{rest}"),
    }
}

/// The id of whoever has published a listing.
fn publisher(listing: &Listing) -> &str {
    let member = listing.name.strip_prefix("members/").and_then(|rest| rest.split('/').next());
    member.unwrap_or_default()
}

/// The day of a moment, in this country.
fn day(time: Option<&prost_types::Timestamp>) -> String {
    let at = time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
    let zone = TimeZone::get(ZONE).ok();
    at.zip(zone).map_or_else(String::new, |(at, zone)| zone.to_datetime(at).date().to_string())
}

fn number(value: i32) -> String {
    if value == 0 { String::new() } else { value.to_string() }
}

/// Items with a mark between them that names do not contain, and behind a single one that holds a weaker mark.
fn joined(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    let text = items.join("；");
    if items.len() == 1 && text.contains(['、', ',', '，', '/', '／']) { format!("{text}；") } else { text }
}

/// A time by which something ends: its day alone where that is how it is read.
fn until(at: Option<&prost_types::Timestamp>, body: &Opportunity) -> String {
    let text = time(at, ZONE);
    let Some(at) = at.filter(|at| at.nanos == 0) else { return text };
    let day_after = expire::day_after(body);
    if day_after == Some(at.seconds) {
        return last_day(text);
    }
    // The same day would be read as that other moment.
    let other = day_after == Some(at.seconds + 1);
    text.strip_suffix(" 23:59:59").filter(|_| !other).map(str::to_owned).unwrap_or(text)
}

/// An end at midnight as the day with which it ends: that of an event, which is read so, and any for people.
pub(super) fn last_day(text: String) -> String {
    let day = text.strip_suffix(MIDNIGHT).and_then(|day| day.parse::<Date>().ok()?.yesterday().ok());
    day.map_or(text, |day| day.to_string())
}

/// A time as the clocks of its zone show it; where these show it twice, in the form of RFC 3339.
fn time(time: Option<&prost_types::Timestamp>, zone: &str) -> String {
    let Some(at) = time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok()) else { return String::new() };
    let local = TimeZone::get(zone).ok().and_then(|zone| {
        let local = zone.to_datetime(at);
        (zone.to_timestamp(local).ok() == Some(at)).then_some(local)
    });
    local.map_or_else(|| at.to_string(), date::format)
}

/// The codes that have columns of their own, where these give back the same list; and the others.
fn codes(all: &[ExternalCode]) -> (String, String, Vec<ExternalCode>) {
    let mut rest = all;
    let mut take = |scheme: Scheme| match rest.split_first() {
        Some((first, others)) if first.scheme == i32::from(scheme) && first.register.is_empty() => {
            rest = others;
            first.code.clone()
        }
        _ => String::new(),
    };
    let project = take(Scheme::InvestmentProject);
    let credit = take(Scheme::CreditCode);
    (project, credit, rest.to_vec())
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1;

    use super::*;

    #[test]
    fn amounts_of_yuan_are_numbers_of_their_unit_and_others_none() {
        let money = |code: &str, units, nanos| Money { currency_code: code.to_owned(), units, nanos };
        for (amount, unit, number) in [
            (money("CNY", 120_000_000, 0), WAN, "12000"),
            (money("CNY", 12_345, 0), WAN, "1.2345"),
            (money("CNY", 4_500, 500_000_000), 1, "4500.5"),
            (money("CNY", 0, 0), WAN, "0"),
            (money("USD", 5_000_000, 0), WAN, ""),
        ] {
            assert_eq!(counted(Some(&amount), unit), number, "{amount:?}");
        }
        assert_eq!(counted(None, WAN), "");
    }

    #[test]
    fn an_end_with_its_day_is_the_day_and_any_other_says_its_time() {
        for (at, text) in [
            ("2027-05-30T15:59:59Z", "2027-05-30"),
            ("2027-05-30T15:59:59.5Z", "2027-05-30 23:59:59.5"),
            ("2027-05-30T15:59:00Z", "2027-05-30 23:59"),
        ] {
            let time: Timestamp = at.parse().unwrap();
            let time = prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() };
            assert_eq!(until(Some(&time), &Opportunity::default()), text, "{at}");
        }
        assert_eq!(until(None, &Opportunity::default()), "");
    }

    #[test]
    fn an_event_that_ends_with_a_day_ends_on_it_and_one_that_is_sought_begins_with_one() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        // March 2027, and the ninth hour of its first day.
        let (first, next) = (1_803_830_400, 1_806_508_800);
        let cells = |direction: Direction, start, end| {
            let event = v1::Event {
                start_time: at(start),
                end_time: at(end),
                time_zone: ZONE.to_owned(),
                ..v1::Event::default()
            };
            let details = Some(Details::Event(event));
            let body = Opportunity { direction: direction.into(), details, ..Opportunity::default() };
            [Field::Start, Field::End].map(|field| particular(&body, field))
        };
        assert_eq!(cells(Direction::Request, first, next), ["2027-03-01", "2027-03-31"]);
        assert_eq!(cells(Direction::Offer, first, next), ["2027-03-01 00:00", "2027-03-31"]);
        let morning = first + 9 * 3600;
        assert_eq!(cells(Direction::Request, morning, morning + 3600), ["2027-03-01 09:00", "2027-03-01 10:00"]);
    }
}
