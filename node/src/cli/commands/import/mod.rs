//! `import`

mod lines;
mod send;
mod shown;
mod table;

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use send::Manner;

use crate::cli::{CommandError, Context, ExitCode, Text};
use crate::sheets::Format;
use crate::sheets::Kind;

/// Publishes many listings from a spreadsheet (.xlsx, .xls, .ods, .csv) or a file of JSON Lines
///
/// Each row or line is by itself: a bad one is shown with its place and its field and stops no other. What is there
/// already is left unchanged, so an import that was broken off is simply repeated; what is absent from the file is
/// never withdrawn. The columns of a spreadsheet are recognised by their headers; see what would happen with --dry-run.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node import --template talent > talent.xlsx\n  duikou-node import talent.xlsx --member bijie --dry-run\n  duikou-node import talent.xlsx --member bijie --set audience=网络成员 --faults wrong.xlsx\n  duikou-node import listings.jsonl"
)]
pub struct Args {
    /// The file; - is standard input, for JSON Lines
    #[arg(value_name = "FILE", required_unless_present = "template")]
    file: Option<PathBuf>,

    /// Whose listings they are, where they have no name [default: the only member of the server]
    #[arg(long, value_name = "ID")]
    member: Option<String>,

    /// Check everything and publish nothing; shows row by row what would happen
    #[arg(long)]
    dry_run: bool,

    /// Hand in for approval what would be published, as one import
    #[arg(long)]
    submit: bool,

    /// What the import is called among drafts [default: made of the time]
    #[arg(long, value_name = "ID", requires = "submit")]
    batch: Option<String>,

    #[command(flatten)]
    sheet: SheetArgs,

    /// Write an empty workbook for this kind to standard output, with lists to choose from
    #[arg(long, value_name = "KIND", value_parser = kind, conflicts_with_all = ["file", "dry_run", "member"])]
    template: Option<Kind>,
}

/// How a spreadsheet is read.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "For spreadsheets")]
struct SheetArgs {
    /// What the rows are: capital, project, technology, talent or event [default: by the headers]
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,

    /// Read this sheet only [default: every one with known headers]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,

    /// A mapping (JSON) that says what columns hold; --mapping-to writes one to begin with
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Write the mapping with which the file was read, to be corrected by hand
    #[arg(long, value_name = "FILE")]
    mapping_to: Option<PathBuf>,

    /// A value for all rows of which no column says anything, for example audience=公开; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = value)]
    values: Vec<(String, String)>,

    /// Write the rows that are wrong to this workbook (.xlsx), with the cells marked and a comment saying why
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

impl SheetArgs {
    fn any(&self) -> bool {
        self.kind.is_some()
            || self.sheet.is_some()
            || self.mapping.is_some()
            || self.mapping_to.is_some()
            || !self.values.is_empty()
            || self.faults.is_some()
    }
}

pub(super) fn kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| "capital, project, technology, talent, event".to_owned())
}

fn value(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or_else(|| "FIELD=VALUE".to_owned())?;
    Ok((field.to_owned(), value.to_owned()))
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        if let Some(kind) = self.template {
            return template(context, kind);
        }
        let file = self.file.unwrap_or_default();
        let batch = self.submit.then(|| self.batch.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()));
        let manner = Manner { dry_run: self.dry_run, batch };
        if is_lines(&file)? {
            if self.sheet.any() {
                let message = Text::new(
                    "--kind、--sheet、--mapping、--mapping-to、--set 和 --faults 只用于表格文件",
                    "--kind, --sheet, --mapping, --mapping-to, --set and --faults are for spreadsheets",
                );
                return Err(CommandError::new(ExitCode::Usage, message));
            }
            return lines::run(context, file, self.member.as_deref(), manner).await;
        }
        table::run(context, file, self.member, manner, self.sheet).await
    }
}

/// Whether a file holds JSON Lines: by its name, else by its first character.
fn is_lines(file: &Path) -> Result<bool, CommandError> {
    let name = file.to_string_lossy();
    if name == "-" {
        return Ok(true);
    }
    let end = file.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    if Format::by_name(&name).is_some() {
        return Ok(false);
    }
    if ["jsonl", "ndjson", "json"].contains(&end.as_str()) {
        return Ok(true);
    }
    let mut head = Vec::new();
    let opened = std::fs::File::open(file).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    opened.map_err(|error| CommandError::io(file.display(), &error))?;
    Ok(head.trim_ascii_start().first().is_none_or(|first| *first == b'{'))
}

/// Bytes of a file by which JSON Lines are known.
const HEAD_BYTES: u64 = 4096;

fn template(context: &Context, kind: Kind) -> Result<(), CommandError> {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        let message = Text::new(
            "模板是 .xlsx 文件，不能输出到终端",
            "the template is an .xlsx file, which a terminal cannot show",
        );
        return Err(CommandError::new(ExitCode::Usage, message)
            .hint(Text::new("重定向到文件：… > 模板.xlsx", "write it to a file: … > template.xlsx")));
    }
    let bytes = crate::sheets::template(kind, context.language).map_err(|error| super::sheet_error(&error))?;
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(|error| CommandError::io("stdout", &error))
}

/// A bar on a terminal, and none elsewhere.
fn bar(context: &Context, length: Option<u64>, template: &str) -> ProgressBar {
    if context.global.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
