//! Tables of anything: names, numbers and times, as a workbook or as CSV.

use jiff::civil::DateTime;
use rust_xlsxwriter::{DocProperties, Format, FormatAlign, Workbook, Worksheet};

use super::values::{Looks, Value};
use super::widths::{Widths, longest_line};
use super::{broken, header_format, on_paper};
use crate::sheets::SheetError;
use crate::sheets::csv::guarded;
use crate::sheets::grid::Cell;

/// Characters at which texts of the first column are wrapped, and those of the others.
const NAME_WIDTH: f64 = 36.0;
const TEXT_WIDTH: f64 = 30.0;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlainCell {
    /// Stays a text, whatever it begins with.
    Text(String),
    /// Is counted with.
    Number(i64),
    /// Is sorted by; a day, where it is midnight.
    Time(DateTime),
}

impl PlainCell {
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(number as f64),
            Self::Time(at) => Value::Time(at),
        }
    }

    /// What of it stands in a CSV.
    pub(super) fn in_csv(&self) -> String {
        match self {
            Self::Text(text) => guarded(text),
            Self::Number(number) => number.to_string(),
            Self::Time(at) => Cell::Date(*at).text(),
        }
    }
}

/// A table with its name and headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PlainSheet {
    /// At most 31 characters, none of `[]:*?/\`.
    pub(crate) name: String,
    /// How its numbers are to be read: stands above them in a workbook; empty: they need no word.
    pub(crate) note: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<PlainCell>>,
    /// What stands below them in a workbook, and is none of them; None: nothing.
    pub(crate) total: Option<Vec<PlainCell>>,
}

/// Writes tables as the sheets of a workbook, each under `title` and `made`, who has made it and when, where there are any.
///
/// # Errors
/// Where a name or a text is none that a workbook takes.
pub(crate) fn workbook_of(title: &str, made: &str, sheets: &[PlainSheet]) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_title(title));
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let (header, looks, bold) = (header_format(), Looks::new(), wrapped.clone().set_bold());
    for table in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(&table.name).map_err(broken)?;
        let lines = [(title, &bold), (made, &wrapped), (&*table.note, &wrapped)];
        let lines: Vec<_> = lines.into_iter().filter(|(text, _)| !text.is_empty()).collect();
        let first = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        sheet.set_freeze_panes(first + 1, 1).map_err(broken)?;
        let mut widths = Widths::under(table.columns.iter().map(String::as_str));
        for (column, name) in (0_u16..).zip(&table.columns) {
            sheet.write_string_with_format(first, column, name, &header).map_err(broken)?;
        }
        for (row, cells) in (first + 1..).zip(table.rows.iter().chain(&table.total)) {
            for (column, cell) in (0_u16..).zip(cells) {
                let value = cell.clone().into_value();
                widths.hold(column, &value, if column == 0 { NAME_WIDTH } else { TEXT_WIDTH });
                looks.write(sheet, row, column, value)?;
            }
        }
        widths.set(sheet)?;
        for (row, (text, format)) in (0..).zip(lines) {
            above(sheet, row, table.columns.len(), (text, widths.sum()), format)?;
        }
        let rows = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
        on_paper(sheet, first, 1)?;
        if let Some(last) = table.columns.len().checked_sub(1).filter(|_| rows > 0) {
            let last = u16::try_from(last).unwrap_or(u16::MAX);
            sheet.autofilter(first, 0, first.saturating_add(rows), last).map_err(broken)?;
        }
    }
    book.save_to_buffer().map_err(broken)
}

/// Height of a line, in points.
const LINE_HEIGHT: f64 = 15.0;

/// Writes what stands above a table, over all of its columns, which have room for so many characters, and as high as it
/// needs.
fn above(
    sheet: &mut Worksheet,
    row: u32,
    columns: usize,
    (text, room): (&str, f64),
    format: &Format,
) -> Result<(), SheetError> {
    let others = u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
    let lines = (longest_line(text) / room).ceil().max(1.0);
    sheet.set_row_height(row, LINE_HEIGHT * lines).map_err(broken)?;
    match others {
        0 => sheet.write_string_with_format(row, 0, text, format).map(|_| ()).map_err(broken),
        last => sheet.merge_range(row, 0, row, last, text, format).map(|_| ()).map_err(broken),
    }
}

/// Writes a table as CSV, in UTF-8 with the mark by which spreadsheets know it.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn csv_of(sheet: &PlainSheet) -> Result<Vec<u8>, SheetError> {
    let failed = |error: csv::Error| SheetError::Write(error.to_string());
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(sheet.columns.iter().map(|name| guarded(name))).map_err(failed)?;
    for row in &sheet.rows {
        writer.write_record(row.iter().map(PlainCell::in_csv)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| SheetError::Write(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::*;

    #[test]
    fn another_program_reads_names_as_texts_and_numbers_as_numbers() {
        let day = "2026-11-03T00:00".parse().unwrap();
        let cells = vec![PlainCell::Text("=1+1".to_owned()), PlainCell::Number(1_234), PlainCell::Time(day)];
        let sheet = PlainSheet {
            name: "按类别".to_owned(),
            note: "统计口径：各计一次".to_owned(),
            columns: vec!["名".to_owned(), "数".to_owned(), "日".to_owned()],
            rows: vec![cells],
            total: Some(vec![PlainCell::Text("合计".to_owned()), PlainCell::Number(1_234)]),
        };
        let bytes = workbook_of("题", "填报单位：甲", std::slice::from_ref(&sheet)).unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range("按类别").unwrap();
        assert_eq!(range.get((0, 0)), Some(&Data::String("题".to_owned())));
        assert_eq!(range.get((1, 0)), Some(&Data::String("填报单位：甲".to_owned())));
        assert_eq!(range.get((2, 0)), Some(&Data::String("统计口径：各计一次".to_owned())));
        assert_eq!(range.get((4, 0)), Some(&Data::String("=1+1".to_owned())));
        assert_eq!(range.get((4, 1)), Some(&Data::Float(1_234.0)));
        let Some(Data::DateTime(shown)) = range.get((4, 2)) else { panic!("no date: {range:?}") };
        assert!(shown.is_datetime() && shown.as_f64() == 46_329.0, "{shown:?}");
        assert_eq!(range.get((5, 0)), Some(&Data::String("合计".to_owned())));
        assert_eq!(range.get((5, 1)), Some(&Data::Float(1_234.0)));
        let text = String::from_utf8(csv_of(&sheet).unwrap()).unwrap();
        assert!(!text.contains("合计"), "a table for programs adds nothing up: {text}");
        assert!(
            text.starts_with("\u{feff}名,数,日\r\n") && text.contains("1234,2026-11-03") && !text.contains("\n=1+1"),
            "{text}"
        );
    }
}
