//! Tables that are written: exports, templates, and rows that are to be corrected.

mod cells;
mod export;
mod faults;
mod plain;
mod template;
mod values;
mod widths;

pub(super) use cells::{cell, in_form};
pub use export::{Export, export};
pub(crate) use export::{List, Told, export_list, readable, write_list};
pub use faults::faults;
pub(crate) use plain::{PlainCell, PlainSheet, csv_of, workbook_of};
pub use template::template;

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use super::SheetError;

fn broken(error: XlsxError) -> SheetError {
    SheetError::Write(error.to_string())
}

/// A4, by its number in workbooks.
const A4: u8 = 9;

/// How a sheet is printed: across, its columns on so many sheets of paper beside each other, each under the headers, and
/// numbered.
fn on_paper(sheet: &mut Worksheet, header: u32, beside: u16) -> Result<(), SheetError> {
    sheet.set_paper_size(A4).set_landscape().set_print_fit_to_pages(beside, 0).set_footer("&C&P/&N");
    sheet.set_repeat_rows(header, header).map(|_| ()).map_err(broken)
}

/// Headers.
fn header_format() -> Format {
    Format::new().set_bold().set_background_color("#DCE6F1").set_border_bottom(FormatBorder::Thin).set_text_wrap()
}

/// Cells: texts that stay texts, whatever they begin with.
fn text_format() -> Format {
    Format::new().set_num_format("@").set_quote_prefix().set_text_wrap().set_align(FormatAlign::Top)
}

/// Characters of a column of a field: so wide in templates, and at most elsewhere.
fn width(field: super::fields::Field) -> f64 {
    use super::fields::Field;
    match field {
        Field::Body | Field::Summary | Field::Title => 36.0,
        Field::Id
        | Field::Publisher
        | Field::Page
        | Field::Regions
        | Field::Industries
        | Field::Office
        | Field::Email
        | Field::Links
        | Field::Audience => 24.0,
        _ => 16.0,
    }
}
