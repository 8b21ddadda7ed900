//! The demonstration's consoles: an account for each role at each.

use std::path::Path;

use anyhow::Context as _;
use duikou_node::cli::{Language, Server, connect_server};
use duikou_node::trust::identity::AUTHORITY_FILE;
use duikou_node::world::World;
use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::account_service_client::AccountServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{AcceptLinkRequest, Account, CreateAccountRequest, SignInRequest};
use serde::Serialize;
use serde_json::Value;

use super::socket::channel;
use super::work::Begun;

/// Who drafts, and who says yes.
pub(super) const EDITOR: &str = "editor";
pub(super) const REVIEWER: &str = "reviewer";
/// An account for each of them, under the login that says which.
const ROLES: [(Role, &str, &str); 4] = [
    (Role::Viewer, "viewer", "查看员"),
    (Role::Editor, EDITOR, "编辑员"),
    (Role::Reviewer, REVIEWER, "审核员"),
    (Role::Admin, "admin", "管理员"),
];
/// Letters of a password: none that look alike.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS: usize = 4;
const GROUP: usize = 4;

/// The console of one server.
#[derive(Debug, Clone, Serialize)]
pub struct Console {
    /// Short id of the node.
    pub node: String,
    /// Where people reach it.
    pub address: String,
    /// With what they sign in there.
    pub logins: Vec<String>,
    /// What is under way there.
    pub drafts: Vec<Begun>,
}

impl Console {
    /// As whoever has this login, the way that a browser goes.
    pub(super) async fn sign_in(&self, dir: &Path, login: &str, password: &str) -> anyhow::Result<Server> {
        let channel = connect_server(&self.address, Some(&dir.join(AUTHORITY_FILE))).await?;
        let (login, password) = (login.to_owned(), password.to_owned());
        let request = SignInRequest { login, password, ..SignInRequest::default() };
        let session = AccountServiceClient::new(channel.clone()).sign_in(request).await?.into_inner();
        Ok(Server::new(channel, Some(&session.secret), Language::Zh)?)
    }
}

/// A password that people can type, of chance.
pub(super) fn password() -> String {
    let chance = World::system().random::<{ PASSWORD_GROUPS * GROUP }>();
    let letters: Vec<char> = chance.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    letters.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Lets an account for each role into the server in `dir`, for all of its members.
pub(super) async fn open(node: &str, dir: &Path, members: &[String], password: &str) -> anyhow::Result<Console> {
    let mut people = AccountServiceClient::new(channel(dir).await?);
    for (role, login, name) in ROLES {
        let roles = members.iter().map(|member| MemberRole { member: member.clone(), role: role.into() });
        let account = Account {
            login: login.to_owned(),
            display_name: name.to_owned(),
            node_admin: role == Role::Admin,
            roles: if role == Role::Admin { Vec::new() } else { roles.collect() },
            ..Account::default()
        };
        let made = people.create_account(CreateAccountRequest { account: Some(account) }).await?.into_inner();
        let secret = made.link.context("an account comes with its link")?.secret;
        people.accept_link(AcceptLinkRequest { secret, password: password.to_owned() }).await?;
    }
    let logins = ROLES.iter().map(|(_, login, _)| (*login).to_owned()).collect();
    Ok(Console { node: node.to_owned(), address: web_address(dir)?, logins, drafts: Vec::new() })
}

/// Where people reach the server in `dir`.
pub(super) fn web_address(dir: &Path) -> anyhow::Result<String> {
    let addresses = std::fs::read(dir.join("addresses.json"))?;
    let addresses: Value = serde_json::from_slice(&addresses)?;
    let web = addresses["web"].as_str().context("the server listens for people")?;
    Ok(format!("https://{web}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_can_be_typed_and_differ() {
        let (one, other) = (password(), password());
        assert_ne!(one, other);
        assert_eq!(one.len(), PASSWORD_GROUPS * (GROUP + 1) - 1);
        assert!(one.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit()), "{one}");
    }
}
