//! What the headers of a table tell of all its rows, where no column says it.

use super::fields::Field;
use crate::typed::labels::{self, Label};

/// Headers that say more than what is in their column: direction and type of supply, numbers of the contract.
pub(super) static IMPLIED: &[(&str, Implied)] = &[
    ("可输送人数", Implied { direction: OFFER, supply: POOL }),
    ("输出县区", Implied { direction: OFFER, supply: POOL }),
    ("输出地区", Implied { direction: OFFER, supply: POOL }),
    ("输送人数", Implied { direction: OFFER, supply: POOL }),
    ("招聘人数", Implied { direction: REQUEST, supply: VACANCY }),
    ("招聘岗位", Implied { direction: REQUEST, supply: VACANCY }),
    ("招工人数", Implied { direction: REQUEST, supply: VACANCY }),
    ("用工人数", Implied { direction: REQUEST, supply: VACANCY }),
    ("用工地区", Implied { direction: REQUEST, supply: VACANCY }),
    ("需求名称", Implied { direction: REQUEST, supply: 0 }),
    ("技术需求名称", Implied { direction: REQUEST, supply: 0 }),
    ("成果名称", Implied { direction: OFFER, supply: 0 }),
    ("供给名称", Implied { direction: OFFER, supply: 0 }),
    ("拟引资金额", Implied { direction: REQUEST, supply: 0 }),
    ("拟引进资金", Implied { direction: REQUEST, supply: 0 }),
    ("拟引资", Implied { direction: REQUEST, supply: 0 }),
    ("引资规模", Implied { direction: REQUEST, supply: 0 }),
    ("融资金额", Implied { direction: REQUEST, supply: 0 }),
    ("融资额度", Implied { direction: REQUEST, supply: 0 }),
    ("可投金额", Implied { direction: OFFER, supply: 0 }),
    ("贷款额度", Implied { direction: OFFER, supply: 0 }),
    ("主办单位", Implied { direction: OFFER, supply: 0 }),
];

/// What a header implies; 0 where it implies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Implied {
    pub(super) direction: i32,
    pub(super) supply: i32,
}

impl Implied {
    /// The values that are implied, by their fields.
    pub(super) fn said(self) -> impl Iterator<Item = (Field, &'static Label)> {
        let all = [
            (Field::Direction, labels::DIRECTIONS, self.direction),
            (Field::SupplyType, labels::SUPPLY_TYPES, self.supply),
        ];
        all.into_iter().filter_map(|(field, table, value)| Some((field, labels::of(table, value)?)))
    }
}

const OFFER: i32 = duikou_proto::v1::opportunity::Direction::Offer as i32;
const REQUEST: i32 = duikou_proto::v1::opportunity::Direction::Request as i32;
const POOL: i32 = duikou_proto::v1::talent::SupplyType::LabourPool as i32;
const VACANCY: i32 = duikou_proto::v1::talent::SupplyType::Vacancy as i32;
