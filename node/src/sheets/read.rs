//! Files into grids. Blocking, and bounded before anything is unpacked.

use std::io::Cursor;

use calamine::{
    Data, DataRef, Dimensions, ExcelDateTime, Ods, OdsError, Reader, SheetVisible, Xls, XlsError, Xlsx, XlsxError,
};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::grid::{Cell, Grid, Merge};
use super::{Format, SheetError, csv, header, unpack};
use crate::limits;

/// A file's sheets, and what to say of them as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workbook {
    /// Visible sheets in their order.
    pub sheets: Vec<Grid>,
    /// Cells refer to other files: what they held when the file was saved is what was read.
    pub external_links: bool,
}

/// Reads all visible sheets. `name` is the file's, of which only the end matters.
///
/// # Errors
/// For what is no table, damaged, protected, too large, or called otherwise than it is.
pub fn read(bytes: &[u8], name: &str) -> Result<Workbook, SheetError> {
    read_watched(bytes, name, &mut |_| ())
}

/// The same for whoever looks at a sheet while it grows, each [`RUN`] rows: its last row may be incomplete, and those
/// before it are as they will be, up to where [`Grid::late`] says otherwise.
pub(super) fn read_watched(bytes: &[u8], name: &str, watch: &mut dyn FnMut(&Grid)) -> Result<Workbook, SheetError> {
    if bytes.len() > limits::SHEET_BYTES {
        return Err(SheetError::TooLarge);
    }
    let is = Format::of(bytes)?;
    if Format::by_name(name).is_none_or(|said| said == is) {
        let book = read_as(is, bytes, watch)?;
        let empty = book.sheets.iter().all(|sheet| sheet.lines.is_empty());
        return if empty { Err(SheetError::Empty) } else { Ok(book) };
    }
    // Another name is advised only where the file can be read then.
    let book = read_as(is, bytes, &mut |_| ())?;
    let holds = match is {
        Format::Csv => book.sheets.iter().any(|sheet| header::is_table(sheet, &book)),
        Format::Xlsx | Format::Xls | Format::Ods => true,
    };
    Err(if holds { SheetError::Extension { is } } else { SheetError::Empty })
}

fn read_as(format: Format, bytes: &[u8], watch: &mut dyn FnMut(&Grid)) -> Result<Workbook, SheetError> {
    match format {
        Format::Csv => Ok(Workbook { sheets: vec![csv::read(bytes)?], external_links: false }),
        Format::Xlsx => {
            let (book, seen) = open_xlsx(bytes)?;
            Ok(Workbook { sheets: xlsx(book, seen, watch)?, external_links: seen.external_links })
        }
        Format::Ods => {
            unpack::count(bytes, Format::Ods)?;
            Ok(Workbook { sheets: ods(bytes)?, external_links: false })
        }
        Format::Xls => Ok(Workbook { sheets: xls(bytes)?, external_links: false }),
    }
}

/// A book whose sheets are still to be read.
type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Such a book, and what its sheets hold.
fn open_xlsx(bytes: &[u8]) -> Result<(Book<'_>, unpack::Seen), SheetError> {
    let counting = unpack::Counting::beside_sheets(bytes, Format::Xlsx, limits::SHEET_UNPACKED_BYTES)?;
    std::thread::scope(|scope| {
        // Texts, which lie beside the sheets, are known not to be too much by now.
        let sheets = scope.spawn(move || counting.sheets());
        let book = Xlsx::new(Cursor::new(bytes)).map_err(broken_xlsx);
        let seen = sheets.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((book?, seen))
    })
}

fn broken_xlsx(error: XlsxError) -> SheetError {
    match error {
        XlsxError::Password => SheetError::Protected,
        XlsxError::FileNotFound(_) => SheetError::Unknown,
        error => SheetError::Broken(error.to_string()),
    }
}

fn xlsx(mut book: Book<'_>, seen: unpack::Seen, watch: &mut dyn FnMut(&Grid)) -> Result<Vec<Grid>, SheetError> {
    let broken = broken_xlsx;
    let from_1904 = book.has_1904_epoch();
    let mut sheets = Vec::new();
    for name in visible(book.sheets_metadata()) {
        let mut grid = Grid { from_1904, ..Grid::named(&name) };
        let (mut count, mut shown) = (0, 0);
        let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            grid.push(row.saturating_add(1), column as usize, by_reference(cell.get_value(), from_1904), &mut count)?;
            if grid.lines.len() > shown + RUN {
                shown = grid.lines.len();
                watch(&grid);
            }
        }
        drop(cells);
        if seen.formulas {
            let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
            while let Some(cell) = cells.next_formula().map_err(broken)? {
                let (row, column) = cell.get_position();
                let (row, column) = (row.saturating_add(1), column as usize);
                if !cell.get_value().is_empty() && grid.cell(row, column).is_none_or(Cell::is_blank) {
                    grid.push(row, column, Cell::Error(NO_VALUE.to_owned()), &mut count)?;
                }
            }
        }
        if seen.merges {
            let merges = book.merge_cells_by_sheet_name(&name).map_err(broken)?;
            grid.fill(&areas(&merges), &mut count)?;
        }
        sheets.push(grid);
    }
    Ok(sheets)
}

/// Rows after which a sheet is looked at again while it grows.
const RUN: usize = 500;

/// What a computed cell says that was saved without its value.
pub(super) const NO_VALUE: &str = "#公式无值";

fn xls(bytes: &[u8]) -> Result<Vec<Grid>, SheetError> {
    let broken = |error: XlsError| match error {
        XlsError::Password => SheetError::Protected,
        error => SheetError::Broken(error.to_string()),
    };
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(broken)?;
    let from_1904 = book.has_1904_epoch();
    let mut sheets = Vec::new();
    for name in visible(book.sheets_metadata()) {
        let range = book.worksheet_range(&name).map_err(broken)?;
        let merges = book.merge_cells_by_sheet_name(&name).map_err(broken)?;
        sheets.push(dense(&name, &range, from_1904, &areas(&merges))?);
    }
    Ok(sheets)
}

fn ods(bytes: &[u8]) -> Result<Vec<Grid>, SheetError> {
    let broken = |error: OdsError| match error {
        OdsError::Password => SheetError::Protected,
        error => SheetError::Broken(error.to_string()),
    };
    let mut book: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(broken)?;
    let mut sheets = Vec::new();
    for name in visible(book.sheets_metadata()) {
        let range = book.worksheet_range(&name).map_err(broken)?;
        sheets.push(dense(&name, &range, false, &[])?);
    }
    Ok(sheets)
}

fn visible(sheets: &[calamine::Sheet]) -> Vec<String> {
    let shown = sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    shown.map(|sheet| sheet.name.clone()).take(limits::SHEETS).collect()
}

fn areas(merges: &[Dimensions]) -> Vec<Merge> {
    let area = |merge: &Dimensions| Merge {
        rows: (merge.start.0.saturating_add(1), merge.end.0.saturating_add(1)),
        columns: (merge.start.1 as usize, merge.end.1 as usize),
    };
    merges.iter().map(area).collect()
}

fn dense(name: &str, range: &calamine::Range<Data>, from_1904: bool, merges: &[Merge]) -> Result<Grid, SheetError> {
    let mut grid = Grid { from_1904, ..Grid::named(name) };
    let mut count = 0;
    let (first_row, first_column) = range.start().unwrap_or((0, 0));
    for (row, column, value) in range.used_cells() {
        let row = first_row.saturating_add(u32::try_from(row).unwrap_or(u32::MAX)).saturating_add(1);
        grid.push(row, first_column as usize + column, owned(value, from_1904), &mut count)?;
    }
    grid.fill(merges, &mut count)?;
    Ok(grid)
}

fn by_reference(value: &DataRef<'_>, from_1904: bool) -> Cell {
    match value {
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(value) => Cell::Bool(*value),
        DataRef::DateTime(at) => dated(at, from_1904),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => iso(text),
        DataRef::Error(error) => Cell::Error(error.to_string()),
        DataRef::Empty => Cell::Empty,
    }
}

fn owned(value: &Data, from_1904: bool) -> Cell {
    match value {
        Data::String(text) => Cell::Text(text.clone()),
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) => Cell::Number(*number),
        Data::Bool(value) => Cell::Bool(*value),
        Data::DateTime(at) => dated(at, from_1904),
        Data::DateTimeIso(text) | Data::DurationIso(text) => iso(text),
        Data::Error(error) => Cell::Error(error.to_string()),
        _ => Cell::Empty,
    }
}

/// A number formatted as a date; what is no date of these centuries stays a number.
fn dated(at: &ExcelDateTime, from_1904: bool) -> Cell {
    let number = at.as_f64();
    let days = if from_1904 { number + 1462.0 } else { number };
    let epoch = Date::constant(1899, 12, 30).to_datetime(Time::midnight());
    let seconds = (days * 86_400.0).round();
    if !at.is_datetime() || !(0.0..=1e11).contains(&seconds) {
        return Cell::Number(number);
    }
    epoch.checked_add((seconds as i64).seconds()).map_or(Cell::Number(number), Cell::Date)
}

fn iso(text: &str) -> Cell {
    match (text.parse::<DateTime>(), text.parse::<Date>()) {
        (Ok(at), _) => Cell::Date(at),
        (_, Ok(day)) => Cell::Date(day.to_datetime(Time::midnight())),
        _ => Cell::Text(text.to_owned()),
    }
}
