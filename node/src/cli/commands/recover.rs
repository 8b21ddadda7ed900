//! `recover`

use serde_json::json;

use crate::cli::{CommandError, Context, FolderCommands, Text};

/// Takes the members' own records back from the gateway, after a lost disk or a restored backup
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou recover")]
pub struct Args {
    /// Where the keys are lost too: what duikou-gateway invite MEMBER --replace-keys printed
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

impl Args {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        recover(context, folder, self.token.as_deref()).await
    }
}

/// With a token where the keys are lost too.
pub(super) async fn recover(
    context: &Context,
    folder: &impl FolderCommands,
    token: Option<&str>,
) -> Result<(), CommandError> {
    let dir = context.global.dir();
    folder.recover(dir, token).await.map_err(|error| CommandError::from_anyhow(&error))?;
    context.note(&Text::new(
        format!("已恢复；下一步：duikou-node serve --dir {}", dir.display()),
        format!("recovered; next: duikou-node serve --dir {}", dir.display()),
    ));
    context.report_value(&json!({ "folder": dir.display().to_string() }))
}
