//! Amounts of money: `google.type.Money`, in a currency that has small change or none, never negative.

use super::{Check, reason};
use crate::Money;
use crate::reference::currency;

/// A lower and an upper bound, either of which may be absent: each valid, of one currency, in order. Returns whether
/// that is so.
pub(crate) fn range(check: &mut Check<'_>, fields: [&str; 2], min: Option<&Money>, max: Option<&Money>) -> bool {
    let mut valid = true;
    for (field, money) in fields.into_iter().zip([min, max]) {
        if let Some(money) = money {
            valid &= amount(&mut check.part(field), money);
        }
    }
    let (Some(min), Some(max), true) = (min, max, valid) else { return valid };
    if min.currency_code != max.currency_code {
        check.part(fields[0]).fail(
            "currency_code",
            reason::INCONSISTENT,
            "上下限的币种不同，请统一币种。",
            "The bounds have different currencies: use one.",
        );
        false
    } else if (min.units, min.nanos) > (max.units, max.nanos) {
        check.fail(
            fields[0],
            reason::INCONSISTENT,
            "下限高于上限，请检查两个金额。",
            "The lower bound is above the upper: check both amounts.",
        );
        false
    } else {
        true
    }
}

const NANOS: i32 = 1_000_000_000;

fn amount(check: &mut Check<'_>, money: &Money) -> bool {
    let exponent = match currency(&money.currency_code).map(|currency| currency.exponent) {
        Some(Some(exponent)) => Some(exponent),
        Some(None) => {
            check.fail(
                "currency_code",
                reason::UNKNOWN_CODE,
                "此代码不是可用于金额的货币，请改用如 CNY 的货币代码。",
                "This code is no currency for amounts: use one such as CNY.",
            );
            None
        }
        None if money.currency_code.is_empty() => {
            check.absent("currency_code");
            None
        }
        None => {
            check.unknown("currency_code", &money.currency_code);
            None
        }
    };
    let digits = digits(check, money, exponent);
    digits && exponent.is_some()
}

fn digits(check: &mut Check<'_>, money: &Money, exponent: Option<u8>) -> bool {
    let Money { units, nanos, .. } = *money;
    if !(1 - NANOS..NANOS).contains(&nanos) {
        check.number("nanos", nanos.into(), 0..=i64::from(NANOS) - 1);
        return false;
    }
    if units.signum() * i64::from(nanos.signum()) < 0 {
        check.fail(
            "nanos",
            reason::INCONSISTENT,
            "units 与 nanos 的正负号不一致，请使用相同的符号。",
            "The signs of units and nanos differ: give both the same.",
        );
        return false;
    }
    if units < 0 || nanos < 0 {
        check.fail(
            if units < 0 { "units" } else { "nanos" },
            reason::OUT_OF_RANGE,
            "金额不能为负，请填写零或正数。",
            "An amount cannot be negative: give zero or more.",
        );
        return false;
    }
    let Some(exponent) = exponent else { return true };
    let smallest = 10_i32.pow(9_u32.saturating_sub(exponent.into()));
    if nanos % smallest != 0 {
        check.fail(
            "nanos",
            reason::OUT_OF_RANGE,
            format!("该币种最多{exponent}位小数，请减少小数位。"),
            format!("This currency has {exponent} decimal places: give no more."),
        );
        return false;
    }
    true
}
