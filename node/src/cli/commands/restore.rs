//! `restore`

use std::path::PathBuf;

use serde_json::json;

use crate::cli::{CommandError, Context, FolderCommands, Text};

/// Makes an empty folder (--dir) from what backup wrote, or from a copy of a server's folder at rest
///
/// A copy of a machine that crashed, or a snapshot of its disk, will do: what was written last is in data.db-wal beside
/// the data, and comes along. A folder on which a server runs is refused, and so is a copy whose data does not fit
/// together, as when files were copied while a server wrote them.
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
        std::fs::read_dir(&self.backup).map_err(|error| CommandError::in_folder(self.backup.display(), &error))?;
        let log = folder.restore(&self.backup, dir).await.map_err(|error| CommandError::from_anyhow(&error))?;
        if log > 0 {
            let from = self.backup.display();
            context.note(&Text::new(
                format!(
                    "{from} 是服务目录的拷贝：尚未并入 data.db 的日志（{log} 字节）已一并还原。若拷贝时服务在运行且不是磁盘快照，最后的改动可能不全"
                ),
                format!(
                    "{from} is a copy of a server's folder: the log beside its data.db ({log} bytes) was taken in. Where the \
                     server ran while it was copied, and it is no snapshot of the disk, what came last may be lacking"
                ),
            ));
        }
        context.note(&Text::new(format!("已还原到 {}", dir.display()), format!("restored to {}", dir.display())));
        context.note(&Text::new(
            "备份之后撤销的令牌、停用的账号和企业、改过的密码又如备份时一样，启动后请核对；登录、一次性链接和未用的邀请码一律作废",
            "tokens revoked, accounts and enterprises suspended and passwords changed since the backup are as they were in it: \
             look through them once it runs. Sessions, one-time links and unused join tokens are void",
        ));
        context.report_value(&json!({ "folder": dir.display().to_string(), "logBytes": log }))
    }
}
