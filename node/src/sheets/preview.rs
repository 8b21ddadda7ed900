//! A table row by row: what each is, and what importing it would do.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::panic::resume_unwind;

use duikou_proto::language::Text;
use duikou_proto::v1;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use jiff::Timestamp;

use super::ahead::Ahead;
use super::fields::{Field, of_path, of_violation};
use super::grid::{Grid, Line, column_name};
use super::header::{self, Column, Layout};
use super::kind::Kind;
use super::mapping::{Mapping, fingerprint};
use super::packed::Packed;
use super::row::{Read, Reader, Remark};
use super::{SheetError, Workbook};
use crate::limits;
use crate::typed::{Names, labels};

/// Whose listings, and how they are to be read.
#[derive(Debug, Clone)]
pub struct Setting {
    /// `members/ID`, short or full.
    pub parent: String,
    /// How members and circles are called.
    pub names: Names,
    /// The member's own region: where its events are whose venue does not say.
    pub home: Option<String>,
    /// What is said of the table by hand.
    pub mapping: Mapping,
    /// Now.
    pub now: Timestamp,
}

/// What a row is, or what importing it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It can be imported; what that would do has not been asked.
    Good,
    /// It makes a listing.
    New,
    /// It changes one.
    Changed,
    /// It is there already.
    Unchanged,
    /// It waits to be approved.
    Submitted,
    /// Something is wrong with it.
    Wrong,
    /// It repeats another row.
    Repeated,
    /// It is no listing: a sum, a heading, a note.
    Passed,
}

impl State {
    /// For programs: `NEW`, `WRONG` …
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "GOOD",
            Self::New => "NEW",
            Self::Changed => "CHANGED",
            Self::Unchanged => "UNCHANGED",
            Self::Submitted => "SUBMITTED",
            Self::Wrong => "WRONG",
            Self::Repeated => "REPEATED",
            Self::Passed => "PASSED",
        }
    }

    /// For people.
    pub fn text(self) -> Text {
        match self {
            Self::Good => Text::new("可导入", "good"),
            Self::New => Text::new("新增", "new"),
            Self::Changed => Text::new("更新", "changed"),
            Self::Unchanged => Text::new("未变", "unchanged"),
            Self::Submitted => Text::new("待审核", "handed in"),
            Self::Wrong => Text::new("有误", "wrong"),
            Self::Repeated => Text::new("重复", "repeated"),
            Self::Passed => Text::new("跳过", "passed over"),
        }
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number in the file.
    pub number: u32,
    /// What it is.
    pub state: State,
    /// The listing, as far as it could be read; absent where it is none.
    pub listing: Option<Packed>,
    /// What is wrong.
    pub faults: Vec<Remark>,
    /// What its writer should know.
    pub notes: Vec<Remark>,
    /// What it makes or changes has to be approved first; known of what was only tried.
    pub waits: bool,
    /// The name of the draft that waits to be approved; empty: there is none.
    pub draft: Box<str>,
}

/// A table and its rows.
#[derive(Debug, Clone)]
pub struct Table {
    /// The cells, as they were read.
    pub grid: Grid,
    /// Where it begins, and its columns.
    pub layout: Layout,
    /// What was said for all its rows.
    pub(super) values: BTreeMap<Field, String>,
    /// What its headers are known by.
    pub fingerprint: String,
    /// What is to be said of the whole.
    pub notes: Vec<Text>,
    /// How many rows it has: all below the headers that are not blank.
    pub size: usize,
    /// Those of them that have been read.
    pub rows: Vec<Row>,
}

/// What whoever follows the reading of tables is told.
#[derive(Debug)]
pub enum Step<'a> {
    /// The tables, before any of their rows is read: nothing is wrong with the file as a whole.
    Found(&'a [Table]),
    /// More rows: the index of their table, that of the first of them, and what they are. None of them is changed by
    /// what comes later.
    Read(usize, usize, &'a [Row]),
}

/// Reads all tables of a workbook, or of the sheet that the mapping names.
///
/// # Errors
/// Where there is none, where it cannot be told of what kind it is, and for a mapping that does not fit.
pub fn tables(book: Workbook, setting: &Setting) -> Result<Vec<Table>, SheetError> {
    read_tables(book, setting, None, true, |_| ControlFlow::Continue(()))
}

/// The same for whoever goes on with rows while later ones are read, and may break it off. What was understood `ahead` is
/// not read again.
///
/// # Errors
/// As [`tables`], before anything is told.
pub fn follow_tables(
    book: Workbook,
    setting: &Setting,
    ahead: Option<Ahead>,
    tell: impl FnMut(Step<'_>) -> ControlFlow<()>,
) -> Result<Vec<Table>, SheetError> {
    read_tables(book, setting, ahead, true, tell)
}

/// The same as [`tables`], but the cells of a row go as soon as it is read, since a table and all that was read of it
/// would be held together. [`Table::take_cells`] brings them back.
///
/// # Errors
/// As [`tables`].
pub(crate) fn tables_without_cells(book: Workbook, setting: &Setting) -> Result<Vec<Table>, SheetError> {
    read_tables(book, setting, None, false, |_| ControlFlow::Continue(()))
}

fn read_tables(
    book: Workbook,
    setting: &Setting,
    mut ahead: Option<Ahead>,
    keeps_cells: bool,
    mut tell: impl FnMut(Step<'_>) -> ControlFlow<()>,
) -> Result<Vec<Table>, SheetError> {
    let mapping = &setting.mapping;
    let values = values(mapping)?;
    let names = Names { words: mapping.words.clone(), ..setting.names.clone() };
    let wanted = |grid: &Grid| mapping.sheet.as_ref().is_none_or(|sheet| *sheet == grid.name);
    let of = |grid: &Grid| match wanted(grid) {
        true => header::find(grid, &book, mapping.kind_of(&grid.name)?, mapping),
        false => Ok(None),
    };
    let layouts = book.sheets.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    if let Some(sheet) = mapping.sheet.as_ref().filter(|_| !book.sheets.iter().any(wanted)) {
        return Err(SheetError::NoSheet(sheet.clone()));
    }
    let (mut tables, mut readers) = (Vec::new(), Vec::new());
    for (grid, layout) in book.sheets.into_iter().zip(&layouts) {
        let Some(layout) = layout else { continue };
        let (parent, home) = (setting.parent.clone(), setting.home.as_deref());
        let reader = Reader::new(layout, &grid, parent, &names, home, values.clone(), setting.now)?;
        tables.push(Table::of(grid, layout, reader.values.clone(), book.external_links)?);
        readers.push(reader);
    }
    if tables.is_empty() {
        return Err(SheetError::NoHeader);
    }
    let kinds = || tables.iter().map(|table| table.layout.kind);
    if let Some(field) = values.keys().find(|field| !kinds().any(|kind| field.info().is_of(kind))) {
        return Err(SheetError::Field(field.info().id.to_owned()));
    }
    let mut told = tell(Step::Found(&tables));
    // A server has others to answer meanwhile.
    let cores = if keeps_cells { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 };
    let mut first = HashMap::new();
    for (index, reader) in readers.into_iter().enumerate() {
        let mut readers = vec![reader; cores];
        let table = &tables[index];
        let mut early =
            ahead.take().map(|ahead| ahead.rows_of(&table.grid, &table.layout)).unwrap_or_default().into_iter();
        let above = tables[index].grid.lines.len() - tables[index].size;
        let mut lines = tables[index].grid.lines.split_off(above);
        for run in lines.chunks_mut(RUN * cores) {
            if told.is_break() {
                break;
            }
            let from = tables[index].rows.len();
            tables[index].rows.extend(early.by_ref().take(run.len()));
            let known = tables[index].rows.len() - from;
            tables[index].rows.extend(on_cores(&mut readers, &run[known..]));
            if !keeps_cells {
                run.iter_mut().for_each(|line| line.cells = Vec::new());
            }
            mark_repeated(&mut tables, index, from, &mut first);
            told = tell(Step::Read(index, from, &tables[index].rows[from..]));
        }
        if keeps_cells {
            tables[index].grid.lines.append(&mut lines);
        }
    }
    Ok(tables)
}

/// Reads a run of rows, a share of it on each core.
fn on_cores(readers: &mut [Reader<'_>], lines: &[Line]) -> Vec<Row> {
    let share = lines.len().div_ceil(readers.len()).max(1);
    let read = |reader: &mut Reader<'_>, lines: &[Line]| -> Vec<Row> {
        lines.iter().map(|line| row(line.number, reader.row(line))).collect()
    };
    let Some((here, others)) = readers.split_first_mut() else { return Vec::new() };
    let (own, rest) = lines.split_at(share.min(lines.len()));
    std::thread::scope(|scope| {
        let shares = others.iter_mut().zip(rest.chunks(share));
        let begun: Vec<_> = shares.map(|(reader, lines)| scope.spawn(move || read(reader, lines))).collect();
        let mut rows = read(here, own);
        for share in begun {
            rows.extend(share.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        rows
    })
}

/// Rows that a core reads before whoever follows is told of them.
const RUN: usize = 500;

pub(super) fn values(mapping: &Mapping) -> Result<BTreeMap<Field, String>, SheetError> {
    let field = |text: &String| Field::parse(text).ok_or_else(|| SheetError::Field(text.clone()));
    mapping.values.iter().map(|(name, value)| Ok((field(name)?, value.clone()))).collect()
}

pub(super) fn row(number: u32, read: Read) -> Row {
    match read {
        Read::Passed(why) => {
            let notes = vec![Remark::of_row(why)];
            Row {
                number,
                state: State::Passed,
                listing: None,
                faults: Vec::new(),
                notes,
                waits: false,
                draft: "".into(),
            }
        }
        Read::Row { listing, faults, notes } => {
            let state = if faults.is_empty() { State::Good } else { State::Wrong };
            Row { number, state, listing: Some(Packed::of(*listing)), faults, notes, waits: false, draft: "".into() }
        }
    }
}

/// What is to be said of a table as a whole.
fn notes(layout: &Layout, values: &BTreeMap<Field, String>) -> Vec<Text> {
    let mut notes = Vec::new();
    let has = |field| values.contains_key(&field) || layout.columns.iter().any(|column| column.field == Some(field));
    let left: Vec<String> = layout
        .columns
        .iter()
        .filter(|column| column.field.is_none() && column.open.is_empty())
        .map(header::Column::name)
        .collect();
    if !left.is_empty() {
        let left = left.join("、");
        notes.push(Text::new(format!("未导入的列：{left}"), format!("columns that are not imported: {left}")));
    }
    for column in layout.columns.iter().filter(|column| !column.open.is_empty()) {
        let ids = column.open.iter().map(|field| field.info().id).collect::<Vec<_>>().join("、");
        notes.push(Text::new(
            format!("“{}”列的含义不止一种，请用 --mapping 指明是其中哪一个：{ids}", column.header),
            format!("column {} can mean several things: say by --mapping which of {ids} it is", column.header),
        ));
    }
    for column in layout.columns.iter().filter(|column| column.unit_said.is_some()) {
        let said = column.unit_said.as_deref().unwrap_or_default();
        notes.push(Text::new(
            format!("“{}”列的单位按表中说明读作{said}", column.header),
            format!("column {} is counted in {said}, as the table says", column.header),
        ));
    }
    if let Some(label) = labels::of(labels::DIRECTIONS, layout.implied.direction).filter(|_| !has(Field::Direction)) {
        notes.push(Text::new(
            format!("方向按表头读作“{}”", label.zh),
            format!("by the headers these are of the direction {}", label.en),
        ));
    }
    if !has(Field::Audience) {
        notes.push(Text::new(
            "没有给出可见范围：导入后只在本节点保存，不发给任何成员",
            "no audience is given: what is imported stays on this node and is sent to nobody",
        ));
    }
    notes
}

/// What of a listing, or of its draft, a row changes.
fn changed(paths: &[String], kind: Kind) -> Text {
    let mut names: Vec<Text> = Vec::new();
    for path in paths {
        let name = of_path(path, kind).map_or_else(|| Text::same(path.clone()), |field| field.info().name());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Text::new("已有内容相同的草稿", "a draft says the same already");
    }
    let all = |text: fn(&Text) -> &str, comma| names.iter().map(text).collect::<Vec<_>>().join(comma);
    Text::new(format!("改动：{}", all(|name| &name.zh, "、")), format!("it changes: {}", all(|name| &name.en, ", ")))
}

/// A listing that two rows make: the second repeats the first, or contradicts it.
/// `first` has the names of all rows before those of `table` from `from` on.
fn mark_repeated(tables: &mut [Table], table: usize, from: usize, first: &mut HashMap<String, (usize, usize)>) {
    for row in from..tables[table].rows.len() {
        let Some(listing) = &tables[table].rows[row].listing else { continue };
        let Some(&(other_table, other_row)) = first.get(listing.name()) else {
            first.insert(listing.name().to_owned(), (table, row));
            continue;
        };
        let other = &tables[other_table].rows[other_row];
        let number = other.number;
        let sheet = Some(&*tables[other_table].grid.name).filter(|_| other_table != table).unwrap_or_default();
        let place = place(sheet, number);
        let same = other.listing.as_ref() == Some(listing);
        let this = &mut tables[table].rows[row];
        let text = if same {
            Text::new(format!("与{}相同，只导入一次", place.zh), format!("the same as {}: imported once", place.en))
        } else {
            Text::new(
                format!("与{}看来是同一条信息，内容却不同：请删去一行，或加“编号”列区分。", place.zh),
                format!(
                    "This seems to be the listing of {}, with other content: remove one, or tell them apart by a column Id.",
                    place.en
                ),
            )
        };
        let remark = Remark::of_row(text);
        if same {
            this.state = State::Repeated;
            this.notes.push(remark);
        } else {
            this.state = State::Wrong;
            this.faults.push(remark);
        }
    }
}

/// How people call a row: by its sheet too, where that is not the one before their eyes.
pub(crate) fn place(sheet: &str, row: u32) -> Text {
    match sheet {
        "" => Text::new(format!("第{row}行"), format!("row {row}")),
        sheet => Text::new(format!("工作表“{sheet}”第{row}行"), format!("row {row} of sheet {sheet}")),
    }
}

/// Of rows those that can be imported, by their index, with their listings.
pub fn good(rows: &[Row]) -> impl Iterator<Item = (usize, &Packed)> {
    let good = rows.iter().enumerate().filter(|(_, row)| row.state == State::Good);
    good.filter_map(|(index, row)| Some((index, row.listing.as_ref()?)))
}

impl Table {
    fn of(
        grid: Grid,
        layout: &Layout,
        values: BTreeMap<Field, String>,
        external_links: bool,
    ) -> Result<Self, SheetError> {
        let above = grid.lines.partition_point(|line| line.number <= layout.header_row);
        let size = grid.lines.len() - above;
        if size > limits::SHEET_ROWS {
            return Err(SheetError::Rows(grid.name));
        }
        let mut notes = notes(layout, &values);
        if external_links {
            notes.push(Text::new(
                "部分单元格引用其他文件，读取的是保存时的值",
                "some cells refer to other files: what they held when it was saved was read",
            ));
        }
        let fingerprint = fingerprint(layout.columns.iter().map(|column| &*column.header));
        Ok(Self { grid, layout: layout.clone(), values, fingerprint, notes, size, rows: Vec::with_capacity(size) })
    }

    /// Rows that can be imported, by their index, with their listings.
    pub fn good(&self) -> impl Iterator<Item = (usize, &Packed)> {
        good(&self.rows)
    }

    /// Notes what the server said of a row that was written, or was only `tried`.
    pub fn answered(&mut self, index: usize, result: &v1::batch_create_listings_response::Result, tried: bool) {
        let kind = self.layout.kind;
        let columns = &self.layout.columns;
        let Some(row) = self.rows.get_mut(index) else { return };
        row.state = match result.outcome() {
            Outcome::Created => State::New,
            Outcome::Updated => State::Changed,
            Outcome::Unchanged => State::Unchanged,
            Outcome::Submitted if !tried => State::Submitted,
            Outcome::Submitted if result.changes => State::Changed,
            Outcome::Submitted => State::New,
            Outcome::Refused | Outcome::Unspecified => State::Wrong,
        };
        row.waits = tried && result.outcome() == Outcome::Submitted;
        row.draft = result.draft.as_str().into();
        if row.state == State::Changed && tried {
            row.notes.push(Remark::of_row(changed(&result.changed_fields, kind)));
        }
        let sent = row.listing.as_ref().filter(|_| !result.violations.is_empty());
        let sent = sent.and_then(|listing| listing.unpack().listing).unwrap_or_default();
        for violation in &result.violations {
            let field = of_violation(&violation.field, kind, &sent);
            let column = field.and_then(|field| columns.iter().find(|column| column.field == Some(field)));
            let said = &violation.description;
            // What no column has is told by its name: those of the contract say nothing to clerks.
            let text = match (column, field.map(Field::info)) {
                (Some(_), _) => Text::same(said.clone()),
                (None, Some(info)) => Text::new(format!("{}：{said}", info.zh), format!("{}: {said}", info.en)),
                (None, None) => Text::same(format!("{}: {said}", violation.field)),
            };
            row.faults.push(Remark { column: column.map(|column| column.index), field, text, unclear: None });
        }
        if row.state == State::Wrong && row.faults.is_empty() {
            let text = Text::new("服务端拒绝了这一行。", "The server refused this row.");
            row.faults.push(Remark::of_row(text));
        }
    }

    /// Takes the cells back from a book in which it is, in place of all that was read of its rows but what is to be said
    /// of them.
    pub(crate) fn take_cells(&mut self, book: &mut Workbook) {
        self.rows.iter_mut().for_each(|row| row.listing = None);
        if let Some(grid) = book.sheets.iter_mut().find(|grid| grid.name == self.grid.name) {
            self.grid = std::mem::take(grid);
        }
    }

    /// How many rows are in a state.
    pub fn count(&self, state: State) -> usize {
        self.rows.iter().filter(|row| row.state == state).count()
    }

    /// The mapping with which it was read, for correction by hand.
    pub fn mapping(&self, base: &Mapping) -> Mapping {
        let all = &self.layout.columns;
        // Of two with one header the second is known by its letters.
        let known = |at: usize, column: &Column| match all.iter().take(at).any(|before| before.header == column.header)
        {
            true => column_name(column.index),
            false => column.header.clone(),
        };
        // What nobody has decided stays to be asked for.
        let said = all.iter().enumerate().filter(|(_, column)| column.open.is_empty());
        let columns = said.map(|(at, column)| super::mapping::ColumnMapping {
            kind: None,
            header: known(at, column),
            field: column.field.map(|field| field.info().id.to_owned()),
            unit: column.unit_said.clone(),
        });
        Mapping {
            kind: Some(self.layout.kind.name().to_owned()),
            kinds: BTreeMap::new(),
            sheet: (!self.grid.name.is_empty()).then(|| self.grid.name.clone()),
            columns: columns.collect(),
            values: self.values.iter().map(|(field, value)| (field.info().id.to_owned(), value.clone())).collect(),
            ..base.clone()
        }
    }
}
