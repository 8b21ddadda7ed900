//! Work that is under way at one office when people come in: listings that are about to end, and drafts of its editor in
//! all states, to which its reviewer has to say yes.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context as _;
use duikou_node::cli::Calls;
use duikou_proto::v1::account_service_client::AccountServiceClient;
use duikou_proto::v1::approval_policy::Rule;
use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::{
    ApprovalPolicy, CreateDraftRequest, Draft, GetListingRequest, ListAccountsRequest, ListDraftsRequest, Listing,
    ReturnDraftRequest, SubmitDraftRequest, UpdateApprovalPolicyRequest, UpdateListingRequest,
};
use prost_types::{FieldMask, Timestamp};
use serde::Serialize;
use tonic::transport::Channel;

use super::console::{Console, EDITOR, REVIEWER};
use super::socket::channel;

/// In how many days listings end that are about to.
const ENDS: [(&str, u64); 2] = [("sz-cap-01", 5), ("sz-prj-01", 11)];
const DAY: u64 = 24 * 3600;
/// What drafts are made of: the listing that is copied, and the title that it gets.
const IN_THE_MAKING: (&str, &str) = ("sz-cap-02", "天使引导基金第二批征集（草稿）");
const WAITING: (&str, &str) = ("sz-tec-01", "技术转让专场的补充信息");
const RETURNED: (&str, &str) = ("sz-tal-01", "来深务工培训班新一期");
const REASON: &str = "请写明培训起止日期，并把发布范围改为全网成员。";

/// A draft that is under way.
#[derive(Debug, Clone, Serialize)]
pub struct Begun {
    /// What it is called.
    pub title: String,
    /// Where it stands, as the contract calls it.
    pub state: &'static str,
    /// The login of whoever wrote it.
    pub author: String,
}

/// Begins the work of `member` at the server in `dir`; what is under way then, as the reviewer sees it.
pub(super) async fn begin(dir: &Path, member: &str, console: &Console, password: &str) -> anyhow::Result<Vec<Begun>> {
    let socket = channel(dir).await?;
    end_soon(&socket, member).await?;
    let policy = ApprovalPolicy {
        name: format!("members/{member}/approvalPolicy"),
        rule: Rule::Other.into(),
        ..ApprovalPolicy::default()
    };
    let request = UpdateApprovalPolicyRequest { policy: Some(policy), ..UpdateApprovalPolicyRequest::default() };
    DraftServiceClient::new(socket.clone()).update_approval_policy(request).await?;

    let editor = console.sign_in(dir, EDITOR, password).await?.calls();
    let mut drafts = DraftServiceClient::new(editor.clone());
    draft(&editor, member, IN_THE_MAKING).await?;
    let waiting = draft(&editor, member, WAITING).await?;
    drafts.submit_draft(SubmitDraftRequest { name: waiting.name, ..SubmitDraftRequest::default() }).await?;
    let returned = draft(&editor, member, RETURNED).await?;
    let name = returned.name;
    drafts.submit_draft(SubmitDraftRequest { name: name.clone(), ..SubmitDraftRequest::default() }).await?;

    let mut review = DraftServiceClient::new(console.sign_in(dir, REVIEWER, password).await?.calls());
    let request = ReturnDraftRequest { name, reason: REASON.to_owned(), ..ReturnDraftRequest::default() };
    review.return_draft(request).await?;

    let request = ListAccountsRequest::default();
    let accounts = AccountServiceClient::new(socket).list_accounts(request).await?.into_inner().accounts;
    let logins: HashMap<String, String> = accounts.into_iter().map(|account| (account.name, account.login)).collect();
    let request = ListDraftsRequest { parent: format!("members/{member}"), ..ListDraftsRequest::default() };
    let begun = review.list_drafts(request).await?.into_inner().drafts.into_iter().map(|draft| Begun {
        state: draft.state().as_str_name(),
        author: logins.get(&format!("accounts/{}", draft.author)).unwrap_or(&draft.author).clone(),
        title: draft.listing.and_then(|listing| listing.listing).map(|content| content.title).unwrap_or_default(),
    });
    Ok(begun.collect())
}

/// Lets two listings end soon.
async fn end_soon(socket: &Channel, member: &str) -> anyhow::Result<()> {
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
    Ok(())
}

/// A new draft that says what a listing says, under another title.
async fn draft(editor: &Calls, member: &str, (like, title): (&str, &str)) -> anyhow::Result<Draft> {
    let request = GetListingRequest { name: format!("members/{member}/listings/{like}") };
    let found = ListingServiceClient::new(editor.clone()).get_listing(request).await?.into_inner();
    let mut opportunity = found.listing.context("a listing has a content")?;
    opportunity.title = title.to_owned();
    let listing = Listing { listing: Some(opportunity), scopes: found.scopes, ..Listing::default() };
    let draft = Draft { listing: Some(listing), ..Draft::default() };
    let parent = format!("members/{member}");
    let request = CreateDraftRequest { parent, draft: Some(draft), ..CreateDraftRequest::default() };
    Ok(DraftServiceClient::new(editor.clone()).create_draft(request).await?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_work_is_made_of_is_in_the_file() {
        for id in [IN_THE_MAKING.0, WAITING.0, RETURNED.0, ENDS[0].0, ENDS[1].0] {
            assert!(super::super::LISTINGS.contains(&format!("\"members/shenzhen/listings/{id}\"")), "{id}");
        }
    }
}
