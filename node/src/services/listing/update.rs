//! Changing a listing, and taking one back.

use duikou_proto::name::RecordName;
use duikou_proto::v1::{self, Listing, WithdrawalReason};
use duikou_proto::validate::reason;

use super::mask::Mask;
use super::read::{bad_name, record_name};
use super::view::listing_written;
use super::{Listings, check};
use crate::engine::{Change, Mode, Refused, Write, Written};
use crate::feed::{listing_of, readable, revision_of};
use crate::services::auth::Caller;
use crate::services::error::{Failure, violation};
use crate::services::request_id::{RequestId, write};
use crate::time::timestamp;

/// How often a change is merged anew because somebody else was quicker.
const ATTEMPTS: usize = 5;

impl Listings {
    pub(super) async fn update(&self, caller: &Caller, request: v1::UpdateListingRequest) -> Result<Listing, Failure> {
        caller.require_editor()?;
        let mut found = Vec::new();
        let id = RequestId::read(caller, &request.request_id, "UpdateListing", &request, &mut found);
        let mask = Mask::read(request.update_mask.as_ref(), &mut found);
        let patch = request.listing.unwrap_or_default();
        let Ok(name) = record_name(&patch.name, self.network()) else {
            found.push(bad_name("name"));
            return Err(Failure::Violations(found));
        };
        caller.require_editor_of(&name.origin())?;
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if let Some(id) = &id
            && let Some(answer) = id.recall(&self.door.engine).await?
        {
            return Ok(answer);
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut attempt = self.merge(caller, &name, &patch, &mask, request.allow_missing).await?;
            attempt.dry_run = request.validate_only;
            let network = self.network().clone();
            let answer = move |written| listing_written(written, &network);
            let written = if request.submit {
                self.hand_in(caller, id.as_ref(), attempt).await
            } else {
                write(&self.door.engine, id.as_ref(), attempt, caller.actor(), answer).await
            };
            match written {
                Err(Failure::Refused(Refused::Conflict(_) | Refused::Exists(_)))
                    if patch.etag.is_empty() && attempts < ATTEMPTS => {}
                other => return other,
            }
        }
    }

    /// The change as a write upon what is there now.
    async fn merge(
        &self,
        caller: &Caller,
        name: &RecordName,
        patch: &Listing,
        mask: &Mask,
        allow_missing: bool,
    ) -> Result<Write, Failure> {
        let engine = &self.door.engine;
        let held = engine.get(name, &caller.reader).await?;
        let held = held.and_then(|(part, row)| Some((listing_of(&part, readable(&part)?, self.network()), row)));
        let known = (!patch.etag.is_empty()).then(|| revision_of(&patch.etag));
        let (mode, expected, mut merged) = match held {
            Some((base, row)) => {
                let merged = mask.merge(base, patch).map_err(|_| Failure::Violations(vec![bad_name("name")]))?;
                (Mode::Update, known.or(Some(row.revision())), merged)
            }
            None if allow_missing => (Mode::Create, known, patch.clone()),
            None => return Err(self.why_missing(name).await),
        };
        if merged.expire_time.is_none() && mask.names("expire_time") {
            // Taken away on purpose: it ends when a new one would.
            let (now, opportunity) = (engine.now(), merged.listing.clone().unwrap_or_default());
            merged.expire_time = Some(timestamp(check::expire_default(&opportunity, now)));
        }
        let mut found = Vec::new();
        let author = check::Author { reader: &caller.reader, name: Some(name) };
        let content = check::content(engine, author, merged, &mut found).await?;
        let content = content.ok_or(Failure::Violations(found))?;
        Ok(Write { name: name.clone(), change: Change::Put(mode, content), expected, dry_run: false })
    }

    /// Why a name cannot be changed that its writer does not see: the engine knows.
    async fn why_missing(&self, name: &RecordName) -> Failure {
        let change = Change::End(WithdrawalReason::Withdrawn);
        let trial = Write { name: name.clone(), change, expected: None, dry_run: true };
        match self.door.engine.write(trial).await {
            Ok(Ok(_)) => Failure::NotFound(name.to_string()),
            Ok(Err(refused)) => refused.into(),
            Err(error) => error.into(),
        }
    }

    pub(super) async fn withdraw(
        &self,
        caller: &Caller,
        request: v1::WithdrawListingRequest,
    ) -> Result<v1::WithdrawListingResponse, Failure> {
        caller.require_editor()?;
        let mut found = Vec::new();
        let id = RequestId::read(caller, &request.request_id, "WithdrawListing", &request, &mut found);
        let reason = match WithdrawalReason::try_from(request.reason) {
            Ok(WithdrawalReason::Unspecified | WithdrawalReason::Withdrawn) => WithdrawalReason::Withdrawn,
            Ok(reason @ (WithdrawalReason::Filled | WithdrawalReason::Deleted)) => reason,
            Ok(WithdrawalReason::Narrowed | WithdrawalReason::Expired) | Err(_) => {
                found.push(violation(
                    "reason",
                    reason::UNKNOWN_CODE,
                    "撤回原因只能是 WITHDRAWN、FILLED 或 DELETED，请修改。",
                    "A listing is withdrawn as WITHDRAWN, FILLED or DELETED: choose one of these.",
                ));
                WithdrawalReason::Withdrawn
            }
        };
        let Ok(name) = record_name(&request.name, self.network()) else {
            found.push(bad_name("name"));
            return Err(Failure::Violations(found));
        };
        caller.require_editor_of(&name.origin())?;
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if let Some(id) = &id
            && let Some(answer) = id.recall(&self.door.engine).await?
        {
            return Ok(answer);
        }
        let expected = (!request.etag.is_empty()).then(|| revision_of(&request.etag));
        let end = Write { name, change: Change::End(reason), expected, dry_run: false };
        write(&self.door.engine, id.as_ref(), end, caller.actor(), |written| v1::WithdrawListingResponse {
            revision: match written {
                Written::Ended(revision) | Written::Over(revision) => revision,
                Written::Created(part) | Written::Updated(part) | Written::Unchanged(part) => part.revision(),
            },
        })
        .await
    }
}
