//! Text files: the encoding and the separator are found out, quotes are those of RFC 4180.

use encoding_rs::{GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::SheetError;
use super::grid::{Cell, Grid};

/// Characters with which spreadsheets begin a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Reads a text file: with a byte order mark in what that says, else as UTF-8, else as GB18030.
///
/// # Errors
/// Where it is none of these, or beyond the bounds of a sheet.
pub(super) fn read(bytes: &[u8]) -> Result<Grid, SheetError> {
    let (text, lossy) = decode(bytes)?;
    let separator = separator(&text);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let mut grid = Grid { lossy, ..Grid::default() };
    let mut count = 0;
    let mut record = csv::StringRecord::new();
    let mut number = 0_u32;
    while reader.read_record(&mut record).map_err(|error| SheetError::Broken(error.to_string()))? {
        // The reader passes over blank lines, which count as rows in spreadsheets.
        let blanks = blank_lines(&text, record.position().map_or(0, csv::Position::byte));
        number = number.saturating_add(1).saturating_add(u32::try_from(blanks).unwrap_or(u32::MAX));
        for (column, field) in record.iter().enumerate() {
            if !field.is_empty() {
                grid.push(number, column, Cell::Text(unguarded(field).to_owned()), &mut count)?;
            }
        }
    }
    Ok(grid)
}

/// Blank lines before the record that begins at a byte, or behind the line ends there.
fn blank_lines(text: &str, byte: u64) -> usize {
    let at = usize::try_from(byte).ok().filter(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    let begin = before.trim_end_matches(['\n', '\r']).len();
    let end = text.len() - after.trim_start_matches(['\n', '\r']).len();
    let count = |c: char| text[begin..end].matches(c).count();
    let ends = if count('\n') > 0 { count('\n') } else { count('\r') };
    if begin == 0 { ends } else { ends.saturating_sub(1) }
}

fn decode(bytes: &[u8]) -> Result<(String, bool), SheetError> {
    let encodings = match bytes {
        [0xff, 0xfe, ..] => vec![UTF_16LE],
        [0xfe, 0xff, ..] => vec![UTF_16BE],
        _ => vec![UTF_8, GB18030],
    };
    for encoding in encodings {
        let (text, _, malformed) = encoding.decode(bytes);
        if !malformed && !text.contains('\0') {
            return Ok((text.into_owned(), encoding == GB18030));
        }
    }
    Err(SheetError::Unknown)
}

/// What separates the fields of the first line that is not blank.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| first.bytes().filter(|b| *b == separator).count();
    let mut best = b',';
    for separator in [b'\t', b';'] {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

/// What stands in a cell of a text file, so that no spreadsheet takes it for a formula.
pub(super) fn guarded(text: &str) -> String {
    if text.trim_start_matches('\'').starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}

/// What [`guarded`] was given.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let grid = read(bytes).unwrap();
        grid.lines.iter().map(|line| (line.number, line.cells.iter().map(Cell::text).collect())).collect()
    }

    #[test]
    fn encodings_and_separators_are_found_out() {
        let text = "名称,地区\n茶,毕节\n";
        let expected =
            vec![(1, vec!["名称".to_owned(), "地区".to_owned()]), (2, vec!["茶".to_owned(), "毕节".to_owned()])];
        let (gb, _, _) = GB18030.encode(text);
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            gb.into_owned(),
            utf16,
            text.replace(',', "\t").into_bytes(),
            text.replace(',', ";").replace('\n', "\r\n").into_bytes(),
        ] {
            assert_eq!(rows(&bytes), expected);
        }
        assert_eq!(read(&[0xff, 0x81, 0x00, 0xff]), Err(SheetError::Unknown));
    }

    #[test]
    fn records_keep_the_numbers_that_people_count() {
        let numbers: Vec<u32> = rows("a\n\nb\n\"x\n\ny\"\n,\nc".as_bytes()).into_iter().map(|row| row.0).collect();
        assert_eq!(numbers, [1, 3, 4, 6]);
    }

    proptest! {
        #[test]
        fn no_cell_begins_a_formula_and_all_come_back(text in "['=+@\t\r茶a-]{0,6}") {
            let guarded = guarded(&text);
            prop_assert!(!guarded.starts_with(FORMULA));
            prop_assert_eq!(unguarded(&guarded), text);
        }
    }
}
