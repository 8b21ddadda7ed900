//! How well two listings answer each other, and why. All weights stand in one table; a score is their sum, at most 100.

use std::cmp::Ordering;

use duikou_proto::filter::{Amounts, Quantities};
use duikou_proto::language::Text;
use duikou_proto::reference::{industries, normalise_region, occupations, regions};
use duikou_proto::v1::match_reason::Code;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::talent::{SupplyType, WagePeriod};
use duikou_proto::v1::{MatchReason, Talent, Technology};

use super::near::{Near, nearest};
use super::{Score, View, pairs, words};

/// Fewer points are no match worth telling of, unless the reader asks for them.
pub(crate) const MIN_SCORE: u32 = 35;

/// What each reason weighs at most. Those of any pair of one kind make 100, of events 90:
///
/// | | capital | project | technology | talent | event | two kinds |
/// |---|---|---|---|---|---|---|
/// | kind | 10 | 10 | 10 | 10 | 10 | 6 |
/// | region, industry, tags, text | 65 | 65 | 65 | 65 | 65 | 65 |
/// | amount | 15 | 15 | | | | 15 |
/// | way (instrument, cooperation, transfer, supply) | 10 | 10 | 10 | 5 | | |
/// | maturity | | | 15 | | | |
/// | occupation, wage | | | | 20 | | |
/// | dates | | | | | 15 | |
const WEIGHTS: [(Code, u32); 11] = [
    (Code::Kind, 10),
    (Code::Region, 10),
    (Code::Industry, 25),
    (Code::Tags, 10),
    (Code::Text, 20),
    (Code::Amount, 15),
    (Code::Way, 10),
    (Code::Maturity, 15),
    (Code::Occupation, 12),
    (Code::Wage, 8),
    (Code::Dates, 15),
];

/// What two listings are about; with fewer points of these in common they are about different things, whatever else fits.
const SUBJECT: [Code; 4] = [Code::Industry, Code::Tags, Code::Text, Code::Occupation];
/// See [`SUBJECT`].
const SUBJECT_POINTS: i32 = 8;
/// Of the weight of the kind, where two kinds go together.
const TOGETHER: f64 = 0.6;
/// Supply is half of what another way weighs: talent has more to compare.
pub(super) const SUPPLY: f64 = 0.5;
/// Each tag in common, up to two.
pub(super) const TAG: f64 = 0.5;
/// Of the weight of maturity, where what is offered is one level short.
pub(super) const MATURITY_NEARLY: f64 = 0.4;
/// Events that are so many microseconds apart are of one season, and with three times as many of one year's half.
pub(super) const SEASON: i64 = 31 * 24 * 3600 * 1_000_000;

pub(super) fn weight(code: Code) -> u32 {
    WEIGHTS.iter().find(|(known, _)| *known == code).map_or(0, |(_, weight)| *weight)
}

/// What a reason comes to that holds to a part (0 to 1) of its weight.
pub(super) fn points(code: Code, part: f64) -> i32 {
    (f64::from(weight(code)) * part.clamp(0.0, 1.0)).round() as i32
}

/// Of the weight of the kind, for two that can answer each other.
pub(super) fn kind_part(one: &str, other: &str) -> f64 {
    if one == other { 1.0 } else { TOGETHER }
}

/// Of the weight of dates, for events between the end of one and the beginning of the other so many microseconds lie.
pub(super) fn dates_part(apart: i64) -> f64 {
    if apart <= SEASON {
        1.0
    } else if apart <= 3 * SEASON {
        0.5
    } else {
        0.0
    }
}

/// Reasons as they are found.
struct Reasons(Vec<MatchReason>);

impl Reasons {
    /// A reason that holds to a part (0 to 1) of its weight.
    fn add(&mut self, code: Code, part: f64, text: Text) {
        let points = points(code, part);
        if points > 0 {
            self.0.push(MatchReason { code: code.into(), points, zh: text.zh, en: text.en });
        }
    }

    /// That codes come near each other.
    fn near(&mut self, code: Code, near: Option<Near>) {
        if let Some(near) = near {
            self.add(code, near.part, words::near(code, &near));
        }
    }
}

/// None where the two cannot answer each other, or are about different things.
pub(super) fn score(one: View<'_>, other: View<'_>) -> Option<Score> {
    let (a, b) = (one.opportunity, other.opportunity);
    if b.direction() != pairs::opposite(a.direction()) || !pairs::kinds(one.kind).any(|kind| kind == other.kind) {
        return None;
    }
    let mut reasons = Reasons(Vec::new());
    let [of_a, of_b] = [a, b].map(|o| o.regions.iter().map(|code| normalise_region(code)).collect::<Vec<_>>());
    let near = nearest(regions(), of_a.iter().map(AsRef::as_ref), of_b.iter().map(AsRef::as_ref));
    reasons.near(Code::Region, near);
    let [of_a, of_b] = [a, b].map(|o| o.industries.iter().map(String::as_str));
    reasons.near(Code::Industry, nearest(industries(), of_a, of_b));
    let tags: Vec<&str> = a.tags.iter().filter(|tag| b.tags.contains(tag)).map(String::as_str).collect();
    reasons.add(Code::Tags, TAG * tags.len() as f64, words::tags(&sorted(tags)));
    reasons.add(Code::Text, one.text.likeness(other.text), words::text(&one.text.common_words(other.text)));
    details(&mut reasons, one, other);
    let about = reasons.0.iter().filter(|reason| SUBJECT.contains(&reason.code())).map(|reason| reason.points);
    if about.sum::<i32>() < SUBJECT_POINTS {
        return None;
    }
    reasons.add(Code::Kind, kind_part(one.kind, other.kind), words::kinds(one.kind, other.kind));
    let mut reasons = reasons.0;
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.points), reason.code));
    let points = reasons.iter().map(|reason| reason.points.unsigned_abs()).sum::<u32>().min(100);
    Some(Score { points, reasons })
}

fn sorted(mut texts: Vec<&str>) -> Vec<&str> {
    texts.sort_unstable();
    texts
}

/// The kinds' own parts.
fn details(reasons: &mut Reasons, one: View<'_>, other: View<'_>) {
    let (Some(a), Some(b)) = (&one.opportunity.details, &other.opportunity.details) else { return };
    let [of_a, of_b] = [one, other].map(|view| Quantities::of(view.opportunity));
    if let Some(common) = overlap(of_a.amount.as_ref(), of_b.amount.as_ref()) {
        reasons.add(Code::Amount, 1.0, words::amount(&common));
    }
    if let (Some(a), Some(b)) = (&of_a.wage, &of_b.wage)
        && a.period == b.period
        && let Some(common) = a.amounts.overlap(&b.amounts)
    {
        reasons.add(Code::Wage, 1.0, words::wage(&common, WagePeriod::try_from(a.period).unwrap_or_default()));
    }
    match (a, b) {
        (Details::Capital(a), Details::Capital(b)) if a.instrument == b.instrument => {
            reasons.add(Code::Way, 1.0, words::instrument(a.instrument()));
        }
        (Details::Project(a), Details::Project(b)) => {
            let modes = a.cooperation_modes().filter(|mode| b.cooperation_modes().any(|other| other == *mode));
            let mut modes: Vec<_> = modes.collect();
            modes.sort_unstable();
            if !modes.is_empty() {
                reasons.add(Code::Way, 1.0, words::modes(&modes));
            }
        }
        (Details::Technology(a), Details::Technology(b)) => {
            let (offered, wanted) = if one.opportunity.direction() == Direction::Offer { (a, b) } else { (b, a) };
            technology(reasons, offered, wanted);
        }
        (Details::Talent(a), Details::Talent(b)) => talent(reasons, a, b),
        (Details::Event(a), Details::Event(b)) => {
            // Whoever seeks an event gives a period, in all of which it may be.
            if let (Some(when), Some(other)) = (of_a.event, of_b.event) {
                let apart = when.from.max(other.from).saturating_sub(when.to.min(other.to)).max(0);
                reasons.add(Code::Dates, dates_part(apart), words::dates(a, b, apart == 0));
            }
        }
        _ => {}
    }
}

fn technology(reasons: &mut Reasons, offered: &Technology, wanted: &Technology) {
    if offered.maturity_trl > 0 && wanted.maturity_trl > 0 {
        let part = match offered.maturity_trl.cmp(&wanted.maturity_trl) {
            Ordering::Greater | Ordering::Equal => 1.0,
            Ordering::Less if offered.maturity_trl + 1 == wanted.maturity_trl => MATURITY_NEARLY,
            Ordering::Less => 0.0,
        };
        reasons.add(Code::Maturity, part, words::maturity(offered.maturity_trl, wanted.maturity_trl));
    }
    let modes = offered.transfer_modes().filter(|mode| wanted.transfer_modes().any(|other| other == *mode));
    let mut modes: Vec<_> = modes.collect();
    modes.sort_unstable();
    if !modes.is_empty() {
        reasons.add(Code::Way, 1.0, words::transfers(&modes));
    }
}

fn talent(reasons: &mut Reasons, a: &Talent, b: &Talent) {
    let people = |supply| matches!(supply, SupplyType::LabourPool | SupplyType::Vacancy);
    let (one, other) = (a.supply_type(), b.supply_type());
    if one == other || (people(one) && people(other)) {
        reasons.add(Code::Way, SUPPLY, words::supply(one, other));
    }
    let codes = |talent: &'_ Talent| Some(talent.occupation_code.clone()).filter(|code| !code.is_empty());
    let (of_a, of_b) = (codes(a), codes(b));
    let near = nearest(occupations(), of_a.as_deref().into_iter(), of_b.as_deref().into_iter());
    reasons.near(Code::Occupation, near);
}

fn overlap(one: Option<&Amounts>, other: Option<&Amounts>) -> Option<Amounts> {
    one?.overlap(other?)
}

#[cfg(test)]
mod tests;
