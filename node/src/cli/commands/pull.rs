//! `pull`

use duikou_proto::v1::PullRequest;

use super::filter::FilterArgs;
use super::listing;
use crate::cli::{CommandError, Context, Text};

/// Takes what has changed since a cursor, an event a line, and ends
///
/// The cursor for the next time goes to standard error; with --output json or jsonl it is in every event too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node pull --output jsonl > changes.jsonl")]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,

    /// Go on after this cursor [default: from the beginning]
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true, default_value = "", hide_default_value = true)]
    cursor: String,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let filter = self.filter.filter(&server).await?;
        let mut client = server.feed();
        let mut cursor = self.cursor;
        loop {
            let request = PullRequest { filter: filter.clone(), cursor, page_size: listing::PAGE };
            let page = client.pull(request).await?.into_inner();
            for event in &page.events {
                listing::event(context, event)?;
            }
            cursor = page.cursor;
            if page.caught_up {
                break;
            }
        }
        context.note(&Text::new(format!("游标：{cursor}"), format!("cursor: {cursor}")));
        Ok(())
    }
}
