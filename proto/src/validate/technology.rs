//! 技术: know-how, or a problem that needs it.

use super::{Check, bounds};
use crate::v1;
use crate::v1::technology::{IpStatus, TransferMode};

pub(crate) fn technology(check: &mut Check<'_>, part: &v1::Technology) {
    check.number("maturity_trl", part.maturity_trl.into(), bounds::MATURITY_TRL);
    check.choice::<IpStatus>("ip_status", part.ip_status);
    for (item, number) in check.items("patent_numbers", &part.patent_numbers, bounds::PATENT_NUMBERS) {
        check.required_line(&item, number, bounds::PATENT_NUMBER_CHARS);
    }
    check.choices::<TransferMode>("transfer_modes", &part.transfer_modes, bounds::TRANSFER_MODES);
}
