//! 项目: undertakings and their partners.

use super::{Check, bounds, money};
use crate::v1;
use crate::v1::project::{CooperationMode, Phase};

pub(crate) fn project(check: &mut Check<'_>, part: &v1::Project) {
    check.choices::<CooperationMode>("cooperation_modes", &part.cooperation_modes, bounds::COOPERATION_MODES);
    let (min, max) = (part.investment_min.as_ref(), part.investment_max.as_ref());
    money::range(check, ["investment_min", "investment_max"], min, max);
    check.choice::<Phase>("phase", part.phase);
    check.line("land_terms", &part.land_terms, bounds::TERMS_CHARS);
    check.line("policy_terms", &part.policy_terms, bounds::TERMS_CHARS);
}
