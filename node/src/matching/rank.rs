//! What a listing looks for, as the search index can rank it: for each reason the most points that it may come to. So no
//! counterpart has more points than its rank says, and those that rank first are worth being compared.

use duikou_proto::filter::{Quantities, Span, Wages};
use duikou_proto::reference::{Table, industries, normalise_region, occupations, regions};
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::match_reason::Code;
use duikou_proto::v1::opportunity::{Details, Direction};

use super::near::reach;
use super::score::{MATURITY_NEARLY, SEASON, SUPPLY, TAG, dates_part, kind_part, points, weight};
use super::text::{ALIKE, WEIGHTS};
use super::{Subject, pairs};
use crate::search::{Points, Ranking, Trait, ways};

/// Of whatever may answer `subject`.
pub(super) fn ranking(subject: &Subject) -> Ranking {
    let opportunity = &subject.opportunity;
    let kinds = pairs::kinds(subject.kind);
    let kinds = kinds.map(|kind| (Trait::Kind(kind), whole(points(Code::Kind, kind_part(subject.kind, kind)))));
    let direction = Trait::Direction(pairs::opposite(opportunity.direction()));
    let places: Vec<_> = opportunity.regions.iter().map(|code| normalise_region(code)).collect();
    let places = places.iter().map(AsRef::as_ref);
    let mut about = vec![
        near(industries(), Code::Industry, opportunity.industries.iter().map(String::as_str), Trait::Industry),
        tags(opportunity),
        text(subject),
    ];
    let mut more = vec![near(regions(), Code::Region, places, Trait::Region)];
    more.extend(sizes(opportunity));
    if let Some(Details::Talent(talent)) = &opportunity.details {
        let code = std::iter::once(talent.occupation_code.as_str());
        about.push(near(occupations(), Code::Occupation, code, Trait::Occupation));
    }
    Ranking {
        all: vec![Points::Best(kinds.collect()), Points::Best(vec![(direction, 0.0)])],
        about,
        more,
        not_of: None,
    }
}

/// Points as the index adds them up.
fn whole(points: i32) -> f32 {
    points as f32
}

fn near<'a>(
    table: &'static Table,
    reason: Code,
    codes: impl Iterator<Item = &'a str>,
    lies_in: impl Fn(&'static str) -> Trait,
) -> Points {
    let reached = reach(table, codes).into_iter();
    Points::Best(reached.map(|(code, part)| (lies_in(code), whole(points(reason, part)))).collect())
}

fn tags(opportunity: &Opportunity) -> Points {
    let each = opportunity.tags.iter().map(|tag| (Trait::Tag(tag.clone()), 1.0));
    sum(Code::Tags, each.collect(), TAG)
}

fn text(subject: &Subject) -> Points {
    let [titles, crossed, summaries] = WEIGHTS.map(|weight| weight as f32);
    let features = subject.text.features();
    let of_title = features
        .title
        .iter()
        .flat_map(|feature| [(Trait::InTitle(feature.clone()), titles), (Trait::InSummary(feature.clone()), crossed)]);
    let of_summary = features.summary.iter().flat_map(|feature| {
        [(Trait::InTitle(feature.clone()), crossed), (Trait::InSummary(feature.clone()), summaries)]
    });
    sum(Code::Text, of_title.chain(of_summary).collect(), 1.0 / ALIKE)
}

/// Where `part` of the reason's weight stands for each unit of what is added up.
fn sum(reason: Code, of: Vec<(Trait, f32)>, part: f64) -> Points {
    let most = f64::from(weight(reason));
    Points::Sum { of, scale: (most * part) as f32, most: most as f32 }
}

/// What the kinds' own parts say.
fn sizes(opportunity: &Opportunity) -> Vec<Points> {
    let Quantities { event, amount, wage, level } = Quantities::of(opportunity);
    let one = |reason, part, wanted| Points::Best(vec![(wanted, whole(points(reason, part)))]);
    let part = if matches!(opportunity.details, Some(Details::Talent(_))) { SUPPLY } else { 1.0 };
    let same = ways(opportunity).into_iter().map(|way| (Trait::Way(way), whole(points(Code::Way, part))));
    let mut found = vec![Points::Best(same.collect())];
    found.extend(amount.map(|amounts| one(Code::Amount, 1.0, Trait::Amount(amounts))));
    found.extend(wage.map(|Wages { amounts, period }| one(Code::Wage, 1.0, Trait::Wage(Wages { amounts, period }))));
    found.extend(level.map(|level| maturity(level, opportunity.direction())));
    found.extend(event.map(dates));
    found
}

fn maturity(level: i64, direction: Direction) -> Points {
    let (enough, nearly) = if direction == Direction::Offer {
        (Span { from: 1, to: level }, level + 1)
    } else {
        (Span { from: level, to: i64::MAX }, level - 1)
    };
    let of = |span, part| (Trait::Level(span), whole(points(Code::Maturity, part)));
    Points::Best(vec![of(enough, 1.0), of(Span { from: nearly, to: nearly }, MATURITY_NEARLY)])
}

/// Of an event at that time, in microseconds.
fn dates(when: Span) -> Points {
    let of = |apart: i64| {
        let span = Span { from: when.from.saturating_sub(apart), to: when.to.saturating_add(apart) };
        (Trait::TakesPlace(span), whole(points(Code::Dates, dates_part(apart))))
    };
    Points::Best(vec![of(SEASON), of(3 * SEASON)])
}
