//! `invites`

use duikou_node::cli::{CommandError, Context, Sequence, Text, time};
use duikou_proto::federation::invite::State;
use duikou_proto::federation::{Invite, ListInvitesRequest, RevokeInviteRequest};

/// The join tokens that were made
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Lists them, newest first: which are open, used and by which node, expired, taken back. Never their secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway invites list --open")]
pub(super) struct ListArgs {
    /// Only those that can still be used
    #[arg(long)]
    open: bool,
}

/// Takes a token back that nobody has used: it admits nobody from then on
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway invites revoke invites/3f2a91c07be4d815")]
pub(super) struct RevokeArgs {
    /// Its name, as list shows it
    #[arg(value_name = "NAME")]
    name: String,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Revoke(args) => args.run(context).await,
        }
    }
}

/// What has become of it.
fn state(state: State) -> Text {
    match state {
        State::Unspecified => Text::same(""),
        State::Open => Text::new("可用", "open"),
        State::Used => Text::new("已使用", "used"),
        State::Expired => Text::new("已过期", "expired"),
        State::Revoked => Text::new("已撤回", "taken back"),
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut admission = super::admission(&context.connect().await?);
        let invites = admission.list_invites(ListInvitesRequest {}).await?.into_inner().invites;
        let header = [
            Text::new("名称", "NAME"),
            Text::new("成员", "MEMBER"),
            Text::new("用途", "FOR"),
            Text::new("状态", "STATE"),
            Text::new("生成", "CREATED"),
            Text::new("到期", "EXPIRES"),
            Text::new("使用的节点", "USED BY"),
            Text::new("使用时间", "USED"),
        ];
        let mut results = Sequence::new(context, &header, |invite: &Invite| {
            let purpose = if invite.replace_keys {
                context.say("更换密钥", "new keys")
            } else {
                context.say("加入", "joining")
            };
            let state = state(invite.state()).in_language(context.language).to_owned();
            let [made, ends, used] =
                [&invite.create_time, &invite.expire_time, &invite.use_time].map(|at| time(at.as_ref()));
            let (name, member, node) = (invite.name.clone(), invite.member.clone(), invite.node.clone());
            vec![name, member, purpose.to_owned(), state, made, ends, node, used]
        });
        for invite in invites.iter().filter(|invite| !self.open || invite.state() == State::Open) {
            results.push(invite)?;
        }
        results.end()
    }
}

impl RevokeArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let name = if self.name.contains('/') { self.name } else { format!("invites/{}", self.name) };
        let mut admission = super::admission(&context.connect().await?);
        let invite = admission.revoke_invite(RevokeInviteRequest { name }).await?.into_inner();
        let (name, member) = (invite.name.clone(), invite.member.clone());
        context.note(&Text::new(
            format!("{name} 已撤回，不能再用它加入；重新邀请：duikou-gateway invite {member} …"),
            format!("{name} is taken back and admits nobody; for another: duikou-gateway invite {member} …"),
        ));
        context.show(&invite, |invite| invite.name.clone())
    }
}
