//! `import`

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use duikou_proto::v1;
use duikou_proto::v1::batch_create_listings_response::Result as Row;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use prost::Message;

use super::input;
use crate::cli::{CommandError, Context, ExitCode, FormFault, OutputForm, Sequence, Server, Text, parse_listing};

/// Listings that are sent at once.
const CHUNK: usize = 200;
/// Encoded bytes that are sent at once: below what a server takes as one message.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;
/// How often a server that is busy is asked again.
const TRIES: u32 = 6;
/// How long after the first try; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Publishes many listings from a file of JSON Lines
///
/// Each line is by itself: a bad one is shown with its number and its field and stops no other. What is there already
/// is left unchanged, so an import that was broken off is simply repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node import listings.jsonl --dry-run\n  duikou-node import listings.jsonl")]
pub struct Args {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Whose listings they are, where they have no name
    #[arg(long, value_name = "ID")]
    member: Option<String>,

    /// Check everything and publish nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut lines = input::lines(self.file.clone());
        let mut import = Import {
            context,
            server: None,
            parent: self.member.as_deref().map_or_else(|| "members/-".to_owned(), super::full_name),
            dry_run: self.dry_run,
            results: Sequence::new(context, &[], |_| Vec::new()),
            chunk: Vec::new(),
            chunk_bytes: 0,
            counts: Counts::default(),
            bar: bar(context, &self.file),
        };
        while let Some(line) = lines.recv().await {
            import.line(line?).await?;
        }
        import.end().await
    }
}

fn bar(context: &Context, file: &Path) -> ProgressBar {
    let length = std::fs::metadata(file).ok().filter(|about| about.is_file()).map(|about| about.len());
    if context.global.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    created: usize,
    updated: usize,
    unchanged: usize,
    refused: usize,
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Refused | Outcome::Unspecified => self.refused += 1,
        }
    }

    fn text(&self, dry_run: bool) -> Text {
        let Self { created, updated, unchanged, refused } = self;
        let (zh, en) =
            if dry_run { ("（试运行，未写入）", " (dry run: nothing was written)") } else { ("", "") };
        Text::new(
            format!("新建 {created}，更新 {updated}，未变 {unchanged}，拒绝 {refused}{zh}"),
            format!("{created} created, {updated} updated, {unchanged} unchanged, {refused} refused{en}"),
        )
    }
}

struct Import<'a> {
    context: &'a Context,
    /// Connected when there is something to send: a file that is all wrong needs no server.
    server: Option<Server>,
    parent: String,
    dry_run: bool,
    results: Sequence<'a, Row>,
    chunk: Vec<(usize, v1::CreateListingRequest)>,
    chunk_bytes: usize,
    counts: Counts,
    bar: ProgressBar,
}

impl Import<'_> {
    async fn line(&mut self, line: input::Line) -> Result<(), CommandError> {
        let fault = |field: &str, message| vec![FormFault { line: line.number, field: field.to_owned(), message }];
        let parsed = match &line.text {
            Some(text) => parse_listing(text, line.number),
            None => Err(fault("", Text::new("过长或不是 UTF-8", "is too long, or not UTF-8"))),
        };
        let listing = match parsed {
            Ok(listing) if listing.name.is_empty() && self.parent.ends_with("/-") => Err(fault(
                "name",
                Text::new("缺失（或用 --member 指明成员）", "is required, or name the member with --member"),
            )),
            parsed => parsed,
        };
        match listing {
            Err(faults) => self.refuse(&faults)?,
            Ok(listing) => {
                let size = listing.encoded_len();
                if self.chunk.len() == CHUNK || self.chunk_bytes + size > CHUNK_BYTES {
                    self.send().await?;
                }
                self.chunk_bytes += size;
                let request = v1::CreateListingRequest { listing: Some(listing), ..Default::default() };
                self.chunk.push((line.number, request));
            }
        }
        self.bar.set_position(line.read_bytes);
        Ok(())
    }

    fn refuse(&mut self, faults: &[FormFault]) -> Result<(), CommandError> {
        self.counts.add(Outcome::Refused);
        for fault in faults {
            self.bar.suspend(|| self.context.warn(&fault.text()));
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), CommandError> {
        let chunk = std::mem::take(&mut self.chunk);
        self.chunk_bytes = 0;
        if chunk.is_empty() {
            return Ok(());
        }
        let server = match &self.server {
            Some(server) => server,
            None => self.server.insert(self.context.connect().await?),
        };
        let (numbers, requests): (Vec<_>, Vec<_>) = chunk.into_iter().unzip();
        let request =
            v1::BatchCreateListingsRequest { parent: self.parent.clone(), requests, validate_only: self.dry_run };
        let answer = patiently(server, request).await?;
        if answer.results.len() != numbers.len() {
            let message = Text::new("服务端的答复条数不符", "the server answered another number of listings");
            return Err(CommandError::new(ExitCode::Bug, message));
        }
        for (line, row) in numbers.into_iter().zip(&answer.results) {
            self.counts.add(row.outcome());
            for violation in &row.violations {
                let fault = FormFault {
                    line,
                    field: violation.field.clone(),
                    message: Text::same(violation.description.clone()),
                };
                self.bar.suspend(|| self.context.warn(&fault.text()));
            }
            if self.context.global.output != OutputForm::Table {
                self.results.push(row)?;
            }
        }
        Ok(())
    }

    async fn end(mut self) -> Result<(), CommandError> {
        self.send().await?;
        self.bar.finish_and_clear();
        let summary = self.counts.text(self.dry_run);
        if self.context.global.output == OutputForm::Table {
            self.context.print(summary.in_language(self.context.language))?;
        } else {
            self.results.end()?;
            self.context.note(&summary);
        }
        if self.counts.refused == 0 {
            return Ok(());
        }
        let refused = self.counts.refused;
        let message = Text::new(format!("{refused} 行被拒绝"), format!("{refused} lines were refused"));
        Err(CommandError::new(ExitCode::BadData, message).hint(Text::new(
            "改正上面列出的行后再次导入；已导入的不会重复",
            "correct the lines above and import again; what is there stays as it is",
        )))
    }
}

/// Sends a chunk, again where the server is busy: importing twice changes nothing.
async fn patiently(
    server: &Server,
    request: v1::BatchCreateListingsRequest,
) -> Result<v1::BatchCreateListingsResponse, CommandError> {
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES {
        match server.listings().batch_create_listings(request.clone()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => {
                let error = CommandError::from(status);
                if error.kind != ExitCode::TryAgain {
                    return Err(error);
                }
            }
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Ok(server.listings().batch_create_listings(request).await?.into_inner())
}
