//! A workbook to fill in: headers, what to write below them, an example, and lists to choose from. What every row needs
//! stands first; with what forms show first and whom to ask it is what is printed, on one sheet of paper.

use duikou_proto::language::Language;
use duikou_proto::reference::{industries, regions};
use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, Format, FormatAlign, Formula, Workbook, Worksheet};

use super::{broken, header_format, on_paper, text_format, width};
use crate::sheets::SheetError;
use crate::sheets::fields::Field;
use crate::sheets::fields::Info;
use crate::sheets::kind::Kind;
use crate::typed::{industry, place};

/// Rows below the headers that offer lists.
const ROWS: u32 = 5_000;
/// The first row to fill in, counted from 0: after headers, explanation and example.
const FIRST: u32 = 3;
/// Characters of a list that stands in the cell's own rule; longer ones stand on a sheet.
const LIST_CHARS: usize = 255;
/// Points of the row that explains.
const HELP_HEIGHT: f64 = 90.0;
/// Columns are narrower than those of exports, since what is printed of them is to be read on one sheet of paper.
const NARROWER: f64 = 0.75;
/// The last row that a sheet can have: all that is filled in is printed.
const LAST_ROW: u32 = 1_048_575;
/// The sheet of the long lists.
const LISTS: &str = "lists";

/// Writes the template of a kind. The headers are Chinese: imports read either language.
///
/// # Errors
/// Where the workbook cannot be written.
pub fn template(kind: Kind, language: Language) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let help = Format::new().set_text_wrap().set_italic().set_font_color("#595959").set_align(FormatAlign::Top);
    let (header, text) = (header_format(), text_format());
    let needed = header_format().set_background_color("#9DC3E6");
    let (first, rest) = columns(kind);
    let printed = u16::try_from(first.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let columns: Vec<&'static Info> = first.into_iter().chain(rest).collect();
    let lists: Vec<(Field, Vec<String>)> = columns.iter().map(|info| (info.field, list(info.field))).collect();
    let long = |items: &[String]| items.join(",").chars().count() > LIST_CHARS;
    {
        let sheet = book.add_worksheet();
        sheet.set_name(kind.zh()).map_err(broken)?;
        sheet.set_freeze_panes(1, 0).map_err(broken)?;
        sheet.set_row_height(1, HELP_HEIGHT).map_err(broken)?;
        on_paper(sheet, 0, 1)?;
        sheet.set_print_area(0, 0, LAST_ROW, printed).map_err(broken)?;
        sheet.set_print_gridlines(true);
        for (column, info) in (0_u16..).zip(&columns) {
            let name = match language {
                Language::Zh => info.zh,
                Language::En => info.en,
            };
            sheet.set_column_width(column, width(info.field) * NARROWER).map_err(broken)?;
            sheet.set_column_format(column, &text).map_err(broken)?;
            let header = if is_needed(info) { &needed } else { &header };
            sheet.write_string_with_format(0, column, name, header).map_err(broken)?;
            // The first column tells an import that these two rows are none.
            let (told, example) = match info.field {
                Field::Id => ("说明".to_owned(), "示例"),
                _ => (told(info, language), info.example),
            };
            sheet.write_string_with_format(1, column, told, &help).map_err(broken)?;
            sheet.write_string_with_format(2, column, example, &help).map_err(broken)?;
            let items = list(info.field);
            if items.is_empty() {
                continue;
            }
            let rule = if long(&items) {
                DataValidation::new().allow_list_formula(Formula::new(format!("={}", defined(info.id))))
            } else {
                DataValidation::new().allow_list_strings(&items).map_err(broken)?
            };
            offer(sheet, column, rule)?;
        }
    }
    let long: Vec<(Field, Vec<String>)> = lists.into_iter().filter(|(_, items)| long(items)).collect();
    if !long.is_empty() {
        let sheet = book.add_worksheet();
        sheet.set_name(LISTS).map_err(broken)?;
        sheet.set_hidden(true);
        for (column, (_, items)) in (0_u16..).zip(&long) {
            for (row, item) in (0_u32..).zip(items) {
                sheet.write_string(row, column, item).map_err(broken)?;
            }
        }
        for (column, (field, items)) in long.iter().enumerate() {
            let letter = crate::sheets::grid::column_name(column);
            let area = format!("={LISTS}!${letter}$1:${letter}${}", items.len());
            book.define_name(defined(field.info().id), &area).map_err(broken)?;
        }
    }
    book.save_to_buffer().map_err(broken)
}

/// The columns of a template: those that are printed, and the rest. The first says of the rows that explain what they are.
fn columns(kind: Kind) -> (Vec<&'static Info>, Vec<&'static Info>) {
    let rank = |info: &Info| match info.field {
        Field::Id => Some(0),
        _ if is_needed(info) => Some(1),
        Field::Audience | Field::Expire | Field::Person | Field::Phone => Some(3),
        Field::Wage => Some(2),
        _ if info.is_in_view(kind) => Some(2),
        _ => None,
    };
    let mut first: Vec<&'static Info> = super::export::columns(kind).filter(|info| rank(info).is_some()).collect();
    first.sort_by_key(|info| rank(info));
    (first, super::export::columns(kind).filter(|info| rank(info).is_none()).collect())
}

/// Whether each row needs it: who may see them can be said of all at once.
fn is_needed(info: &Info) -> bool {
    info.is_needed() && info.field != Field::Audience
}

/// What to write in a column.
fn told(info: &Info, language: Language) -> String {
    let (needed, help) = match language {
        Language::Zh => ("必填", info.help.0),
        Language::En => ("required", info.help.1),
    };
    match (is_needed(info), help, language) {
        (false, ..) => help.to_owned(),
        (true, "", _) => needed.to_owned(),
        (true, _, Language::Zh) => format!("{needed}。{help}"),
        (true, _, Language::En) => format!("{needed}: {help}"),
    }
}

/// The name of a list on the hidden sheet.
fn defined(id: &str) -> String {
    format!("list_{id}")
}

/// A list to choose from; other values may be typed: several of a list, names in front of an address.
fn offer(sheet: &mut Worksheet, column: u16, rule: DataValidation) -> Result<(), SheetError> {
    let rule = rule
        .ignore_blank(true)
        .set_error_style(DataValidationErrorStyle::Information)
        .set_error_title("Duikou")
        .and_then(|rule| rule.set_error_message("列表之外的内容导入时会检查 · checked when it is imported"))
        .map_err(broken)?;
    sheet.add_data_validation(FIRST, column, ROWS, column, &rule).map(|_| ()).map_err(broken)
}

fn list(field: Field) -> Vec<String> {
    match field {
        Field::Regions => regions()
            .entries()
            .iter()
            .filter(|entry| entry.level != "country")
            .map(|entry| place::format(entry.code))
            .collect(),
        Field::Industries => {
            let upper = industries().entries().iter().filter(|entry| entry.code.len() <= 2);
            upper.map(|entry| industry::format(entry.code)).collect()
        }
        Field::Audience => ["公开", "注册企业", "网络成员", "依申请"].map(str::to_owned).to_vec(),
        Field::Maturity => (1..=9).map(|level| level.to_string()).collect(),
        field => field.info().labels.iter().map(|label| label.zh.to_owned()).collect(),
    }
}
