//! A holder says to each origin what it holds of it: soon after a head was met, and from time to time when nothing but
//! time has moved.
//!
//! One record to each origin: per scope the newest head that was met, which `heads` keeps, with a few steps (as of which
//! revision, since when), and what was refused. It goes the way of heads.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::directory::MemberState;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::federation::rejected::Code;
use duikou_proto::limits as contract;
use duikou_proto::name::{Kind, MemberId, RecordName};
use duikou_proto::receipt;
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::{HeldScope, Receipt, RefusedName};
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::accept::Ranking;
use super::next_state::say;
use super::work::Work;
use super::writer::Command;
use super::{Engine, RejectionFact, facts};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{Row, StoreError};

/// Signs the receipts that are due.
struct SignReceipts;

/// What remains.
enum Rest {
    /// More are due.
    More,
    /// The next may be due then.
    At(Micros),
}

#[async_trait]
impl Command for SignReceipts {
    type Output = Rest;

    async fn run(self, work: &mut Work<'_>) -> Result<Rest, StoreError> {
        let directory = work.memory.directory.clone();
        let (mut room, mut next) = (limits::RECEIPTS_AT_ONCE, work.now + limits::RECEIPT_EVERY.as_micros() as Micros);
        let refused = refused(work).await?;
        for holder in directory.hosted(&work.identity.node).filter(|member| member.state == MemberState::Active) {
            let able = holder.moving.is_none()
                && !work.memory.unrecovered.contains(&holder.id)
                && work.identity.signers.newest(&holder.id, &directory).is_some();
            if !able {
                continue;
            }
            let before = said(work, &holder.id).await?;
            let scopes = directory.member_scopes(&holder.id);
            let elsewhere = directory
                .members()
                .filter(|origin| origin.node != work.identity.node && !matches!(origin.state, MemberState::Removed(_)));
            let origins: Vec<MemberId> = elsewhere.map(|origin| origin.id.clone()).collect();
            for origin in origins {
                let before = before.get(origin.as_str());
                let refused = refused.get(origin.as_str()).map_or(&[][..], Vec::as_slice);
                let receipt = held(work, &origin, &scopes, before.map(|(_, receipt)| receipt), refused);
                match due(before.map(|(_, receipt)| receipt), &receipt) {
                    Some(time) if time <= work.now => {
                        if room == 0 {
                            return Ok(Rest::More);
                        }
                        room -= 1;
                        sign(work, &holder.id, &origin, before.map(|(row, _)| row), &receipt).await?;
                    }
                    Some(time) => next = next.min(time),
                    None => {}
                }
            }
        }
        Ok(Rest::At(next))
    }
}

/// The receipts of a holder that are out, by origin.
async fn said(work: &mut Work<'_>, holder: &MemberId) -> Result<BTreeMap<String, (Row, Receipt)>, StoreError> {
    let rows = work.rows_under(&format!("members/{holder}/receipts/"), limits::RECEIPTS_OF_A_MEMBER).await?;
    let read = |row: Row| {
        let receipt = receipt::read(row.record.as_ref()?)?;
        Some((receipt.origin.clone(), (row, receipt)))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// What was refused here, and is not held all the same, by origin: by name, at most as many as a receipt holds.
async fn refused(work: &mut Work<'_>) -> Result<BTreeMap<String, Vec<RefusedName>>, StoreError> {
    // Each peer's are bounded where they are written.
    let facts = work.facts::<RejectionFact>(facts::REJECTIONS, usize::MAX).await?.into_iter();
    // What another node should have sent says nothing of what is held.
    let facts = facts.filter(|(_, fact)| fact.code != i32::from(Code::Host));
    let mut by_origin: BTreeMap<String, BTreeMap<RecordName, RejectionFact>> = BTreeMap::new();
    for (name, fact) in facts.filter_map(|(key, fact)| Some((facts::refused_name(&key)?, fact))) {
        by_origin.entry(name.origin_str().to_owned()).or_default().insert(name, fact);
    }
    let mut refused = BTreeMap::new();
    for (origin, facts) in by_origin {
        refused.insert(origin, not_held(work, facts).await?);
    }
    Ok(refused)
}

/// Those of one origin, in pieces: more than a receipt holds are not looked at.
async fn not_held(
    work: &mut Work<'_>,
    facts: BTreeMap<RecordName, RejectionFact>,
) -> Result<Vec<RefusedName>, StoreError> {
    let mut refused = Vec::new();
    let mut facts = facts.into_iter();
    while refused.len() < contract::RECEIPT_REFUSED {
        let piece: Vec<_> = facts.by_ref().take(contract::RECEIPT_REFUSED).collect();
        if piece.is_empty() {
            break;
        }
        work.load(piece.iter().map(|(name, _)| name.clone())).await?;
        for (name, fact) in piece {
            let ranking = Ranking { directory: &work.memory.directory, now: work.now };
            let sound = |part: &&Part| ranking.verifies(part);
            let row = work.loaded(&name).flatten();
            let (record, withdrawal) = (row.and_then(|r| r.record.as_ref()), row.and_then(|r| r.withdrawal.as_ref()));
            // Signed by another key, it may be here.
            if !fact.is_past(record.filter(sound), withdrawal.filter(sound)) {
                let code = Code::try_from(fact.code).unwrap_or(Code::Unspecified).as_str_name().to_owned();
                refused.push(RefusedName { name: name.to_string(), revision: fact.newest(), code });
            }
        }
    }
    refused.truncate(contract::RECEIPT_REFUSED);
    Ok(refused)
}

/// What a holder with these scopes can say to an origin now.
fn held(
    work: &Work<'_>,
    origin: &MemberId,
    scopes: &ScopeSet,
    before: Option<&Receipt>,
    refused: &[RefusedName],
) -> Receipt {
    let said = |scope: &str| before.and_then(|receipt| receipt.scopes.iter().find(|held| held.scope == scope));
    let of_origin = work.memory.heads.of(origin.as_str());
    let met = of_origin.filter_map(|(scope, state)| Some((scope, state.met?)));
    let with_rights = met.filter(|(scope, _)| scope.parse().is_ok_and(|scope: Scope| scopes.contains(&scope)));
    // That there has never been anything is not worth the receipt of a minute.
    let told = with_rights.filter(|(scope, met)| met.filled || said(scope).is_some());
    // What was refused and is so no longer has been held since now at the latest, and with it whatever came later.
    let settled = before.iter().flat_map(|receipt| &receipt.refused);
    let settled = settled.filter(|old| refused.iter().all(|now| now.name != old.name)).map(|old| old.revision).min();
    let held = told.take(contract::RECEIPT_SCOPES).map(|(scope, met)| {
        let mut steps = said(scope).map(|held| held.steps.clone()).unwrap_or_default();
        steps.retain(|step| settled.is_none_or(|settled| step.as_of < settled));
        let steps = receipt::step(steps, met.as_of, work.now);
        HeldScope { scope: scope.to_owned(), head_time: met.issue_time, steps }
    });
    Receipt { origin: origin.to_string(), scopes: held.collect(), refused: refused.to_vec(), issue_time: work.now }
}

/// When `next` is to be signed; None where it says nothing new.
fn due(before: Option<&Receipt>, next: &Receipt) -> Option<Micros> {
    let Some(before) = before else {
        return (!next.scopes.is_empty() || !next.refused.is_empty()).then_some(next.issue_time);
    };
    let reach = |receipt: &Receipt| -> Vec<(String, i64)> {
        receipt.scopes.iter().map(|held| (held.scope.clone(), receipt::reached(held))).collect()
    };
    // A clock that was ahead does not keep the next one back.
    let signed = before.issue_time.min(next.issue_time);
    if reach(before) != reach(next) || before.refused != next.refused {
        Some(signed.saturating_add(contract::RECEIPT_APART.as_micros() as Micros))
    } else if before.scopes != next.scopes {
        Some(signed.saturating_add(limits::RECEIPT_EVERY.as_micros() as Micros))
    } else {
        None
    }
}

async fn sign(
    work: &mut Work<'_>,
    holder: &MemberId,
    origin: &MemberId,
    row: Option<&Row>,
    receipt: &Receipt,
) -> Result<(), StoreError> {
    let Ok(name) = receipt::name(holder, origin) else { return Ok(()) };
    let body = receipt.encode_to_vec().into();
    say(work, row, &name, Kind::receipt(), Scope::member(origin), body, limits::RECEIPT_KEPT).await
}

impl Engine {
    /// Signs receipts when heads have been met, until told to stop.
    pub(super) async fn keep_receipts(self, stop: CancellationToken) {
        let mut wait = limits::RECEIPT_AFTER;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.receipts.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(limits::RECEIPT_AFTER) => {}
            }
            wait = limits::HEAD_LOOK;
            if self.halted().is_some() || defects::on(Defect::NoHeads) {
                continue;
            }
            loop {
                match self.submit(SignReceipts).await {
                    Ok(Rest::More) => {}
                    Ok(Rest::At(time)) => {
                        let until =
                            Duration::from_micros(u64::try_from(time.saturating_sub(self.now())).unwrap_or_default());
                        wait = wait.min(until);
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
    }
}
