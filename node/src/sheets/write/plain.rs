//! Tables of anything: names and numbers, as a workbook or as CSV.

use rust_xlsxwriter::{DocProperties, Format, Workbook};

use super::{broken, header_format, text_format};
use crate::sheets::SheetError;
use crate::sheets::csv::guarded;

/// Width of the first column, and of the others, in characters.
const NAME_WIDTH: f64 = 36.0;
const NUMBER_WIDTH: f64 = 16.0;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlainCell {
    /// Stays a text, whatever it begins with.
    Text(String),
    /// Is counted with.
    Number(i64),
}

/// A table with its name and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlainSheet {
    /// At most 31 characters, none of `[]:*?/\`.
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<PlainCell>>,
}

/// Writes tables as the sheets of a workbook, each under `title`, where there is one.
///
/// # Errors
/// Where a name or a text is none that a workbook takes.
pub(crate) fn workbook_of(title: &str, sheets: &[PlainSheet]) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_title(title));
    let (header, text, bold) = (header_format(), text_format(), Format::new().set_bold());
    for table in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(&table.name).map_err(broken)?;
        let first = u32::from(!title.is_empty());
        sheet.set_freeze_panes(first + 1, 1).map_err(broken)?;
        if first > 0 {
            sheet.write_string_with_format(0, 0, title, &bold).map_err(broken)?;
        }
        for (column, name) in (0_u16..).zip(&table.columns) {
            let width = if column == 0 { NAME_WIDTH } else { NUMBER_WIDTH };
            sheet.set_column_width(column, width).map_err(broken)?;
            sheet.write_string_with_format(first, column, name, &header).map_err(broken)?;
        }
        for (row, cells) in (first + 1..).zip(&table.rows) {
            for (column, cell) in (0_u16..).zip(cells) {
                match cell {
                    // An empty cell is none: what counts cells passes it over.
                    PlainCell::Text(value) if value.is_empty() => continue,
                    PlainCell::Text(value) => {
                        sheet.write_string_with_format(row, column, value, &text).map_err(broken)?
                    }
                    PlainCell::Number(value) => sheet.write_number(row, column, *value as f64).map_err(broken)?,
                };
            }
        }
    }
    book.save_to_buffer().map_err(broken)
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
        let cells = row.iter().map(|cell| match cell {
            PlainCell::Text(text) => guarded(text),
            PlainCell::Number(number) => number.to_string(),
        });
        writer.write_record(cells).map_err(failed)?;
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
        let cells = vec![PlainCell::Text("=1+1".to_owned()), PlainCell::Number(1_234)];
        let sheet = PlainSheet {
            name: "按类别".to_owned(),
            columns: vec!["名".to_owned(), "数".to_owned()],
            rows: vec![cells],
        };
        let bytes = workbook_of("题", std::slice::from_ref(&sheet)).unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range("按类别").unwrap();
        assert_eq!(range.get((0, 0)), Some(&Data::String("题".to_owned())));
        assert_eq!(range.get((2, 0)), Some(&Data::String("=1+1".to_owned())));
        assert_eq!(range.get((2, 1)), Some(&Data::Float(1_234.0)));
        let text = String::from_utf8(csv_of(&sheet).unwrap()).unwrap();
        assert!(text.starts_with("\u{feff}名,数\r\n") && text.contains("1234") && !text.contains("\n=1+1"), "{text}");
    }
}
