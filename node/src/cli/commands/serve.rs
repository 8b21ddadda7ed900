//! `serve`

use crate::cli::{CommandError, Context, FolderCommands};

/// Runs the server of a folder until it is told to stop
///
/// An interrupt lets running requests end; a second one stops at once. DUIKOU_LOG says what is logged.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node serve --dir /var/lib/duikou\n  duikou-node serve --set web.listen=127.0.0.1:0"
)]
pub struct Args {
    /// A setting that goes before the file and the environment; may be repeated
    #[arg(long = "set", value_name = "PART.KEY=VALUE")]
    pub settings: Vec<String>,
}

impl Args {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        let config = context.config(&self.settings)?;
        folder.serve(context.global.dir(), config).await.map_err(|error| CommandError::from_anyhow(&error))
    }
}
