//! Accounts and their sessions.

use duikou_proto::v1::{
    Account, ListAccountsRequest, ListSessionsRequest, RevokeSessionRequest, RevokeSessionResponse, Session,
};

use super::find;
use crate::cli::{CommandError, Context, Sequence, Text, time};

/// Shows one account
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts show li.ming")]
pub struct ShowArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Lists where somebody is signed in, or ends that
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node accounts sessions li.ming\n  duikou-node accounts sessions li.ming --revoke all"
)]
pub struct SessionsArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,

    /// Ends the session with this name, as the list shows it, or all
    #[arg(long, value_name = "NAME|all")]
    revoke: Option<String>,
}

impl ShowArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        one(context, &find(&server, &self.login).await?)
    }
}

/// The accounts, by login.
pub(super) async fn list(context: &Context) -> Result<(), CommandError> {
    let mut client = context.connect().await?.accounts();
    let accounts = client.list_accounts(ListAccountsRequest {}).await?.into_inner().accounts;
    let header = [
        Text::new("登录名", "LOGIN"),
        Text::new("姓名", "NAME"),
        Text::new("角色", "ROLES"),
        Text::new("状态", "STATE"),
        Text::new("双因素", "SECOND FACTOR"),
        Text::new("建立", "CREATED"),
    ];
    let mut results = Sequence::new(context, &header, |account: &Account| {
        let factor = if account.has_factor { "✓" } else { "" }.to_owned();
        let made = time(account.create_time.as_ref());
        let [login, name] = [&account.login, &account.display_name].map(String::clone);
        vec![login, name, roles(account), state(context, account), factor, made]
    });
    for account in &accounts {
        results.push(account)?;
    }
    results.end()
}

fn roles(account: &Account) -> String {
    let role = |role: &duikou_proto::v1::account::MemberRole| {
        format!("{}={}", role.member, role.role().as_str_name().to_lowercase())
    };
    let roles = account.roles.iter().map(role).chain(account.node_admin.then(|| "node-admin".to_owned()));
    roles.collect::<Vec<_>>().join(" ")
}

fn state(context: &Context, account: &Account) -> String {
    let has_way = account.has_password || !account.identities.is_empty();
    let (zh, en) = match (account.disabled, has_way) {
        (true, _) => ("停用", "disabled"),
        (false, false) => ("待设置密码", "no password yet"),
        (false, true) => ("正常", "active"),
    };
    context.say(zh, en).to_owned()
}

/// One account.
pub(super) fn one(context: &Context, account: &Account) -> Result<(), CommandError> {
    context.show(account, |account| {
        let mut lines = vec![
            (context.say("登录名", "login"), account.login.clone()),
            (context.say("姓名", "name"), account.display_name.clone()),
            (context.say("角色", "roles"), roles(account)),
            (context.say("状态", "state"), state(context, account)),
            (context.say("双因素", "second factor"), if account.has_factor { "✓" } else { "–" }.to_owned()),
            (context.say("名称", "resource"), account.name.clone()),
        ];
        let identities = account.identities.iter().map(|identity| {
            (context.say("身份提供方", "identity"), format!("{} ({})", identity.subject, identity.issuer))
        });
        lines.extend(identities);
        let lines = lines.into_iter().map(|(label, value)| format!("{label}: {value}"));
        lines.collect::<Vec<_>>().join("\n")
    })
}

impl SessionsArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let account = find(&server, &self.login).await?;
        if let Some(which) = self.revoke {
            let name = match which.as_str() {
                "all" => format!("{}/sessions/-", account.name),
                name if name.starts_with("accounts/") => name.to_owned(),
                id => format!("{}/sessions/{id}", account.name),
            };
            let ended = server.accounts().revoke_session(RevokeSessionRequest { name }).await?.into_inner();
            return context.show(&ended, |ended: &RevokeSessionResponse| {
                let count = ended.ended_count;
                context.say(&format!("已结束 {count} 个登录"), &format!("sessions ended: {count}")).to_owned()
            });
        }
        let request = ListSessionsRequest { parent: account.name };
        let sessions = server.accounts().list_sessions(request).await?.into_inner().sessions;
        let header = [
            Text::new("名称", "NAME"),
            Text::new("代表", "FOR"),
            Text::new("登录", "SINCE"),
            Text::new("最近使用", "LAST USE"),
            Text::new("来自", "FROM"),
            Text::new("浏览器", "BROWSER"),
        ];
        let mut results = Sequence::new(context, &header, |session: &Session| {
            let (since, used) = (time(session.create_time.as_ref()), time(session.last_use_time.as_ref()));
            let [name, member, from, agent] =
                [&session.name, &session.member, &session.address, &session.agent].map(String::clone);
            vec![name, member, since, used, from, agent]
        });
        for session in &sessions {
            results.push(session)?;
        }
        results.end()
    }
}
