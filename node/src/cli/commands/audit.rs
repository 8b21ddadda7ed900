//! `audit`

use clap::ValueEnum;
use duikou_proto::v1::{AuditEntry, ListAuditEntriesRequest, VerifyAuditRequest};
use prost_types::Timestamp;

use super::ranges::moment;
use crate::audit::{CSV_HEADER, Entry, csv_row, json_line};
use crate::cli::{CommandError, Context, ExitCode, OutputForm, Sequence, Server, Text, time};

/// Entries that are asked for at a time.
const PAGE: i32 = 1_000;

/// What was done on this server, by whom, on what
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(ListArgs),
    Verify(VerifyArgs),
    Export(ExportArgs),
}

/// Lists entries, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node audit list --action session. --since 2026-11-01")]
pub struct ListArgs {
    #[command(flatten)]
    sought: Sought,

    /// At most this many
    #[arg(long, value_name = "NUMBER", default_value = "100")]
    limit: usize,
}

/// Reads the whole trail and says whether anything was changed, taken out or cut off
///
/// Prints NUMBER:HASH of the newest entry. Kept elsewhere and given to a later run, it shows also that the end was cut
/// off.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node audit verify")]
pub struct VerifyArgs {
    /// What an earlier run printed: the trail must still hold it
    #[arg(long, value_name = "NUMBER:HASH")]
    head: Option<String>,
}

/// Writes entries, the oldest first; as JSON Lines each is as it is kept, and the next names its b3sum
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node audit export --format csv --since 2026-11-01 > audit.csv")]
pub struct ExportArgs {
    #[command(flatten)]
    sought: Sought,

    /// As what; --output json and jsonl are JSON Lines too
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
}

/// Which entries
#[derive(Debug, clap::Args)]
struct Sought {
    /// From this day or time on, for example 2026-11-01
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,

    /// Before this day or time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,

    /// Who did it: local, accounts/ID, tokens/ID
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    actor: String,

    /// What was done, for example listing.create; with a dot at its end, session. for example, all that begins so
    #[arg(long, value_name = "WORD", default_value = "", hide_default_value = true)]
    action: String,

    /// On what: names that begin so
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    resource: String,

    /// The member that it concerns
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    member: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON Lines
    Jsonl,
    /// A table
    Csv,
}

impl Sought {
    fn request(self, page_size: i32, oldest_first: bool) -> ListAuditEntriesRequest {
        ListAuditEntriesRequest {
            page_size,
            since_time: self.since,
            until_time: self.until,
            actor: self.actor,
            action: self.action,
            resource: self.resource,
            member: self.member,
            oldest_first,
            ..ListAuditEntriesRequest::default()
        }
    }
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Verify(args) => args.run(context).await,
            Self::Export(args) => args.run(context).await,
        }
    }
}

/// Calls `each` with what is wanted, page by page, until it says that this is enough.
async fn for_each(
    server: &Server,
    mut request: ListAuditEntriesRequest,
    mut each: impl FnMut(&AuditEntry) -> Result<bool, CommandError>,
) -> Result<(), CommandError> {
    let mut client = server.audits();
    loop {
        let page = client.list_audit_entries(request.clone()).await?.into_inner();
        for entry in &page.entries {
            if !each(entry)? {
                return Ok(());
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let header = [
            Text::new("编号", "NUMBER"),
            Text::new("时间", "TIME"),
            Text::new("操作者", "WHO"),
            Text::new("来自", "FROM"),
            Text::new("动作", "ACTION"),
            Text::new("对象", "ON WHAT"),
            Text::new("说明", "DETAIL"),
        ];
        let mut results = Sequence::new(context, &header, |entry: &AuditEntry| {
            let number = if entry.number == 0 { String::new() } else { entry.number.to_string() };
            let [who, from, action] = [&entry.actor, &entry.address, &entry.action].map(String::clone);
            let (what, detail) = (entry.resource.clone(), entry.detail.clone());
            vec![number, time(entry.time.as_ref()), who, from, action, what, detail]
        });
        let mut left = self.limit;
        let size = i32::try_from(left.clamp(1, PAGE as usize)).unwrap_or(PAGE);
        if left > 0 {
            for_each(&server, self.sought.request(size, false), |entry| {
                left -= 1;
                results.push(entry).map(|()| left > 0)
            })
            .await?;
        }
        results.end()
    }
}

impl VerifyArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let request = VerifyAuditRequest { head: self.head.unwrap_or_default() };
        let verdict = context.connect().await?.audits().verify_audit(request).await?.into_inner();
        context.show(&verdict, |verdict| verdict.head.clone())?;
        if !verdict.whole {
            let (number, why) = (verdict.broken_number, &verdict.broken_reason);
            let message = Text::new(
                format!("审计记录自第 {number} 条起不完整（{why}）"),
                format!("the audit trail is not as it was written: entry {number} is the first ({why})"),
            );
            return Err(CommandError::new(ExitCode::BadData, message).hint(Text::new(
                "从备份和导出中核对该条，并查明谁能写入数据目录",
                "compare that entry with backups and exports, and find out who can write to the folder",
            )));
        }
        let (count, sealed) = (verdict.entry_count, verdict.sealed_number);
        context.note(&Text::new(
            format!("{count} 条记录完整，其中前 {sealed} 条有本机密钥的签名；请把链头另存他处"),
            format!("{count} entries, all as they were written; a key of this server has signed the first {sealed}. Keep the head elsewhere"),
        ));
        Ok(())
    }
}

impl ExportArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        if self.format == Format::Csv && context.global.output != OutputForm::Table {
            let message = Text::new("--format csv 不能与 --output 同用", "--format csv does not go with --output");
            return Err(CommandError::new(ExitCode::Usage, message));
        }
        let server = context.connect().await?;
        let request = self.sought.request(PAGE, true);
        match self.format {
            Format::Jsonl => for_each(&server, request, |entry| context.print(&json_line(entry)).map(|()| true)).await,
            Format::Csv => {
                context.print(&row(CSV_HEADER))?;
                for_each(&server, request, |entry| context.print(&row(csv_row(&Entry::from(entry)))).map(|()| true))
                    .await
            }
        }
    }
}

/// A row of CSV (RFC 4180) without the end of its line.
fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let quoted = cells.into_iter().map(|cell| {
        let cell = cell.as_ref();
        if cell.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}
