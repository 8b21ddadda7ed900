//! `accounts`

mod change;
mod identity;
mod make;
mod show;

use clap::ValueEnum;
use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{Account, ListAccountsRequest, OneTimeLink};

use crate::cli::{CommandError, Context, ExitCode, Server, Text, time};
use crate::config::Rule;

/// The people who work on this server
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    FirstAdmin(make::FirstAdminArgs),
    Create(make::CreateArgs),
    /// Lists all accounts that you administer, by login
    #[command(after_help = "Example:\n  duikou-node accounts list")]
    List,
    Show(show::ShowArgs),
    Roles(change::RolesArgs),
    Disable(change::DisableArgs),
    Enable(change::EnableArgs),
    Bind(identity::BindArgs),
    Unbind(identity::UnbindArgs),
    Reset(make::ResetArgs),
    Remove(change::RemoveArgs),
    Sessions(show::SessionsArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::FirstAdmin(args) => args.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::List => show::list(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Roles(args) => args.run(context).await,
            Self::Disable(args) => args.run(context).await,
            Self::Enable(args) => args.run(context).await,
            Self::Bind(args) => args.run(context).await,
            Self::Unbind(args) => args.run(context).await,
            Self::Reset(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
            Self::Sessions(args) => args.run(context).await,
        }
    }
}

/// What somebody may do for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleWord {
    Viewer,
    Editor,
    Reviewer,
    Admin,
}

/// `MEMBER=ROLE`.
fn role(text: &str) -> Result<MemberRole, Rule> {
    const FORM: Rule = Rule {
        zh: "应为 成员=角色，如 shenzhen=editor",
        en: "write a role as MEMBER=ROLE, for example shenzhen=editor",
    };
    const WORD: Rule = Rule {
        zh: "角色为 viewer、editor、reviewer 或 admin",
        en: "a role is viewer, editor, reviewer or admin",
    };
    let (member, word) = text.split_once('=').ok_or(FORM)?;
    let role = match RoleWord::from_str(word, true) {
        Ok(RoleWord::Viewer) => Role::Viewer,
        Ok(RoleWord::Editor) => Role::Editor,
        Ok(RoleWord::Reviewer) => Role::Reviewer,
        Ok(RoleWord::Admin) => Role::Admin,
        Err(_) => return Err(WORD),
    };
    Ok(MemberRole { member: member.to_owned(), role: role.into() })
}

/// The account with this login, or this name.
async fn find(server: &Server, login: &str) -> Result<Account, CommandError> {
    let accounts = server.accounts().list_accounts(ListAccountsRequest {}).await?.into_inner().accounts;
    let wanted = login.to_lowercase();
    let found = accounts.into_iter().find(|account| account.login == wanted || account.name == login);
    found.ok_or_else(|| {
        let message = Text::new(format!("没有账号 {login}"), format!("there is no account {login}"));
        CommandError::new(ExitCode::Failed, message)
            .hint(Text::new("查看全部：duikou-node accounts list", "see all of them: duikou-node accounts list"))
    })
}

/// Tells of a link, which is shown this once.
fn tell(context: &Context, login: &str, link: &OneTimeLink) {
    let until = time(link.expire_time.as_ref());
    context.note(&Text::new(
        format!("请把链接交给 {login}：打开后设置密码，仅可使用一次，{until} 前有效"),
        format!("give this link to {login}, who sets a password with it: good once, until {until}"),
    ));
}

/// Where a browser opens a link.
fn address(link: &OneTimeLink, base: &str) -> String {
    format!("{}{}", base.trim_end_matches('/'), link.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_people_write_it() {
        let read = role("shenzhen=Editor").unwrap();
        assert_eq!((read.member.as_str(), read.role()), ("shenzhen", Role::Editor));
        assert!(role("shenzhen").is_err() && role("shenzhen=boss").is_err());
    }
}
