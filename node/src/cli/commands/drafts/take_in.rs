//! `drafts take-in`

use std::path::PathBuf;

use duikou_proto::v1::{TakeInDraftsRequest, TakeInDraftsResponse};

use crate::cli::commands::input;
use crate::cli::{CommandError, Context, ExitCode, FormFault, Server, Text};

/// Lines that are sent at once.
const LINES: usize = 200;
/// Bytes that are sent at once, about: below what a server takes as one message.
const BYTES: usize = 1024 * 1024;

/// Takes in what an office had typed at the node where its member lived before
///
/// The file is departed/MEMBER-NUMBER.office in the folder of that node: drafts, who has to approve, and how tables are
/// read. Drafts that were handed in have to be handed in again, since the people of the old node are nobody here. What is
/// here already stays as it is, so it may be repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node drafts take-in /media/bijie.office")]
pub struct TakeInArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl TakeInArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let mut lines = input::lines(self.file);
        let (mut waiting, mut numbers, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut sum = TakeInDraftsResponse::default();
        let mut refused = 0;
        while let Some(line) = lines.recv().await {
            let line = line?;
            let text = line.text.unwrap_or_default();
            bytes += text.len();
            waiting.push(text);
            numbers.push(line.number);
            if waiting.len() == LINES || bytes >= BYTES {
                bytes = 0;
                refused += send(context, &server, &mut waiting, &mut numbers, &mut sum).await?;
            }
        }
        refused += send(context, &server, &mut waiting, &mut numbers, &mut sum).await?;
        context.show(&sum, |sum| {
            let TakeInDraftsResponse { drafts, policies, mappings, known, .. } = sum;
            let text = Text::new(
                format!("草稿 {drafts}，审核规则 {policies}，表格读法 {mappings}，已有 {known}，拒绝 {refused}"),
                format!(
                    "{drafts} drafts, {policies} policies, {mappings} mappings, {known} here already, {refused} refused"
                ),
            );
            text.in_language(context.language).to_owned()
        })?;
        if refused == 0 {
            return Ok(());
        }
        let message = Text::new(format!("{refused} 行未收入"), format!("{refused} lines were not taken in"));
        Err(CommandError::new(ExitCode::BadData, message).hint(Text::new(
            "按上面的说明处理后再执行一次；已收入的不会重复",
            "do what is said above and repeat it: what is here stays as it is",
        )))
    }
}

/// Sends what waits; how many lines were refused.
async fn send(
    context: &Context,
    server: &Server,
    waiting: &mut Vec<String>,
    numbers: &mut Vec<usize>,
    sum: &mut TakeInDraftsResponse,
) -> Result<usize, CommandError> {
    let (lines, numbers) = (std::mem::take(waiting), std::mem::take(numbers));
    if lines.is_empty() {
        return Ok(0);
    }
    let answer = server.operator().take_in_drafts(TakeInDraftsRequest { lines }).await?.into_inner();
    sum.drafts += answer.drafts;
    sum.policies += answer.policies;
    sum.mappings += answer.mappings;
    sum.known += answer.known;
    for refused in &answer.refused {
        let at = usize::try_from(refused.line).ok().and_then(|line| numbers.get(line)).copied();
        let message = Text::same(refused.description.clone());
        context.warn(&FormFault { line: at.unwrap_or_default(), field: String::new(), message }.text());
    }
    let count = answer.refused.len();
    sum.refused.extend(answer.refused.into_iter().map(|refused| {
        let at = usize::try_from(refused.line).ok().and_then(|line| numbers.get(line)).copied().unwrap_or_default();
        duikou_proto::v1::take_in_drafts_response::Refused { line: i32::try_from(at).unwrap_or(i32::MAX), ..refused }
    }));
    Ok(count)
}
