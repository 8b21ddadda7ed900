//! Why a file is not read at all.

use duikou_proto::language::Text;
use thiserror::Error;

use super::Format;
use crate::limits;

/// Why a file gives no table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SheetError {
    /// More than [`limits::SHEET_BYTES`].
    #[error("the file is too large")]
    TooLarge,
    /// Unpacks to more than a spreadsheet of 50,000 rows can have.
    #[error("the file unpacks to too much")]
    Unpacks,
    /// More rows than [`limits::SHEET_ROWS`].
    #[error("sheet {0} has too many rows")]
    Rows(String),
    /// More columns than [`limits::SHEET_COLUMNS`].
    #[error("sheet {0} has too many columns")]
    Columns(String),
    /// More cells than are kept in memory.
    #[error("sheet {0} has too many cells")]
    Cells(String),
    /// A cell holds more than a cell can.
    #[error("cell {0} is too long")]
    CellTooLong(String),
    /// It needs a password.
    #[error("the file is protected by a password")]
    Protected,
    /// There is nothing in it, or not all of it.
    #[error("the file is empty, or not all of it has come")]
    Empty,
    /// It begins as a spreadsheet and is none.
    #[error("the file is damaged: {0}")]
    Broken(String),
    /// Neither a spreadsheet nor a table of text.
    #[error("the file is no spreadsheet")]
    Unknown,
    /// Its name ends otherwise than what it is.
    #[error("the file is {is:?}, which its name does not say")]
    Extension {
        /// What it is.
        is: Format,
    },
    /// The sheet that was named is not there.
    #[error("there is no sheet {0}")]
    NoSheet(String),
    /// No sheet has a row of known headers.
    #[error("no header row was found")]
    NoHeader,
    /// Headers fit several kinds of listings alike.
    #[error("it cannot be told what kind of listings these are")]
    Kind,
    /// A field of a mapping or a default is not one of this kind's.
    #[error("there is no field {0}")]
    Field(String),
    /// A value that is given for all rows is wrong.
    #[error("the value for {field} is wrong")]
    Default {
        /// Whose.
        field: String,
        /// Why.
        text: Box<Text>,
    },
    /// Writing a workbook failed.
    #[error("the workbook cannot be written: {0}")]
    Write(String),
    /// A listing does not fit into cells.
    #[error("{0} does not fit into a spreadsheet")]
    DoesNotFit(String),
}

impl SheetError {
    /// What was wrong and what to do, for people.
    pub fn text(&self) -> Text {
        let rows = limits::SHEET_ROWS;
        let mib = limits::SHEET_BYTES / (1024 * 1024);
        match self {
            Self::TooLarge => Text::new(
                format!("文件超过 {mib} MiB，请拆分后分别导入。"),
                format!("The file has more than {mib} MiB: split it and import the parts."),
            ),
            Self::Unpacks => Text::new(
                "文件解压后过大，不是正常的表格，未读取。请另存为新的表格，去掉图片和多余的工作表。",
                "The file unpacks to far too much for a table, so it was not read. Save it as a new workbook without pictures and other sheets.",
            ),
            Self::Rows(sheet) => Text::new(
                format!("工作表“{sheet}”超过 {rows} 行，请拆分后分别导入。"),
                format!("Sheet {sheet} has more than {rows} rows: split it and import the parts."),
            ),
            Self::Columns(sheet) => Text::new(
                format!("工作表“{sheet}”超过 {} 列，请删去多余的列。", limits::SHEET_COLUMNS),
                format!("Sheet {sheet} has more than {} columns: remove what is not needed.", limits::SHEET_COLUMNS),
            ),
            Self::Cells(sheet) => Text::new(
                format!("工作表“{sheet}”的单元格过多，请删去多余的列，或拆分后分别导入。"),
                format!("Sheet {sheet} has too many cells: remove columns, or split it."),
            ),
            Self::CellTooLong(cell) => Text::new(
                format!("单元格 {cell} 超过 {} 个字符，请缩短。", limits::SHEET_CELL_CHARS),
                format!("Cell {cell} has more than {} characters: shorten it.", limits::SHEET_CELL_CHARS),
            ),
            Self::Protected => Text::new(
                "文件设有打开密码，请去掉密码后另存再导入。",
                "The file is protected by a password: save it without one and import it again.",
            ),
            Self::Empty => Text::new(
                "文件是空的或没有下载完整，请重新取得后再导入。",
                "The file is empty or incomplete: get it again, then import it.",
            ),
            // What is damaged within means nothing to whoever has the file.
            Self::Broken(_) => Text::new(
                "文件已损坏，无法读取。请在表格软件中打开并另存，再导入；打不开的，请重新取得这个文件。",
                "The file is damaged and cannot be read. Open it in a spreadsheet program, save it, and import it again; if it does not open, get the file anew.",
            ),
            Self::Unknown => Text::new(
                "不是表格文件。可以导入 .xlsx、.xls、.ods、.csv（UTF-8 或 GB18030）和 JSON Lines。",
                "This is no table. What can be imported is .xlsx, .xls, .ods, .csv (UTF-8 or GB18030) and JSON Lines.",
            ),
            Self::Extension { is } => Text::new(
                format!("文件名的扩展名不符：内容是 .{0}，请把扩展名改为 .{0} 再导入。", is.extension()),
                format!(
                    "The name of the file does not fit: what it holds is .{0}. Rename it to .{0} and import it again.",
                    is.extension()
                ),
            ),
            Self::NoSheet(name) => Text::new(
                format!("没有工作表“{name}”，请核对名称。"),
                format!("There is no sheet {name}: check its name."),
            ),
            Self::NoHeader => Text::new(
                "没有找到表头：前 40 行里没有可识别的列名。请使用模板的列名，或用映射文件指明各列。",
                "No header row was found among the first 40 rows. Use the column names of the template, or name the columns in a mapping.",
            ),
            Self::Kind => Text::new(
                "无法从表头判断信息类别，请指明：capital、project、technology、talent 或 event。",
                "The headers do not tell what kind of listings these are: name it: capital, project, technology, talent or event.",
            ),
            Self::Field(field) => Text::new(
                format!("没有字段“{field}”，请使用模板中的列名。"),
                format!("There is no field {field}: use the column names of the template."),
            ),
            Self::Default { field, text } => Text::new(
                format!("“{field}”的统一取值有误：{}", text.zh),
                format!("The value for {field}: {}", text.en),
            ),
            Self::Write(detail) => {
                Text::new(format!("无法写出表格：{detail}"), format!("The workbook cannot be written: {detail}"))
            }
            Self::DoesNotFit(name) => Text::new(
                format!("{name} 的内容放不进单元格，请用 JSON Lines 导出。"),
                format!("{name} does not fit into cells: export it as JSON Lines."),
            ),
        }
    }
}
