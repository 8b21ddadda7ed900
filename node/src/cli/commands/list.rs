//! `list`

use super::filter::FilterArgs;
use super::listing;
use crate::cli::{CommandError, Context, Sequence};

/// Lists what may be seen, ordered by name
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node list --kind capital,project --direction offer --region 440000\n  duikou-node list --member bijie --output jsonl"
)]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,

    /// No more than so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let mut results = Sequence::new(context, &listing::header(), listing::row);
        let mut left = self.limit.unwrap_or(usize::MAX);
        listing::for_each(&server, "members/-", self.filter.filter(), |listing| {
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            results.push(listing).map(|()| left > 0)
        })
        .await?;
        results.end()
    }
}
