//! The flags of a filter's ranges: times, money, levels.

use clap::ValueEnum;
use duikou_proto::Money;
use duikou_proto::v1::talent::WagePeriod;
use duikou_proto::v1::{Filter, LevelRange, MoneyRange, TimeRange, WageRange};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Rule;

/// Ranges; a bound that is not given does not bound.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Which listings")]
pub(super) struct RangeArgs {
    /// Closing at or after this time: 2027-03-01 (its beginning in China) or 2027-03-01T09:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = moment)]
    closes_after: Option<prost_types::Timestamp>,

    /// Closing before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    closes_before: Option<prost_types::Timestamp>,

    /// First published at or after this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    published_after: Option<prost_types::Timestamp>,

    /// First published before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    published_before: Option<prost_types::Timestamp>,

    /// Events that are not over at this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    event_after: Option<prost_types::Timestamp>,

    /// Events that begin before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    event_before: Option<prost_types::Timestamp>,

    /// Capital or investment of at least so much: 5000000, 500万, 1.5亿
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    amount_min: Option<Amount>,

    /// Capital or investment of at most so much
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    amount_max: Option<Amount>,

    /// A wage of at least so much
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    wage_min: Option<Amount>,

    /// A wage of at most so much
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    wage_max: Option<Amount>,

    /// What the wage counts for
    #[arg(long, value_enum, default_value = "month", value_name = "PERIOD")]
    wage_per: PeriodArg,

    /// The currency of amounts and wages (ISO 4217)
    #[arg(long, default_value = "CNY", value_name = "CODE")]
    currency: String,

    /// Technology of at least this readiness level, 1 to 9
    #[arg(long, default_value_t, hide_default_value = true, value_name = "LEVEL")]
    trl_min: i32,

    /// Technology of at most this readiness level
    #[arg(long, default_value_t, hide_default_value = true, value_name = "LEVEL")]
    trl_max: i32,
}

#[derive(Debug, Default, Clone, Copy, ValueEnum)]
enum PeriodArg {
    Hour,
    Day,
    #[default]
    Month,
    Year,
}

impl RangeArgs {
    /// A filter with these ranges only.
    pub(super) fn filter(self) -> Filter {
        let period = match self.wage_per {
            PeriodArg::Hour => WagePeriod::Hour,
            PeriodArg::Day => WagePeriod::Day,
            PeriodArg::Month => WagePeriod::Month,
            PeriodArg::Year => WagePeriod::Year,
        };
        let money =
            |amount: Amount| Money { currency_code: self.currency.clone(), units: amount.units, nanos: amount.nanos };
        let amounts = MoneyRange { min: self.amount_min.map(money), max: self.amount_max.map(money) };
        let (min, max) = (self.wage_min.map(money), self.wage_max.map(money));
        let wage = (min.is_some() || max.is_some()).then(|| WageRange { min, max, period: period.into() });
        let levels = LevelRange { min: self.trl_min, max: self.trl_max };
        Filter {
            expire_time: times(self.closes_after, self.closes_before),
            publish_time: times(self.published_after, self.published_before),
            event_time: times(self.event_after, self.event_before),
            amount: (amounts != MoneyRange::default()).then_some(amounts),
            wage,
            maturity_trl: (levels != LevelRange::default()).then_some(levels),
            ..Filter::default()
        }
    }
}

fn times(start_time: Option<prost_types::Timestamp>, end_time: Option<prost_types::Timestamp>) -> Option<TimeRange> {
    (start_time.is_some() || end_time.is_some()).then_some(TimeRange { start_time, end_time })
}

/// A time with its offset, or a day, which begins when it begins in China.
pub(in crate::cli::commands) fn moment(text: &str) -> Result<prost_types::Timestamp, Rule> {
    const RULE: Rule = Rule {
        zh: "应为日期 2027-03-01 或时间 2027-03-01T09:00:00+08:00",
        en: "write a day as 2027-03-01 or a time as 2027-03-01T09:00:00+08:00",
    };
    let day = || text.parse::<Date>().ok()?.to_zoned_datetime(TimeZone::get("Asia/Shanghai").ok()?).ok();
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| day().map(|zoned| zoned.timestamp()));
    let time = time.ok_or(RULE)?;
    let micros = time.as_microsecond();
    let nanos = (micros.rem_euclid(1_000_000) * 1_000) as i32;
    Ok(prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos })
}

/// An amount in a currency that is said elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Amount {
    units: i64,
    nanos: i32,
}

/// Digits with at most nine decimal places, perhaps in 万 (ten thousands) or 亿 (hundred millions).
fn amount(text: &str) -> Result<Amount, Rule> {
    const FORM: Rule = Rule {
        zh: "应为金额，如 5000000、1234.50、500万 或 1.5亿",
        en: "write an amount as 5000000, 1234.50, 500万 or 1.5亿",
    };
    let (digits, factor) = [("万", 10_000), ("亿", 100_000_000)]
        .into_iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)))
        .unwrap_or((text, 1_i128));
    let (whole, parts) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || parts.len() > 9 || !all_digits(whole) || !all_digits(parts) {
        return Err(FORM);
    }
    let nanos = format!("{whole}{parts:0<9}").parse::<i128>().map_err(|_| FORM)? * factor;
    let units = i64::try_from(nanos / 1_000_000_000).map_err(|_| FORM)?;
    Ok(Amount { units, nanos: (nanos % 1_000_000_000) as i32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, units, nanos) in [
            ("0", 0, 0),
            ("5000000", 5_000_000, 0),
            ("12.5", 12, 500_000_000),
            ("500万", 5_000_000, 0),
            ("1.5亿", 150_000_000, 0),
        ] {
            assert_eq!(amount(text), Ok(Amount { units, nanos }), "{text}");
        }
        for text in ["", "-1", ".5", "1e9", "万", "1.0000000001", "999999999999999999亿", "１"] {
            assert!(amount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_china() {
        assert_eq!(moment("2027-03-01").unwrap(), moment("2027-03-01T00:00:00+08:00").unwrap());
        assert_eq!(moment("2027-03-01T00:00:00.5Z").unwrap().nanos, 500_000_000);
        assert!(moment("tomorrow").is_err() && moment("2027-02-30").is_err());
    }
}
