//! `withdraw`

use duikou_proto::v1::{WithdrawListingRequest, WithdrawalReason};

use super::terms;
use crate::cli::{CommandError, Context, Text};

/// Takes a listing back from everyone who could see it
///
/// It may be published again, unless it was deleted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node withdraw members/shenzhen/listings/tea-2027 --filled")]
pub struct Args {
    /// Its name, members/MEMBER/listings/ID
    #[arg(value_name = "NAME")]
    name: String,

    /// What was offered or sought has been found
    #[arg(long, conflicts_with = "delete")]
    filled: bool,

    /// For good: the name can never be used again
    #[arg(long)]
    delete: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let name = self.name;
        let reason = match (self.filled, self.delete) {
            (true, _) => WithdrawalReason::Filled,
            (_, true) => WithdrawalReason::Deleted,
            _ => WithdrawalReason::Withdrawn,
        };
        if reason == WithdrawalReason::Deleted {
            context
                .confirm(Text::new(
                    format!("删除 {name} 后，这个名称永远不能再用。继续？"),
                    format!("once {name} is deleted, its name can never be used again; go on?"),
                ))
                .await?;
        }
        let request = WithdrawListingRequest {
            name: name.clone(),
            reason: reason.into(),
            etag: String::new(),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        let mut client = context.connect().await?.listings();
        let done = client.withdraw_listing(request).await?.into_inner();
        context.show(&done, |_| format!("{name}  {}", terms::end(reason).in_language(context.language)))
    }
}
