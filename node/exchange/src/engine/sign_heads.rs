//! An origin says what its scopes should hold: soon after they have changed, and from time to time when they have not.

use std::collections::BTreeMap;

use async_trait::async_trait;
use duikou_proto::directory::{Directory, MemberState};
use duikou_proto::envelope::Micros;
use duikou_proto::head;
use duikou_proto::limits as contract;
use duikou_proto::name::{Kind, MemberId};
use duikou_proto::scope::Scope;
use duikou_proto::v1::Head;
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::next_state::say;
use super::work::Work;
use super::writer::Command;
use super::{Engine, facts};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{Row, StoreError};

/// Signs the heads that are due; whether there may be more.
struct SignHeads;

#[async_trait]
impl Command for SignHeads {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        let directory = work.memory.directory.clone();
        let mut room = limits::HEADS_AT_ONCE;
        for member in directory.hosted(&work.identity.node).filter(|member| member.state == MemberState::Active) {
            if work.memory.unrecovered.contains(&member.id)
                || work.identity.signers.newest(&member.id, &directory).is_none()
            {
                continue;
            }
            let vouch = vouch(work, &member.id).await?;
            for (row, due) in due(work, &member.id, vouch).await? {
                if room == 0 {
                    return Ok(true);
                }
                room -= 1;
                sign(work, &member.id, row, due).await?;
            }
            if let Some(time) = vouch {
                work.put_fact(format!("{}{}", facts::VOUCHED, member.id), &time);
            }
        }
        Ok(false)
    }
}

/// Until when a member has to say what all its scopes hold, whether or not it knows that they ever held anything: its
/// store came back from an earlier time, and others may hold what it does not know of.
async fn vouch(work: &mut Work<'_>, member: &MemberId) -> Result<Option<Micros>, StoreError> {
    let Some(mut first) = work.fact::<Micros>(facts::VOUCH).await? else { return Ok(None) };
    // The clock was wrong then: heads as of a moment that is still to come, or long past, are compared with nothing.
    if first == 0 || first > work.now {
        first = work.now;
        work.put_fact(facts::VOUCH.to_owned(), &first);
    }
    let signed = work.fact::<Micros>(&format!("{}{member}", facts::VOUCHED)).await?;
    let signed = signed.filter(|signed| *signed <= work.now);
    // Once more when whatever a clock that was ahead can have signed is past.
    let second = first + limits::CLOCKS_APART.as_micros() as Micros;
    let time = if second <= work.now { second } else { first };
    Ok(Some(time).filter(|time| signed.is_none_or(|signed| signed < *time)))
}

/// All scopes that a member can ever have published in.
fn all_scopes(directory: &Directory) -> Vec<Scope> {
    let Some(network) = directory.network() else { return Vec::new() };
    let circles = directory.circles().filter_map(|(circle, _)| Scope::circle(circle, network).ok());
    let members = directory.members().map(|member| Scope::member(&member.id));
    [Scope::public(), Scope::registered(), Scope::network(network)].into_iter().chain(circles).chain(members).collect()
}

/// The heads of a member that are to be signed, with the rows of those before them.
async fn due(
    work: &mut Work<'_>,
    member: &MemberId,
    vouch: Option<Micros>,
) -> Result<Vec<(Option<Row>, Head)>, StoreError> {
    let mut held: BTreeMap<String, (Row, Head)> = BTreeMap::new();
    for row in work.range(&format!("members/{member}/heads/"), "", limits::HEADS_OF_A_MEMBER).await? {
        let head = row.record.as_ref().and_then(|record| Head::decode(record.body()).ok());
        if let Some(head) = head {
            held.insert(head.scope.clone(), (row, head));
        }
    }
    let mut scopes: BTreeMap<&str, _> = held.keys().map(|scope| (scope.as_str(), None)).collect();
    scopes.extend(work.memory.heads.of(member.as_str()).map(|(scope, state)| (scope, Some(state))));
    let all = if vouch.is_some() { all_scopes(&work.memory.directory) } else { Vec::new() };
    for scope in &all {
        scopes.entry(scope.as_str()).or_insert(None);
    }
    let mut due = Vec::new();
    // A clock that was ahead said more than it knew.
    let horizon = work.now + limits::CLOCKS_APART.as_micros() as Micros;
    for (scope, state) in scopes.into_iter().take(limits::HEADS_OF_A_MEMBER) {
        let before = held.get(scope);
        let said = before.map_or(0, |(_, head)| head.as_of);
        let kinds = state.map(|state| state.sums()).unwrap_or_default();
        let touched = state.map_or(0, |state| state.as_of);
        let mut as_of = touched.max(if said > horizon { 0 } else { said }).max(vouch.unwrap_or(0));
        if defects::on(Defect::AsOfOfTheMember) {
            as_of = work.memory.revisions.get(member).copied().unwrap_or(as_of);
        }
        let age = before.map(|(_, head)| work.now.saturating_sub(head.issue_time));
        // An empty scope needs no heartbeat: there is nothing that could be kept from anybody.
        let fresh =
            age.is_some_and(|age| 0 <= age && (kinds.is_empty() || age < limits::HEAD_EVERY.as_micros() as i64));
        let same = before.is_some_and(|(_, head)| head.kinds == kinds && head.as_of == as_of);
        if !(fresh && same) && (before.is_some() || as_of > 0) {
            let head = Head {
                scope: scope.to_owned(),
                kinds,
                as_of,
                issue_time: work.now,
                valid_until: work.now + contract::HEAD_VALID.as_micros() as i64,
            };
            due.push((before.map(|(row, _)| row.clone()), head));
        }
    }
    Ok(due)
}

async fn sign(work: &mut Work<'_>, member: &MemberId, row: Option<Row>, due: Head) -> Result<(), StoreError> {
    let Ok(scope) = due.scope.parse::<Scope>() else { return Ok(()) };
    let Ok(name) = head::name(member, &scope) else { return Ok(()) };
    say(work, row.as_ref(), &name, Kind::head(), scope, due.encode_to_vec().into(), limits::HEAD_KEPT).await
}

impl Engine {
    /// Signs heads when something has changed, and before those that are out lose their date, until told to stop.
    pub(super) async fn keep_heads(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.heads.notified() => {}
                () = tokio::time::sleep(limits::HEAD_LOOK) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(limits::HEAD_AFTER) => {}
            }
            if self.halted().is_none() && !defects::on(Defect::NoHeads) {
                while matches!(self.submit(SignHeads).await, Ok(true)) {}
            }
        }
    }
}
