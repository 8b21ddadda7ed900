//! JSON Lines, read and sent as they come.

use std::path::PathBuf;

use duikou_proto::v1::Listing;
use duikou_proto::v1::batch_create_listings_response::Result as Row;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use indicatif::ProgressBar;

use super::send::{Counts, Manner, send};
use crate::cli::commands::{full_name, input, listing};
use crate::cli::{CommandError, Context, ExitCode, FormFault, OutputForm, Sequence, Server, Text, parse_listing};
use crate::limits;
use crate::sheets::batch::Batch;

pub(super) async fn run(
    context: &Context,
    file: PathBuf,
    member: Option<&str>,
    manner: Manner,
) -> Result<(), CommandError> {
    let length = std::fs::metadata(&file).ok().filter(|about| about.is_file()).map(|about| about.len());
    let mut lines = input::lines(file);
    let mut import = Import {
        context,
        server: None,
        parent: member.map_or_else(|| "members/-".to_owned(), full_name),
        manner,
        results: Sequence::new(context, &[], |_| Vec::new()),
        batch: Batch::default(),
        looked: limits::PREVIEW_DUPLICATES,
        counts: Counts::default(),
        bar: super::bar(context, length, "{wide_bar} {bytes}/{total_bytes} {eta}"),
    };
    while let Some(line) = lines.recv().await {
        import.line(line?).await?;
    }
    import.end().await
}

/// Where a listing stood.
struct Line {
    number: usize,
    /// What it is, where what was tried is asked about.
    tried: Option<Box<Listing>>,
}

/// Says of the first new lines what is published already and says the same.
async fn warn_of_duplicates(
    context: &Context,
    bar: &ProgressBar,
    server: &Server,
    left: &mut usize,
    sent: &[(Line, Row)],
) {
    let is_new = |row: &Row| match row.outcome() {
        Outcome::Created => true,
        Outcome::Submitted => !row.changes,
        Outcome::Updated | Outcome::Unchanged | Outcome::Refused | Outcome::Unspecified => false,
    };
    let new = sent.iter().filter(|(_, row)| is_new(row));
    let tried = new.filter_map(|(line, row)| Some((line.number, row, line.tried.as_deref()?)));
    for (number, row, listing) in tried.take(*left) {
        *left -= 1;
        let listing = Listing { name: row.name.clone(), ..listing.clone() };
        for message in listing::duplicates(server, listing).await {
            let note = FormFault { line: number, field: String::new(), message };
            bar.suspend(|| context.note(&note.text()));
        }
    }
}

struct Import<'a> {
    context: &'a Context,
    /// Connected when there is something to send: a file that is all wrong needs no server.
    server: Option<Server>,
    parent: String,
    manner: Manner,
    results: Sequence<'a, Row>,
    /// With the numbers of the lines.
    batch: Batch<Line>,
    /// New rows of which it is still asked whether others have published the same.
    looked: usize,
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
                let tried = (self.manner.dry_run && self.looked > 0).then(|| Box::new(listing.clone()));
                if let Some(full) = self.batch.push(Line { number: line.number, tried }, listing) {
                    self.send(full).await?;
                }
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

    async fn send(&mut self, batch: Batch<Line>) -> Result<(), CommandError> {
        if batch.is_empty() {
            return Ok(());
        }
        let server = match &self.server {
            Some(server) => server,
            None => self.server.insert(self.context.connect().await?),
        };
        let sent = send(batch, server, &self.parent, &self.manner).await?;
        warn_of_duplicates(self.context, &self.bar, server, &mut self.looked, &sent).await;
        for (Line { number: line, .. }, row) in sent {
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
                self.results.push(&row)?;
            }
        }
        Ok(())
    }

    async fn end(mut self) -> Result<(), CommandError> {
        let last = std::mem::take(&mut self.batch);
        self.send(last).await?;
        self.bar.finish_and_clear();
        let summary = self.counts.text(self.manner.dry_run);
        if self.context.global.output == OutputForm::Table {
            self.context.print(summary.in_language(self.context.language))?;
        } else {
            self.results.end()?;
            self.context.note(&summary);
        }
        self.manner.tell(self.context, &self.counts);
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
