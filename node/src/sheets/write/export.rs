//! Listings as tables: a sheet for each kind, each cell a text that is read again as it was.

use duikou_proto::v1::Listing;
use duikou_proto::validate::kind_of;
use rust_xlsxwriter::Workbook;

use super::{broken, cells, header_format, text_format, width};
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

/// Writes listings as .xlsx, or as .csv where all are of one kind. `more` is said in a last row, which no import reads.
///
/// # Errors
/// Where a listing does not fit into cells, and for other formats.
pub fn export(listings: &[Listing], format: Format, more: Option<&str>) -> Result<Export, SheetError> {
    let kinds = by_kind(listings);
    if format == Format::Csv && kinds.len() > 1 {
        return Err(SheetError::Kind);
    }
    written(&kinds, format, more, exact)
}

/// Writes any list of listings for people: .csv of several kinds is one table with the columns of them all, and what no
/// cell takes as it is stands there as it can.
///
/// # Errors
/// For other formats.
pub(crate) fn export_list(listings: &[Listing], format: Format, more: Option<&str>) -> Result<Export, SheetError> {
    written(&by_kind(listings), format, more, |listing, field| Ok(readable(&cells::cell(listing, field))))
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
type Cell = fn(&Listing, Field) -> Result<String, SheetError>;

fn written(kinds: &[OfKind<'_>], format: Format, more: Option<&str>, cell: Cell) -> Result<Export, SheetError> {
    let count = kinds.iter().map(|(_, listings)| listings.len()).sum();
    let bytes = match format {
        Format::Xlsx => xlsx(kinds, more, cell)?,
        Format::Csv => csv(kinds, more, cell)?,
        Format::Xls | Format::Ods => return Err(SheetError::Write(format.extension().to_owned())),
    };
    Ok(Export { bytes, count })
}

/// The columns of a kind.
pub(super) fn columns(kind: Kind) -> impl Iterator<Item = &'static Info> {
    FIELDS.iter().filter(move |info| info.written && info.is_of(kind))
}

/// What is read again as it is.
fn exact(listing: &Listing, field: Field) -> Result<String, SheetError> {
    let text = cells::cell(listing, field);
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

fn xlsx(kinds: &[OfKind<'_>], more: Option<&str>, cell: Cell) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let (header, text) = (header_format(), text_format());
    if kinds.is_empty() {
        book.add_worksheet();
    }
    for (kind, listings) in kinds {
        let sheet = book.add_worksheet();
        sheet.set_name(kind.zh()).map_err(broken)?;
        sheet.set_freeze_panes(1, 0).map_err(broken)?;
        for (column, info) in (0_u16..).zip(columns(*kind)) {
            sheet.set_column_width(column, width(info.field)).map_err(broken)?;
            sheet.write_string_with_format(0, column, info.zh, &header).map_err(broken)?;
        }
        for (row, listing) in (1_u32..).zip(listings) {
            for (column, info) in (0_u16..).zip(columns(*kind)) {
                let value = cell(listing, info.field)?;
                if !value.is_empty() {
                    sheet.write_string_with_format(row, column, value, &text).map_err(broken)?;
                }
            }
        }
        if let Some(more) = more {
            let row = u32::try_from(listings.len()).unwrap_or(u32::MAX).saturating_add(1);
            sheet.write_string(row, 0, REMARK).map_err(broken)?;
            sheet.write_string(row, 1, more).map_err(broken)?;
        }
    }
    book.save_to_buffer().map_err(broken)
}

/// The header of the column that says a row's kind, where there are several.
const KIND: &str = "类别";

fn csv(kinds: &[OfKind<'_>], more: Option<&str>, cell: Cell) -> Result<Vec<u8>, SheetError> {
    let failed = |error: csv::Error| SheetError::Write(error.to_string());
    // Spreadsheets take UTF-8 for it only with this mark.
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    let several = kinds.len() > 1;
    let is_there = |info: &&Info| match kinds {
        [] => info.is_of(Kind::Project),
        kinds => kinds.iter().any(|(kind, _)| info.is_of(*kind)),
    };
    let columns: Vec<&Info> = FIELDS.iter().filter(|info| info.written).filter(is_there).collect();
    let first = several.then_some(KIND);
    writer.write_record(first.into_iter().chain(columns.iter().map(|info| info.zh))).map_err(failed)?;
    for (kind, listings) in kinds {
        for listing in listings {
            let of_kind = |info: &&Info| match info.is_of(*kind) {
                true => cell(listing, info.field).map(|text| guarded(&text)),
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
