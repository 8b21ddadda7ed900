//! Roles, disabling, enabling, removing.

use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::{
    Account, DeleteAccountRequest, DisableAccountRequest, EnableAccountRequest, UpdateAccountRequest,
};
use prost_types::FieldMask;

use super::{find, role, show};
use crate::cli::{CommandError, Context, Text};

/// Changes what somebody may do
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node accounts roles li.ming --set shenzhen=reviewer\n  duikou-node accounts roles li.ming --drop bijie"
)]
pub struct RolesArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,

    /// Gives a role for a member, in place of the one before
    #[arg(long, value_name = "MEMBER=ROLE", value_parser = role)]
    set: Vec<MemberRole>,

    /// Takes the role for a member away
    #[arg(long, value_name = "MEMBER")]
    drop: Vec<String>,

    /// Whether they administer the server and all members that live here
    #[arg(long, value_name = "true|false")]
    node_admin: Option<bool>,
}

/// Disables an account: its sessions end at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts disable li.ming")]
pub struct DisableArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Enables an account again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts enable li.ming")]
pub struct EnableArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Removes an account for good; what it did stays in the audit trail
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts remove li.ming --yes")]
pub struct RemoveArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Whether two ids, one of them perhaps short, name one member.
fn is_same(full: &str, given: &str) -> bool {
    full == given || full.split_once('.').is_some_and(|(short, _)| short == given)
}

impl RolesArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let held = find(&server, &self.login).await?;
        let replaced = |member: &str| {
            self.drop.iter().any(|drop| is_same(member, drop))
                || self.set.iter().any(|set| is_same(member, &set.member))
        };
        let kept = held.roles.iter().filter(|role| !replaced(&role.member)).cloned();
        let roles: Vec<MemberRole> = kept.chain(self.set.iter().cloned()).collect();
        let mut paths = Vec::new();
        if !self.set.is_empty() || !self.drop.is_empty() {
            paths.push("roles".to_owned());
        }
        if self.node_admin.is_some() {
            paths.push("node_admin".to_owned());
        }
        if paths.is_empty() {
            return show::one(context, &held);
        }
        let node_admin = self.node_admin.unwrap_or_default();
        let account = Account { name: held.name, roles, node_admin, ..Account::default() };
        let request = UpdateAccountRequest { account: Some(account), update_mask: Some(FieldMask { paths }) };
        let changed = server.accounts().update_account(request).await?.into_inner();
        show::one(context, &changed)
    }
}

impl DisableArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let name = find(&server, &self.login).await?.name;
        let account = server.accounts().disable_account(DisableAccountRequest { name }).await?.into_inner();
        let login = self.login;
        context.note(&Text::new(format!("{login} 已停用"), format!("{login} is disabled")));
        context.report(&account)
    }
}

impl EnableArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let name = find(&server, &self.login).await?.name;
        let account = server.accounts().enable_account(EnableAccountRequest { name }).await?.into_inner();
        let login = self.login;
        context.note(&Text::new(format!("{login} 已启用"), format!("{login} is enabled")));
        context.report(&account)
    }
}

impl RemoveArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let name = find(&server, &self.login).await?.name;
        let login = self.login;
        context
            .confirm(Text::new(format!("永久删除账号 {login}？"), format!("remove the account {login} for good?")))
            .await?;
        server.accounts().delete_account(DeleteAccountRequest { name: name.clone() }).await?;
        context.note(&Text::new(format!("{login} 已删除"), format!("{login} is removed")));
        context.report_value(&serde_json::json!({ "name": name, "login": login }))
    }
}
