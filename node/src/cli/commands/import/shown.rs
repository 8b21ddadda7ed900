//! What an import of a spreadsheet tells: of its tables, and row by row.

use serde_json::json;

use super::table::counts;
use crate::cli::output::table as people;
use crate::cli::{CommandError, Context, OutputForm, Text, clean};
use crate::sheets::{Packed, Remark, Row, State, Table, place};

/// Rows of a preview that are shown to people; programs get all.
const ROWS: usize = 1_000;

/// How a table is read.
pub(super) fn about(table: &Table) -> Vec<Text> {
    let (name_zh, name_en) = match &*table.grid.name {
        "" => (String::new(), "The file".to_owned()),
        name => (format!("工作表“{name}”"), format!("Sheet {name}")),
    };
    let (kind, size) = (table.layout.kind, table.size);
    let read = Text::new(
        format!("{name_zh}按“{}”读取，表头在第 {} 行，共 {size} 行", kind.zh(), table.layout.header_row),
        format!("{name_en} is read as {}: headers in row {}, {size} rows", kind.name(), table.layout.header_row),
    );
    std::iter::once(read).chain(table.notes.iter().cloned()).collect()
}

/// Shows the rows and what became of them.
pub(super) fn rows(context: &Context, tables: &[Table], dry_run: bool) -> Result<(), CommandError> {
    let summary = counts(tables).text(dry_run);
    match context.global.output {
        OutputForm::Table => {
            if dry_run {
                preview(context, tables)?;
            } else {
                told(context, tables);
            }
            context.print(summary.in_language(context.language))
        }
        OutputForm::Json => {
            let all: Vec<_> = documents(context, tables).collect();
            context.print(&serde_json::to_string_pretty(&all).unwrap_or_default())?;
            context.note(&summary);
            Ok(())
        }
        OutputForm::Jsonl => {
            for document in documents(context, tables) {
                context.print(&document.to_string())?;
            }
            context.note(&summary);
            Ok(())
        }
    }
}

/// A table for people: what would happen to each row, and why.
fn preview(context: &Context, tables: &[Table]) -> Result<(), CommandError> {
    let header =
        [Text::new("行", "ROW"), Text::new("结果", "RESULT"), Text::new("标题", "TITLE"), Text::new("说明", "WHY")];
    for table in tables {
        let mut shown = people(context, &header);
        let rows = table.rows.iter().filter(|row| row.state != State::Unchanged || !row.notes.is_empty());
        let count = rows.clone().count();
        for row in rows.take(ROWS) {
            let state = row.state.text().in_language(context.language).to_owned();
            let why: Vec<String> = remarks(row).map(|remark| line(context, row, remark)).collect();
            let cells = [row.number.to_string(), state, title(row), why.join("\n")];
            shown.add_row(cells.map(|cell| clean(&cell)));
        }
        if count > 0 {
            if tables.len() > 1 {
                context.print(&clean(&table.grid.name))?;
            }
            context.print(&shown.trim_fmt())?;
        }
        if count > ROWS {
            let rest = count - ROWS;
            context.note(&Text::new(
                format!("另有 {rest} 行；--output jsonl 显示全部"),
                format!("{rest} more rows; --output jsonl shows all"),
            ));
        }
    }
    Ok(())
}

/// Lines to standard error for the rows of which there is something to say.
fn told(context: &Context, tables: &[Table]) {
    for table in tables {
        // Of several sheets each has such a row.
        let sheet = if tables.len() > 1 { &*table.grid.name } else { "" };
        for row in &table.rows {
            for remark in &row.faults {
                context.warn(&Text::same(told_line(context, sheet, row, remark)));
            }
            for remark in &row.notes {
                context.note(&Text::same(told_line(context, sheet, row, remark)));
            }
        }
    }
}

fn told_line(context: &Context, sheet: &str, row: &Row, remark: &Remark) -> String {
    let place = match remark.column {
        Some(_) if sheet.is_empty() => remark.cell(row.number),
        Some(_) => format!("{sheet}!{}", remark.cell(row.number)),
        None => place(sheet, row.number).in_language(context.language).to_owned(),
    };
    format!("{place}{}{}", context.say("：", ": "), remark.text.in_language(context.language))
}

fn remarks(row: &Row) -> impl Iterator<Item = &Remark> {
    row.faults.iter().chain(&row.notes)
}

fn line(context: &Context, row: &Row, remark: &Remark) -> String {
    let text = remark.text.in_language(context.language);
    match remark.cell(row.number) {
        cell if cell.is_empty() => text.to_owned(),
        cell => format!("{cell}{}{text}", context.say("：", ": ")),
    }
}

fn title(row: &Row) -> String {
    row.listing.as_ref().map(Packed::title).unwrap_or_default()
}

/// A document for each row.
fn documents<'a>(context: &'a Context, tables: &'a [Table]) -> impl Iterator<Item = serde_json::Value> + 'a {
    tables.iter().flat_map(move |table| {
        table.rows.iter().map(move |row| {
            let said = |remarks: &[Remark]| -> Vec<serde_json::Value> {
                let one = |remark: &Remark| {
                    json!({
                        "cell": remark.cell(row.number),
                        "field": remark.field.map(|field| field.info().id),
                        "message": remark.text.in_language(context.language),
                    })
                };
                remarks.iter().map(one).collect()
            };
            json!({
                "sheet": table.grid.name,
                "row": row.number,
                "state": row.state.name(),
                "name": row.listing.as_ref().map(Packed::name),
                "title": title(row),
                "waitsForApproval": row.waits,
                "faults": said(&row.faults),
                "notes": said(&row.notes),
            })
        })
    })
}
