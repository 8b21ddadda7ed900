//! How forms ask for a field: as what, whether a listing can do without it, and whether it is in view before anything is
//! unfolded.

use super::{Field, Info};
use crate::sheets::kind::Kind;
use crate::typed::labels::{self, Label};

/// As what a form asks for a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A line.
    Line,
    /// Several lines.
    Area,
    /// One of the values of a choice.
    One(&'static [Label]),
    /// Any of them.
    Several(&'static [Label]),
    /// Places, one or several.
    Places,
    /// Industries, likewise.
    Industries,
    /// An occupation.
    Occupation,
    /// Who may see the listing.
    Audience,
}

impl Info {
    /// As what a form asks for it.
    pub(crate) fn shape(&self) -> Shape {
        match self.field {
            Field::Regions => Shape::Places,
            Field::Industries => Shape::Industries,
            Field::Occupation => Shape::Occupation,
            Field::Audience => Shape::Audience,
            Field::Stages => Shape::Several(labels::STAGES),
            Field::CooperationModes => Shape::Several(labels::COOPERATION_MODES),
            Field::TransferModes => Shape::Several(labels::TRANSFER_MODES),
            Field::Body
            | Field::Summary
            | Field::Conditions
            | Field::LandTerms
            | Field::PolicyTerms
            | Field::Training
            | Field::Links => Shape::Area,
            _ if !self.labels.is_empty() => Shape::One(self.labels),
            _ => Shape::Line,
        }
    }

    /// Whether a listing cannot do without it. Who may see it is always decided, if only that nobody may.
    pub(crate) fn is_needed(&self) -> bool {
        matches!(
            self.field,
            Field::Title
                | Field::Direction
                | Field::Regions
                | Field::Audience
                | Field::Instrument
                | Field::SupplyType
                | Field::Occupation
                | Field::Headcount
                | Field::Start
                | Field::End
        )
    }

    /// Whether it is one of the few that a form of this kind shows before anything is unfolded.
    pub(crate) fn is_in_view(&self, kind: Kind) -> bool {
        in_view(kind).contains(&self.field)
    }
}

/// Fields without which a listing of a kind says little, its text among them.
const fn in_view(kind: Kind) -> &'static [Field] {
    use Field::{
        Amount, Audience, Body, End, Headcount, Industries, Instrument, Investment, Occupation, Regions, Start,
        SupplyType, Title, TransferModes, Venue,
    };
    match kind {
        Kind::Capital => &[Title, Regions, Instrument, Amount, Body, Audience],
        Kind::Project => &[Title, Regions, Industries, Investment, Body, Audience],
        Kind::Technology => &[Title, Regions, Industries, TransferModes, Body, Audience],
        Kind::Talent => &[Title, Regions, SupplyType, Occupation, Headcount, Body, Audience],
        Kind::Event => &[Title, Regions, Start, End, Venue, Body, Audience],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::fields::FIELDS;

    #[test]
    fn what_a_form_shows_first_is_of_its_kind_and_holds_all_that_is_needed() {
        for kind in Kind::ALL {
            let of_kind: Vec<&Info> = FIELDS.iter().filter(|info| info.is_of(kind)).collect();
            let shown: Vec<Field> =
                of_kind.iter().filter(|info| info.is_in_view(kind)).map(|info| info.field).collect();
            assert!((6..=7).contains(&shown.len()) && shown.contains(&Field::Body), "{kind:?}: {shown:?}");
            let hidden: Vec<Field> = of_kind
                .iter()
                .filter(|info| info.is_needed() && !info.is_in_view(kind))
                .map(|info| info.field)
                .collect();
            // It is chosen before the form is opened.
            assert_eq!(hidden, [Field::Direction], "{kind:?}");
        }
    }
}
