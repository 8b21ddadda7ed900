//! The rows that are wrong, as a workbook to be corrected and imported again: cells marked, with a comment saying why.

use duikou_proto::language::Language;
use rust_xlsxwriter::{Format, FormatAlign, Note, Workbook};

use super::{broken, header_format, on_paper, text_format};
use crate::sheets::SheetError;
use crate::sheets::fields::Field;
use crate::sheets::grid::{Cell, Grid};
use crate::sheets::mapping::{FOR_ALL, NOT_IMPORTED};
use crate::sheets::preview::{State, Table};
use crate::sheets::row::Remark;

/// The last column, which no import reads.
const WHY: (&str, &str) = ("问题", "Problem");
/// Characters of a comment.
const NOTE_CHARS: usize = 1_000;

/// Writes the wrong rows of all tables; each sheet begins with what stands above its headers.
///
/// # Errors
/// Where the workbook cannot be written.
pub fn faults(tables: &[Table], language: Language) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let wrong_format = text_format().set_background_color("#FFC7CE");
    let why_format = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_font_color("#9C0006");
    let (header, text) = (header_format(), text_format());
    for (number, table) in (1_usize..).zip(tables) {
        let sheet = book.add_worksheet();
        let name = if table.grid.name.is_empty() { format!("Sheet{number}") } else { table.grid.name.clone() };
        sheet.set_name(&name).map_err(broken)?;
        let mut row = 0_u32;
        for title in titles(&table.grid, table.layout.header_row) {
            sheet.write_string_with_format(row, 0, title, &text).map_err(broken)?;
            row += 1;
        }
        let mut last = 0;
        for column in &table.layout.columns {
            let at = u16::try_from(column.index).unwrap_or(u16::MAX);
            last = last.max(at);
            // What another place said of the unit is said here: it is not in this workbook.
            let name = match &column.unit_said {
                Some(unit) => format!("{}（{unit}）", column.header),
                None => column.header.clone(),
            };
            sheet.write_string_with_format(row, at, name, &header).map_err(broken)?;
            sheet.set_column_width(at, 18.0).map_err(broken)?;
        }
        // What was said for all rows goes with those that are left: it is said nowhere in their cells.
        let has = |field: Field| table.layout.columns.iter().any(|column| column.field == Some(field));
        let beside: Vec<(&Field, &String)> = table.values.iter().filter(|(field, _)| !has(**field)).collect();
        for (field, _) in &beside {
            last = last.saturating_add(1);
            let name = match language {
                Language::Zh => format!("{}{}", field.info().zh, FOR_ALL.0),
                Language::En => format!("{}{}", field.info().en, FOR_ALL.1),
            };
            sheet.write_string_with_format(row, last, name, &header).map_err(broken)?;
            sheet.set_column_width(last, 18.0).map_err(broken)?;
        }
        let why_at = last.saturating_add(1);
        let why = match language {
            Language::Zh => format!("{}{}", WHY.0, NOT_IMPORTED.0),
            Language::En => format!("{}{}", WHY.1, NOT_IMPORTED.1),
        };
        sheet.write_string_with_format(row, why_at, why, &header).map_err(broken)?;
        sheet.set_column_width(why_at, 60.0).map_err(broken)?;
        on_paper(sheet, row, 1)?;
        row += 1;
        sheet.set_freeze_panes(row, 0).map_err(broken)?;
        for wrong in table.rows.iter().filter(|row| row.state == State::Wrong) {
            for column in &table.layout.columns {
                let at = u16::try_from(column.index).unwrap_or(u16::MAX);
                let held = table.grid.cell(wrong.number, column.index).filter(|cell| !cell.is_blank()).map(Cell::text);
                let for_all = || column.field.and_then(|field| table.values.get(&field)).cloned();
                let value = held.or_else(for_all).unwrap_or_default();
                let faults: Vec<&Remark> =
                    wrong.faults.iter().filter(|fault| fault.column == Some(column.index)).collect();
                let format = if faults.is_empty() { &text } else { &wrong_format };
                sheet.write_string_with_format(row, at, value, format).map_err(broken)?;
                if !faults.is_empty() {
                    let told: Vec<&str> = faults.iter().map(|fault| fault.text.in_language(language)).collect();
                    let told: String = told.join("\n").chars().take(NOTE_CHARS).collect();
                    let note = Note::new(told).add_author_prefix(false);
                    sheet.insert_note(row, at, &note).map_err(broken)?;
                }
            }
            let first = why_at.saturating_sub(u16::try_from(beside.len()).unwrap_or(u16::MAX));
            for (at, (_, value)) in (first..).zip(&beside) {
                sheet.write_string_with_format(row, at, value.as_str(), &text).map_err(broken)?;
            }
            sheet
                .write_string_with_format(row, why_at, told(wrong.number, &wrong.faults, language), &why_format)
                .map_err(broken)?;
            row += 1;
        }
    }
    book.save_to_buffer().map_err(broken)
}

/// What stands above the headers, each text once.
fn titles(grid: &Grid, header_row: u32) -> Vec<String> {
    let above = grid.lines.iter().filter(|line| line.number < header_row);
    above
        .filter_map(|line| {
            let mut texts: Vec<String> = line.cells.iter().filter(|cell| !cell.is_blank()).map(Cell::text).collect();
            texts.dedup();
            (!texts.is_empty()).then(|| texts.join("　"))
        })
        .collect()
}

fn told(row: u32, faults: &[Remark], language: Language) -> String {
    let one = |fault: &Remark| match fault.cell(row) {
        cell if cell.is_empty() => fault.text.in_language(language).to_owned(),
        cell => format!("{cell}: {}", fault.text.in_language(language)),
    };
    faults.iter().map(one).collect::<Vec<_>>().join("\n")
}
