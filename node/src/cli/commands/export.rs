//! `export`

use duikou_proto::v1;

use super::listing;
use crate::cli::json::{Defaults, Layout, to_json};
use crate::cli::{CommandError, Context, Server};

/// Writes all own listings as JSON Lines in the form that import reads
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node export > listings.jsonl")]
pub struct Args {
    /// Only those of this member [default: all that the server hosts]
    #[arg(long, value_name = "ID")]
    member: Vec<String>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let members = if self.member.is_empty() { own(&server).await? } else { self.member };
        for member in members {
            listing::for_each(&server, &super::full_name(&member), None, |listing| {
                let form = import_form(listing);
                context.print(&to_json(&form, Layout::Line, Defaults::Left)).map(|()| true)
            })
            .await?;
        }
        Ok(())
    }
}

async fn own(server: &Server) -> Result<Vec<String>, CommandError> {
    let status = server.operator().get_status(v1::GetStatusRequest {}).await?.into_inner();
    Ok(status.members)
}

/// Without what only a server says.
fn import_form(listing: &v1::Listing) -> v1::Listing {
    v1::Listing { update_time: None, revision: 0, etag: String::new(), ..listing.clone() }
}
