//! What ends with a one-time link: the first administrator, a new account, a reset.

use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::{
    Account, CreateAccountRequest, CreateAdministratorRequest, CreateAdministratorResponse, ResetAccountRequest,
};

use super::{address, find, role, tell};
use crate::cli::{CommandError, Context, Text};

/// Makes the first administrator of this server, and prints a one-time link by which a password is set
///
/// Whoever lost the link runs it again. Where somebody administers the server already it makes another one, with --yes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts first-admin --dir /var/lib/duikou")]
pub struct FirstAdminArgs {
    /// What they sign in with
    #[arg(long, value_name = "LOGIN", default_value = "admin")]
    login: String,

    /// What people call them
    #[arg(long, value_name = "NAME", default_value = "管理员")]
    name: String,
}

/// Makes an account, and prints the one-time link by which its owner sets a password
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node accounts create li.ming --name 李明 --role shenzhen=editor --role bijie=viewer"
)]
pub struct CreateArgs {
    /// What they sign in with: 2 to 64 letters, digits, or any of . _ - @
    #[arg(value_name = "LOGIN")]
    login: String,

    /// What people call them
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What they may do for a member that lives here: viewer, editor, reviewer or admin
    #[arg(long, value_name = "MEMBER=ROLE", value_parser = role)]
    role: Vec<MemberRole>,

    /// They administer the server and all members that live here
    #[arg(long)]
    node_admin: bool,
}

/// Takes the password away, ends all sessions, and prints the one-time link by which a new one is set
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts reset li.ming --factor")]
pub struct ResetArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,

    /// The second factor goes as well: the telephone was lost
    #[arg(long)]
    factor: bool,
}

impl FirstAdminArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let Self { login, name } = self;
        let request = |anyway| CreateAdministratorRequest { login: login.clone(), display_name: name.clone(), anyway };
        let server = context.connect().await?;
        let mut made = server.operator().create_administrator(request(false)).await?.into_inner();
        if made.link.is_none() {
            context
                .confirm(Text::new(
                    "本服务器已有管理员。再建一个？",
                    "this server has an administrator; make another one?",
                ))
                .await?;
            made = server.operator().create_administrator(request(true)).await?.into_inner();
        }
        if let Some(link) = &made.link {
            tell(context, &login, link);
        }
        context.show(&made, |made: &CreateAdministratorResponse| {
            made.link.as_ref().map(|link| address(link, &made.base_url)).unwrap_or_default()
        })
    }
}

impl CreateArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let account = Account {
            login: self.login.clone(),
            display_name: self.name,
            roles: self.role,
            node_admin: self.node_admin,
            ..Account::default()
        };
        let mut client = context.connect().await?.accounts();
        let made = client.create_account(CreateAccountRequest { account: Some(account) }).await?.into_inner();
        if let Some(link) = &made.link {
            tell(context, &self.login, link);
        }
        context.show(&made, |made| made.link.as_ref().map(|link| link.path.clone()).unwrap_or_default())
    }
}

impl ResetArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let account = find(&server, &self.login).await?;
        let login = &account.login;
        context
            .confirm(Text::new(
                format!("{login} 现有的密码和登录将立即失效。继续？"),
                format!("the password and all sessions of {login} end at once; go on?"),
            ))
            .await?;
        let request = ResetAccountRequest { name: account.name.clone(), factor: self.factor };
        let made = server.accounts().reset_account(request).await?.into_inner();
        if let Some(link) = &made.link {
            tell(context, login, link);
        }
        context.show(&made, |made| made.link.as_ref().map(|link| link.path.clone()).unwrap_or_default())
    }
}
