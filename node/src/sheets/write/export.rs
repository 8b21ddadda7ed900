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
    let of = |kind: Kind| -> Vec<&Listing> {
        listings.iter().filter(|listing| listing.listing.as_ref().and_then(kind_of) == Some(kind.name())).collect()
    };
    let kinds: Vec<(Kind, Vec<&Listing>)> =
        Kind::ALL.into_iter().map(|kind| (kind, of(kind))).filter(|(_, listings)| !listings.is_empty()).collect();
    let count = kinds.iter().map(|(_, listings)| listings.len()).sum();
    let bytes = match (format, &*kinds) {
        (Format::Xlsx, kinds) => xlsx(kinds, more)?,
        (Format::Csv, []) => csv(Kind::Project, &[], more)?,
        (Format::Csv, [(kind, listings)]) => csv(*kind, listings, more)?,
        (Format::Csv, _) => return Err(SheetError::Kind),
        (Format::Xls | Format::Ods, _) => return Err(SheetError::Write(format.extension().to_owned())),
    };
    Ok(Export { bytes, count })
}

/// The columns of a kind.
pub(super) fn columns(kind: Kind) -> impl Iterator<Item = &'static Info> {
    FIELDS.iter().filter(move |info| info.written && info.is_of(kind))
}

fn cell(listing: &Listing, field: Field) -> Result<String, SheetError> {
    let text = cells::cell(listing, field);
    let fits = text.chars().count() < limits::SHEET_CELL_CHARS && !text.contains('\r') && !text.contains("_x");
    if fits { Ok(text) } else { Err(SheetError::DoesNotFit(listing.name.clone())) }
}

fn xlsx(kinds: &[(Kind, Vec<&Listing>)], more: Option<&str>) -> Result<Vec<u8>, SheetError> {
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

fn csv(kind: Kind, listings: &[&Listing], more: Option<&str>) -> Result<Vec<u8>, SheetError> {
    let failed = |error: csv::Error| SheetError::Write(error.to_string());
    // Spreadsheets take UTF-8 for it only with this mark.
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(columns(kind).map(|info| info.zh)).map_err(failed)?;
    for listing in listings {
        let row = columns(kind).map(|info| cell(listing, info.field).map(|text| guarded(&text)));
        writer.write_record(row.collect::<Result<Vec<_>, _>>()?).map_err(failed)?;
    }
    if let Some(more) = more {
        let words = [REMARK, more].into_iter().chain(std::iter::repeat("")).take(columns(kind).count());
        writer.write_record(words).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| SheetError::Write(error.to_string()))
}
