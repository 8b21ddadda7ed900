//! The next state of a name: what has to be signed for it, and signing it.

use std::time::Duration;

use bytes::Bytes;
use duikou_proto::envelope::{EXPIRE_SLACK_MICROS, Malformed, Micros, Part, Revision, Unsigned};
use duikou_proto::name::{Kind, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::{Lane, Record, Withdrawal, WithdrawalReason};

use super::work::Work;
use crate::store::{Row, StoreError};

/// The state that is to be signed: content, or the reason of an end.
pub(super) struct Next {
    pub(super) kind: Kind,
    pub(super) lane: Lane,
    pub(super) content: Result<(ScopeSet, Bytes, Micros, Micros), WithdrawalReason>,
    /// Sign a withdrawal also where this change narrows nothing: it is owed from before.
    pub(super) owed: bool,
}

/// What has to be signed for the next state of a name: a record, a withdrawal, or both as one state.
pub(super) fn statements(
    now: Micros,
    row: Option<&Row>,
    name: &RecordName,
    next: &Next,
    revision: Revision,
) -> Vec<Unsigned> {
    let before = row.and_then(|row| row.record.as_ref());
    let scopes = next.content.as_ref().map_or_else(|_| ScopeSet::new(), |content| content.0.clone());
    let gone = row.map(|row| row.exposed.without(&scopes)).unwrap_or_default();
    let narrows = next.content.is_err() || next.owed || before.is_some_and(|b| !b.scopes().is_within(&scopes));
    let text = |scopes: &ScopeSet| scopes.iter().map(Scope::to_string).collect::<Vec<_>>();
    let mut expire_max = row.map_or(0, |row| row.expire_max);
    let mut unsigned = Vec::with_capacity(2);
    if let Ok((scopes, body, publish_time, expire_time)) = &next.content {
        expire_max = expire_max.max(*expire_time);
        unsigned.push(Unsigned::record(&Record {
            name: name.to_string(),
            revision,
            kind: next.kind.to_string(),
            lane: next.lane.into(),
            scopes: text(scopes),
            publish_time: *publish_time,
            update_time: now,
            expire_time: *expire_time,
            body: body.clone(),
        }));
    }
    if narrows && !gone.is_empty() {
        let reason = next.content.as_ref().err().copied().unwrap_or(WithdrawalReason::Narrowed);
        unsigned.push(Unsigned::withdrawal(&Withdrawal {
            name: name.to_string(),
            revision,
            kind: next.kind.to_string(),
            lane: next.lane.into(),
            scopes: text(&gone),
            keep_until: expire_max + EXPIRE_SLACK_MICROS,
            reason: reason.into(),
        }));
    }
    unsigned
}

/// Signs what a member says about records: promptly, to one scope, to be kept for so long.
pub(super) async fn say(
    work: &mut Work<'_>,
    row: Option<&Row>,
    name: &RecordName,
    kind: Kind,
    scope: Scope,
    body: Bytes,
    kept: Duration,
) -> Result<(), StoreError> {
    let expires = work.now + kept.as_micros() as Micros;
    let content = Ok(([scope].into_iter().collect(), body, work.now, expires));
    let next = Next { kind, lane: Lane::Prompt, content, owed: false };
    if let Err(malformed) = state(work, row, name, &next, false).await? {
        tracing::error!(record.name = %name, error = %malformed, "a statement about records could not be signed");
    }
    Ok(())
}

/// Signs the next state of a name and takes it in.
pub(super) async fn state(
    work: &mut Work<'_>,
    row: Option<&Row>,
    name: &RecordName,
    next: &Next,
    dry_run: bool,
) -> Result<Result<Vec<Part>, Malformed>, StoreError> {
    let member = name.origin();
    let Some(signer) = work.signer(&member) else {
        return Ok(Err(Malformed(format!("the newest signing key of {member} is not here"))));
    };
    let revision = if dry_run { work.now } else { work.next_revision(&member) };
    let unsigned = statements(work.now, row, name, next, revision);
    let parts: Result<Vec<Part>, Malformed> =
        unsigned.into_iter().map(|unsigned| work.sign(&signer, name, unsigned)).collect();
    if let (Ok(parts), false) = (&parts, dry_run) {
        work.accept(parts).await?;
    }
    Ok(parts)
}
