//! How forms ask for a field: as what, by what name where something is sought, whether a listing can do without it, and
//! whether it is in view before anything is unfolded.

use duikou_proto::v1::opportunity::Direction;

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

/// What a field is called, and what to write, both in Chinese and English, where what somebody seeks is no property of
/// what somebody has. No help: as in tables.
type Sought = ((&'static str, &'static str), Option<(&'static str, &'static str)>);

fn sought(field: Field) -> Option<Sought> {
    let (names, help) = match field {
        Field::Amount => (("融资金额", "Amount sought"), None),
        Field::Investment => (("拟投资金额", "Amount to be invested"), None),
        Field::Maturity => (
            ("期望成熟度", "Readiness wanted"),
            Some(("至少达到的技术成熟度等级，1至9", "the least readiness level that is wanted, 1 to 9")),
        ),
        Field::IpStatus => (("知识产权要求", "IP wanted"), None),
        Field::Patents => {
            (("相关专利号", "Related patents"), Some(("如已知；多个用；分开", "where they are known, separated by ;")))
        }
        Field::SupplyType => (
            ("人才类型", "Supply type"),
            Some((
                "招人填补岗位选“岗位”，成批引进劳务选“劳务输出”",
                "vacancy for posts to fill, labour pool for people who come as a group",
            )),
        ),
        Field::Headcount => (("需要人数", "People needed"), None),
        Field::Start => (
            ("希望时间（起）", "Wanted from"),
            Some((
                "时间未定时填写希望参加的时段，如 2027-03-01，或月份，如 2027-03",
                "where no date is set, the first day of the period you want, such as 2027-03-01, or a month, such as 2027-03",
            )),
        ),
        Field::End => (
            ("希望时间（止）", "Wanted until"),
            Some((
                "如 2027-03-31；不填则与开始同一天或同一个月",
                "for example 2027-03-31; where it is empty, the same day or month",
            )),
        ),
        Field::Venue => (
            ("希望地点", "Place wanted"),
            Some(("城市或会场，不限请填“不限”", "a city or a hall; write “any” where it does not matter")),
        ),
        Field::Deadline => (
            ("答复截止", "Answers until"),
            Some(("不晚于希望时间（起）", "not after the time from which it is wanted")),
        ),
        Field::Capacity => {
            (("参加人数", "People who would come"), Some(("人数，未定请留空", "people; empty where it is not known")))
        }
        _ => return None,
    };
    Some((names, help))
}

impl Info {
    /// What forms and pages call it in Chinese and English, where `direction` says whether it is of something sought.
    pub(crate) fn names_for(&self, direction: Direction) -> (&'static str, &'static str) {
        self.sought_for(direction).map_or((self.zh, self.en), |(names, _)| names)
    }

    /// What forms say is to be written.
    pub(crate) fn help_for(&self, direction: Direction) -> (&'static str, &'static str) {
        self.sought_for(direction).and_then(|(_, help)| help).unwrap_or(self.help)
    }

    /// Where it is called otherwise than in tables.
    pub(crate) fn sought_for(&self, direction: Direction) -> Option<Sought> {
        match direction {
            Direction::Request => sought(self.field),
            Direction::Offer | Direction::Unspecified => None,
        }
    }

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

    /// Whether a form needs it. Who seeks an event for a day or a month has said with that when it is over, and says where.
    pub(crate) fn is_needed_for(&self, direction: Direction) -> bool {
        match (self.field, direction) {
            (Field::End, Direction::Request) => false,
            (Field::Venue, Direction::Request) => true,
            _ => self.is_needed(),
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
    fn what_is_needed_is_said_by_its_mark_and_not_once_more_beside_it() {
        for info in FIELDS {
            for direction in [Direction::Offer, Direction::Request] {
                let (zh, en) = info.help_for(direction);
                assert!(!zh.starts_with("必填") && !en.starts_with("required:"), "{}: {zh}", info.id);
            }
        }
        let venue = Field::Venue.info();
        assert!(venue.is_needed_for(Direction::Request) && !venue.is_needed_for(Direction::Offer));
    }

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
