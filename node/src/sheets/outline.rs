//! What a workbook looks like before its rows are read: for whoever says how it is to be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grid::{Cell, Grid};
use super::header::{self, Layout};
use super::mapping::{Mapping, fingerprint};
use super::{SheetError, Workbook};
use crate::limits;

/// Cells of a row that are shown.
const CELLS: usize = 16;
/// Characters of a cell that are shown.
const CHARS: usize = 40;
/// Samples of a column.
const SAMPLES: usize = 3;

/// A workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Its visible sheets.
    pub sheets: Vec<SheetOutline>,
}

/// A sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetOutline {
    /// Its name; empty for text files.
    pub name: String,
    /// Rows that are not blank.
    pub rows: usize,
    /// Its first rows, among which the headers are.
    pub head: Vec<HeadRow>,
    /// The table in it, where one was found.
    pub table: Option<TableOutline>,
    /// Its headers fit several kinds alike.
    pub several_kinds: bool,
}

/// One of the first rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRow {
    /// As the program that made the file counts.
    pub number: u32,
    /// Its first cells, as they would be typed, shortened.
    pub cells: Vec<String>,
}

/// A table that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOutline {
    /// `capital`, `project`, `technology`, `talent` or `event`.
    pub kind: String,
    /// The row of its headers.
    pub header_row: u32,
    /// What its headers are known by.
    pub fingerprint: String,
    /// Its columns that have headers.
    pub columns: Vec<ColumnOutline>,
    /// What its headers say of all rows: ids of fields, with the names of their values.
    #[serde(default)]
    pub implied: BTreeMap<String, String>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnOutline {
    /// Counted from 0.
    pub index: usize,
    /// Its header.
    pub header: String,
    /// The id of the field that it holds; absent where it is not imported.
    pub field: Option<String>,
    /// The ids of the fields of which it may hold any, where nobody has said which.
    #[serde(default)]
    pub open: Vec<String>,
    /// What its amounts are counted in, where another place than the header says so.
    pub unit: Option<String>,
    /// What stands in it, shortened.
    pub samples: Vec<String>,
}

/// Looks at a workbook, as `mapping` says.
///
/// # Errors
/// For a mapping that does not fit.
pub fn outline(book: &Workbook, mapping: &Mapping) -> Result<Outline, SheetError> {
    let wanted = |grid: &Grid| mapping.sheet.as_ref().is_none_or(|sheet| *sheet == grid.name);
    if let Some(sheet) = mapping.sheet.as_ref().filter(|_| !book.sheets.iter().any(wanted)) {
        return Err(SheetError::NoSheet(sheet.clone()));
    }
    let mut sheets = Vec::new();
    for grid in &book.sheets {
        let kind = mapping.kind_of(&grid.name)?;
        let found = if wanted(grid) { header::find(grid, book, kind, mapping) } else { Ok(None) };
        let (table, several_kinds) = match found {
            Ok(layout) => (layout.map(|layout| table(grid, &layout)), false),
            Err(SheetError::Kind) => (None, true),
            Err(error) => return Err(error),
        };
        let head = grid
            .lines
            .iter()
            .take(limits::SHEET_HEADER_ROWS)
            .map(|line| HeadRow { number: line.number, cells: line.cells.iter().take(CELLS).map(short).collect() });
        let (name, rows) = (grid.name.clone(), grid.lines.len());
        sheets.push(SheetOutline { name, rows, head: head.collect(), table, several_kinds });
    }
    Ok(Outline { sheets })
}

fn table(grid: &Grid, layout: &Layout) -> TableOutline {
    let below = |index: usize| {
        let rows = grid.lines.iter().filter(|line| line.number > layout.header_row);
        rows.filter_map(move |line| line.cells.get(index)).filter(|cell| !cell.is_blank())
    };
    let columns = layout.columns.iter().map(|column| {
        let mut samples: Vec<String> = Vec::new();
        for sample in below(column.index).take(SAMPLES * SAMPLES).map(short) {
            if samples.len() < SAMPLES && !samples.contains(&sample) {
                samples.push(sample);
            }
        }
        ColumnOutline {
            index: column.index,
            header: column.header.clone(),
            field: column.field.map(|field| field.info().id.to_owned()),
            open: column.open.iter().map(|field| field.info().id.to_owned()).collect(),
            unit: column.unit_said.clone(),
            samples,
        }
    });
    TableOutline {
        kind: layout.kind.name().to_owned(),
        header_row: layout.header_row,
        fingerprint: fingerprint(layout.columns.iter().map(|column| &*column.header)),
        columns: columns.collect(),
        implied: layout
            .implied
            .said()
            .map(|(field, label)| (field.info().id.to_owned(), label.name.to_owned()))
            .collect(),
    }
}

fn short(cell: &Cell) -> String {
    let text = crate::typed::text::line(&cell.text());
    match text.char_indices().nth(CHARS) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
