//! `drafts submit`, `drafts return`, `drafts approve`.

use duikou_proto::v1::{ApproveDraftRequest, DiffDraftRequest, ReturnDraftRequest, SubmitDraftRequest};

use super::show::{header, row, text};
use super::{Which, batch};
use crate::cli::{CommandError, Context, ExitCode, Sequence, Text};

/// Hands drafts in for approval
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node drafts submit members/shenzhen/drafts/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f"
)]
pub struct SubmitArgs {
    #[command(flatten)]
    which: Which,
}

/// Gives submitted drafts back
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node drafts return members/shenzhen/drafts/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --reason 金额有误"
)]
pub struct ReturnArgs {
    #[command(flatten)]
    which: Which,

    /// What is to be changed
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Approves submitted drafts, and publishes them
///
/// It shows what that changes, and asks. An approval is for what was shown: should it change meanwhile, nothing is
/// published. Programs give the content hash that they have seen; --yes approves what is there now.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node drafts approve members/shenzhen/drafts/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f\n  duikou-node drafts approve --member shenzhen --batch spring-2027"
)]
pub struct ApproveArgs {
    #[command(flatten)]
    which: Which,

    /// The content hash of the one draft, or of the import, that was seen: without it, it is shown and asked for
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
}

impl SubmitArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        let mut results = Sequence::new(context, &header(), |draft| row(context, draft));
        for name in self.which.names(&mut client).await? {
            let request_id = uuid::Uuid::new_v4().to_string();
            let request = SubmitDraftRequest { name, etag: String::new(), request_id };
            results.push(&client.submit_draft(request).await?.into_inner())?;
        }
        results.end()
    }
}

impl ReturnArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        let mut results = Sequence::new(context, &header(), |draft| row(context, draft));
        for name in self.which.names(&mut client).await? {
            let request_id = uuid::Uuid::new_v4().to_string();
            let request = ReturnDraftRequest { name, reason: self.reason.clone(), etag: String::new(), request_id };
            results.push(&client.return_draft(request).await?.into_inner())?;
        }
        results.end()
    }
}

impl ApproveArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        if let Some((parent, import)) = self.which.import() {
            return batch::approve(context, &mut client, parent, import, self.hash).await;
        }
        if self.hash.is_some() && self.which.names.len() > 1 {
            let message = Text::new("--hash 只能用于一件草稿", "--hash is for one draft");
            return Err(CommandError::new(ExitCode::Usage, message));
        }
        let columns = [Text::new("信息", "LISTING"), Text::new("版本", "REVISION")];
        let mut results = Sequence::new(context, &columns, |done: &duikou_proto::v1::ApproveDraftResponse| {
            vec![done.listing.clone(), done.revision.to_string()]
        });
        for name in self.which.names {
            let content_hash = match &self.hash {
                Some(hash) => hash.clone(),
                None => {
                    let difference = client.diff_draft(DiffDraftRequest { name: name.clone() }).await?.into_inner();
                    context.note(&Text::same(text(context, &difference)));
                    let listing = &difference.listing;
                    let question =
                        Text::new(format!("通过并发布 {listing}？"), format!("approve and publish {listing}?"));
                    context.confirm(question).await?;
                    difference.content_hash
                }
            };
            let request_id = uuid::Uuid::new_v4().to_string();
            let request = ApproveDraftRequest { name, content_hash, request_id };
            results.push(&client.approve_draft(request).await?.into_inner())?;
        }
        results.end()
    }
}
