//! Spreadsheets: read here, judged by the server.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::pin;

use duikou_proto::v1;
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::SheetArgs;
use super::send::{Counts, Manner};
use super::{send, shown};
use crate::cli::commands::{full_name, listing, sheet_error};
use crate::cli::{CommandError, Context, ExitCode, Server, Text};
use crate::limits;
use crate::sheets::batch::Batch;
use crate::sheets::{
    Mapping, Packed, Remark, Row, Setting, SheetError, State, Step, Table, faults, follow_tables, good, read_ahead,
};
use crate::typed::Names;

/// Batches that are under way at once: while some are written, the next are signed, and others checked or on their way.
const UNDER_WAY: usize = 8;

pub(super) async fn run(
    context: &Context,
    file: PathBuf,
    member: Option<String>,
    manner: Manner,
    args: SheetArgs,
) -> Result<(), CommandError> {
    let mapping = mapping(&args).await?;
    let bytes = bytes(file.clone()).await?;
    let name = file.to_string_lossy().into_owned();
    let (set, wanted) = oneshot::channel::<Setting>();
    let (tell, mut told) = mpsc::channel(UNDER_WAY);
    // The file is unpacked while the server is asked.
    let reading = tokio::task::spawn_blocking(move || {
        let read = read_ahead(&bytes, &name, || wanted.blocking_recv().ok())?;
        drop(bytes);
        let Some((book, setting, ahead)) = read else { return Ok(Vec::new()) };
        let mut reading = Reading { tell, base: setting.mapping.clone(), batch: Batch::default() };
        let found = follow_tables(book, &setting, ahead, |step| reading.step(step))?;
        reading.end();
        Ok(found)
    });
    let server = context.connect().await?;
    let parent = parent(&server, member).await?;
    let (names, home) = directory(&server, &parent).await?;
    let setting = Setting { parent: parent.clone(), names, home, mapping, now: jiff::Timestamp::now() };
    // Where nobody wants it the reader has ended, and says why.
    let _ = set.send(setting);
    let mut answers = Vec::new();
    if let Some(Told::Found { about, mapping, rows }) = told.recv().await {
        if let Some(path) = &args.mapping_to {
            let text = serde_json::to_string_pretty(&mapping).unwrap_or_default();
            write(path, format!("{text}\n").into_bytes()).await?;
        }
        about.iter().for_each(|text| context.note(text));
        answers = send(context, &server, &parent, told, rows, &manner).await?;
    }
    let mut found = done(reading).await?;
    for ((table, row), result) in answers {
        if let Some(table) = found.get_mut(table) {
            table.answered(row, &result, manner.dry_run);
        }
    }
    if manner.dry_run {
        warn_of_duplicates(&server, &mut found).await;
    }
    shown::rows(context, &found, manner.dry_run)?;
    manner.tell(context, &counts(&found));
    let wrong: usize = found.iter().map(|table| table.count(State::Wrong)).sum();
    if wrong == 0 {
        // The program ends: nobody waits until tens of thousands of rows are taken apart.
        std::mem::forget(found);
        return Ok(());
    }
    if let Some(path) = args.faults {
        let language = context.language;
        let bytes = done(tokio::task::spawn_blocking(move || faults(&found, language))).await?;
        write(&path, bytes).await?;
        context.note(&Text::new(
            format!("有误的 {wrong} 行写入 {}", path.display()),
            format!("the {wrong} wrong rows are in {}", path.display()),
        ));
    }
    let message = Text::new(format!("{wrong} 行有误"), format!("{wrong} rows are wrong"));
    Err(CommandError::new(ExitCode::BadData, message).hint(Text::new(
        "改正后再次导入；已导入的不会重复。--faults FILE.xlsx 把有误的行写成表格",
        "correct them and import again; what is there stays as it is. --faults FILE.xlsx writes them to a workbook",
    )))
}

/// What was read so far, from the thread that reads.
enum Told {
    /// The tables: what is to be said of them, the mapping of the first, and how many rows they have.
    Found { about: Vec<Text>, mapping: Mapping, rows: usize },
    /// Rows that are good, each with its table's index and its own.
    Good(Batch<(usize, usize)>),
}

/// Hands on what is read, in batches, as they are full. While none is taken it waits, so that no more is held.
struct Reading {
    tell: mpsc::Sender<Told>,
    base: Mapping,
    batch: Batch<(usize, usize)>,
}

impl Reading {
    fn step(&mut self, step: Step<'_>) -> ControlFlow<()> {
        match step {
            Step::Found(tables) => {
                let about = tables.iter().flat_map(shown::about).collect();
                let mapping = tables.first().map(|table| table.mapping(&self.base)).unwrap_or_default();
                self.tell(Told::Found { about, mapping, rows: tables.iter().map(|table| table.size).sum() })
            }
            Step::Read(table, first, rows) => {
                for (row, listing) in good(rows) {
                    if let Some(full) = self.batch.push((table, first + row), listing.unpack()) {
                        self.tell(Told::Good(full))?;
                    }
                }
                ControlFlow::Continue(())
            }
        }
    }

    fn end(mut self) {
        let last = std::mem::take(&mut self.batch);
        if !last.is_empty() {
            // Whoever took none of it has said why.
            let _ = self.tell(Told::Good(last));
        }
    }

    fn tell(&self, told: Told) -> ControlFlow<()> {
        match self.tell.blocking_send(told) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

async fn done<T>(work: JoinHandle<Result<T, SheetError>>) -> Result<T, CommandError> {
    match work.await {
        Ok(done) => done.map_err(|error| sheet_error(&error)),
        Err(error) => Err(CommandError::new(ExitCode::Bug, Text::same(error.to_string()))),
    }
}

/// All of a file, up to what a spreadsheet may have.
async fn bytes(path: PathBuf) -> Result<Vec<u8>, CommandError> {
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&path)?;
        std::io::Read::read_to_end(&mut std::io::Read::take(file, limits::SHEET_BYTES as u64 + 1), &mut bytes)?;
        Ok(bytes)
    });
    match read.await {
        Ok(read) => read.map_err(|error: std::io::Error| CommandError::io(&shown, &error)),
        Err(error) => Err(CommandError::new(ExitCode::Bug, Text::same(error.to_string()))),
    }
}

async fn write(path: &Path, bytes: Vec<u8>) -> Result<(), CommandError> {
    tokio::fs::write(path, bytes).await.map_err(|error| CommandError::io(path.display(), &error))
}

/// The mapping of a file, and above it what the options say.
async fn mapping(args: &SheetArgs) -> Result<Mapping, CommandError> {
    let mut mapping = match &args.mapping {
        None => Mapping::default(),
        Some(path) => {
            let bytes = tokio::fs::read(path).await.map_err(|error| CommandError::io(path.display(), &error))?;
            let bad = |cause: String| {
                let message =
                    Text::new(format!("{} 不是映射文件", path.display()), format!("{} is no mapping", path.display()));
                CommandError::new(ExitCode::BadData, message).cause(cause).hint(Text::new(
                    "--mapping-to FILE 写出一份可供修改的",
                    "--mapping-to FILE writes one to begin with",
                ))
            };
            if bytes.len() > limits::MAPPING_BYTES {
                return Err(bad(format!("> {} bytes", limits::MAPPING_BYTES)));
            }
            serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?
        }
    };
    if let Some(kind) = args.kind {
        mapping.kind = Some(kind.name().to_owned());
    }
    if let Some(sheet) = &args.sheet {
        mapping.sheet = Some(sheet.clone());
    }
    mapping.values.extend(args.values.iter().cloned());
    Ok(mapping)
}

/// Whose listings they are: the member that was named, else the only one that lives here.
async fn parent(server: &Server, member: Option<String>) -> Result<String, CommandError> {
    if let Some(member) = member {
        return Ok(full_name(&member));
    }
    let unsaid = || {
        let message = Text::new("不知道是哪个成员的信息", "it is not known whose listings these are");
        CommandError::new(ExitCode::Usage, message)
            .hint(Text::new("用 --member 指明成员", "name the member with --member"))
    };
    let status = server.operator().get_status(v1::GetStatusRequest {}).await.map_err(|_| unsaid())?.into_inner();
    match &*status.members {
        [only] => Ok(full_name(only)),
        _ => Err(unsaid()),
    }
}

/// How members and circles are called, and the member's own region.
async fn directory(server: &Server, parent: &str) -> Result<(Names, Option<String>), CommandError> {
    let mut directory = server.directory();
    let mut names = Names { words: BTreeMap::new(), ..Names::default() };
    let mut home = None;
    let mut request = v1::ListMembersRequest { page_size: listing::PAGE, page_token: String::new() };
    loop {
        let page = directory.list_members(request.clone()).await?.into_inner();
        for member in page.members {
            if member.name == parent || full_name(&member.id) == parent {
                home = Some(member.region.clone()).filter(|region| !region.is_empty());
            }
            names.members.push((member.id, vec![member.name_zh, member.name_en]));
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let circles = directory.list_circles(v1::ListCirclesRequest {}).await?.into_inner().circles;
    names.circles = circles.into_iter().map(|circle| circle.name).collect();
    Ok((names, home))
}

/// What the server says of a row, with its table's index and its own.
type Answer = ((usize, usize), v1::batch_create_listings_response::Result);

/// Sends what is good, in order, as it is read; what became of it.
async fn send(
    context: &Context,
    server: &Server,
    parent: &str,
    told: mpsc::Receiver<Told>,
    rows: usize,
    manner: &Manner,
) -> Result<Vec<Answer>, CommandError> {
    let bar = super::bar(context, Some(rows as u64), "{wide_bar} {pos}/{len} {eta}");
    let batches = futures_util::stream::unfold(told, async |mut told| match told.recv().await? {
        Told::Good(batch) => Some((batch, told)),
        Told::Found { .. } => None,
    });
    let mut sent = pin!(batches.map(|batch| send::send(batch, server, parent, manner)).buffered(UNDER_WAY));
    let mut answers = Vec::with_capacity(rows);
    while let Some(answer) = sent.next().await {
        let answer = answer?;
        bar.inc(answer.len() as u64);
        answers.extend(answer);
    }
    bar.finish_and_clear();
    Ok(answers)
}

/// Notes of the first new rows what others have published already that says the same.
async fn warn_of_duplicates(server: &Server, tables: &mut [Table]) {
    let rows = tables.iter_mut().flat_map(|table| &mut table.rows).filter(|row| row.state == State::New);
    let look = async |row: &mut Row| {
        let Some(listing) = row.listing.as_ref().map(Packed::unpack) else { return };
        let remark = |text| Remark { column: None, field: None, text, unclear: None };
        row.notes.extend(listing::duplicates(server, listing).await.into_iter().map(remark));
    };
    futures_util::stream::iter(rows.take(limits::PREVIEW_DUPLICATES)).for_each_concurrent(UNDER_WAY, look).await;
}

/// What became of all rows.
pub(super) fn counts(tables: &[Table]) -> Counts {
    let count = |state| tables.iter().map(|table| table.count(state)).sum();
    Counts {
        created: count(State::New),
        updated: count(State::Changed),
        unchanged: count(State::Unchanged),
        submitted: count(State::Submitted),
        waiting: tables.iter().flat_map(|table| &table.rows).filter(|row| row.waits).count(),
        refused: count(State::Wrong),
    }
}
