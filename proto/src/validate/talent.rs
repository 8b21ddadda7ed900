//! 人才: people, and places for them.

use super::{Check, bounds, money};
use crate::reference::occupations;
use crate::v1;
use crate::v1::talent::{SupplyType, WagePeriod};

pub(crate) fn talent(check: &mut Check<'_>, part: &v1::Talent) {
    check.required_choice::<SupplyType>("supply_type", part.supply_type);
    if part.occupation_code.is_empty() {
        check.required_line("occupation_name", &part.occupation_name, bounds::OCCUPATION_NAME_CHARS);
    } else {
        if occupations().get(&part.occupation_code).is_none() {
            check.unknown("occupation_code", &part.occupation_code);
        }
        check.line("occupation_name", &part.occupation_name, bounds::OCCUPATION_NAME_CHARS);
    }
    check.required_number("headcount", part.headcount.into(), bounds::HEADCOUNT);
    money::range(check, ["wage_min", "wage_max"], part.wage_min.as_ref(), part.wage_max.as_ref());
    if part.wage_min.is_some() || part.wage_max.is_some() {
        check.required_choice::<WagePeriod>("wage_period", part.wage_period);
    } else {
        check.choice::<WagePeriod>("wage_period", part.wage_period);
    }
    check.line("training", &part.training, bounds::TERMS_CHARS);
}
