//! Rows are understood on another core while those behind them are still being unpacked. It is a guess that nothing comes
//! later that changes how they are to be read (merged cells, formulas, a sheet that names the unit of all amounts); rows
//! for which it was wrong are read again. So nothing depends on it but speed.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::grid::{Grid, Line};
use super::header::{self, Layout};
use super::preview::{Row, Setting, row, values};
use super::read::read_watched;
use super::row::Reader;
use super::{SheetError, Workbook};
use crate::typed::Names;

/// Pieces of a sheet that wait to be understood. Where that is slower than reading, the rest is left for later.
const WAITING: usize = 16;

/// Rows of a table that were understood early, from the first on.
#[derive(Debug, Clone)]
pub struct Ahead {
    sheet: String,
    layout: Layout,
    rows: Vec<Row>,
}

impl Ahead {
    /// Its rows, where they are those of the table in `grid` with `layout`.
    pub(super) fn rows_of(self, grid: &Grid, layout: &Layout) -> Vec<Row> {
        let right = self.sheet == grid.name && grid.late <= layout.header_row && self.layout == *layout;
        if right { self.rows } else { Vec::new() }
    }
}

/// Reads a file as [`super::read`] does, and rows of its first sheet ahead by the setting, which may come later; None where
/// it does not come.
///
/// # Errors
/// As [`super::read`].
pub fn read_ahead(
    bytes: &[u8],
    name: &str,
    setting: impl FnOnce() -> Option<Setting> + Send,
) -> Result<Option<(Workbook, Setting, Option<Ahead>)>, SheetError> {
    let (sender, pieces) = sync_channel(WAITING);
    std::thread::scope(|scope| {
        let understanding = scope.spawn(move || {
            let setting = setting()?;
            let ahead = understand(&pieces, &setting);
            Some((setting, ahead))
        });
        let mut sheet = Growing { sender: Some(sender), name: None, sent: 0 };
        let book = read_watched(bytes, name, &mut |grid| sheet.grown(grid));
        drop(sheet);
        let understood = understanding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let book = book?;
        Ok(understood.map(|(setting, ahead)| (book, setting, ahead)))
    })
}

/// The first sheet while it grows.
struct Growing {
    /// None once it is given up.
    sender: Option<SyncSender<Grid>>,
    name: Option<String>,
    sent: usize,
}

impl Growing {
    fn grown(&mut self, grid: &Grid) {
        let Some(sender) = self.sender.as_ref().filter(|_| grid.late == 0) else { return self.sender = None };
        // The last row may go on.
        let whole = grid.lines.len().saturating_sub(1);
        if self.name.get_or_insert_with(|| grid.name.clone()) != &grid.name || whole <= self.sent {
            return;
        }
        let lines = grid.lines[self.sent..whole].to_vec();
        let piece = Grid { name: grid.name.clone(), lines, ..*grid };
        match sender.try_send(piece) {
            Ok(()) => self.sent = whole,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.sender = None,
        }
    }
}

/// What is wrong with the setting or the headers is found again when all is read, and told then.
fn understand(pieces: &Receiver<Grid>, setting: &Setting) -> Option<Ahead> {
    let mapping = &setting.mapping;
    let values = values(mapping).ok()?;
    let names = Names { words: mapping.words.clone(), ..setting.names.clone() };
    let first = pieces.recv().ok()?;
    if mapping.sheet.as_ref().is_some_and(|sheet| *sheet != first.name) {
        return None;
    }
    let kind = mapping.kind_of(&first.name).ok()?;
    let layout = header::find(&first, &Workbook::default(), kind, mapping).ok()??;
    let (parent, home) = (setting.parent.clone(), setting.home.as_deref());
    let mut reader = Reader::new(&layout, &first, parent, &names, home, values, setting.now).ok()?;
    let mut rows = Vec::new();
    let mut read = |lines: &[Line]| rows.extend(lines.iter().map(|line| row(line.number, reader.row(line))));
    read(&first.lines[first.lines.partition_point(|line| line.number <= layout.header_row)..]);
    while let Ok(piece) = pieces.recv() {
        read(&piece.lines);
    }
    Some(Ahead { sheet: first.name, layout: layout.clone(), rows })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use rust_xlsxwriter::{Format, Workbook as Written, XlsxError};

    use super::super::{Mapping, Step, follow_tables, read, tables};
    use super::*;

    const ROWS: u32 = 1_300;

    fn setting() -> Setting {
        Setting {
            parent: "members/here".to_owned(),
            names: Names::default(),
            home: None,
            mapping: Mapping { kind: Some("capital".to_owned()), ..Mapping::default() },
            now: "2026-11-28T04:00:00Z".parse().unwrap(),
        }
    }

    /// A title, headers, and rows of which some repeat another and some are wrong; `more` is written after them.
    fn file(more: impl FnOnce(&mut Written) -> Result<(), XlsxError>) -> Vec<u8> {
        let mut book = Written::new();
        let sheet = book.add_worksheet().set_name("资金").unwrap();
        sheet.write(0, 0, "资金需求").unwrap();
        for (column, header) in (0..).zip(["标题", "方向", "地区", "金额", "正文"]) {
            sheet.write(1, column, header).unwrap();
        }
        for row in 2..ROWS + 2 {
            sheet.write(row, 0, format!("项目 {}", if row % 100 == 0 { 7 } else { row })).unwrap();
            sheet.write(row, 1, if row % 90 == 0 { "或许" } else { "需求" }).unwrap();
            sheet.write(row, 2, "深圳市").unwrap();
            sheet.write(row, 3, row).unwrap();
            sheet.write(row, 4, "说明").unwrap();
        }
        more(&mut book).unwrap();
        book.save_to_buffer().unwrap()
    }

    /// How many rows were understood early, and rightly; the rows are what they would be without.
    fn early(file: &[u8]) -> usize {
        let (book, setting, ahead) = read_ahead(file, "x.xlsx", || Some(setting())).unwrap().unwrap();
        let expected = tables(read(file, "x.xlsx").unwrap(), &setting).unwrap();
        let right = ahead.clone().map_or(0, |ahead| ahead.rows_of(&book.sheets[0], &expected[0].layout).len());
        let mut told = 0;
        let found = follow_tables(book, &setting, ahead, |step| {
            if let Step::Read(table, first, rows) = step {
                assert_eq!((table, first), (0, told));
                assert_eq!(rows, &expected[0].rows[first..first + rows.len()], "nothing that was told changes later");
                told += rows.len();
            }
            ControlFlow::Continue(())
        });
        assert_eq!(found.unwrap()[0].rows, expected[0].rows);
        assert_eq!(told, ROWS as usize);
        right
    }

    #[test]
    fn rows_are_understood_while_others_are_unpacked() {
        // The last piece of a sheet is not worth another core.
        let rows = early(&file(|_| Ok(())));
        assert!(rows > 900, "{rows} of {ROWS}");
        let title = |book: &mut Written| {
            book.worksheet_from_index(0)?.merge_range(0, 0, 0, 4, "资金需求", &Format::new()).map(drop)
        };
        assert!(early(&file(title)) > 900, "a title is merged in most tables");
    }

    #[test]
    fn what_comes_later_and_changes_rows_is_heeded() {
        let merged = |book: &mut Written| {
            book.worksheet_from_index(0)?.merge_range(20, 2, 29, 2, "毕节市", &Format::new()).map(drop)
        };
        assert_eq!(early(&file(merged)), 0);
        let unit = |book: &mut Written| book.add_worksheet().write(0, 0, "单位：万元").map(drop);
        assert_eq!(early(&file(unit)), 0);
    }

    #[test]
    fn nobody_waits_for_a_setting_that_does_not_come() {
        assert_eq!(read_ahead(&file(|_| Ok(())), "x.xlsx", || None).unwrap().map(|_| ()), None);
        assert!(read_ahead(b"nothing", "x.xlsx", || Some(setting())).is_err());
    }
}
