//! Handing in, giving back, approving, and what an approval would change.

use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::draft_difference::Change as ShownChange;
use duikou_proto::v1::{self, Draft, Listing};
use duikou_proto::validate::reason;

use super::typed::open_texts;
use super::view::shown;
use super::{Drafts, audited, version_of};
use crate::audit::Action;
use crate::drafts::{
    Approve, Approved, Approver, DraftFact, Key, Refusal, Return, State, Submit, audience, differences,
};
use crate::engine::approval::Rule;
use crate::engine::audit::Audited;
use crate::engine::{Change, Command, Mode, Refused, Write};
use crate::feed::{listing_of, readable};
use crate::limits;
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::services::listing::{Author, content};
use crate::services::request_id::{RequestId, event_of, once};

/// Whoever calls, as one who may say yes.
pub(in crate::services) fn approver(caller: &Caller) -> Approver {
    Approver { account: caller.account.clone(), reviewer: caller.is_reviewer() }
}

impl Drafts {
    /// What a draft says, as content for its listing; every violation at once, by its path below Listing.
    pub(super) async fn write_of(&self, caller: &Caller, fact: &DraftFact) -> Result<Write, Failure> {
        let name = fact.listing_name()?;
        let says = fact.content()?;
        let mut found = open_texts(&fact.typed, &says);
        let author = Author { reader: &caller.reader, name: Some(&name) };
        let content = content(self.engine(), author, says, &mut found).await?;
        let content = content.filter(|_| found.is_empty()).ok_or(Failure::Violations(found))?;
        Ok(Write { name, change: Change::Put(Mode::Upsert, content), expected: None, dry_run: false })
    }

    pub(super) async fn submit(&self, caller: &Caller, request: &v1::SubmitDraftRequest) -> Result<Draft, Failure> {
        let key = self.key(caller, "name", &request.name)?;
        let mut found = Vec::new();
        let request_id = RequestId::read(caller, &request.request_id, "SubmitDraft", request, &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if let Some(id) = &request_id
            && let Some(answer) = id.recall(self.engine()).await?
        {
            return Ok(answer);
        }
        let fact = self.open(&key).await?;
        if version_of(&request.etag).is_some_and(|version| version != fact.version) {
            return Err(Refusal::Changed { by: fact.updater, time: fact.update_time }.into());
        }
        let write = self.write_of(caller, &fact).await?;
        let version = fact.version;
        let submit = Submit { key: key.clone(), version, account: caller.account.clone(), write };
        let told = move |fact: &DraftFact| (fact.version != version).then(|| handed_in(fact));
        let submit = audited(caller, Action::DraftSubmit, &key, submit, told);
        once(self.engine(), request_id.as_ref(), submit, |fact| shown(&fact)).await
    }

    pub(super) async fn give_back(&self, caller: &Caller, request: v1::ReturnDraftRequest) -> Result<Draft, Failure> {
        let key = self.key(caller, "name", &request.name)?;
        let mut found = Vec::new();
        let request_id = RequestId::read(caller, &request.request_id, "ReturnDraft", &request, &mut found);
        let said = request.reason.trim();
        if said.is_empty() || said.chars().count() > limits::RETURN_REASON_CHARS {
            found.push(crate::services::error::violation(
                "reason",
                if said.is_empty() { reason::REQUIRED } else { reason::TOO_LONG },
                format!("请写明退回原因，1至{}个字符。", limits::RETURN_REASON_CHARS),
                format!("Say what is to be changed, in 1 to {} characters.", limits::RETURN_REASON_CHARS),
            ));
        }
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if let Some(id) = &request_id
            && let Some(answer) = id.recall(self.engine()).await?
        {
            return Ok(answer);
        }
        let version = version_of(&request.etag);
        let reason = said.to_owned();
        let give_back = Return { key: key.clone(), version, reviewer: approver(caller), reason };
        let told = |fact: &DraftFact| Some(fact.listing.clone());
        let give_back = audited(caller, Action::DraftReturn, &key, give_back, told);
        once(self.engine(), request_id.as_ref(), give_back, |fact| shown(&fact)).await
    }

    pub(super) async fn approve(
        &self,
        caller: &Caller,
        request: v1::ApproveDraftRequest,
    ) -> Result<v1::ApproveDraftResponse, Failure> {
        let key = self.key(caller, "name", &request.name)?;
        let mut found = Vec::new();
        let request_id = RequestId::read(caller, &request.request_id, "ApproveDraft", &request, &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if request.content_hash.is_empty() {
            return Err(Failure::field(
                "content_hash",
                reason::REQUIRED,
                "请填写所审内容的 content_hash，审核只对看到的内容有效。",
                "Give the content_hash of what you have seen: an approval is for that and nothing else.",
            ));
        }
        if let Some(id) = &request_id
            && let Some(answer) = id.recall(self.engine()).await?
        {
            return Ok(answer);
        }
        self.writes()?;
        let approve = self.approval(&key, request.content_hash, caller).await?;
        let fact = match approve {
            Ok(approve) => {
                let approve = told_of(caller, approve);
                return once(self.engine(), request_id.as_ref(), approve, |(fact, _)| approved(&fact)).await;
            }
            Err(fact) => fact,
        };
        Ok(approved(&fact))
    }

    /// The approval of what was seen; the account of the draft where that approval has been given before.
    pub(super) async fn approval(
        &self,
        key: &Key,
        seen: String,
        caller: &Caller,
    ) -> Result<Result<Approve, DraftFact>, Failure> {
        let fact = self.fact(key).await?;
        let changed = || Refusal::Changed { by: fact.updater.clone(), time: fact.update_time };
        if fact.digest.as_ref() != Some(&seen) {
            return Err(changed().into());
        }
        match fact.state {
            State::Approved => Ok(Err(fact)),
            State::Draft | State::Returned => Err(changed().into()),
            State::Submitted => {
                let write = self.write_of(caller, &fact).await?;
                Ok(Ok(Approve { key: key.clone(), seen, approver: approver(caller), write }))
            }
        }
    }

    pub(super) async fn difference(&self, caller: &Caller, name: &str) -> Result<v1::DraftDifference, Failure> {
        let key = self.key(caller, "name", name)?;
        let fact = self.open(&key).await?;
        let (engine, network) = (self.engine(), self.network());
        let name = fact.listing_name()?;
        let held = engine.get(&name, &caller.reader).await?;
        let before = held.as_ref().and_then(|(part, _)| Some(listing_of(part, readable(part)?, network)));
        let after = fact.content()?;
        let had = held.as_ref().map(|(part, _)| part.scopes());
        let seen = audience(engine, &key.member, had, &self.scopes(&after));
        let changes = differences(before.as_ref(), &after).into_iter();
        let row = engine.row(&name).await?;
        let revision = row.map(|row| row.revision()).unwrap_or_default();
        let submitted = fact.state == State::Submitted;
        Ok(v1::DraftDifference {
            listing: fact.listing.clone(),
            published: before.is_some(),
            changes: changes
                .map(|change| ShownChange { path: change.path, before: change.before, after: change.after })
                .collect(),
            scopes_gained: seen.scopes_gained,
            scopes_lost: seen.scopes_lost,
            members_gained: seen.members_gained,
            members_lost: seen.members_lost,
            on_request: after.scopes.is_empty(),
            approval_required: self.needs_approval(caller, &key, &fact).await?,
            content_hash: fact.digest.clone().filter(|_| submitted).unwrap_or_default(),
            outdated: submitted && revision != fact.base,
        })
    }

    /// The scopes of a draft, as far as they are any.
    fn scopes(&self, listing: &Listing) -> ScopeSet {
        listing.scopes.iter().filter_map(|text| Scope::parse(text.trim(), self.network()).ok()).collect()
    }

    /// Whether the member's policy asks for an approval of what a draft says: the engine knows.
    async fn needs_approval(&self, caller: &Caller, key: &Key, fact: &DraftFact) -> Result<bool, Failure> {
        let Ok(write) = self.write_of(caller, fact).await else {
            return Ok(self.engine().approval_policy(&key.member)?.rule != Rule::None);
        };
        let trial = self.engine().write(Write { dry_run: true, ..write }).await?;
        Ok(matches!(trial, Err(Refused::Unapproved(_))))
    }
}

/// What the audit trail is told of a draft that was handed in.
pub(in crate::services) fn handed_in(fact: &DraftFact) -> String {
    format!("{} {}", fact.listing, fact.digest.as_deref().unwrap_or_default())
}

/// An approval with what the audit trail is told: of the draft, and of the listing that it became.
pub(super) fn told_of(caller: &Caller, approve: Approve) -> impl Command<Output = Result<Approved, Refusal>> + use<> {
    let (key, name) = (approve.key.clone(), approve.write.name.clone());
    let told = |(fact, written): &Approved| written.as_ref().map(|_| handed_in(fact));
    let command = audited(caller, Action::DraftApprove, &key, approve, told);
    let tell = move |done: &Result<Approved, Refusal>| {
        let (_, written) = done.as_ref().ok()?;
        event_of(&name, None, written.as_ref()?)
    };
    Audited { command, by: caller.actor(), tell }
}

fn approved(fact: &DraftFact) -> v1::ApproveDraftResponse {
    v1::ApproveDraftResponse { listing: fact.listing.clone(), revision: fact.revision }
}
