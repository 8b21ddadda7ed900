//! `restore`

use std::path::PathBuf;

use crate::cli::{CommandError, Context, FolderCommands, Text};

/// Makes an empty folder (--dir) from what backup wrote
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou restore /backup/monday")]
pub struct Args {
    /// The backup
    #[arg(value_name = "FOLDER")]
    backup: PathBuf,
}

impl Args {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        let dir = context.global.dir();
        if !self.backup.is_dir() {
            let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(CommandError::io(self.backup.display(), &absent));
        }
        folder.restore(&self.backup, dir).await.map_err(|error| CommandError::from_anyhow(&error))?;
        context.note(&Text::new(format!("已还原到 {}", dir.display()), format!("restored to {}", dir.display())));
        Ok(())
    }
}
