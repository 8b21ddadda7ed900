//! `backup`

use std::path::PathBuf;

use duikou_proto::v1;
use tonic::Code;

use crate::cli::{CommandError, Context, ExitCode, Text};

/// Copies data, keys and configuration of the running server to a new folder on its machine
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou backup /backup/monday")]
pub struct Args {
    /// A folder that does not exist yet
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let path =
            std::path::absolute(&self.folder).map_err(|error| CommandError::io(self.folder.display(), &error))?;
        let Some(folder) = path.to_str().map(str::to_owned) else {
            let message = Text::new("路径不是 UTF-8", "the path is not UTF-8");
            return Err(CommandError::new(ExitCode::Usage, message));
        };
        let mut operator = context.connect().await?.operator();
        let response = operator.backup(v1::BackupRequest { folder }).await.map_err(|status| {
            let exists = status.code() == Code::AlreadyExists;
            let mut error = CommandError::from(status);
            if exists {
                error.kind = ExitCode::CannotCreate;
            }
            error
        })?;
        context.show(&response.into_inner(), |done| {
            let (size, path) = (done.size_bytes, path.display());
            context.say(&format!("已备份 {size} 字节到 {path}"), &format!("{size} bytes in {path}")).to_owned()
        })
    }
}
