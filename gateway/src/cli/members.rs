//! `members`

use std::time::Duration;

use duikou_node::cli::commands::{ReadMembers, full_name};
use duikou_node::cli::{CommandError, Context, ExitCode, Text};
use duikou_node::config::Seconds;
use duikou_proto::federation::{
    MoveMemberRequest, RemoveMemberRequest, RestoreMemberRequest, ResumeMemberRequest, SuspendMemberRequest,
};
use duikou_proto::v1::GetMemberRequest;
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use serde_json::json;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    Read(ReadMembers),
    Suspend(SuspendArgs),
    Resume(ResumeArgs),
    Remove(RemoveArgs),
    Restore(RestoreArgs),
    Move(MoveArgs),
}

/// Hides a member's records everywhere and stops it from sending, at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway members suspend bijie --reason compromised --yes")]
pub(super) struct SuspendArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,

    /// Why; everyone reads it in the directory
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

/// Lets a suspended member take part again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway members resume bijie")]
pub(super) struct ResumeArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,
}

/// Takes a member out of the network: hidden at once, gone from the stores of others later
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway members remove bijie --reason merged --yes")]
pub(super) struct RemoveArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,

    /// Why; everyone reads it in the directory
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,

    /// After how long the stores of others drop what it wrote, at most 366d
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    keep: Seconds,
}

/// Takes a removed member back
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway members restore bijie")]
pub(super) struct RestoreArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,
}

/// Moves a member to another node, once its present one has delivered all that it wrote
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway members move bijie --to zunyi")]
pub(super) struct MoveArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,

    /// The node that is to host it; its present one calls the move off
    #[arg(long, value_name = "NODE")]
    to: String,

    /// At once, because its present node is lost
    #[arg(long)]
    force: bool,

    /// How long to wait for its present node
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    wait: Seconds,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Read(command) => command.run(context).await,
            Self::Suspend(args) => args.run(context).await,
            Self::Resume(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
            Self::Restore(args) => args.run(context).await,
            Self::Move(args) => args.run(context).await,
        }
    }
}

impl SuspendArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let Self { member, reason } = self;
        context
            .confirm(Text::new(
                format!("{member} 的全部信息将立即在全网隐藏。继续？"),
                format!("everything of {member} will be hidden in the whole network at once; go on?"),
            ))
            .await?;
        let mut admission = super::admission(&context.connect().await?);
        admission.suspend_member(SuspendMemberRequest { member: member.clone(), reason }).await?;
        context.note(&Text::new(
            format!("{member} 已暂停；恢复：duikou-gateway members resume {member}"),
            format!("{member} is suspended; to undo it: duikou-gateway members resume {member}"),
        ));
        context.report_value(&json!({ "member": member, "state": "SUSPENDED" }))
    }
}

impl ResumeArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let member = self.member;
        let mut admission = super::admission(&context.connect().await?);
        admission.resume_member(ResumeMemberRequest { member: member.clone() }).await?;
        context.note(&Text::new(format!("{member} 已恢复"), format!("{member} takes part again")));
        context.report_value(&json!({ "member": member, "state": "ACTIVE" }))
    }
}

impl RemoveArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let Self { member, reason, keep } = self;
        let question = Text::new(
            format!("{member} 的全部信息将立即在全网隐藏，{keep} 后从他处删除。继续？"),
            format!("everything of {member} will be hidden at once, and dropped elsewhere after {keep}; go on?"),
        );
        context.confirm(question).await?;
        let seconds = i64::try_from(keep.duration().as_secs()).unwrap_or(i64::MAX).max(1);
        let mut admission = super::admission(&context.connect().await?);
        let request = RemoveMemberRequest { member: member.clone(), reason, keep_seconds: seconds };
        admission.remove_member(request).await?;
        context.note(&Text::new(
            format!("{member} 已移出；撤销：duikou-gateway members restore {member}"),
            format!("{member} is removed; to undo it: duikou-gateway members restore {member}"),
        ));
        context.report_value(&json!({ "member": member, "state": "REMOVED" }))
    }
}

impl RestoreArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let member = self.member;
        let mut admission = super::admission(&context.connect().await?);
        admission.restore_member(RestoreMemberRequest { member: member.clone() }).await?;
        context.note(&Text::new(format!("{member} 已重新加入"), format!("{member} is back")));
        context.report_value(&json!({ "member": member, "state": "ACTIVE" }))
    }
}

/// How often it is looked whether the member has moved.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl MoveArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let Self { member, to, force, wait } = self;
        if force {
            let question = Text::new(
                format!(
                    "将不等待 {member} 现在的节点：其上尚未被网关确认的内容，以及仅限应询的内容，不会随迁，只能从该节点导出。继续？"
                ),
                format!(
                    "the present node of {member} is not waited for: what the gateway has not acknowledged, and what is on request, does not move along and can only be exported there; go on?"
                ),
            );
            context.confirm(question).await?;
        }
        let server = context.connect().await?;
        let request = MoveMemberRequest { member: member.clone(), node: to.clone(), force };
        let announced = super::admission(&server).move_member(request).await?.into_inner().announced;
        if announced {
            self::arrives(&server, &member, &to, wait).await?;
        }
        context.note(&Text::new(format!("{member} 现由节点 {to} 托管"), format!("{member} lives on {to}")));
        context.report_value(&json!({ "member": member, "node": to }))
    }
}

/// Waits until the member lives on the node that it is moved to.
async fn arrives(server: &duikou_node::cli::Server, member: &str, to: &str, wait: Seconds) -> Result<(), CommandError> {
    let mut directory = DirectoryServiceClient::new(server.calls());
    let moves = async {
        loop {
            let shown = directory.get_member(GetMemberRequest { name: full_name(member) }).await?.into_inner();
            if shown.moving_to.is_empty() {
                return Ok::<(), tonic::Status>(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(wait.duration(), moves).await {
        Ok(done) => Ok(done?),
        Err(_) => {
            let text = Text::new(
                format!("{member} 现在的节点尚未交付全部内容；{member} 暂停写入，迁移会自动继续"),
                format!(
                    "the present node of {member} has not delivered everything yet: {member} writes nothing, and the move goes on by itself"
                ),
            );
            Err(CommandError::new(ExitCode::TryAgain, text)
                .hint(Text::new(
                    format!("取消：duikou-gateway members move {member} --to 原节点"),
                    format!("to call it off: duikou-gateway members move {member} --to ITS-PRESENT-NODE"),
                ))
                .hint(Text::new(
                    format!("原节点已丢失时：duikou-gateway members move {member} --to {to} --force"),
                    format!("where that node is lost: duikou-gateway members move {member} --to {to} --force"),
                )))
        }
    }
}
