//! `backup`

use std::path::PathBuf;

use duikou_proto::v1;
use tonic::Code;

use crate::cli::{CommandError, Context, ExitCode, FolderCommands, Text};

/// Copies data, keys and configuration of a server to a new folder on its machine
///
/// The running server makes the copy, and notes it in its audit trail. Where none runs on the folder, the copy is made of
/// it as it lies there, and nothing is written to it: also where a server does not start, or its disk is full.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou backup /backup/monday")]
pub struct Args {
    /// A folder that does not exist yet
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Args {
    pub(super) async fn run(self, context: &Context, at_rest: &impl FolderCommands) -> Result<(), CommandError> {
        let path =
            std::path::absolute(&self.folder).map_err(|error| CommandError::io(self.folder.display(), &error))?;
        let Some(folder) = path.to_str().map(str::to_owned) else {
            let message = Text::new("路径不是 UTF-8", "the path is not UTF-8");
            return Err(CommandError::new(ExitCode::Usage, message));
        };
        let shown = |done: &v1::BackupResponse| {
            let (size, path) = (done.size_bytes, path.display());
            context.say(&format!("已备份 {size} 字节到 {path}"), &format!("{size} bytes in {path}")).to_owned()
        };
        let server = match context.connect().await {
            Err(error) if error.kind == ExitCode::Unavailable && context.global.server.is_none() => {
                let size = at_rest.backup(context.global.dir(), &path).await;
                let size = size.map_err(|error| CommandError::from_anyhow(&error))?;
                context.note(&Text::new(
                    "服务没有运行：已复制静止的目录",
                    "no server is running: the folder was copied at rest",
                ));
                let size_bytes = i64::try_from(size).unwrap_or(i64::MAX);
                return context.show(&v1::BackupResponse { size_bytes, ..Default::default() }, shown);
            }
            connected => connected?,
        };
        let response = server.operator().backup(v1::BackupRequest { folder }).await.map_err(|status| {
            let exists = status.code() == Code::AlreadyExists;
            let mut error = CommandError::from(status);
            if exists {
                error.kind = ExitCode::CannotCreate;
            }
            error
        })?;
        let response = response.into_inner();
        if response.unnoted {
            context.warn(&Text::new(
                "备份完整，但未能记入审计记录：多半是服务自己的磁盘已满，见 status",
                "the backup is complete, and the audit trail could not be told of it: most often the server's own disk is full, see status",
            ));
        }
        context.show(&response, shown)
    }
}
