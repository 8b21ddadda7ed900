//! Texts as cells by which spreadsheets sort, filter and add up, where such a cell is read again as the same text; all
//! others stay texts.

use jiff::civil::{Date, DateTime, Time};
use rust_xlsxwriter::{Format, FormatAlign, Worksheet};

use super::{broken, text_format};
use crate::sheets::SheetError;
use crate::sheets::fields::Field;
use crate::sheets::grid::Cell;

/// Years whose days all spreadsheets count alike, and imports take for dates.
const YEARS: std::ops::RangeInclusive<i16> = 1983..=2118;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    /// A day, where it is midnight.
    Time(DateTime),
}

impl Value {
    /// What stands in a cell of a field.
    pub(super) fn of(field: Field, text: String) -> Self {
        let read = match field {
            Field::Expire | Field::Published | Field::Start | Field::End | Field::Deadline => {
                moment(&text).map(Self::Time)
            }
            Field::Headcount
            | Field::Capacity
            | Field::Maturity
            | Field::AmountFrom
            | Field::AmountTo
            | Field::WageFrom
            | Field::WageTo => number(&text).map(Self::Number),
            _ => None,
        };
        read.unwrap_or(Self::Text(text))
    }
}

/// A time that such a text is, to the second, and that a cell gives back as this text.
fn moment(text: &str) -> Option<DateTime> {
    // The time first: a day is read of either.
    let day = || text.parse::<Date>().map(|day| day.to_datetime(Time::midnight()));
    let at = text.parse::<DateTime>().or_else(|_| day()).ok()?;
    let kept = at.subsec_nanosecond() == 0 && YEARS.contains(&at.year()) && Cell::Date(at).text() == text;
    kept.then_some(at)
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    (Cell::Number(number).text() == text).then_some(number)
}

/// A time as spreadsheets count it: days, and parts of them.
fn serial(at: DateTime) -> f64 {
    const DAY: f64 = 24.0 * 60.0 * 60.0;
    let since = at.duration_since(Date::constant(1899, 12, 30).to_datetime(Time::midnight()));
    since.as_secs() as f64 / DAY
}

/// How the cells of a workbook look.
pub(super) struct Looks {
    text: Format,
    whole: Format,
    parts: Format,
    day: Format,
    minute: Format,
    second: Format,
}

impl Looks {
    pub(super) fn new() -> Self {
        let of = |format: &str| Format::new().set_num_format(format).set_align(FormatAlign::Top);
        let day = "yyyy\"年\"m\"月\"d\"日\"";
        Self {
            text: text_format(),
            whole: of("#,##0"),
            parts: of("#,##0.00####"),
            day: of(day),
            minute: of(&format!("{day} hh:mm")),
            second: of(&format!("{day} hh:mm:ss")),
        }
    }

    /// Writes a cell; of nothing there is none, so that what counts cells passes it over.
    ///
    /// # Errors
    /// Where a workbook does not take it.
    pub(super) fn write(&self, sheet: &mut Worksheet, row: u32, column: u16, value: Value) -> Result<(), SheetError> {
        let written = match value {
            Value::Text(text) if text.is_empty() => return Ok(()),
            Value::Text(text) => sheet.write_string_with_format(row, column, text, &self.text),
            Value::Number(number) => {
                let look = if number.fract() == 0.0 { &self.whole } else { &self.parts };
                sheet.write_number_with_format(row, column, number, look)
            }
            Value::Time(at) => {
                let look = match (at.time() == Time::midnight(), at.second()) {
                    (true, _) => &self.day,
                    (false, 0) => &self.minute,
                    (false, _) => &self.second,
                };
                sheet.write_number_with_format(row, column, serial(at), look)
            }
        };
        written.map(|_| ()).map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_as_the_same_is_a_value_and_the_rest_a_text() {
        let is_text =
            |field, text: &str| matches!(Value::of(field, text.to_owned()), Value::Text(same) if same == text);
        for text in ["2027-05-30", "2027-05-30 09:00", "2027-05-30 23:59:59"] {
            assert!(matches!(Value::of(Field::Expire, text.to_owned()), Value::Time(_)), "{text}");
            assert!(is_text(Field::Title, text), "{text}");
        }
        // A cell says of midnight that it is a day, which ends by its evening; it has no parts of seconds.
        for text in
            ["2027-05-30 00:00", "2027-05-30 23:59:59.5", "1899-12-31", "2027-5-30", "长期", "", "2027-05-30T01:00:00Z"]
        {
            assert!(is_text(Field::Expire, text), "{text}");
        }
        for text in ["80", "12000.5", "0.0001"] {
            assert!(matches!(Value::of(Field::Headcount, text.to_owned()), Value::Number(_)), "{text}");
        }
        for text in ["80人", "1e5", "080", "NaN", "inf", "", "12345678901234567"] {
            assert!(is_text(Field::Headcount, text), "{text}");
        }
    }

    #[test]
    fn times_are_counted_as_spreadsheets_count_them() {
        let at = |text: &str| serial(moment(text).unwrap());
        assert_eq!(at("2027-05-30"), 46_537.0);
        assert_eq!(at("2027-05-30 12:00"), 46_537.5);
    }
}
