//! Approving the drafts of an import together: first seen, then approved, each by itself.

use duikou_proto::language::Language;
use duikou_proto::name::MemberId;
use duikou_proto::v1;
use duikou_proto::v1::approve_draft_batch_response::Failure as NotApproved;
use duikou_proto::validate::reason;
use futures_util::future::join_all;

use super::Drafts;
use super::review::told_of;
use super::view::shown;
use super::write::check_batch;
use crate::drafts::{self, Key, Refusal};
use crate::engine::approval::digest_of_all;
use crate::limits;
use crate::services::auth::Caller;
use crate::services::error::{Failure, Told};

impl Drafts {
    pub(super) async fn approve_batch(
        &self,
        caller: &Caller,
        request: v1::ApproveDraftBatchRequest,
        language: Language,
    ) -> Result<v1::ApproveDraftBatchResponse, Failure> {
        let member = self.member(caller, &request.parent)?;
        let mut found = Vec::new();
        check_batch(&request.batch, "batch", &mut found);
        if request.batch.is_empty() {
            found.push(crate::services::error::violation(
                "batch",
                reason::REQUIRED,
                "请填写导入批次。",
                "Say which import: give its batch.",
            ));
        }
        let sample = match usize::try_from(request.sample_size) {
            Ok(0) => limits::DRAFT_SAMPLE_DEFAULT,
            Ok(size) => size.min(limits::DRAFT_SAMPLE),
            Err(_) => {
                found.push(crate::services::error::violation(
                    "sample_size",
                    reason::OUT_OF_RANGE,
                    format!("样本数不能为负，请填写1至{}，或不填。", limits::DRAFT_SAMPLE),
                    format!("A sample cannot have a negative size: give 1 to {}, or nothing.", limits::DRAFT_SAMPLE),
                ));
                0
            }
        };
        if !request.validate_only && request.content_hash.is_empty() {
            found.push(crate::services::error::violation(
                "content_hash",
                reason::REQUIRED,
                "请先以 validate_only 查看，再填写得到的 content_hash。",
                "Look first, with validate_only, and give the content_hash that it answers.",
            ));
        }
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let (submitted, others) = drafts::batch(self.engine(), &member, &request.batch).await?;
        let hash = digest_of_all(submitted.iter().map(|(id, digest)| (&**id, &**digest)));
        let mut answer = v1::ApproveDraftBatchResponse {
            submitted_count: count(submitted.len()),
            other_count: count(others),
            content_hash: hash.clone(),
            ..v1::ApproveDraftBatchResponse::default()
        };
        if request.validate_only {
            answer.sample = self.sample(&member, &submitted, sample).await?;
            return Ok(answer);
        }
        if request.content_hash != hash {
            return Err(self.moved(&member, &request.batch).await?.into());
        }
        self.writes()?;
        for window in submitted.chunks(limits::DRAFTS_APPROVED_AT_ONCE) {
            // All at once, so that they share the writer's transactions.
            let approvals = window.iter().map(|(id, digest)| {
                let key = Key { member: member.clone(), id: id.clone() };
                self.one_of_many(caller, key, digest.clone())
            });
            for (key, result) in join_all(approvals).await {
                match result {
                    Ok(()) => answer.approved_count += 1,
                    Err(failure) => {
                        answer.failure_count += 1;
                        if answer.failures.len() < limits::DRAFT_FAILURES {
                            answer.failures.push(not_approved(&key, &failure, language));
                        }
                    }
                }
            }
        }
        Ok(answer)
    }

    /// Drafts from all over the import.
    async fn sample(
        &self,
        member: &MemberId,
        submitted: &[(String, String)],
        size: usize,
    ) -> Result<Vec<v1::Draft>, Failure> {
        let size = size.min(submitted.len());
        let mut sample = Vec::with_capacity(size);
        for place in 0..size {
            let id = submitted[place * submitted.len() / size].0.clone();
            // One that has ended meanwhile is not there.
            let fact = drafts::get(self.engine(), &Key { member: member.clone(), id }).await?;
            sample.extend(fact.as_ref().map(shown));
        }
        Ok(sample)
    }

    /// Who changed the import last, and when, as far as that can still be told.
    async fn moved(&self, member: &MemberId, batch: &str) -> Result<Refusal, Failure> {
        let wanted = drafts::Wanted {
            member: member.clone(),
            states: Vec::new(),
            author: String::new(),
            batch: batch.to_owned(),
            newest_first: false,
        };
        let (page, _) = drafts::list(self.engine(), &wanted, "", limits::DRAFTS_LOOKED, usize::MAX).await?;
        let newest = page.into_iter().max_by_key(|fact| fact.update_time);
        let (by, time) =
            newest.map_or((batch.to_owned(), self.engine().now()), |fact| (fact.updater, fact.update_time));
        Ok(Refusal::Changed { by, time })
    }

    async fn one_of_many(&self, caller: &Caller, key: Key, seen: String) -> (Key, Result<(), Failure>) {
        let result = async {
            match self.approval(&key, seen, caller).await? {
                Ok(approve) => Ok(self.engine().submit(told_of(caller, approve)).await?.map(drop)?),
                // Somebody else was quicker, with the same.
                Err(_) => Ok(()),
            }
        };
        let result = result.await;
        (key, result)
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn not_approved(key: &Key, failure: &Failure, language: Language) -> NotApproved {
    let Told { reason, text, .. } = failure.told();
    NotApproved { draft: key.name(), reason: reason.to_owned(), description: text.in_language(language).to_owned() }
}
