//! What the columns of an import hold: as they were recognised, and as somebody has said since; and what no column says.

use std::collections::BTreeMap;

use duikou_proto::language::Language;

use crate::imports::Import;
use crate::sheets::fields::{Field as Column, Info};
use crate::sheets::{self, ColumnMapping, ColumnOutline, Kind, Outline, TableOutline};

/// What may be the same for all rows: always, and where no column has it.
const ALWAYS: [Column; 2] = [Column::Audience, Column::Expire];
const OTHERWISE: [Column; 10] = [
    Column::Direction,
    Column::Regions,
    Column::Industries,
    Column::Office,
    Column::Person,
    Column::Phone,
    Column::Email,
    Column::SupplyType,
    Column::Instrument,
    Column::Phase,
];

/// A column that is shown.
pub(in super::super) struct Shown<'a> {
    /// `0.3`: the sheet, and the column in it.
    pub(in super::super) place: String,
    sheet: usize,
    /// What the rows of its table are.
    pub(in super::super) kind: Kind,
    pub(in super::super) column: &'a ColumnOutline,
}

/// Columns that are shown: of those with one header in tables of one kind the first sheet's.
pub(in super::super) fn shown(outline: &Outline) -> Vec<Shown<'_>> {
    let mut found: Vec<Shown<'_>> = Vec::new();
    for (sheet, kind, table) in tables(outline) {
        for column in &table.columns {
            let of_kind = |known: &&Shown<'_>| known.kind == kind && known.sheet != sheet;
            if !found.iter().filter(of_kind).any(|known| known.column.header == column.header) {
                found.push(Shown { place: format!("{sheet}.{}", column.index), sheet, kind, column });
            }
        }
    }
    found
}

pub(super) fn tables(outline: &Outline) -> impl Iterator<Item = (usize, Kind, &TableOutline)> {
    let found = outline.sheets.iter().enumerate().filter_map(|(at, sheet)| Some((at, sheet.table.as_ref()?)));
    found.filter_map(|(at, table)| Some((at, Kind::parse(&table.kind)?, table)))
}

/// The kinds of what was found, each once.
pub(in super::super) fn kinds_of(outline: &Outline) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (_, kind, _) in tables(outline) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The kind of each sheet in which something was found, by its name.
pub(in super::super) fn kinds_of_sheets(outline: &Outline) -> BTreeMap<String, String> {
    tables(outline).map(|(at, kind, _)| (outline.sheets[at].name.clone(), kind.name().to_owned())).collect()
}

/// The fields that may be said for all rows.
pub(in super::super) fn for_all(import: &Import, outline: &Outline) -> Vec<&'static Info> {
    let kinds = kinds_of(outline);
    // What was said for all is shown, whatever a column holds by now.
    let said = |column: Column| import.mapping.values.contains_key(column.info().id);
    let otherwise = OTHERWISE.iter().filter(|column| said(**column) || is_lacking(import, outline, **column));
    let fields = ALWAYS.iter().chain(otherwise).map(|column| column.info());
    fields.filter(|info| kinds.iter().any(|kind| info.is_of(*kind))).collect()
}

/// What was said by hand of a column in a table of this kind.
pub(super) fn by_hand<'a>(
    import: &'a Import,
    outline: &Outline,
    kind: Kind,
    column: &ColumnOutline,
) -> Option<&'a ColumnMapping> {
    let of_kind = || tables(outline).filter(|(_, of, _)| *of == kind).flat_map(|(_, _, table)| &table.columns);
    let is_header = |known: &str| of_kind().any(|column| column.header == known);
    import.mapping.of_column(kind, column.index, &column.header, is_header)
}

/// Whether nobody has said which of several fields a column holds.
pub(super) fn is_open(import: &Import, outline: &Outline, shown: &Shown<'_>) -> bool {
    !shown.column.open.is_empty() && by_hand(import, outline, shown.kind, shown.column).is_none()
}

/// Whether of any column nobody has said which of several fields it holds.
pub(in super::super) fn has_open_columns(import: &Import, outline: &Outline) -> bool {
    shown(outline).iter().any(|shown| is_open(import, outline, shown))
}

/// What a column can hold.
pub(super) fn which(column: &ColumnOutline, language: Language) -> String {
    let open: Vec<Column> = column.open.iter().filter_map(|id| Column::parse(id)).collect();
    sheets::which(&open).in_language(language).to_owned()
}

/// The id of the field that a column holds: as somebody said since the file was looked at, else as it was recognised.
pub(super) fn held<'a>(
    import: &'a Import,
    outline: &Outline,
    kind: Kind,
    column: &'a ColumnOutline,
) -> Option<&'a str> {
    by_hand(import, outline, kind, column).map_or(column.field.as_deref(), |said| said.field.as_deref())
}

/// Whether a table has no column that holds a field which its rows may have.
pub(super) fn lacks(import: &Import, outline: &Outline, kind: Kind, table: &TableOutline, field: Column) -> bool {
    let holds = |column| held(import, outline, kind, column) == Some(field.info().id);
    field.info().is_of(kind) && !table.columns.iter().any(holds)
}

/// Whether some table lacks a field.
fn is_lacking(import: &Import, outline: &Outline, field: Column) -> bool {
    tables(outline).any(|(_, kind, table)| lacks(import, outline, kind, table, field))
}

/// What the headers of all tables that lack a field say it is; None where one says nothing, or another thing.
pub(super) fn implied<'a>(import: &Import, outline: &'a Outline, field: Column) -> Option<&'a str> {
    let of = |table: &'a TableOutline| table.implied.get(field.info().id).map(String::as_str);
    let mut said = tables(outline)
        .filter(|(_, kind, table)| lacks(import, outline, *kind, table, field))
        .map(|(.., table)| of(table));
    let first = said.next()??;
    said.all(|other| other == Some(first)).then_some(first)
}

/// Whether rows need a field of which neither a column says anything, nor what was said for all.
pub(super) fn is_wanted(import: &Import, outline: &Outline, info: &Info) -> bool {
    let silent = |(_, kind, table): (usize, Kind, &TableOutline)| {
        // An event is where its venue is.
        let elsewhere = info.field == Column::Regions && kind == Kind::Event;
        lacks(import, outline, kind, table, info.field) && !elsewhere && !table.implied.contains_key(info.id)
    };
    info.is_needed() && tables(outline).any(silent)
}

/// Whether of some rows nobody was told who may see them: neither by a column nor for all.
pub(in super::super) fn audience_is_open(import: &Import, outline: &Outline) -> bool {
    is_lacking(import, outline, Column::Audience) && !import.mapping.values.contains_key(Column::Audience.info().id)
}
