//! `records`

use duikou_node::cli::{CommandError, Context, Text};
use duikou_proto::federation::{HideRecordRequest, ShowRecordRequest};
use serde_json::json;
use tonic::Code;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Hide(HideArgs),
    Show(ShowArgs),
}

/// Every store of the network stops showing a record; its origin is told why
///
/// Where the gateway holds nothing of that name it asks first; --yes hides the name all the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway records hide members/bijie/listings/x --reason duplicate")]
pub(super) struct HideArgs {
    /// Its name, members/MEMBER/listings/ID
    #[arg(value_name = "NAME")]
    name: String,

    /// Why
    #[arg(long)]
    reason: String,
}

/// Lets a hidden record be shown again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway records show members/bijie/listings/x")]
pub(super) struct ShowArgs {
    /// Its name, members/MEMBER/listings/ID
    #[arg(value_name = "NAME")]
    name: String,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Hide(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
        }
    }
}

impl HideArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let Self { name, reason } = self;
        let mut admission = super::admission(&context.connect().await?);
        let hide = |allow_missing| HideRecordRequest { name: name.clone(), reason: reason.clone(), allow_missing };
        match admission.hide_record(hide(false)).await {
            Err(status) if status.code() == Code::NotFound => {
                let question = Text::new(
                    format!("网关没有名为 {name} 的信息，请核对名称。仍要隐藏这一名称？"),
                    format!("the gateway holds nothing called {name}: check the name. Hide it all the same?"),
                );
                context.confirm(question).await?;
                admission.hide_record(hide(true)).await?;
            }
            hidden => drop(hidden?),
        }
        context.note(&Text::new(
            format!("{name} 已隐藏；恢复：duikou-gateway records show {name}"),
            format!("{name} is hidden; to undo it: duikou-gateway records show {name}"),
        ));
        context.report_value(&json!({ "name": name, "hidden": true }))
    }
}

impl ShowArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let name = self.name;
        let mut admission = super::admission(&context.connect().await?);
        admission.show_record(ShowRecordRequest { name: name.clone() }).await?;
        context.note(&Text::new(format!("{name} 恢复显示"), format!("{name} is shown again")));
        context.report_value(&json!({ "name": name, "hidden": false }))
    }
}
