//! How wide columns are: as what stands in them is, up to where texts are wrapped. A number or a time is never cut, as
//! spreadsheets show nothing of one that does not fit.

use jiff::civil::Time;
use rust_xlsxwriter::Worksheet;

use super::broken;
use super::values::Value;
use crate::sheets::SheetError;

/// Characters of the narrowest column, and how much of a header is not wrapped.
const LEAST: f64 = 6.0;
const HEADER: f64 = 12.0;
/// What stands beside a text in its cell: the edges, and in headers the button of the filter.
const EDGES: f64 = 1.0;
const BUTTON: f64 = 3.0;

/// The columns of a sheet, from the first on.
#[derive(Debug, Default)]
pub(super) struct Widths(Vec<f64>);

impl Widths {
    /// Under these headers.
    pub(super) fn under<'h>(headers: impl Iterator<Item = &'h str>) -> Self {
        Self(headers.map(|header| (longest_line(header) + BUTTON).clamp(LEAST, HEADER)).collect())
    }

    /// Makes room for a value; texts are wrapped at `most` characters.
    pub(super) fn hold(&mut self, column: u16, value: &Value, most: f64) {
        let Some(width) = self.0.get_mut(usize::from(column)) else { return };
        let taken = match value {
            Value::Text(text) => (longest_line(text) + EDGES).min(most),
            // With a sign between each three digits.
            Value::Number(number) => number.to_string().len() as f64 * 4.0 / 3.0 + EDGES,
            Value::Time(at) => match (at.time() == Time::midnight(), at.second()) {
                (true, _) => 15.0,
                (false, 0) => 21.0,
                (false, _) => 24.0,
            },
        };
        *width = width.max(taken);
    }

    /// All of them together.
    pub(super) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Gives them to the sheet.
    ///
    /// # Errors
    /// Where there are more than a sheet has.
    pub(super) fn set(&self, sheet: &mut Worksheet) -> Result<(), SheetError> {
        for (column, width) in (0_u16..).zip(&self.0) {
            sheet.set_column_width(column, *width).map_err(broken)?;
        }
        Ok(())
    }
}

/// Characters of the longest line, as wide as letters: an ideograph is as wide as two.
pub(super) fn longest_line(text: &str) -> f64 {
    let wide = |c: char| if c < '\u{2e80}' { 1_u32 } else { 2 };
    f64::from(text.lines().map(|line| line.chars().map(wide).sum()).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_wrapped_is_held_whole() {
        let mut widths = Widths::under(["标题", "时间", "金额下限（万元）", "空"].into_iter());
        widths.hold(0, &Value::Text("求购高山绿茶，长期合作".repeat(9)), 36.0);
        widths.hold(1, &Value::Time("2026-12-30T23:59:59".parse().unwrap()), 5.0);
        widths.hold(2, &Value::Number(1_234_567_890.0), 5.0);
        widths.hold(9, &Value::Number(1.0), 5.0);
        assert_eq!(widths.0[0], 36.0);
        assert!(widths.0[1] > "2026年12月30日 23:59:59".chars().count() as f64, "{widths:?}");
        assert!(widths.0[2] > "1,234,567,890".len() as f64, "{widths:?}");
        assert_eq!((widths.0[3], widths.0.len()), (LEAST, 4));
    }
}
