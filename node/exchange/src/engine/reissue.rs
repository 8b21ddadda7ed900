//! A clock was ahead while its member wrote, and is right again: what no gateway can have taken gets a revision of now,
//! above all that one took.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use duikou_proto::envelope::{Micros, Part, Revision, Statement};
use duikou_proto::name::{Kind, MemberId, RecordName};
use duikou_proto::v1::{Head, WithdrawalReason};
use prost::Message;

use super::facts;
use super::next_state::{Next, state};
use super::work::Work;
use crate::limits;
use crate::store::{Row, StoreError, Stretch};

/// Nobody took what lies further ahead.
const NEVER_TAKEN: Micros = limits::CLOCKS_APART.as_micros() as Micros;
const ROWS: usize = 512;

/// Stops the writing for `member` where its last revision lies so far ahead that nobody else can hold it, until the
/// gateway has shown what it took: of that, rows which were changed since know nothing. Whether it does.
pub(crate) fn prepare(work: &mut Work<'_>, member: &MemberId) -> bool {
    let horizon = work.now + NEVER_TAKEN;
    let ahead = work.memory.revisions.get(member).is_some_and(|last| *last > horizon);
    // Nodes take what their gateway's own members sign, whatever their clock says.
    if !ahead || work.identity.carrier || !work.memory.unrecovered.insert(member.clone()) {
        return false;
    }
    work.put_fact(facts::unrecovered(member), &true);
    work.put_fact(facts::ahead(member), &Revision::default());
    true
}

/// The gateway took these: what is signed anew must outrank them.
pub(super) async fn were_taken(work: &mut Work<'_>, parts: &[Part]) -> Result<(), StoreError> {
    let horizon = work.now + NEVER_TAKEN;
    let mut newest: BTreeMap<MemberId, Revision> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.revision() <= horizon) {
        let revision = newest.entry(part.origin()).or_default();
        *revision = part.revision().max(*revision);
    }
    for (member, revision) in newest {
        let key = facts::ahead(&member);
        if work.fact::<Revision>(&key).await?.is_some_and(|floor| floor < revision) {
            work.put_fact(key, &revision);
        }
    }
    Ok(())
}

/// Signs every state of `member` anew whose revision lies so far ahead that nobody else can hold it, and names them.
/// All at once: later writes get smaller revisions than these had. `floor` is the newest that others took.
pub(super) async fn reissue(
    work: &mut Work<'_>,
    member: &MemberId,
    floor: Revision,
) -> Result<Vec<RecordName>, StoreError> {
    let horizon = work.now + NEVER_TAKEN;
    if work.memory.revisions.get(member).is_none_or(|last| *last <= horizon) {
        return Ok(Vec::new());
    }
    let prefix = format!("members/{member}/");
    let (mut after, mut last, mut ahead) = (Some(String::new()), floor, Vec::new());
    while let Some(from) = after {
        let Stretch { rows, next, .. } = work.range(&prefix, &from, ROWS).await?;
        after = next;
        for row in rows {
            let revisions = row.record.iter().chain(&row.withdrawal).map(Part::revision);
            last = revisions.filter(|revision| *revision <= horizon).fold(last, Micros::max);
            if row.revision() > horizon {
                ahead.push(row.name);
            }
        }
    }
    work.lower_revision(member, last);
    work.heads = true;
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
            let body = if *any.kind() == Kind::head() { as_of_nothing(body) } else { body.clone() };
            Ok((any.scopes().clone(), body, *publish_time.min(&work.now), *expire_time))
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

/// The same head without the moment that it speaks of: nothing is compared with it, and the next one follows at once.
fn as_of_nothing(head: &Bytes) -> Bytes {
    let known = Head::decode(head.clone());
    known.map_or_else(|_| head.clone(), |known| Head { as_of: 0, ..known }.encode_to_vec().into())
}
