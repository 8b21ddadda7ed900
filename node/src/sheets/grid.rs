//! A sheet as rows of cells, with the numbers by which people know them.

use std::fmt::Write as _;

use jiff::civil::DateTime;

use super::SheetError;
use crate::limits;
use crate::typed::date;

/// One cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text.
    Text(String),
    /// A number, not formatted as a date.
    Number(f64),
    /// A number formatted as a date, in the time that the sheet shows.
    Date(DateTime),
    /// Yes or no.
    Bool(bool),
    /// An error (`#REF!`).
    Error(String),
}

impl Cell {
    /// Whether nothing is in it but space.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Number(_) | Self::Date(_) | Self::Bool(_) | Self::Error(_) => false,
        }
    }

    /// What it says, as it would be typed.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => plain(*number),
            Self::Date(at) if at.time() == jiff::civil::Time::midnight() => at.date().to_string(),
            Self::Date(at) => date::format(*at),
            Self::Bool(true) => "是".to_owned(),
            Self::Bool(false) => "否".to_owned(),
            Self::Error(error) => error.clone(),
        }
    }
}

/// A number with the 15 digits that a spreadsheet keeps.
fn plain(number: f64) -> String {
    if number.abs() >= 1e15 {
        return format!("{number:E}");
    }
    let kept: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    kept.to_string()
}

/// A row that is not blank.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Counted from 1, as the program that made the file shows it; of a text file, the record's.
    pub number: u32,
    /// From the first column on; blank ones at the end are absent.
    pub cells: Vec<Cell>,
}

/// An area in which all cells are one: first and last row and column, rows counted from 1 and columns from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// First and last row.
    pub rows: (u32, u32),
    /// First and last column.
    pub columns: (usize, usize),
}

/// A sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// The sheet's name; empty for text files.
    pub name: String,
    /// Rows that are not blank, in order.
    pub lines: Vec<Line>,
    /// Whether days are counted from 1904.
    pub from_1904: bool,
    /// The last row into which something came after one behind it; 0: there is none.
    pub late: u32,
    /// Decoded from an encoding that does not have all characters, so that `?` may stand for one.
    pub lossy: bool,
}

impl Grid {
    /// An empty one.
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds a cell; cells come in order of rows.
    ///
    /// # Errors
    /// Beyond the bounds of a sheet.
    pub(super) fn push(&mut self, row: u32, column: usize, cell: Cell, count: &mut usize) -> Result<(), SheetError> {
        if cell.is_blank() {
            return Ok(());
        }
        if column >= limits::SHEET_COLUMNS {
            return Err(SheetError::Columns(self.name.clone()));
        }
        if let Cell::Text(text) = &cell
            && text.len() > limits::SHEET_CELL_CHARS
            && text.chars().count() > limits::SHEET_CELL_CHARS
        {
            return Err(SheetError::CellTooLong(reference(column, row)));
        }
        *count += 1;
        if *count > limits::SHEET_CELLS {
            return Err(SheetError::Cells(self.name.clone()));
        }
        let known = self.lines.last().is_some_and(|line| line.number == row);
        if !known {
            if self.lines.len() >= limits::SHEET_ROWS + limits::SHEET_ROWS_BESIDE {
                return Err(SheetError::Rows(self.name.clone()));
            }
            let at = self.lines.partition_point(|line| line.number < row);
            if self.lines.get(at).is_none_or(|line| line.number != row) {
                self.lines.insert(at, Line { number: row, cells: Vec::new() });
            }
        }
        if self.lines.last().is_some_and(|line| line.number != row) {
            self.late = self.late.max(row);
        }
        let at = match known {
            true => self.lines.len() - 1,
            false => self.lines.partition_point(|line| line.number < row),
        };
        let Some(line) = self.lines.get_mut(at) else { return Ok(()) };
        if line.cells.len() <= column {
            line.cells.resize(column + 1, Cell::Empty);
        }
        line.cells[column] = cell;
        Ok(())
    }

    /// Puts the value of each merged area into all its cells.
    ///
    /// # Errors
    /// Beyond the bounds of a sheet.
    pub(super) fn fill(&mut self, merges: &[Merge], count: &mut usize) -> Result<(), SheetError> {
        for merge in merges.iter().take(limits::SHEET_MERGES) {
            let value = self.cell(merge.rows.0, merge.columns.0).cloned().unwrap_or_default();
            if value.is_blank() {
                continue;
            }
            // Only rows that hold something else: a merged blank row stays blank.
            let (from, to) = (merge.rows.0, merge.rows.1);
            let numbers: Vec<u32> =
                self.lines.iter().map(|line| line.number).filter(|number| (from..=to).contains(number)).collect();
            let last = merge.columns.1.min(limits::SHEET_COLUMNS - 1);
            for number in numbers {
                for column in merge.columns.0..=last {
                    if self.cell(number, column).is_none_or(Cell::is_blank) {
                        self.push(number, column, value.clone(), count)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The cell of a row and a column; None where it is beyond what the row has.
    pub fn cell(&self, row: u32, column: usize) -> Option<&Cell> {
        let at = self.lines.partition_point(|line| line.number < row);
        self.lines.get(at).filter(|line| line.number == row)?.cells.get(column)
    }
}

/// How people call a column: `A`, `AB`.
pub fn column_name(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

/// The number of a column by its letters.
pub fn column_of(name: &str) -> Option<usize> {
    if name.is_empty() || name.len() > 3 || !name.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    Some(name.bytes().fold(0, |sum, letter| sum * 26 + usize::from(letter - b'A') + 1) - 1)
}

/// How people call a cell: `B18`.
pub fn reference(column: usize, row: u32) -> String {
    let mut reference = column_name(column);
    let _ = write!(reference, "{row}");
    reference
}
