//! Where a table begins, and what its columns hold.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use super::closing;
use super::fields::{End, FIELDS, Field, Info};
use super::grid::{Cell, Grid, Line, column_name};
use super::implied::{IMPLIED, Implied};
use super::kind::Kind;
use super::mapping::{ColumnMapping, Mapping};
use super::{SheetError, Workbook};
use crate::limits;
use crate::typed::money::{Period, Unit, amount, unit_in};
use crate::typed::text::folded;

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Counted from 0.
    pub index: usize,
    /// Its header, on one line.
    pub header: String,
    /// What it holds; absent where it is not imported.
    pub field: Option<Field>,
    /// What it may hold, where its header says no more and nobody has said which.
    pub open: Vec<Field>,
    /// What its amounts are counted in.
    pub unit: Unit,
    /// The same as it is written, where another place than the header says so.
    pub unit_said: Option<String>,
}

/// A table in a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// What its rows are.
    pub kind: Kind,
    /// The row of the headers; the last, where they take two.
    pub header_row: u32,
    /// Its columns that have headers.
    pub columns: Vec<Column>,
    /// What its headers say of all rows: direction and type of supply, numbers of the contract, 0 where nothing.
    pub(super) implied: Implied,
}

impl Layout {
    /// A column for each of these fields.
    pub(super) fn of_fields(kind: Kind, fields: impl Iterator<Item = &'static Info>) -> Self {
        let column = |(index, info): (usize, &'static Info)| Column {
            index,
            header: info.zh.to_owned(),
            field: Some(info.field),
            open: Vec::new(),
            unit: Unit::default(),
            unit_said: None,
        };
        let columns = fields.enumerate().map(column).collect();
        Self { kind, header_row: 0, columns, implied: Implied { direction: 0, supply: 0 } }
    }
}

/// A header without what does not tell columns apart: case, spaces, stars, and what stands in brackets.
pub(super) fn squeezed(header: &str) -> String {
    let mut depth = 0_u32;
    let mut squeezed = String::new();
    for c in folded(header).to_lowercase().chars() {
        match c {
            '(' | '[' | '【' => depth += 1,
            ')' | ']' | '】' => depth = depth.saturating_sub(1),
            '*' | ':' | '※' | '.' | '_' | '"' | '\'' | '“' | '”' => {}
            c if depth == 0 => squeezed.push(c),
            _ => {}
        }
    }
    squeezed
}

/// Finds the table of a sheet; None where no row has at least two known headers, nor a mapping says which has them.
///
/// # Errors
/// Where its headers fit several kinds alike, and for fields that a mapping names and that are none.
pub(super) fn find(
    grid: &Grid,
    book: &Workbook,
    kind: Option<Kind>,
    mapping: &Mapping,
) -> Result<Option<Layout>, SheetError> {
    let kinds = kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
    let mut best: Vec<(usize, usize, Kind, Vec<String>)> = Vec::new();
    for kind in kinds {
        let mut of_kind: Option<(usize, usize, Kind, Vec<String>)> = None;
        for at in 0..grid.lines.len().min(limits::SHEET_HEADER_ROWS) {
            let one = headers(&grid.lines[at]);
            let mut offered = vec![(at, one.clone())];
            if let Some(next) = grid.lines.get(at + 1) {
                let next = headers(next);
                let both = below(&one, &next, kind);
                // Two rows are headers where they name more than the lower one alone.
                if score(&both, kind, mapping)? > score(&next, kind, mapping)? {
                    // What goes on below is no row of the table.
                    if mapping.header_row.is_none() && goes_on(&one, &next) {
                        offered.clear();
                    }
                    offered.push((at + 1, both));
                }
            }
            for (last, headers) in offered {
                let by_hand = mapping.header_row.is_some();
                if by_hand && grid.lines.get(last).map(|line| line.number) != mapping.header_row {
                    continue;
                }
                let score = score(&headers, kind, mapping)?;
                if (score >= 2 || by_hand) && of_kind.as_ref().is_none_or(|(known, ..)| score > *known) {
                    of_kind = Some((score, last, kind, headers));
                }
            }
        }
        best.extend(of_kind);
    }
    let Some(most) = best.iter().map(|(score, ..)| *score).max() else { return Ok(None) };
    best.retain(|(score, ..)| *score == most);
    let [(_, last, kind, headers)] = &*best else { return Err(SheetError::Kind) };
    let said = statements(grid, *last, book);
    let mut taken = BTreeSet::new();
    let mut columns = Vec::new();
    for (index, header) in headers.iter().enumerate().filter(|(_, header)| !header.is_empty()) {
        let by_hand = chosen(mapping, *kind, headers, index);
        let field = match by_hand {
            Some(column) => match column.field.as_deref().map(known_field).transpose()? {
                // What is said of a column in tables of another kind leaves this one as it is.
                Some(field) if !field.info().is_of(*kind) => recognised(header, *kind),
                field => field,
            },
            // The first column of a name has it; by hand another may be named.
            None => recognised(header, *kind).filter(|field| !taken.contains(field)),
        };
        taken.extend(field);
        let named =
            field.is_some_and(|field| by_hand.is_some_and(|column| column.field.is_some()) || is_own(field, header));
        let (unit, unit_said) = unit(field, header, by_hand.and_then(|column| column.unit.as_deref()), &said, named);
        let open =
            if by_hand.is_none() && field.is_none() { closing::fields(&squeezed(header), *kind) } else { Vec::new() };
        columns.push(Column { index, header: header.clone(), field, open, unit, unit_said });
    }
    decide(&mut columns);
    let header_row = grid.lines.get(*last).map_or(0, |line| line.number);
    Ok(Some(Layout { kind: *kind, header_row, implied: implied(&columns), columns }))
}

/// What may be several things is none that another column is; where one is left, it is that.
fn decide(columns: &mut [Column]) {
    let taken: BTreeSet<Field> = columns.iter().filter_map(|column| column.field).collect();
    for column in columns.iter_mut().filter(|column| !column.open.is_empty()) {
        column.open.retain(|field| !taken.contains(field));
    }
    // Two that may be the same leave each other open.
    let alone: Vec<(usize, Field)> = columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| match &*column.open {
            [only] => Some((at, *only)),
            _ => None,
        })
        .collect();
    for (at, field) in alone {
        if columns.iter().filter(|column| column.open.contains(&field)).count() == 1 {
            columns[at].field = Some(field);
            columns[at].open.clear();
        }
    }
}

/// Whether a text is one of rows and columns: with known headers, or at least two rows of several cells.
pub(super) fn is_table(grid: &Grid, book: &Workbook) -> bool {
    let several = grid.lines.iter().filter(|line| line.cells.iter().filter(|cell| !cell.is_blank()).count() > 1);
    let found = || find(grid, book, None, &Mapping::default());
    several.take(2).count() > 1 || matches!(found(), Ok(Some(_)) | Err(SheetError::Kind))
}

fn headers(line: &Line) -> Vec<String> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => crate::typed::text::line(text),
        _ => String::new(),
    };
    line.cells.iter().map(text).collect()
}

/// Headers on two rows: the lower one where it has a meaning of its own, the two together where they have one, 薪资待遇
/// above 最低 or 元/月, else the lower.
fn below(upper: &[String], lower: &[String], kind: Kind) -> Vec<String> {
    let get = |row: &[String], at: usize| row.get(at).filter(|text| !text.is_empty()).cloned();
    let known = |header: &String| may_hold(header, kind).is_some();
    let of_column = |at: usize| {
        let (above, own) = (get(upper, at), get(lower, at));
        let Some(own) = own else { return above.unwrap_or_default() };
        if known(&own) || above.as_ref() == Some(&own) {
            return own;
        }
        // Text files have what was merged in its first column alone.
        let Some(above) = above.or_else(|| (0..at).rev().find_map(|at| get(upper, at))) else { return own };
        let both = format!("{above}{own}");
        let counted = format!("{above}（{own}）");
        if known(&both) {
            both
        } else if known(&counted) && is_unit(&own) {
            counted
        } else {
            own
        }
    };
    (0..upper.len().max(lower.len())).map(of_column).collect()
}

/// Whether a text says what amounts are counted in, and nothing else.
fn is_unit(text: &str) -> bool {
    let inside = folded(text);
    let inside = inside.trim_matches(['(', ')']);
    inside.chars().count() <= UNIT_CHARS && unit_in(&format!("({inside})")).currency.is_some()
}

/// Characters of a unit.
const UNIT_CHARS: usize = 8;

/// Whether the row below a row of headers has more of them: some of its cells are merged with those above, or all stand
/// below what is merged over several columns.
fn goes_on(upper: &[String], lower: &[String]) -> bool {
    let above = |at: usize| upper.get(at).filter(|text| !text.is_empty());
    let mut said = lower.iter().enumerate().filter(|(_, text)| !text.is_empty());
    let spans = |at: usize| {
        let beside = |other: Option<usize>| other.and_then(above) == above(at);
        above(at).is_some() && (beside(at.checked_sub(1)) || beside(at.checked_add(1)))
    };
    said.clone().any(|(at, text)| above(at) == Some(text)) || said.all(|(at, _)| spans(at))
}

fn score(headers: &[String], kind: Kind, mapping: &Mapping) -> Result<usize, SheetError> {
    let mut found = BTreeSet::new();
    for (index, header) in headers.iter().enumerate().filter(|(_, header)| !header.is_empty()) {
        let field = match chosen(mapping, kind, headers, index) {
            Some(column) => {
                column.field.as_deref().map(known_field).transpose()?.filter(|field| field.info().is_of(kind))
            }
            None => may_hold(header, kind),
        };
        found.extend(field);
    }
    let weight = |field: &Field| if field.info().is_particular() { 2 } else { 1 };
    Ok(if found.len() < 2 { 0 } else { found.iter().map(weight).sum() })
}

fn known_field(text: &str) -> Result<Field, SheetError> {
    Field::parse(text).ok_or_else(|| SheetError::Field(text.to_owned()))
}

/// What a mapping says of a column.
fn chosen<'m>(mapping: &'m Mapping, kind: Kind, headers: &[String], index: usize) -> Option<&'m ColumnMapping> {
    mapping.of_column(kind, index, headers.get(index)?, |known| headers.iter().any(|header| header == known))
}

/// What a header names, or the first of what it can be meant by.
fn may_hold(header: &str, kind: Kind) -> Option<Field> {
    recognised(header, kind).or_else(|| closing::fields(&squeezed(header), kind).first().copied())
}

/// The field that a header names: by its own name, else by what else it is called.
fn recognised(header: &str, kind: Kind) -> Option<Field> {
    static NAMES: OnceLock<HashMap<String, Vec<(&'static Info, bool)>>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut names: HashMap<String, Vec<(&'static Info, bool)>> = HashMap::new();
        for info in FIELDS {
            for own in [info.zh, info.en, info.id] {
                names.entry(squeezed(own)).or_default().push((info, true));
            }
            for other in info.synonyms {
                names.entry(squeezed(other)).or_default().push((info, false));
            }
        }
        names
    });
    let called = |name: &str| {
        let named = names.get(name)?.iter().filter(|(info, _)| info.is_of(kind));
        named.max_by_key(|(_, own)| *own).map(|(info, _)| info.field)
    };
    let header = squeezed(header);
    let closes = || match &*closing::fields(&header, kind) {
        [only] => Some(*only),
        _ => None,
    };
    called(&header).or_else(closes).or_else(|| {
        // 最低工资, 薪资待遇下限: one of two columns for what has a column of its own elsewhere.
        let bound = |(word, end): &(&str, End)| {
            let whole = header.strip_prefix(word).or_else(|| header.strip_suffix(word)).and_then(called)?;
            let is =
                |info: &&Info| info.bound().is_some_and(|bound| bound.end == *end && bound.of(kind) == Some(whole));
            FIELDS.iter().find(|info| info.is_of(kind) && is(info)).map(|info| info.field)
        };
        BOUNDS.iter().find_map(bound)
    })
}

/// What the columns of the two ends of a range have before or behind the name of the whole.
const BOUNDS: [(&str, End); 6] = [
    ("最低", End::Lower),
    ("下限", End::Lower),
    ("最少", End::Lower),
    ("最高", End::Upper),
    ("上限", End::Upper),
    ("最多", End::Upper),
];

fn implied(columns: &[Column]) -> Implied {
    let mut all = Implied { direction: 0, supply: 0 };
    for column in columns.iter().filter(|column| column.field.is_some()) {
        let header = squeezed(&column.header);
        for (_, one) in IMPLIED.iter().filter(|(name, _)| *name == header) {
            // Two that differ say nothing.
            let joined = |known: i32, said: i32| match (known, said) {
                (known, 0) => known,
                (0, said) => said,
                (known, said) if known == said => known,
                _ => -1,
            };
            all = Implied { direction: joined(all.direction, one.direction), supply: joined(all.supply, one.supply) };
        }
    }
    Implied { direction: all.direction.max(0), supply: all.supply.max(0) }
}

/// What rows above the header and other sheets say of all amounts: 单位：万元, 金额默认单位为万元.
fn statements(grid: &Grid, header: usize, book: &Workbook) -> Vec<(Unit, String)> {
    let above = grid.lines.iter().take(header);
    let others = book.sheets.iter().filter(|sheet| sheet.name != grid.name && sheet.lines.len() <= OTHER_ROWS);
    let beside = others.flat_map(|sheet| sheet.lines.iter());
    let mut said = Vec::new();
    for text in above.chain(beside).flat_map(|line| line.cells.iter()).filter(|cell| !cell.is_blank()).map(Cell::text) {
        for (at, word) in text.match_indices("单位") {
            let after = text[at + word.len()..].trim_start_matches(['：', ':', '为', '是', ' ']);
            let end = after.find([' ', '\u{3000}', '；', ';', '。', '）', ')', '\n', '，']).unwrap_or(after.len());
            // Of 人、元 only 元 is what amounts are counted in.
            for part in after[..end].split(['、', '和', '及']).map(str::trim) {
                let unit = unit_in(part);
                if unit.currency.is_some() && !said.iter().any(|(known, _)| *known == unit) {
                    said.push((unit, part.to_owned()));
                }
            }
        }
    }
    said
}

/// Fields of amounts.
pub(crate) const MONEY: [Field; 9] = [
    Field::Amount,
    Field::Investment,
    Field::TotalInvestment,
    Field::Budget,
    Field::Wage,
    Field::AmountFrom,
    Field::AmountTo,
    Field::WageFrom,
    Field::WageTo,
];
/// What else headers of amounts say.
const MONEY_WORDS: [&str; 14] =
    ["资金", "投资", "金额", "价格", "单价", "总价", "费用", "薪", "酬", "款", "price", "cost", "salary", "fund"];

/// Whether a column of which nobody has said what it holds may hold amounts, by its header and some of its cells: counted
/// in something, or called like fields of amounts are. Numbers alone are as often those of rows or people.
pub(crate) fn may_hold_amounts(header: &str, cells: &[String]) -> bool {
    let counted = |cell: &String| amount(cell, Unit::default()).is_ok_and(|read| read.value.is_some());
    if unit_in(header).currency.is_some() || cells.iter().any(counted) {
        return true;
    }
    let header = squeezed(header);
    let mut names = MONEY
        .iter()
        .map(|field| field.info())
        .flat_map(|info| [info.zh, info.en, info.id].into_iter().chain(info.synonyms.iter().copied()).map(squeezed));
    let called = names.any(|name| header.contains(&name)) || MONEY_WORDS.iter().any(|word| header.contains(word));
    called && cells.iter().any(|cell| folded(cell).bytes().any(|byte| byte.is_ascii_digit()))
}

/// Rows of a sheet that explains others.
const OTHER_ROWS: usize = 50;

/// Whether a column is called as the field itself is.
fn is_own(field: Field, header: &str) -> bool {
    let (info, header) = (field.info(), squeezed(header));
    [info.zh, info.en, info.id].into_iter().any(|own| squeezed(own) == header)
}

/// By hand, else by the header, else by what is said of the whole table, where that is one thing; else by the name of the
/// field, where that is what was chosen for it (`named`).
fn unit(
    field: Option<Field>,
    header: &str,
    by_hand: Option<&str>,
    said: &[(Unit, String)],
    named: bool,
) -> (Unit, Option<String>) {
    let is_wage = matches!(field, Some(Field::Wage | Field::WageFrom | Field::WageTo));
    let meant = field.and_then(|field| field.info().bound()).filter(|_| named).map(|bound| bound.unit);
    if !field.is_some_and(|field| MONEY.contains(&field)) {
        return (Unit::default(), None);
    }
    if let Some(text) = by_hand {
        return (unit_in(text), Some(text.to_owned()));
    }
    let own = unit_in(header);
    let meant_period = meant.map(unit_in).and_then(|unit| unit.period);
    let period = [("月薪", Period::Month), ("月工资", Period::Month), ("年薪", Period::Year), ("日薪", Period::Day)]
        .into_iter()
        .find_map(|(word, period)| header.contains(word).then_some(period))
        .filter(|_| is_wage)
        .or(meant_period);
    if own.currency.is_some() {
        return (Unit { period: own.period.or(period), ..own }, None);
    }
    // Wages are not counted in 万元 because a table's other amounts are.
    let fitting: Vec<&(Unit, String)> = said.iter().filter(|(unit, _)| !is_wage || unit.multiplier.is_none()).collect();
    match (&*fitting, meant) {
        ([(unit, text)], _) => (Unit { period, ..*unit }, Some(text.clone())),
        ([], Some(meant)) => (unit_in(meant), Some(meant.to_owned())),
        _ => (Unit { period, ..Unit::default() }, None),
    }
}

impl Column {
    /// How people call it: letters and header.
    pub fn name(&self) -> String {
        format!("{} {}", column_name(self.index), self.header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_on_two_rows_are_read_together() {
        let row = |texts: [&str; 6]| texts.map(str::to_owned);
        let upper = row(["序号", "岗位名称", "薪资待遇", "薪资待遇", "联系方式", "联系方式"]);
        let merged = row(["序号", "岗位名称", "最低（元/月）", "最高（元/月）", "联系人", "电话"]);
        let both = below(&upper, &merged, Kind::Talent);
        assert_eq!(
            both.iter().map(|header| recognised(header, Kind::Talent)).collect::<Vec<_>>(),
            [
                None,
                Some(Field::Occupation),
                Some(Field::WageFrom),
                Some(Field::WageTo),
                Some(Field::Person),
                Some(Field::Phone)
            ]
        );
        assert_eq!((&*both[2], unit_in(&both[2]).period), ("薪资待遇最低（元/月）", Some(Period::Month)));
        // A text file has what is merged in its first column alone, and nothing below what is merged over both rows.
        let upper_text = row(["序号", "岗位名称", "薪资待遇", "", "联系方式", ""]);
        let lower_text = row(["", "", "最低（元/月）", "最高（元/月）", "联系人", "电话"]);
        assert_eq!(below(&upper_text, &lower_text, Kind::Talent), both);
        let unit = below(&row(["薪资", "甲", "", "", "", ""]), &row(["元/月", "乙", "", "", "", ""]), Kind::Talent);
        assert_eq!(unit[..2], ["薪资（元/月）", "乙"]);
        assert!(goes_on(&upper, &merged) && goes_on(&upper, &row(["", "", "低", "高", "姓名", "号码"])));
        for rows in [row(["1", "缝纫工", "4500", "6000", "王姐", "138"]), row(["", "", "", "", "", "王姐"])] {
            assert!(!goes_on(&upper_text, &rows), "{rows:?}");
        }
        assert!(!goes_on(&upper, &row(["1", "缝纫工", "4500", "6000", "王姐", "138"])));
    }

    #[test]
    fn columns_of_amounts_are_told_from_those_of_numbers() {
        let cells = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let numbers = cells(&["3", "3000-5000"]);
        for header in ["序号", "A 序号", "编号", "No.", "人数", "名额", "年份", "联系电话", "代码", "甲栏"]
        {
            assert!(!may_hold_amounts(header, &numbers), "{header}");
        }
        for header in ["拟定工资", "意向资金", "甲方报价", "月薪", "Total price", "单位（万元）", "经费预算（三年）"]
        {
            assert!(may_hold_amounts(header, &numbers), "{header}");
        }
        assert!(may_hold_amounts("甲栏", &cells(&["500万元"])) && may_hold_amounts("甲栏", &cells(&["USD 5"])));
        assert!(!may_hold_amounts("投资方", &cells(&["某公司"])));
    }
}
