//! What a container holds is counted before anything of it is kept: entries by unpacking them into nothing, and cells
//! that one line of OpenDocument repeats a million times.

use std::io::{Cursor, Read};

use memchr::memmem;
use zip::ZipArchive;

use super::{Format, SheetError};
use crate::limits;

/// What was seen while counting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Cells hold values of other files.
    pub(super) external_links: bool,
    /// Cells may be computed.
    pub(super) formulas: bool,
    /// Cells may be merged.
    pub(super) merges: bool,
}

/// Bytes that are unpacked at a time.
const CHUNK: usize = 64 * 1024;
/// What follows `<` or `:` where a cell is computed, up to the byte behind it.
const FORMULA: u8 = b'f';
/// What a sheet says of merged cells, whatever its namespace is called.
const MERGES: &[u8] = b"mergeCell";
/// Bytes that are looked at again with those behind them.
const OVERLAP: usize = MERGES.len() - 1;

/// A container that is counted, in two steps: what is beside the sheets can be read while these are counted.
pub(super) struct Counting<'a> {
    format: Format,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that the rest may unpack to.
    left: u64,
    seen: Seen,
}

/// Counts all of a container.
///
/// # Errors
/// Where it is damaged, encrypted, or unpacks to too much.
pub(super) fn count(bytes: &[u8], format: Format) -> Result<Seen, SheetError> {
    count_within(bytes, format, limits::SHEET_UNPACKED_BYTES)
}

/// The same with another bound.
pub(super) fn count_within(bytes: &[u8], format: Format, bound: u64) -> Result<Seen, SheetError> {
    Counting::beside_sheets(bytes, format, bound)?.sheets()
}

impl<'a> Counting<'a> {
    /// Counts what is beside the sheets.
    ///
    /// # Errors
    /// As [`count`].
    pub(super) fn beside_sheets(bytes: &'a [u8], format: Format, bound: u64) -> Result<Self, SheetError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if archive.len() > limits::SHEET_ENTRIES {
            return Err(SheetError::Unpacks);
        }
        let mut counting = Self { format, archive, left: bound, seen: Seen::default() };
        counting.entries(|name| !is_sheet(name))?;
        Ok(counting)
    }

    /// Counts the sheets; what was seen in all.
    ///
    /// # Errors
    /// As [`count`].
    pub(super) fn sheets(mut self) -> Result<Seen, SheetError> {
        self.entries(is_sheet)?;
        Ok(self.seen)
    }

    fn entries(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), SheetError> {
        for index in 0..self.archive.len() {
            let entry = self.archive.by_index(index).map_err(|error| match error {
                zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => {
                    SheetError::Protected
                }
                error => broken(error),
            })?;
            let name = entry.name().map_err(broken)?.into_owned();
            if !wanted(&name) {
                continue;
            }
            self.seen.external_links |= name.starts_with("xl/externalLinks/");
            let keep = self.format == Format::Ods && name == "content.xml";
            let mut content = Vec::new();
            let mut entry = entry.take(self.left + 1);
            let mut chunk = vec![0; OVERLAP + CHUNK];
            let mut before = 0;
            loop {
                let read = entry.read(&mut chunk[before..]).map_err(|error| SheetError::Broken(error.to_string()))?;
                if read == 0 {
                    break;
                }
                self.left = self.left.checked_sub(read as u64).ok_or(SheetError::Unpacks)?;
                if keep {
                    content.extend_from_slice(&chunk[before..before + read]);
                }
                let held = before + read;
                self.seen.look_at(&chunk[..held]);
                before = held.min(OVERLAP);
                chunk.copy_within(held - before..held, 0);
            }
            if keep {
                repeated(&content)?;
            }
        }
        Ok(())
    }
}

impl Seen {
    /// Looks at a part of an entry. What it takes for more than it is costs one more reading.
    fn look_at(&mut self, part: &[u8]) {
        self.merges |= memmem::find(part, MERGES).is_some();
        if !self.formulas {
            let mut tags = memchr::memchr_iter(FORMULA, part);
            self.formulas = tags.any(|at| {
                let before = at.checked_sub(1).and_then(|before| part.get(before));
                before.is_some_and(|byte| b"<:".contains(byte))
                    && part.get(at + 1).is_some_and(|byte| b"> /".contains(byte))
            });
        }
    }
}

fn is_sheet(name: &str) -> bool {
    name.starts_with("xl/worksheets/")
}

fn broken(error: zip::result::ZipError) -> SheetError {
    SheetError::Broken(error.to_string())
}

/// Counts the rows and cells of OpenDocument that are more than blanks after the last.
fn repeated(content: &[u8]) -> Result<(), SheetError> {
    const TABLE: &[u8] = b"<table:table ";
    const ROW: &[u8] = b"<table:table-row";
    const ROW_END: &[u8] = b"</table:table-row>";
    const CELL: [&[u8]; 2] = [b"<table:table-cell", b"<table:covered-table-cell"];
    let (mut rows, mut cells) = (0_u64, 0_u64);
    let mut at = 0;
    while let Some(open) = find(content, b"<", at) {
        let rest = &content[open..];
        let end = find(content, b">", open).map_or(content.len(), |end| end + 1);
        let tag = &content[open..end];
        at = end;
        if rest.starts_with(TABLE) {
            (rows, cells) = (0, 0);
        }
        if !rest.starts_with(ROW) || rest.get(ROW.len()).is_some_and(|b| !matches!(b, b' ' | b'>' | b'/')) {
            continue;
        }
        let times = attribute(tag, b"number-rows-repeated");
        rows = rows.saturating_add(times);
        if tag.ends_with(b"/>") {
            continue;
        }
        let close = find(content, ROW_END, end).unwrap_or(content.len());
        let (mut columns, mut last) = (0_u64, 0_u64);
        let row = &content[end..close];
        let mut inside = 0;
        while let Some(open) = find(row, b"<", inside) {
            let end = find(row, b">", open).map_or(row.len(), |end| end + 1);
            let tag = &row[open..end];
            inside = end;
            if CELL.iter().any(|cell| tag.starts_with(cell)) {
                columns = columns.saturating_add(attribute(tag, b"number-columns-repeated"));
                let filled = find(tag, b"value", 0).is_some() || find(tag, b":formula", 0).is_some();
                if filled {
                    last = columns;
                }
            } else if tag.starts_with(b"<text:") {
                last = columns;
            }
        }
        at = close;
        if last == 0 {
            continue;
        }
        cells = cells.saturating_add(last.saturating_mul(times));
        if rows > (limits::SHEET_ROWS + limits::SHEET_ROWS_BESIDE) as u64 {
            return Err(SheetError::Rows("ods".to_owned()));
        }
        if last > limits::SHEET_COLUMNS as u64 {
            return Err(SheetError::Columns("ods".to_owned()));
        }
        if cells > limits::SHEET_CELLS as u64 {
            return Err(SheetError::Cells("ods".to_owned()));
        }
    }
    Ok(())
}

fn find(content: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    memmem::find(content.get(from..)?, wanted).map(|at| from + at)
}

/// The number that an attribute of a tag has; 1 where it has none.
fn attribute(tag: &[u8], name: &[u8]) -> u64 {
    let value = find(tag, name, 0).map(|at| &tag[at + name.len()..]);
    let digits = value.and_then(|rest| rest.iter().position(u8::is_ascii_digit).map(|at| &rest[at..]));
    let Some(digits) = digits else { return 1 };
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..end]).ok().and_then(|text| text.parse().ok()).unwrap_or(u64::MAX)
}
