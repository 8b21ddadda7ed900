//! A clock was ahead while its member wrote, and is right again: what no gateway can have taken gets a revision of now.

use std::sync::Arc;

use duikou_proto::envelope::{Micros, Part, Statement};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::WithdrawalReason;

use super::work::Work;
use super::write::{Next, state};
use crate::limits;
use crate::store::{Row, StoreError};

/// Nobody took what lies further ahead.
const NEVER_TAKEN: Micros = limits::CLOCKS_APART.as_micros() as Micros;
const ROWS: usize = 512;

/// Signs every state of `member` anew whose revision lies so far ahead that nobody else can hold it, and names them.
/// All at once: later writes get smaller revisions than these had.
pub(crate) async fn reissue(work: &mut Work<'_>, member: &MemberId) -> Result<Vec<RecordName>, StoreError> {
    let horizon = work.now + NEVER_TAKEN;
    if work.memory.revisions.get(member).is_none_or(|last| *last <= horizon) {
        return Ok(Vec::new());
    }
    let prefix = format!("members/{member}/");
    let (mut after, mut last, mut ahead) = (String::new(), 0, Vec::new());
    loop {
        let rows = work.range(&prefix, &after, ROWS).await?;
        let Some(end) = rows.last() else { break };
        after = end.name.to_string();
        for row in rows {
            let revisions = row.record.iter().chain(&row.withdrawal).map(Part::revision);
            last = revisions.filter(|revision| *revision <= horizon).fold(last, Micros::max);
            if row.revision() > horizon {
                ahead.push(row.name);
            }
        }
    }
    work.lower_revision(member, last);
    Arc::make_mut(&mut work.memory.heads).forget_after(member.as_str(), horizon);
    tracing::warn!(member.id = %member, records = ahead.len(), "the clock was ahead: what was written then is signed anew");
    for name in &ahead {
        if let Some(row) = work.row(name).await? {
            sign_anew(work, row, horizon).await?;
        }
    }
    Ok(ahead)
}

async fn sign_anew(work: &mut Work<'_>, row: Row, horizon: Micros) -> Result<(), StoreError> {
    let Some(any) = row.record.as_ref().or(row.withdrawal.as_ref()).cloned() else { return Ok(()) };
    let content = match row.record.as_ref().map(Part::statement) {
        Some(Statement::Record { publish_time, expire_time, body, .. }) => {
            Ok((any.scopes().clone(), body.clone(), *publish_time, *expire_time))
        }
        _ => Err(row.withdrawal.as_ref().and_then(Part::reason).unwrap_or(WithdrawalReason::Withdrawn)),
    };
    let mut taken = row.clone();
    taken.record = taken.record.filter(|part| part.revision() <= horizon);
    taken.withdrawal = taken.withdrawal.filter(|part| part.revision() <= horizon);
    work.next_seq();
    work.put(taken.clone());
    let next = Next { kind: any.kind().clone(), lane: any.lane(), content, owed: true };
    if let Err(malformed) = state(work, Some(&taken), &row.name, &next, false).await? {
        tracing::error!(record.name = %row.name, error = %malformed, "a record of a wrong clock could not be signed anew");
        work.put(row);
    }
    Ok(())
}
