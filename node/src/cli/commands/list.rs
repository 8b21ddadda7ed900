//! `list`

use std::path::PathBuf;

use super::filter::FilterArgs;
use super::{export, listing};
use crate::cli::{CommandError, Context, Sequence};

/// Lists what may be seen, ordered by name
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node list --kind capital,project --direction offer --region 440000\n  duikou-node list --member bijie --output jsonl\n  duikou-node list --kind project --output-file projects.xlsx"
)]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,

    /// No more than so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Write them to this file: .xlsx with a sheet for each kind, .csv for one kind, else JSON Lines
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let filter = self.filter.filter(&server).await?;
        let mut results = Sequence::new(context, &listing::header(), |found| listing::row(context, found));
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut kept = Vec::new();
        listing::for_each(&server, "members/-", filter, |listing| {
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            if self.output_file.is_some() {
                kept.push(export::import_form(listing));
                return Ok(left > 0);
            }
            results.push(listing).map(|()| left > 0)
        })
        .await?;
        match self.output_file {
            None => results.end(),
            Some(path) => export::write(context, path, kept).await,
        }
    }
}
