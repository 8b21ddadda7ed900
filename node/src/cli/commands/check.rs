//! `check`

use serde_json::json;

use crate::cli::{CommandError, Context, ExitCode, FolderCommands, OutputForm, Text};

/// Reads everything in a folder whose server is stopped, and names what is damaged
///
/// The database's own files and indexes; every record, and its signature by the directory; the directory itself; every
/// other thing that the server keeps; the audit trail. What is damaged is listed, and the command ends with 65.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou check")]
pub struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        let report = folder.check(context.global.dir()).await.map_err(|error| CommandError::from_anyhow(&error))?;
        let told = report.problems.iter().map(|problem| crate::cli::clean(problem.in_language(context.language)));
        if context.global.output == OutputForm::Table {
            told.clone().try_for_each(|problem| context.print(&problem))?;
        }
        context.report_value(&json!({
            "records": report.records,
            "problems": told.collect::<Vec<_>>(),
            "more": report.more,
        }))?;
        let (records, problems) = (report.records, report.problems.len() as u64 + report.more);
        if report.more > 0 {
            let more = report.more;
            context.note(&Text::new(format!("另有 {more} 个问题未列出"), format!("{more} more are not listed")));
        }
        if problems > 0 {
            let message =
                Text::new(format!("发现 {problems} 个问题"), format!("{problems} problems beside {records} records"));
            return Err(CommandError::new(ExitCode::BadData, message).hint(Text::new(
                "从备份还原（restore），或从网关取回（recover）",
                "restore a backup, or take the records back from the gateway with recover",
            )));
        }
        context.note(&Text::new(
            format!("数据全部正确，其中记录 {records} 条"),
            format!("everything is as it was written, {records} records among it"),
        ));
        Ok(())
    }
}
