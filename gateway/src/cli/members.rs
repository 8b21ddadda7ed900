//! `members`

use duikou_node::cli::commands::ReadMembers;
use duikou_node::cli::{CommandError, Context, Text};
use duikou_proto::federation::{ResumeMemberRequest, SuspendMemberRequest};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    Read(ReadMembers),
    Suspend(SuspendArgs),
    Resume(ResumeArgs),
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

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Read(command) => command.run(context).await,
            Self::Suspend(args) => args.run(context).await,
            Self::Resume(args) => args.run(context).await,
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
        Ok(())
    }
}

impl ResumeArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let member = self.member;
        let mut admission = super::admission(&context.connect().await?);
        admission.resume_member(ResumeMemberRequest { member: member.clone() }).await?;
        context.note(&Text::new(format!("{member} 已恢复"), format!("{member} takes part again")));
        Ok(())
    }
}
