//! `drafts`: `write` makes and changes them, `review` hands them in, gives them back and approves them, `batch` does so
//! with those of an import, `policy` says who must approve, `take_in` brings those of another node, `show` writes them.

mod batch;
mod policy;
mod review;
mod show;
mod take_in;
mod write;

use duikou_proto::v1::draft_service_client::DraftServiceClient;

use crate::cli::connect::Calls;
use crate::cli::{CommandError, Context};

/// Listings in the making, and their approval before they are published
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Create(write::CreateArgs),
    List(show::ListArgs),
    Show(show::ShowArgs),
    Edit(write::EditArgs),
    Delete(write::DeleteArgs),
    Diff(show::DiffArgs),
    Submit(review::SubmitArgs),
    Return(review::ReturnArgs),
    Approve(review::ApproveArgs),
    Policy(policy::Args),
    TakeIn(take_in::TakeInArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Edit(args) => args.run(context).await,
            Self::Delete(args) => args.run(context).await,
            Self::Diff(args) => args.run(context).await,
            Self::Submit(args) => args.run(context).await,
            Self::Return(args) => args.run(context).await,
            Self::Approve(args) => args.run(context).await,
            Self::Policy(args) => args.run(context).await,
            Self::TakeIn(args) => args.run(context).await,
        }
    }
}

/// One way to name drafts: by their names, or as those of an import.
#[derive(Debug, clap::Args)]
struct Which {
    /// Their names, members/MEMBER/drafts/ID
    #[arg(value_name = "NAME", required_unless_present = "batch", conflicts_with = "batch")]
    names: Vec<String>,

    /// All of this import instead
    #[arg(long, value_name = "ID", requires = "member")]
    batch: Option<String>,

    /// Whose import it was
    #[arg(long, value_name = "ID", requires = "batch")]
    member: Option<String>,
}

impl Which {
    /// The import, and whose it was.
    fn import(&self) -> Option<(String, String)> {
        Some((super::full_name(self.member.as_ref()?), self.batch.clone()?))
    }

    /// The names, looked up where an import was named.
    async fn names(self, client: &mut DraftServiceClient<Calls>) -> Result<Vec<String>, CommandError> {
        match self.import() {
            None => Ok(self.names),
            Some((parent, batch)) => batch::names(client, parent, batch).await,
        }
    }
}
