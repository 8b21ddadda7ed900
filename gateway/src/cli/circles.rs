//! `circles`

use duikou_node::cli::commands::ReadCircles;
use duikou_node::cli::{CommandError, Context, Text};
use duikou_proto::federation::{AddToCircleRequest, CreateCircleRequest, DropFromCircleRequest};
use serde_json::json;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    Read(ReadCircles),
    Create(CreateArgs),
    Add(AddArgs),
    Drop(DropArgs),
}

/// Begins a circle; its name is never used again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway circles create pan-prd")]
pub(super) struct CreateArgs {
    /// Its name
    #[arg(value_name = "CIRCLE")]
    circle: String,
}

/// Members join a circle, and are brought what was opened to it before
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway circles add pan-prd shenzhen bijie")]
pub(super) struct AddArgs {
    /// Its name
    #[arg(value_name = "CIRCLE")]
    circle: String,

    /// Short or full ids
    #[arg(value_name = "MEMBER", required = true)]
    members: Vec<String>,
}

/// Members leave a circle: what only the circle opened to them leaves their nodes
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway circles drop pan-prd bijie")]
pub(super) struct DropArgs {
    /// Its name
    #[arg(value_name = "CIRCLE")]
    circle: String,

    /// Short or full ids
    #[arg(value_name = "MEMBER", required = true)]
    members: Vec<String>,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Read(command) => command.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::Add(args) => args.run(context).await,
            Self::Drop(args) => args.run(context).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let circle = self.circle;
        let mut admission = super::admission(&context.connect().await?);
        admission.create_circle(CreateCircleRequest { circle: circle.clone() }).await?;
        context.note(&Text::new(
            format!("圈子 {circle} 已建立；下一步：duikou-gateway circles add {circle} MEMBER"),
            format!("{circle} is there; next: duikou-gateway circles add {circle} MEMBER"),
        ));
        context.report_value(&json!({ "circle": circle }))
    }
}

impl AddArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let circle = self.circle;
        let mut admission = super::admission(&context.connect().await?);
        for member in &self.members {
            let request = AddToCircleRequest { circle: circle.clone(), member: member.clone() };
            admission.add_to_circle(request).await?;
            context.note(&Text::new(format!("{member} 已加入 {circle}"), format!("{member} is in {circle}")));
        }
        context.report_value(&json!({ "circle": circle, "added": self.members }))
    }
}

impl DropArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let circle = self.circle;
        let mut admission = super::admission(&context.connect().await?);
        for member in &self.members {
            let request = DropFromCircleRequest { circle: circle.clone(), member: member.clone() };
            admission.drop_from_circle(request).await?;
            context.note(&Text::new(format!("{member} 已退出 {circle}"), format!("{member} has left {circle}")));
        }
        context.report_value(&json!({ "circle": circle, "dropped": self.members }))
    }
}
