//! What people find in the demonstration's consoles: an account for each role, and work that is under way already.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Context as _;
use duikou_node::world::World;
use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::account_service_client::AccountServiceClient;
use duikou_proto::v1::approval_policy::Rule;
use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{
    AcceptLinkRequest, Account, ApprovalPolicy, CreateAccountRequest, CreateDraftRequest, Draft, GetListingRequest,
    Listing, ReturnDraftRequest, SubmitDraftRequest, UpdateApprovalPolicyRequest, UpdateListingRequest,
};
use prost_types::{FieldMask, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tonic::transport::Channel;

use super::socket::channel;

/// An account for each of them, under the login that says which.
const ROLES: [(Role, &str, &str); 4] = [
    (Role::Viewer, "viewer", "查看员"),
    (Role::Editor, "editor", "拟稿员"),
    (Role::Reviewer, "reviewer", "审核员"),
    (Role::Admin, "admin", "管理员"),
];
/// Letters of a password: none that look alike.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS: usize = 4;
const GROUP: usize = 4;
/// In how many days listings end that are about to.
const ENDS: [(&str, u64); 2] = [("sz-cap-01", 5), ("sz-prj-01", 11)];
const DAY: u64 = 24 * 3600;
/// What drafts are made of: the listing that is copied, and the title that it gets.
const IN_THE_MAKING: (&str, &str) = ("sz-cap-02", "天使引导基金第二批征集（草稿）");
const WAITING: (&str, &str) = ("sz-tec-01", "技术转让专场的补充信息");
const RETURNED: (&str, &str) = ("sz-tal-01", "来深务工培训班新一期");
const REASON: &str = "请写明培训起止日期，并把发布范围改为全网成员。";

/// The console of one server.
#[derive(Debug, Clone, Serialize)]
pub struct Console {
    /// Short id of the node.
    pub node: String,
    /// Where people reach it.
    pub address: String,
    /// With what they sign in there.
    pub logins: Vec<String>,
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
    Ok(Console { node: node.to_owned(), address: web_address(dir)?, logins })
}

/// Where people reach the server in `dir`.
pub(super) fn web_address(dir: &Path) -> anyhow::Result<String> {
    let addresses = std::fs::read(dir.join("addresses.json"))?;
    let addresses: Value = serde_json::from_slice(&addresses)?;
    let web = addresses["web"].as_str().context("the server listens for people")?;
    Ok(format!("https://{web}"))
}

/// At one member: listings that are about to end, drafts in all states, and another person who has to say yes.
pub(super) async fn begin_work(dir: &Path, member: &str) -> anyhow::Result<()> {
    let socket = channel(dir).await?;
    let mut listings = ListingServiceClient::new(socket.clone());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    for (id, days) in ENDS {
        let seconds = i64::try_from(now + days * DAY)?;
        let listing = Listing {
            name: format!("members/{member}/listings/{id}"),
            expire_time: Some(Timestamp { seconds, nanos: 0 }),
            ..Listing::default()
        };
        let update_mask = Some(FieldMask { paths: vec!["expire_time".to_owned()] });
        let request = UpdateListingRequest { listing: Some(listing), update_mask, ..UpdateListingRequest::default() };
        listings.update_listing(request).await?;
    }
    let policy = ApprovalPolicy {
        name: format!("members/{member}/approvalPolicy"),
        rule: Rule::Other.into(),
        ..ApprovalPolicy::default()
    };
    let mut drafts = DraftServiceClient::new(socket.clone());
    let request = UpdateApprovalPolicyRequest { policy: Some(policy), ..UpdateApprovalPolicyRequest::default() };
    drafts.update_approval_policy(request).await?;
    draft(&socket, member, IN_THE_MAKING).await?;
    let waiting = draft(&socket, member, WAITING).await?;
    drafts.submit_draft(SubmitDraftRequest { name: waiting.name, ..SubmitDraftRequest::default() }).await?;
    let returned = draft(&socket, member, RETURNED).await?;
    let name = returned.name;
    drafts.submit_draft(SubmitDraftRequest { name: name.clone(), ..SubmitDraftRequest::default() }).await?;
    let request = ReturnDraftRequest { name, reason: REASON.to_owned(), ..ReturnDraftRequest::default() };
    drafts.return_draft(request).await?;
    Ok(())
}

/// A new draft that says what a listing says, under another title.
async fn draft(socket: &Channel, member: &str, (like, title): (&str, &str)) -> anyhow::Result<Draft> {
    let request = GetListingRequest { name: format!("members/{member}/listings/{like}") };
    let found = ListingServiceClient::new(socket.clone()).get_listing(request).await?.into_inner();
    let mut opportunity = found.listing.context("a listing has a content")?;
    opportunity.title = title.to_owned();
    let listing = Listing { listing: Some(opportunity), scopes: found.scopes, ..Listing::default() };
    let draft = Draft { listing: Some(listing), ..Draft::default() };
    let parent = format!("members/{member}");
    let request = CreateDraftRequest { parent, draft: Some(draft), ..CreateDraftRequest::default() };
    Ok(DraftServiceClient::new(socket.clone()).create_draft(request).await?.into_inner())
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

    #[test]
    fn what_work_is_made_of_is_in_the_file() {
        for id in [IN_THE_MAKING.0, WAITING.0, RETURNED.0, ENDS[0].0, ENDS[1].0] {
            assert!(super::super::LISTINGS.contains(&format!("\"members/shenzhen/listings/{id}\"")), "{id}");
        }
    }
}
