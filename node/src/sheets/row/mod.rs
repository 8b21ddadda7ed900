//! One row as a listing: each cell through what people type, the whole through the validation of every write.

mod draft;
pub(super) mod expire;
mod finish;
mod put;

use std::collections::{BTreeMap, HashMap};

use duikou_proto::language::Text;
use duikou_proto::v1;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::SheetError;
use super::fields::Field;
use super::grid::{Cell, Grid, Line, reference};
use super::header::{Column, Layout, squeezed};
use super::read::NO_VALUE;
use crate::typed::money::Unit;
use crate::typed::text::folded;
use crate::typed::{Names, Outcome, Unclear};
use draft::Draft;
pub(crate) use finish::{text_of, told_in};
pub(super) use put::kept;

/// What is to be said of a cell, or of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The column; absent where it is about the row.
    pub column: Option<usize>,
    /// The field, where there is one.
    pub field: Option<Field>,
    /// What.
    pub text: Text,
    /// Where what was typed gives no value: why, and what it may mean.
    pub unclear: Option<Box<Unclear>>,
}

/// What a row came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read {
    /// A listing, or why it is none.
    Row {
        /// As far as it could be read.
        listing: Box<v1::Listing>,
        /// What is wrong.
        faults: Vec<Remark>,
        /// What its writer should know.
        notes: Vec<Remark>,
    },
    /// No listing: a sum, a heading, a note.
    Passed(Text),
}

/// What is the same for all rows of a table.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    pub(super) layout: &'a Layout,
    /// Of the sheet: [`Grid::from_1904`] and [`Grid::lossy`].
    pub(super) from_1904: bool,
    pub(super) lossy: bool,
    /// `members/ID`.
    pub(super) parent: String,
    pub(super) names: &'a Names,
    /// The member's own region.
    pub(super) home: Option<&'a str>,
    pub(super) values: BTreeMap<Field, String>,
    pub(super) now: Timestamp,
    pub(super) zone: TimeZone,
    /// The headers of the columns, squeezed.
    headers: Vec<String>,
    /// Places that were read before: tables repeat them.
    places: HashMap<String, Outcome<put::Places>>,
}

/// Places that are kept.
const PLACES: usize = 10_000;

/// Where in a table a value stands.
#[derive(Clone, Copy)]
struct At<'a> {
    field: Field,
    column: Option<usize>,
    unit: Unit,
    cell: &'a Cell,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        layout: &'a Layout,
        grid: &Grid,
        parent: String,
        names: &'a Names,
        home: Option<&'a str>,
        mut values: BTreeMap<Field, String>,
        now: Timestamp,
    ) -> Result<Self, SheetError> {
        values.retain(|field, _| field.info().is_of(layout.kind));
        let zone = TimeZone::get(ZONE).map_err(|error| SheetError::Broken(error.to_string()))?;
        let places = HashMap::new();
        let headers = layout.columns.iter().map(|column| squeezed(&column.header)).collect();
        let Grid { from_1904, lossy, .. } = *grid;
        let mut reader = Self { layout, from_1904, lossy, parent, names, home, values, now, zone, headers, places };
        reader.check_values()?;
        Ok(reader)
    }

    fn today(&self) -> Date {
        self.zone.to_datetime(self.now).date()
    }

    /// A value for all rows that is wrong is told once, not with each row.
    fn check_values(&mut self) -> Result<(), SheetError> {
        for (field, text) in self.values.clone() {
            let mut draft = Draft::default();
            let cell = Cell::Text(text.clone());
            self.put(&mut draft, At { field, column: None, unit: Unit::default(), cell: &cell });
            if let Some(fault) = draft.faults.into_iter().next() {
                return Err(SheetError::Default { field: field.info().zh.to_owned(), text: Box::new(fault.text) });
            }
        }
        Ok(())
    }

    /// Reads one row below the headers.
    pub(super) fn row(&mut self, line: &Line) -> Read {
        if let Some(why) = self.passed_over(line) {
            return Read::Passed(why);
        }
        let mut draft = Draft::default();
        let layout = self.layout;
        for column in layout.columns.iter().filter(|column| !column.open.is_empty()) {
            if line.cells.get(column.index).is_some_and(|cell| !cell.is_blank()) {
                let text = which(&column.open);
                draft.faults.push(Remark { column: Some(column.index), field: None, text, unclear: None });
            }
        }
        // What stands in two columns is read where nothing says it in one.
        let is_bound = |column: &&Column| column.field.is_some_and(|field| field.info().bound().is_some());
        let whole = layout.columns.iter().filter(|column| !is_bound(column));
        for column in whole.chain(layout.columns.iter().filter(is_bound)) {
            let Some(field) = column.field else { continue };
            let cell = line.cells.get(column.index).unwrap_or(&Cell::Empty);
            draft.columns.insert(field, column.index);
            let said = field.info().bound().and_then(|bound| bound.of(layout.kind));
            if cell.is_blank() || said.is_some_and(|whole| draft.given.contains(&whole) || draft.has_fault(whole)) {
                continue;
            }
            let at = At { field, column: Some(column.index), unit: column.unit, cell };
            if let Cell::Error(error) = cell {
                draft.fault(at, error_text(error));
                continue;
            }
            if self.lossy && stands_for_another(&cell.text()) {
                draft.note(
                    at,
                    Text::new(
                        "含有“?”，可能是原编码里没有的字，请核对",
                        "? may stand for a character that the encoding does not have: check it",
                    ),
                );
            }
            self.put(&mut draft, at);
        }
        for (field, text) in self.values.clone() {
            if !draft.given.contains(&field) && !draft.has_fault(field) {
                let cell = Cell::Text(text);
                self.put(&mut draft, At { field, column: None, unit: Unit::default(), cell: &cell });
            }
        }
        self.finish(draft)
    }

    /// Reads one listing of texts by their fields, as a form has them: nothing is passed over.
    pub(super) fn form(&mut self, texts: &BTreeMap<Field, String>) -> Read {
        let mut draft = Draft { in_form: true, ..Draft::default() };
        let layout = self.layout;
        for column in &layout.columns {
            let Some(field) = column.field else { continue };
            draft.columns.insert(field, column.index);
            let cell = Cell::Text(texts.get(&field).cloned().unwrap_or_default());
            if !cell.is_blank() {
                self.put(&mut draft, At { field, column: Some(column.index), unit: column.unit, cell: &cell });
            }
        }
        self.finish(draft)
    }

    /// Why a row is no listing.
    fn passed_over(&self, line: &Line) -> Option<Text> {
        let texts = || line.cells.iter().filter(|cell| !cell.is_blank());
        let first = texts().next()?.text();
        let begins = folded(&first);
        let is_sum = |sum: &&str| begins.starts_with(*sum) && begins.chars().count() <= SUM_CHARS;
        if SUMS.iter().any(is_sum) {
            return Some(Text::new("合计行，跳过", "a row of sums: passed over"));
        }
        if ["说明", "示例"].contains(&begins.as_str()) && self.column_is(line, Field::Id, &begins) {
            return Some(Text::new("模板的说明或示例行，跳过", "a row of the template: passed over"));
        }
        if self.mapped() >= 3 && texts().all(|cell| cell.text() == first) {
            return Some(Text::new(
                format!("只有一项内容“{}”，视为小标题或附注，跳过", short(&first)),
                format!("nothing but {}: taken for a heading or a note, and passed over", short(&first)),
            ));
        }
        let is_header = |(column, header): (&Column, &String)| {
            line.cells.get(column.index).is_some_and(|cell| squeezed(&cell.text()) == *header)
        };
        let columns = self.layout.columns.iter().zip(&self.headers);
        if columns.filter(|(column, _)| column.field.is_some()).all(is_header) {
            return Some(Text::new("重复的表头，跳过", "the headers again: passed over"));
        }
        None
    }

    fn column_is(&self, line: &Line, field: Field, text: &str) -> bool {
        let column = self.layout.columns.iter().find(|column| column.field == Some(field));
        column.and_then(|column| line.cells.get(column.index)).is_some_and(|cell| folded(&cell.text()) == text)
    }

    fn mapped(&self) -> usize {
        self.layout.columns.iter().filter(|column| column.field.is_some()).count()
    }

    /// Whether a member, by its id, is the one whose listings are read.
    fn is_own(&self, id: &str) -> bool {
        let own = self.parent.trim_start_matches("members/");
        // Within a network the short id says as much as the full one.
        let alike = own.contains('.') != id.contains('.') && own.split('.').next() == id.split('.').next();
        own.is_empty() || own == id || alike
    }

    /// Why a row that another member has published cannot be imported; None where that is no other member.
    fn of_another(&self, publisher: &str) -> Option<Unclear> {
        let said = folded(publisher).to_lowercase();
        let id = said.strip_prefix("members/").unwrap_or(&said);
        let short = id.split('.').next().unwrap_or_default();
        let is_called = |called: &[String]| called.iter().any(|name| folded(name).to_lowercase() == said);
        let mut meant = self.names.members.iter().filter(|(known, called)| known == short || is_called(called));
        let own = self.is_own(id) || meant.clone().any(|(known, _)| self.is_own(known));
        let (_, called) = meant.next().filter(|_| !own)?;
        let zh = called.first().map_or(id, String::as_str);
        let en = called.get(1).map_or(zh, String::as_str);
        Some(Unclear::wrong(
            format!("这是{zh}发布的信息，不能作为本单位的信息导入。"),
            format!("{en} published this: it cannot be imported as yours."),
        ))
    }

    /// Regions of a cell, each distinct text once for the whole table.
    fn regions(&mut self, typed: &str) -> Outcome<put::Places> {
        if let Some(known) = self.places.get(typed) {
            return known.clone();
        }
        let read = put::regions(typed, self.home);
        if self.places.len() < PLACES {
            self.places.insert(typed.to_owned(), read.clone());
        }
        read
    }
}

/// The zone of times that name none.
const ZONE: &str = "Asia/Shanghai";
/// What rows of sums begin with.
const SUMS: [&str; 5] = ["合计", "总计", "小计", "共计", "累计"];
/// Characters of such a beginning; a longer one is a title.
const SUM_CHARS: usize = 5;

/// That somebody has to say which of these a column holds.
pub(crate) fn which(open: &[Field]) -> Text {
    let names = |name: fn(&Field) -> &'static str, comma, last| {
        let names: Vec<&str> = open.iter().map(name).collect();
        match names.split_last() {
            Some((end, [])) => (*end).to_owned(),
            Some((end, before)) => format!("{}{last}{end}", before.join(comma)),
            None => String::new(),
        }
    };
    let zh = names(|field| field.info().zh, "、", "或");
    let en = names(|field| field.info().en, ", ", " or ");
    Text::new(format!("这一列可能是{zh}，请指明它的含义。"), format!("This column may hold {en}: say which it is."))
}

fn short(text: &str) -> String {
    text.chars().take(30).collect()
}

fn error_text(error: &str) -> Unclear {
    if error == NO_VALUE {
        return Unclear::wrong(
            "此单元格是公式，文件里没有存它的结果：请用表格软件打开并保存后再导入。",
            "This cell is a formula whose result is not in the file: open it in a spreadsheet program, save it, and import it again.",
        );
    }
    Unclear::wrong(
        format!("此单元格是错误值（{error}），请改正。"),
        format!("This cell holds an error ({error}): correct it."),
    )
}

/// Whether a question mark stands beside an ideograph, where Chinese writes its own.
fn stands_for_another(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    chars.iter().enumerate().any(|(at, c)| {
        let beside = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| *c > '\u{2e80}');
        *c == '?' && (beside(at.checked_sub(1)) || beside(Some(at + 1)))
    })
}

impl Remark {
    /// One about a row.
    pub(crate) fn of_row(text: Text) -> Self {
        Self { column: None, field: None, text, unclear: None }
    }

    /// The cell of a row that it is about: `B18`; empty where it is about the row.
    pub fn cell(&self, row: u32) -> String {
        self.column.map(|column| reference(column, row)).unwrap_or_default()
    }
}
