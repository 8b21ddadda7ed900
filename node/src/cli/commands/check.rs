//! `check`

use crate::cli::{CommandError, Context, ExitCode, FolderCommands, Text};

/// Verifies every record, signature and index in a folder whose server is stopped
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou check")]
pub struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        let report = folder.check(context.global.dir()).await.map_err(|error| CommandError::from_anyhow(&error))?;
        for problem in &report.problems {
            context.print(&crate::cli::clean(problem))?;
        }
        let (records, problems) = (report.records, report.problems.len());
        if problems > 0 {
            let message =
                Text::new(format!("发现 {problems} 个问题"), format!("{problems} problems in {records} records"));
            return Err(CommandError::new(ExitCode::BadData, message).hint(Text::new(
                "从备份还原（restore），或从网关取回（recover）",
                "restore a backup, or take the records back from the gateway with recover",
            )));
        }
        context.note(&Text::new(format!("{records} 条记录全部正确"), format!("{records} records, all good")));
        Ok(())
    }
}
