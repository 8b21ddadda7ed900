//! By what filters are found among many: whatever a filter matches has one of the filter's anchors, so that a change is
//! held against those filters alone that share an anchor with it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::piece::{Piece, Scale, pieces};
use super::quantity::{Amounts, Quantities, Span};
use super::{Filter, Header, language_ranges};
use crate::reference::{Table, industries, normalise_region, occupations, regions};
use crate::v1;
use crate::v1::opportunity::Details;

/// A value of one field of filters. Two values may share one: then a filter is asked in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Anchor(u64);

/// The fields, from the one whose values are shared by the fewest listings.
#[derive(Clone, Copy, Hash)]
enum Field {
    Member,
    Tag,
    Occupation,
    Circle,
    Industry,
    Region,
    Wage,
    Amount,
    Event,
    Level,
    Kind,
    Direction,
    Language,
    Expire,
    Publish,
    /// Of filters that ask for nothing.
    Everything,
}

fn anchor(field: Field, value: &(impl Hash + ?Sized)) -> Anchor {
    let mut hasher = DefaultHasher::new();
    field.hash(&mut hasher);
    value.hash(&mut hasher);
    Anchor(hasher.finish())
}

/// How a piece of a listing's range stands to one of a filter's.
#[derive(Clone, Copy, Hash)]
enum Stand {
    Within,
    Around,
}

/// A field that is a range: of what, and on which scale.
struct Range<'a> {
    field: Field,
    /// The currency, and the period of a wage.
    unit: (&'a str, i32),
    scale: Scale,
    span: Span,
}

impl<'a> Range<'a> {
    fn of(field: Field, scale: Scale, span: Span) -> Self {
        Self { field, unit: ("", 0), scale, span }
    }

    fn money(field: Field, amounts: &'a Amounts, period: i32) -> Self {
        Self { field, unit: (&amounts.currency, period), scale: Scale::Money, span: amounts.span }
    }

    fn anchors(&self, itself: Stand, around: Stand) -> Vec<Anchor> {
        let anchor = |stand: Stand, piece: Piece| anchor(self.field, &(self.unit, stand, piece));
        let mut found = Vec::new();
        for piece in pieces(self.scale, self.span) {
            found.push(anchor(itself, piece));
            found.extend(piece.around().map(|piece| anchor(around, piece)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// By which a filter is found: a listing's piece lies within one of its pieces, or around one.
    fn wanted(&self) -> Vec<Anchor> {
        self.anchors(Stand::Within, Stand::Around)
    }

    /// By which a listing finds.
    fn there(&self) -> Vec<Anchor> {
        self.anchors(Stand::Around, Stand::Within)
    }
}

impl Filter {
    /// One for each value of the most telling field that is given, or for each piece of its range. At least one; at most
    /// as many as the filter has values, or some hundred.
    pub fn anchors(&self) -> Vec<Anchor> {
        let of = |values: Vec<Anchor>| (!values.is_empty()).then_some(values);
        of(self.members.iter().map(|member| anchor(Field::Member, member.as_str())).collect())
            .or_else(|| of(self.tags.iter().map(|tag| anchor(Field::Tag, tag.as_str())).collect()))
            .or_else(|| of(self.occupations.iter().map(|code| anchor(Field::Occupation, *code)).collect()))
            .or_else(|| of(self.circles.iter().map(|circle| anchor(Field::Circle, circle.as_str())).collect()))
            .or_else(|| of(self.industries.iter().map(|code| anchor(Field::Industry, *code)).collect()))
            .or_else(|| of(self.regions.iter().map(|code| anchor(Field::Region, *code)).collect()))
            .or_else(|| self.quantity().map(|range| range.wanted()))
            .or_else(|| of(self.kinds.iter().map(|kind| anchor(Field::Kind, *kind)).collect()))
            .or_else(|| of(self.directions.iter().map(|direction| anchor(Field::Direction, direction)).collect()))
            .or_else(|| of(self.languages.iter().map(|range| anchor(Field::Language, range.as_str())).collect()))
            .or_else(|| self.expire.map(|span| Range::of(Field::Expire, Scale::Time, span).wanted()))
            .or_else(|| self.publish.map(|span| Range::of(Field::Publish, Scale::Time, span).wanted()))
            .unwrap_or_else(|| vec![anchor(Field::Everything, "")])
    }

    /// The most telling of its quantities.
    fn quantity(&self) -> Option<Range<'_>> {
        let wage = self.wage.as_ref().map(|wage| Range::money(Field::Wage, &wage.amounts, wage.period));
        wage.or_else(|| self.amount.as_ref().map(|amounts| Range::money(Field::Amount, amounts, 0)))
            .or_else(|| self.event.map(|span| Range::of(Field::Event, Scale::Time, span)))
            .or_else(|| self.level.map(|span| Range::of(Field::Level, Scale::Level, span)))
    }

    /// The anchors of all filters that may match a listing.
    pub fn anchors_of(header: &Header<'_>, opportunity: &v1::Opportunity) -> Vec<Anchor> {
        let lineage = |field: Field, table: &'static Table, code: &str| -> Vec<Anchor> {
            table.lineage(code).map(|entry| anchor(field, entry.code)).collect()
        };
        let mut found = vec![
            anchor(Field::Everything, ""),
            anchor(Field::Member, header.origin),
            anchor(Field::Kind, header.kind),
            anchor(Field::Direction, &opportunity.direction),
        ];
        found.extend(header.scopes.iter().map(|scope| anchor(Field::Circle, scope.as_str())));
        found.extend(opportunity.tags.iter().map(|tag| anchor(Field::Tag, tag.as_str())));
        for code in &opportunity.regions {
            found.extend(lineage(Field::Region, regions(), &normalise_region(code)));
        }
        for code in &opportunity.industries {
            found.extend(lineage(Field::Industry, industries(), code));
        }
        if let Some(Details::Talent(talent)) = &opportunity.details {
            found.extend(lineage(Field::Occupation, occupations(), &talent.occupation_code));
        }
        found
            .extend(language_ranges(&opportunity.language).iter().map(|range| anchor(Field::Language, range.as_str())));
        let Quantities { event, amount, wage, level } = Quantities::of(opportunity);
        let point = |number: i64| Span { from: number, to: number };
        let ranges = [
            Some(Range::of(Field::Expire, Scale::Time, point(header.expire_time))),
            Some(Range::of(Field::Publish, Scale::Time, point(header.publish_time))),
            event.map(|span| Range::of(Field::Event, Scale::Time, span)),
            level.map(|level| Range::of(Field::Level, Scale::Level, point(level))),
            amount.as_ref().map(|amounts| Range::money(Field::Amount, amounts, 0)),
            wage.as_ref().map(|wage| Range::money(Field::Wage, &wage.amounts, wage.period)),
        ];
        found.extend(ranges.iter().flatten().flat_map(Range::there));
        found.sort_unstable();
        found.dedup();
        found
    }
}
