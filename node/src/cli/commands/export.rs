//! `export`

use std::path::{Path, PathBuf};

use duikou_proto::v1;

use super::{listing, sheet_error};
use crate::cli::json::{Defaults, Layout, to_json};
use crate::cli::{CommandError, Context, ExitCode, Server, Text};
use crate::sheets::{Format, SheetError, export};

/// Writes all own listings in a form that import reads: JSON Lines, .xlsx or .csv
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node export > listings.jsonl\n  duikou-node export --output-file listings.xlsx\n  duikou-node export --kind talent --output-file talent.csv"
)]
pub struct Args {
    /// Only those of this member [default: all that the server hosts]
    #[arg(long, value_name = "ID")]
    member: Vec<String>,

    /// Only those of this kind
    #[arg(long, value_name = "KIND", value_parser = super::import::kind)]
    kind: Option<crate::sheets::Kind>,

    /// Write to this file: .xlsx with a sheet for each kind, .csv for one kind, else JSON Lines
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let members = if self.member.is_empty() { own(&server).await? } else { self.member };
        let filter = self.kind.map(|kind| v1::Filter { kinds: vec![kind.name().to_owned()], ..v1::Filter::default() });
        let mut kept = Vec::new();
        for member in members {
            listing::for_each(&server, &super::full_name(&member), filter.clone(), |listing| {
                let form = import_form(listing);
                if self.output_file.is_some() {
                    kept.push(form);
                    return Ok(true);
                }
                context.print(&to_json(&form, Layout::Line, Defaults::Left)).map(|()| true)
            })
            .await?;
        }
        match self.output_file {
            None => Ok(()),
            Some(path) => write(context, path, kept).await,
        }
    }
}

/// Writes listings to a file whose name says the format.
pub(super) async fn write(context: &Context, path: PathBuf, listings: Vec<v1::Listing>) -> Result<(), CommandError> {
    let shown = path.display().to_string();
    let count = listings.len();
    let written = tokio::task::spawn_blocking(move || written(&path, &listings));
    match written.await {
        Ok(done) => done?,
        Err(error) => return Err(CommandError::new(ExitCode::Bug, Text::same(error.to_string()))),
    }
    context.note(&Text::new(format!("{count} 条写入 {shown}"), format!("{count} listings are in {shown}")));
    Ok(())
}

fn written(path: &Path, listings: &[v1::Listing]) -> Result<(), CommandError> {
    let bytes = match Format::by_name(&path.to_string_lossy()) {
        Some(format @ (Format::Xlsx | Format::Csv)) => {
            export(listings, format, None)
                .map_err(|error| match error {
                    SheetError::Kind => CommandError::new(
                        ExitCode::Usage,
                        Text::new("CSV 只能放一类信息", "a .csv file holds listings of one kind"),
                    )
                    .hint(Text::new("加 --kind，或导出为 .xlsx", "add --kind, or export to .xlsx")),
                    error => sheet_error(&error),
                })?
                .bytes
        }
        Some(Format::Xls | Format::Ods) => {
            let message =
                Text::new("只能导出 .xlsx、.csv 和 JSON Lines", "what can be written is .xlsx, .csv and JSON Lines");
            return Err(CommandError::new(ExitCode::Usage, message));
        }
        None => {
            let lines = listings.iter().map(|listing| to_json(listing, Layout::Line, Defaults::Left) + "\n");
            lines.collect::<String>().into_bytes()
        }
    };
    std::fs::write(path, bytes).map_err(|error| CommandError::io(path.display(), &error))
}

async fn own(server: &Server) -> Result<Vec<String>, CommandError> {
    let status = server.operator().get_status(v1::GetStatusRequest {}).await?.into_inner();
    Ok(status.members)
}

/// Without what only a server says.
pub(super) fn import_form(listing: &v1::Listing) -> v1::Listing {
    v1::Listing { update_time: None, revision: 0, etag: String::new(), ..listing.clone() }
}
