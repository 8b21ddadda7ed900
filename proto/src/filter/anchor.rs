//! By what filters are found among many: whatever a filter matches has one of the filter's anchors, so that a change is
//! held against those filters alone that share an anchor with it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Filter, Header};
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
    Kind,
    Direction,
    /// Of filters that name none of these.
    Everything,
}

fn anchor(field: Field, value: &(impl Hash + ?Sized)) -> Anchor {
    let mut hasher = DefaultHasher::new();
    field.hash(&mut hasher);
    value.hash(&mut hasher);
    Anchor(hasher.finish())
}

impl Filter {
    /// One for each value of the most telling field that is given. At least one; at most as many as it has values.
    pub fn anchors(&self) -> Vec<Anchor> {
        let of = |values: Vec<Anchor>| (!values.is_empty()).then_some(values);
        of(self.members.iter().map(|member| anchor(Field::Member, member.as_str())).collect())
            .or_else(|| of(self.tags.iter().map(|tag| anchor(Field::Tag, tag.as_str())).collect()))
            .or_else(|| of(self.occupations.iter().map(|code| anchor(Field::Occupation, *code)).collect()))
            .or_else(|| of(self.circles.iter().map(|circle| anchor(Field::Circle, circle.as_str())).collect()))
            .or_else(|| of(self.industries.iter().map(|code| anchor(Field::Industry, *code)).collect()))
            .or_else(|| of(self.regions.iter().map(|code| anchor(Field::Region, *code)).collect()))
            .or_else(|| of(self.kinds.iter().map(|kind| anchor(Field::Kind, *kind)).collect()))
            .or_else(|| of(self.directions.iter().map(|direction| anchor(Field::Direction, direction)).collect()))
            .unwrap_or_else(|| vec![anchor(Field::Everything, "")])
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
        found.sort_unstable();
        found.dedup();
        found
    }
}
