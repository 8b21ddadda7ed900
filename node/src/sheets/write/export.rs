//! Listings as tables: a sheet for each kind, each cell one that is read again as the text that it was.

use duikou_proto::v1::Listing;
use duikou_proto::validate::kind_of;
use rust_xlsxwriter::Workbook;

use super::cells::{cell as text_of, last_day};
use super::values::{Looks, Value};
use super::widths::Widths;
use super::{PlainCell, broken, header_format, on_paper, width};
use crate::limits;
use crate::sheets::csv::guarded;
use crate::sheets::fields::{FIELDS, Field, Info};
use crate::sheets::kind::Kind;
use crate::sheets::{Format, SheetError};

/// What people look for in a list, in the order in which they do: it stands first, and it alone is printed. So much can be
/// read on one sheet of paper; all that a listing can say cannot.
const FOR_PEOPLE: &[Field] = &[
    Field::Title,
    Field::Direction,
    Field::Publisher,
    Field::Regions,
    Field::Instrument,
    Field::Amount,
    Field::CooperationModes,
    Field::Investment,
    Field::Maturity,
    Field::TransferModes,
    Field::Occupation,
    Field::Headcount,
    Field::Wage,
    Field::Start,
    Field::End,
    Field::Venue,
    Field::Summary,
    Field::Expire,
    Field::Person,
    Field::Phone,
];

/// Begins a row that is no listing.
const REMARK: &str = "说明：";

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
    let columns = |info: &Info| info.written || info.beside && info.field != Field::Page;
    let list = List {
        of_kinds: kinds,
        for_people: false,
        columns: &columns,
        cell: &exact,
        beside: &[],
        said: &|_| Vec::new(),
        more,
    };
    write_list(&list, format)
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
            // Whoever sorts and reads finds the day that pages say.
            Field::Expire => last_day(text_of(listing, field)),
            field => readable(&text_of(listing, field)),
        })
    };
    let columns = |info: &Info| info.written || info.beside;
    let list = List {
        of_kinds: by_kind(listings),
        for_people: true,
        columns: &columns,
        cell: &cell,
        beside: &[],
        said: &|_| Vec::new(),
        more,
    };
    write_list(&list, format)
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

/// A list as it is written: things of each kind of which there are any, a sheet or a part of the table for each.
pub(crate) struct List<'l, T> {
    pub(crate) of_kinds: Vec<(Kind, Vec<&'l T>)>,
    /// Whether what people look for stands first, and nothing else is printed; otherwise columns stand as in the table of fields.
    pub(crate) for_people: bool,
    /// Whether a field has a column.
    pub(crate) columns: &'l dyn Fn(&Info) -> bool,
    pub(crate) cell: &'l dyn Fn(&T, Field) -> Result<String, SheetError>,
    /// The headers of further columns, which no import reads: behind what people look for.
    pub(crate) beside: &'l [String],
    /// What stands below these.
    pub(crate) said: &'l dyn Fn(&T) -> Vec<PlainCell>,
    /// Said in a last row, which no import reads.
    pub(crate) more: Option<&'l str>,
}

/// The fields of a list that have columns: before what stands beside them, and behind it.
struct Columns {
    first: Vec<&'static Info>,
    rest: Vec<&'static Info>,
}

impl<T> List<'_, T> {
    fn columns(&self, is_there: impl Fn(&Info) -> bool) -> Columns {
        let shown = |info: &&Info| (self.columns)(info) && is_there(info);
        let all: Vec<&'static Info> = FIELDS.iter().filter(shown).collect();
        if !self.for_people {
            return Columns { first: all, rest: Vec::new() };
        }
        let first = FOR_PEOPLE.iter().map(|field| field.info()).filter(shown).collect();
        Columns { first, rest: all.into_iter().filter(|info| !FOR_PEOPLE.contains(&info.field)).collect() }
    }

    /// The cells of a row, in the order of its columns: those of fields by what `cell` makes of them.
    fn row<C>(
        &self,
        columns: &Columns,
        thing: &T,
        cell: impl Fn(&'static Info) -> Result<C, SheetError>,
        said: impl Fn(PlainCell) -> C,
    ) -> Result<Vec<C>, SheetError> {
        let of = |infos: &[&'static Info]| infos.iter().copied().map(&cell).collect::<Result<Vec<C>, SheetError>>();
        let mut cells = of(&columns.first)?;
        cells.extend((self.said)(thing).into_iter().map(said));
        cells.extend(of(&columns.rest)?);
        Ok(cells)
    }

    fn headers<'h>(&'h self, columns: &'h Columns) -> impl Iterator<Item = &'h str> {
        let of = |infos: &'h [&'static Info]| infos.iter().map(|info| info.zh);
        of(&columns.first).chain(self.beside.iter().map(String::as_str)).chain(of(&columns.rest))
    }
}

/// Writes a list.
///
/// # Errors
/// Where a cell cannot be written, and for other formats than .xlsx and .csv.
pub(crate) fn write_list<T>(list: &List<'_, T>, format: Format) -> Result<Export, SheetError> {
    let count = list.of_kinds.iter().map(|(_, things)| things.len()).sum();
    let bytes = match format {
        Format::Xlsx => xlsx(list)?,
        Format::Csv => csv(list)?,
        Format::Xls | Format::Ods => return Err(SheetError::Write(format.extension().to_owned())),
    };
    Ok(Export { bytes, count })
}

/// The columns of a kind that are filled in.
pub(super) fn columns(kind: Kind) -> impl Iterator<Item = &'static Info> {
    FIELDS.iter().filter(move |info| info.written && info.is_of(kind))
}

/// What is read again as it is.
fn exact(listing: &Listing, field: Field) -> Result<String, SheetError> {
    let text = text_of(listing, field);
    let fits = text.chars().count() < limits::SHEET_CELL_CHARS && !text.contains('\r') && !text.contains("_x");
    if fits { Ok(text) } else { Err(SheetError::DoesNotFit(listing.name.clone())) }
}

/// A text as a cell shows it: with the ends of lines that cells have, and no longer than a cell.
pub(crate) fn readable(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    match text.char_indices().nth(limits::SHEET_CELL_CHARS - 1) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn xlsx<T>(list: &List<'_, T>) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let (header, looks) = (header_format(), Looks::new());
    if list.of_kinds.is_empty() {
        book.add_worksheet();
    }
    for (kind, things) in &list.of_kinds {
        let sheet = book.add_worksheet();
        sheet.set_name(kind.zh()).map_err(broken)?;
        // Whoever goes across still sees of what a row is.
        sheet.set_freeze_panes(1, u16::from(list.for_people)).map_err(broken)?;
        let columns = list.columns(|info| info.is_of(*kind));
        let mut widths = Widths::under(list.headers(&columns));
        for (column, name) in (0_u16..).zip(list.headers(&columns)) {
            sheet.write_string_with_format(0, column, name, &header).map_err(broken)?;
        }
        for (row, thing) in (1_u32..).zip(things) {
            let cells = list.row(
                &columns,
                thing,
                |info| Ok((Value::of(info.field, (list.cell)(thing, info.field)?), width(info.field))),
                |said| (said.into_value(), WIDTH_BESIDE),
            )?;
            for (column, (value, most)) in (0_u16..).zip(cells) {
                widths.hold(column, &value, most);
                looks.write(sheet, row, column, value)?;
            }
        }
        widths.set(sheet)?;
        let rows = u32::try_from(things.len()).unwrap_or(u32::MAX);
        let last = |columns: usize| u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
        let printed = columns.first.len() + list.beside.len();
        sheet.autofilter(0, 0, rows, last(printed + columns.rest.len())).map_err(broken)?;
        let end = rows.saturating_add(u32::from(list.more.is_some()));
        if list.for_people {
            sheet.set_print_area(0, 0, end, last(printed)).map_err(broken)?;
        }
        // So many columns as there are otherwise can be read on no single sheet of paper.
        on_paper(sheet, 0, if list.for_people { 1 } else { 2 })?;
        if let Some(more) = list.more {
            sheet.write_string(end, 0, format!("{REMARK}{more}")).map_err(broken)?;
        }
    }
    book.save_to_buffer().map_err(broken)
}

/// Characters at which texts beside the fields are wrapped.
const WIDTH_BESIDE: f64 = 18.0;

/// The header of the column that says a row's kind, where there are several.
const KIND: &str = "类别";

fn csv<T>(list: &List<'_, T>) -> Result<Vec<u8>, SheetError> {
    let failed = |error: csv::Error| SheetError::Write(error.to_string());
    // Spreadsheets take UTF-8 for it only with this mark.
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    let several = list.of_kinds.len() > 1;
    let is_there = |info: &Info| match &*list.of_kinds {
        [] => info.is_of(Kind::Project),
        kinds => kinds.iter().any(|(kind, _)| info.is_of(*kind)),
    };
    let columns = list.columns(is_there);
    let header = several.then_some(KIND).into_iter().chain(list.headers(&columns));
    writer.write_record(header).map_err(failed)?;
    for (kind, things) in &list.of_kinds {
        for thing in things {
            let of_kind = |info: &Info| match info.is_of(*kind) {
                true => (list.cell)(thing, info.field).map(|text| guarded(&text)),
                false => Ok(String::new()),
            };
            let cells = list.row(&columns, thing, of_kind, |said| said.in_csv())?;
            let first = several.then(|| kind.zh().to_owned());
            writer.write_record(first.into_iter().chain(cells)).map_err(failed)?;
        }
    }
    if let Some(more) = list.more {
        let width = list.headers(&columns).count() + usize::from(several);
        let remark = format!("{REMARK}{more}");
        writer.write_record([&*remark].into_iter().chain(std::iter::repeat("")).take(width)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| SheetError::Write(error.to_string()))
}
