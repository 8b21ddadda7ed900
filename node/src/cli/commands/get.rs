//! `get`

use duikou_proto::v1::{GetListingRequest, Listing};

use super::listing;
use crate::cli::json::{Defaults, Layout, to_json};
use crate::cli::output::table;
use crate::cli::{CommandError, Context, Text};

/// Shows one listing
///
/// What --output json writes can be changed and given to publish.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node get members/shenzhen/listings/tea-2027")]
pub struct Args {
    /// Its name, members/MEMBER/listings/ID
    #[arg(value_name = "NAME")]
    name: String,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.listings();
        let found = client.get_listing(GetListingRequest { name: self.name }).await?.into_inner();
        context.show(&found, |found| people(context, found))
    }
}

fn people(context: &Context, found: &Listing) -> String {
    let mut table = table(context, &[Text::new("项", "FIELD"), Text::new("内容", "CONTENT")]);
    for (label, cell) in listing::header().iter().zip(listing::row(found)) {
        table.add_row([label.in_language(context.language), &cell]);
    }
    table.add_row([context.say("范围", "SCOPES"), &found.scopes.join(" ")]);
    table.add_row([context.say("版本", "REVISION"), &found.revision.to_string()]);
    // The kind's own part has too many shapes for a table.
    let whole = to_json(found, Layout::Pretty, Defaults::Left);
    format!("{}\n\n{whole}", table.trim_fmt())
}
