//! 资金: money offered or sought.

use super::{Check, bounds, money};
use crate::v1;
use crate::v1::capital::{Instrument, Stage};

pub(crate) fn capital(check: &mut Check<'_>, part: &v1::Capital) {
    check.required_choice::<Instrument>("instrument", part.instrument);
    money::range(check, ["amount_min", "amount_max"], part.amount_min.as_ref(), part.amount_max.as_ref());
    check.choices::<Stage>("stages", &part.stages, bounds::STAGES);
    check.line("conditions", &part.conditions, bounds::TERMS_CHARS);
}
