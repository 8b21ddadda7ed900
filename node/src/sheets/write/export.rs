//! Listings as tables: a sheet for each kind, each cell a text that is read again as it was.

use duikou_proto::v1::Listing;
use duikou_proto::validate::kind_of;
use jiff::civil::Date;
use rust_xlsxwriter::Workbook;

use super::cells::cell as text_of;
use super::{broken, day_format, header_format, text_format, width};
use crate::limits;
use crate::sheets::csv::guarded;
use crate::sheets::fields::{FIELDS, Field, Info};
use crate::sheets::kind::Kind;
use crate::sheets::{Format, SheetError};

/// In the first column: this row is no listing.
const REMARK: &str = "说明";

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Listings in it.
    pub count: usize,
}

/// What an export says of a listing to people: whose it is, and where its page is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) publisher: String,
    pub(crate) page: String,
}

/// Writes listings as .xlsx, or as .csv where all are of one kind. `more` is said in a last row, which no import reads.
///
/// # Errors
/// Where a listing does not fit into cells, and for other formats.
pub fn export(listings: &[Listing], format: Format, more: Option<&str>) -> Result<Export, SheetError> {
    let kinds = by_kind(listings);
    if format == Format::Csv && kinds.len() > 1 {
        return Err(SheetError::Kind);
    }
    written(&kinds, format, more, Cells { cell: &exact, pages: false })
}

/// Writes any list of listings for people: .csv of several kinds is one table with the columns of them all, and what no
/// cell takes as it is stands there as it can. `told` says of a listing what it does not say itself.
///
/// # Errors
/// For other formats.
pub(crate) fn export_list(
    listings: &[Listing],
    format: Format,
    more: Option<&str>,
    told: &dyn Fn(&Listing) -> Told,
) -> Result<Export, SheetError> {
    let cell = |listing: &Listing, field: Field| {
        Ok(match field {
            Field::Publisher => told(listing).publisher,
            Field::Page => told(listing).page,
            field => readable(&text_of(listing, field)),
        })
    };
    written(&by_kind(listings), format, more, Cells { cell: &cell, pages: true })
}

/// The listings of a kind.
type OfKind<'l> = (Kind, Vec<&'l Listing>);

/// Those of each kind of which there are any.
fn by_kind(listings: &[Listing]) -> Vec<OfKind<'_>> {
    let of = |kind: Kind| -> Vec<&Listing> {
        listings.iter().filter(|listing| listing.listing.as_ref().and_then(kind_of) == Some(kind.name())).collect()
    };
    Kind::ALL.into_iter().map(|kind| (kind, of(kind))).filter(|(_, listings)| !listings.is_empty()).collect()
}

/// What stands in a cell.
type Cell<'c> = &'c dyn Fn(&Listing, Field) -> Result<String, SheetError>;

/// What stands in all of them.
#[derive(Clone, Copy)]
struct Cells<'c> {
    cell: Cell<'c>,
    /// Whether they say where pages are.
    pages: bool,
}

fn written(kinds: &[OfKind<'_>], format: Format, more: Option<&str>, cells: Cells<'_>) -> Result<Export, SheetError> {
    let count = kinds.iter().map(|(_, listings)| listings.len()).sum();
    let bytes = match format {
        Format::Xlsx => xlsx(kinds, more, cells)?,
        Format::Csv => csv(kinds, more, cells)?,
        Format::Xls | Format::Ods => return Err(SheetError::Write(format.extension().to_owned())),
    };
    Ok(Export { bytes, count })
}

/// The columns of a kind that are filled in.
pub(super) fn columns(kind: Kind) -> impl Iterator<Item = &'static Info> {
    FIELDS.iter().filter(move |info| info.written && info.is_of(kind))
}

/// The columns of exports: those, and what they say to people beside them.
fn exported(cells: Cells<'_>) -> impl Iterator<Item = &'static Info> + use<> {
    let pages = cells.pages;
    FIELDS.iter().filter(move |info| info.written || info.beside && (pages || info.field != Field::Page))
}

/// What is read again as it is.
fn exact(listing: &Listing, field: Field) -> Result<String, SheetError> {
    let text = text_of(listing, field);
    let fits = text.chars().count() < limits::SHEET_CELL_CHARS && !text.contains('\r') && !text.contains("_x");
    if fits { Ok(text) } else { Err(SheetError::DoesNotFit(listing.name.clone())) }
}

/// A text as a cell shows it: with the ends of lines that cells have, and no longer than a cell.
fn readable(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    match text.char_indices().nth(limits::SHEET_CELL_CHARS - 1) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn xlsx(kinds: &[OfKind<'_>], more: Option<&str>, cells: Cells<'_>) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let (header, text, day) = (header_format(), text_format(), day_format());
    if kinds.is_empty() {
        book.add_worksheet();
    }
    for (kind, listings) in kinds {
        let sheet = book.add_worksheet();
        sheet.set_name(kind.zh()).map_err(broken)?;
        sheet.set_freeze_panes(1, 0).map_err(broken)?;
        let mut last = (0, 0);
        for (column, info) in (0_u16..).zip(exported(cells).filter(|info| info.is_of(*kind))) {
            sheet.set_column_width(column, width(info.field)).map_err(broken)?;
            sheet.write_string_with_format(0, column, info.zh, &header).map_err(broken)?;
            last.1 = column;
        }
        for (row, listing) in (1_u32..).zip(listings) {
            for (column, info) in (0_u16..).zip(exported(cells).filter(|info| info.is_of(*kind))) {
                let value = (cells.cell)(listing, info.field)?;
                // What no import reads is a date for whoever sorts by it.
                match serial(&value).filter(|_| info.field == Field::Published) {
                    Some(serial) => sheet.write_number_with_format(row, column, serial, &day).map_err(broken)?,
                    None if value.is_empty() => continue,
                    None => sheet.write_string_with_format(row, column, value, &text).map_err(broken)?,
                };
            }
            last.0 = row;
        }
        sheet.autofilter(0, 0, last.0, last.1).map_err(broken)?;
        if let Some(more) = more {
            let row = u32::try_from(listings.len()).unwrap_or(u32::MAX).saturating_add(1);
            sheet.write_string(row, 0, REMARK).map_err(broken)?;
            sheet.write_string(row, 1, more).map_err(broken)?;
        }
    }
    book.save_to_buffer().map_err(broken)
}

/// A day as spreadsheets count it.
fn serial(day: &str) -> Option<f64> {
    let day: Date = day.parse().ok()?;
    let since = day.duration_since(Date::constant(1899, 12, 30));
    Some((since.as_secs() / (24 * 60 * 60)) as f64)
}

/// The header of the column that says a row's kind, where there are several.
const KIND: &str = "类别";

fn csv(kinds: &[OfKind<'_>], more: Option<&str>, cells: Cells<'_>) -> Result<Vec<u8>, SheetError> {
    let failed = |error: csv::Error| SheetError::Write(error.to_string());
    // Spreadsheets take UTF-8 for it only with this mark.
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    let several = kinds.len() > 1;
    let is_there = |info: &&Info| match kinds {
        [] => info.is_of(Kind::Project),
        kinds => kinds.iter().any(|(kind, _)| info.is_of(*kind)),
    };
    let columns: Vec<&Info> = exported(cells).filter(is_there).collect();
    let first = several.then_some(KIND);
    writer.write_record(first.into_iter().chain(columns.iter().map(|info| info.zh))).map_err(failed)?;
    for (kind, listings) in kinds {
        for listing in listings {
            let of_kind = |info: &&Info| match info.is_of(*kind) {
                true => (cells.cell)(listing, info.field).map(|text| guarded(&text)),
                false => Ok(String::new()),
            };
            let first = several.then(|| Ok(kind.zh().to_owned()));
            let row = first.into_iter().chain(columns.iter().map(of_kind));
            writer.write_record(row.collect::<Result<Vec<_>, _>>()?).map_err(failed)?;
        }
    }
    if let Some(more) = more {
        let width = columns.len() + usize::from(several);
        let words = [REMARK, more].into_iter().chain(std::iter::repeat("")).take(width);
        writer.write_record(words).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| SheetError::Write(error.to_string()))
}
