//! Whoever writes, for whom, and how everybody is called: what the pages of drafts begin with.

use std::collections::BTreeMap;

use duikou_proto::language::Text;
use duikou_proto::name::MemberId;
use duikou_proto::v1::directory_service_server::DirectoryService;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::{
    ApprovalPolicy, Draft, GetApprovalPolicyRequest, GetDraftRequest, GetListingRequest, ListCirclesRequest, Listing,
};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use tonic::Code;

use super::super::Web;
use super::super::reading::{ListingPath, Names};
use super::super::respond::Failed;
use super::super::signed::{Signed, other_member};
use super::people::People;
use crate::accounts::Role;
use crate::http::Problem;
use crate::sheets::Kind;
use crate::sheets::form::Form;
use crate::typed;

/// See the module.
pub(super) struct Desk<'a> {
    pub(super) web: &'a Web,
    pub(super) signed: &'a Signed,
    /// Whom the writer acts for.
    pub(super) member: MemberId,
    pub(super) names: Names,
    /// Circles that the writer is in.
    pub(super) circles: Vec<String>,
}

impl<'a> Desk<'a> {
    /// For whoever is signed in.
    ///
    /// # Errors
    /// Where they may not write, and where they act for the whole server: drafts are a member's.
    pub(super) async fn of(web: &'a Web, signed: &'a Signed) -> Result<Self, Failed> {
        signed.at_least(Role::Editor)?;
        let Some(member) = signed.person().member.clone() else { return Err(no_member(signed)) };
        let circles = web.services().directories.list_circles(signed.ask(ListCirclesRequest {})).await;
        let circles = circles.map_err(|status| signed.failed(&status))?.into_inner().circles;
        let circles = circles.into_iter().map(|circle| circle.name).collect();
        Ok(Self { web, signed, member, names: Names::new(web, signed), circles })
    }

    /// An empty form of a kind.
    pub(super) fn form(&self, kind: Kind) -> Form {
        let directory = self.web.engine().directory();
        let members = directory
            .members()
            .map(|member| (member.id.short().to_owned(), vec![member.name_zh.clone(), member.name_en.clone()]));
        let names = typed::Names { members: members.collect(), circles: self.circles.clone(), words: BTreeMap::new() };
        let home = directory.member(&self.member).map(|member| member.region.clone()).filter(|home| !home.is_empty());
        Form { kind, names, home, now: Timestamp::from_microsecond(self.web.engine().now()).unwrap_or_default() }
    }

    /// Members that may be named in an audience, by their short ids: all others that take part.
    pub(super) fn others(&self) -> Vec<(String, String)> {
        let directory = self.web.engine().directory();
        let active = |member: &&duikou_proto::directory::Member| {
            member.id != self.member && member.state == duikou_proto::directory::MemberState::Active
        };
        let named = directory.members().filter(active);
        named.map(|member| (member.id.short().to_owned(), self.names.member(member.id.short()))).collect()
    }

    /// One of the member's drafts.
    ///
    /// # Errors
    /// As the service says.
    pub(super) async fn draft(&self, path: &DraftPath) -> Result<Draft, Failed> {
        self.is_of(&path.member)?;
        let request = self.signed.ask(GetDraftRequest { name: path.name() });
        let draft = self.web.services().drafts.get_draft(request).await;
        draft.map(tonic::Response::into_inner).map_err(|status| self.absent(&status))
    }

    /// One of the member's listings.
    ///
    /// # Errors
    /// As the service says.
    pub(super) async fn listing(&self, path: &ListingPath) -> Result<Listing, Failed> {
        self.is_of(path.member())?;
        let request = self.signed.ask(GetListingRequest { name: path.name() });
        let listing = self.web.services().listings.get_listing(request).await;
        listing.map(tonic::Response::into_inner).map_err(|status| self.absent(&status))
    }

    /// Tells whoever can act for the member of an address, and does not just now, that this is all that is wrong.
    fn is_of(&self, member: &str) -> Result<(), Failed> {
        let named = MemberId::parse(member, &self.web.engine().identity().network).ok();
        match named.filter(|named| *named != self.member) {
            Some(other) => other_member(self.signed, other.as_str()).map_or(Ok(()), Err),
            None => Ok(()),
        }
    }

    /// A name that cannot be is as absent as one that is not there.
    pub(super) fn absent(&self, status: &tonic::Status) -> Failed {
        match status.code() {
            Code::InvalidArgument | Code::PermissionDenied => {
                let text = Text::new(
                    "找不到该草稿，或您无权查看，请核对地址。",
                    "There is no such draft, or it is not for you: check the address.",
                );
                let language = self.signed.language();
                Failed(Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NOT_FOUND", &text, language))
            }
            _ => self.signed.failed(status),
        }
    }

    /// By which rule the member's listings are published.
    ///
    /// # Errors
    /// As the service says.
    pub(super) async fn policy(&self) -> Result<ApprovalPolicy, Failed> {
        let name = format!("members/{}/approvalPolicy", self.member);
        let policy = self.web.services().drafts.get_approval_policy(self.signed.ask(GetApprovalPolicyRequest { name }));
        policy.await.map(tonic::Response::into_inner).map_err(|status| self.signed.failed(&status))
    }

    /// The names of accounts.
    pub(super) async fn people(&self, ids: Vec<String>) -> Result<People, Failed> {
        People::of(self.web, self.signed, ids).await
    }

    /// The writer's account, as drafts name it.
    pub(super) fn account(&self) -> &str {
        let account = &self.signed.person().account;
        account.strip_prefix("accounts/").unwrap_or(account)
    }
}

fn no_member(signed: &Signed) -> Failed {
    let text = Text::new(
        "您正以整个节点的管理员身份操作。草稿属于成员，请先在页面上方选择要代表的成员。",
        "You act for the whole server. Drafts are a member's: choose for whom you act at the top of the page.",
    );
    let status = StatusCode::CONFLICT;
    Failed(Problem::new(status, Code::FailedPrecondition, "MEMBER_REQUIRED", &text, signed.language()))
}

/// A draft, as the address of its page names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct DraftPath {
    pub(super) member: String,
    pub(super) id: String,
}

impl DraftPath {
    /// By its name, in the short form where there is one.
    pub(super) fn of(names: &Names, name: &str) -> Self {
        let id = name.rsplit('/').next().unwrap_or_default().to_owned();
        Self { member: names.short(name).to_owned(), id }
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        format!("members/{}/drafts/{}", self.member, self.id)
    }

    /// Its page, or one of its pages.
    pub(super) fn page(&self, part: &str) -> String {
        format!("/drafts/{}/{}{part}", self.member, self.id)
    }
}
