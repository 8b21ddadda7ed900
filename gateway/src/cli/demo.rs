//! `demo`

use duikou_node::cli::{CommandError, Context, OutputForm};

use super::folder::{DemoOptions, GatewayFolder};

/// Runs a whole network on this machine, to look at
///
/// With --dir its folders are kept there; else they are gone at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway demo --once")]
pub(super) struct Args {
    /// End when every store holds what it must; fails where one does not
    #[arg(long)]
    once: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context, gateway: &impl GatewayFolder) -> Result<(), CommandError> {
        let options = DemoOptions {
            once: self.once,
            json: context.global.output != OutputForm::Table,
            progress: !context.global.quiet,
            dir: context.global.dir.clone(),
        };
        gateway.demo(&options).await.map_err(|error| CommandError::from_anyhow(&error))
    }
}
