//! Drafts and their approval as callers meet them: `write` makes and changes drafts, `review` hands them in, gives them
//! back, approves them and shows what that would change, `batch` does so for an import, `policy` is who must approve,
//! `returned` is what was given back last, `typed` what a form
//! holds that is no value yet, `view` is what is shown of a draft, `refusal` what is said of one that was not done.

mod batch;
mod policy;
mod refusal;
mod returned;
mod review;
mod typed;
mod view;
mod write;

use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{self, ApprovalPolicy, Draft};
use duikou_proto::validate::reason;
use tonic::{Request, Response, Status, async_trait};

use super::auth::{Caller, Door};
use super::directory::{bad_member_name, member_of};
use super::error::Failure;
use crate::audit::{Action, Event};
use crate::drafts::{Key, Refusal};
use crate::engine::audit::Audited;
use crate::engine::{Command, Engine, Refused};
pub(super) use refusal::{metadata, told};
pub(crate) use returned::ReturnedDraft;
pub(super) use review::{approver, handed_in};
pub(super) use view::shown;
pub(super) use write::check_batch;

/// Where drafts lie.
const COLLECTION: &str = "drafts";

pub(crate) struct Drafts {
    pub(crate) door: Door,
}

impl Drafts {
    fn engine(&self) -> &Engine {
        &self.door.engine
    }

    fn network(&self) -> &NetworkName {
        &self.door.engine.identity().network
    }

    fn hosts(&self, member: &MemberId) -> bool {
        let node = &self.engine().identity().node;
        self.engine().directory().member(member).is_some_and(|held| held.node == *node)
    }

    /// The draft that `name` is, for those who may write for its member.
    fn key(&self, caller: &Caller, field: &str, name: &str) -> Result<Key, Failure> {
        caller.require_editor()?;
        let parsed = RecordName::parse(name, self.network()).ok().filter(|name| name.collection() == COLLECTION);
        let Some(parsed) = parsed else {
            return Err(Failure::field(
                field,
                reason::BAD_FORMAT,
                "名称格式不正确，请按此格式填写：members/成员/drafts/编号。",
                "This is no draft's name: write it like members/MEMBER/drafts/ID.",
            ));
        };
        let member = parsed.origin();
        // What belongs to others is answered like what does not exist.
        if caller.require_editor_of(&member).is_err() || !self.hosts(&member) {
            return Err(Refusal::NoSuch.into());
        }
        Ok(Key { member, id: parsed.id().to_owned() })
    }

    /// The member that `parent` is, for those who may write for it.
    fn member(&self, caller: &Caller, parent: &str) -> Result<MemberId, Failure> {
        caller.require_editor()?;
        let member = member_of(parent, self.network()).ok_or_else(|| bad_member_name("parent"))?;
        caller.require_editor_of(&member)?;
        if self.hosts(&member) { Ok(member) } else { Err(Refused::NotHosted(member).into()) }
    }

    /// Refuses what would write a record while this server writes none.
    fn writes(&self) -> Result<(), Failure> {
        self.engine().halted().map_or(Ok(()), |why| Err(Refused::Halted(why).into()))
    }
}

/// A command with what the audit trail is told of it, where it has changed anything.
fn audited<C, T, F>(
    caller: &Caller,
    action: Action,
    key: &Key,
    command: C,
    detail: F,
) -> Audited<C, impl Fn(&Result<T, Refusal>) -> Option<Event> + Send + use<C, T, F>>
where
    C: Command<Output = Result<T, Refusal>>,
    T: Send + 'static,
    F: Fn(&T) -> Option<String> + Send + 'static,
{
    let event = Event::new(action, key.name()).of(&key.member);
    let tell = move |done: &Result<T, Refusal>| Some(event.clone().saying(detail(done.as_ref().ok()?)?));
    Audited { command, by: caller.actor(), tell }
}

/// The version in an etag; one that no draft has where it is none. Empty: None.
fn version_of(etag: &str) -> Option<u64> {
    let etag = etag.trim().trim_matches('"');
    (!etag.is_empty()).then(|| u64::from_str_radix(etag, 16).unwrap_or(u64::MAX))
}

#[async_trait]
impl DraftService for Drafts {
    async fn create_draft(&self, request: Request<v1::CreateDraftRequest>) -> Result<Response<Draft>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.create(&caller, message, language).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn get_draft(&self, request: Request<v1::GetDraftRequest>) -> Result<Response<Draft>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.get(&caller, &message.name, language).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_drafts(
        &self,
        request: Request<v1::ListDraftsRequest>,
    ) -> Result<Response<v1::ListDraftsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.list(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn update_draft(&self, request: Request<v1::UpdateDraftRequest>) -> Result<Response<Draft>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.update(&caller, message, language).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn delete_draft(
        &self,
        request: Request<v1::DeleteDraftRequest>,
    ) -> Result<Response<v1::DeleteDraftResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let deleted = self.delete(&caller, &message).await;
        deleted.map(|()| Response::new(v1::DeleteDraftResponse {})).map_err(|failure| failure.status(language))
    }

    async fn submit_draft(&self, request: Request<v1::SubmitDraftRequest>) -> Result<Response<Draft>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.submit(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn return_draft(&self, request: Request<v1::ReturnDraftRequest>) -> Result<Response<Draft>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.give_back(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn approve_draft(
        &self,
        request: Request<v1::ApproveDraftRequest>,
    ) -> Result<Response<v1::ApproveDraftResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.approve(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn approve_draft_batch(
        &self,
        request: Request<v1::ApproveDraftBatchRequest>,
    ) -> Result<Response<v1::ApproveDraftBatchResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let approved = self.approve_batch(&caller, message, language).await;
        approved.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn diff_draft(
        &self,
        request: Request<v1::DiffDraftRequest>,
    ) -> Result<Response<v1::DraftDifference>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.difference(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn get_approval_policy(
        &self,
        request: Request<v1::GetApprovalPolicyRequest>,
    ) -> Result<Response<ApprovalPolicy>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.policy(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn update_approval_policy(
        &self,
        request: Request<v1::UpdateApprovalPolicyRequest>,
    ) -> Result<Response<ApprovalPolicy>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.set_policy(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
