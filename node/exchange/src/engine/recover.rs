//! A node takes its members' own records back from the gateway, before it sends or signs anything.

use async_trait::async_trait;
use duikou_proto::envelope::Part;
use duikou_proto::name::{MemberId, NodeId, RecordName};
use duikou_proto::v1::WithdrawalReason;

use super::facts;
use super::next_state::{Next, state};
use super::reissue::{reissue, were_taken};
use super::work::Work;
use super::writer::Command;
use crate::defects::{self, Defect};
use crate::store::{Row, StoreError, Stretch};

/// A piece of what the gateway holds of own members; every part's signature is verified.
pub struct TakeBack(pub Vec<Part>);

#[async_trait]
impl Command for TakeBack {
    type Output = usize;

    fn names(&self) -> Vec<RecordName> {
        self.0.iter().map(|part| part.name().clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|part| part.bytes().len() + 256).sum()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<usize, StoreError> {
        let mut taken = 0;
        were_taken(work, &self.0).await?;
        let mut parts = self.0.into_iter().peekable();
        while let Some(part) = parts.next() {
            let mut of_name = vec![part];
            while let Some(next) = parts.next_if(|next| next.name() == of_name[0].name()) {
                of_name.push(next);
            }
            let name = of_name[0].name().clone();
            if !work.is_own(&name) {
                continue;
            }
            for part in of_name.iter().filter(|_| !defects::on(Defect::RevisionsFromTheClock)) {
                work.raise_revision(&name.origin(), part.revision());
            }
            taken += usize::from(work.accept(&of_name).await?);
            if let Some(row) = work.row(&name).await?
                && !defects::on(Defect::RecoveryForgetsExposure)
            {
                merge(work, row, &of_name).await?;
            }
        }
        Ok(taken)
    }
}

/// Who could see the gateway's copy is exposed, even where our state outranks it: a withdrawal is owed to those.
async fn merge(work: &mut Work<'_>, mut row: Row, parts: &[Part]) -> Result<(), StoreError> {
    let before = (row.exposed.clone(), row.expire_max);
    for part in parts {
        row.exposed.extend(part.scopes());
        row.expire_max = row.expire_max.max(part.expire_time());
    }
    let sees = row.record.as_ref().map(|record| record.scopes().clone()).unwrap_or_default();
    let told = row.withdrawal.as_ref().map(|withdrawal| withdrawal.scopes().clone()).unwrap_or_default();
    let owed = !row.exposed.without(&sees).without(&told).is_empty();
    if before != (row.exposed.clone(), row.expire_max) {
        work.restamp(row.clone());
    }
    if !owed {
        return Ok(());
    }
    let Some(any) = row.record.as_ref().or(row.withdrawal.as_ref()) else { return Ok(()) };
    let content = match row.record.as_ref().map(|record| (record, record.statement())) {
        Some((record, duikou_proto::envelope::Statement::Record { publish_time, expire_time, body, .. })) => {
            Ok((record.scopes().clone(), body.clone(), *publish_time, *expire_time))
        }
        _ => Err(row.withdrawal.as_ref().and_then(Part::reason).unwrap_or(WithdrawalReason::Withdrawn)),
    };
    let next = Next { kind: any.kind().clone(), lane: any.lane(), content, owed: true };
    if let Err(malformed) = state(work, Some(&row), &row.name, &next, false).await? {
        tracing::error!(record.name = %row.name, error = %malformed, "an owed withdrawal could not be signed");
    }
    Ok(())
}

/// Recovery from a gateway is complete.
pub struct Recovered {
    pub(crate) members: Vec<MemberId>,
    /// The gateway, and its feed: as long as that is the same, there is nothing more to take back.
    pub(crate) from: Option<(NodeId, String)>,
    /// The position that was not known bore this feed's id: the store was rolled back, and is another feed now.
    pub(crate) rolled_back: bool,
    /// Whether this clock agrees with the gateway's: only then it can be told what was ahead of time.
    pub(crate) clock_right: bool,
}

impl Recovered {
    /// Nothing had to be taken back, but the store becomes another feed.
    pub(crate) fn rolled_back() -> Self {
        Self { members: Vec::new(), from: None, rolled_back: true, clock_right: false }
    }
}

#[async_trait]
impl Command for Recovered {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for member in &self.members {
            work.resign = true;
            work.given_back(member);
            let ahead = work.fact(&facts::ahead(member)).await?;
            let arrived = work.fact::<bool>(&facts::unrecovered(member)).await? == Some(true);
            if work.memory.unrecovered.remove(member) {
                work.remove_fact(facts::unrecovered(member));
            }
            match ahead {
                // Where the clock is wrong again, the next refusal begins anew.
                Some(floor) => {
                    work.remove_fact(facts::ahead(member));
                    let anew = if self.clock_right { reissue(work, member, floor).await? } else { Vec::new() };
                    for (name, (peer, _)) in anew.iter().zip(self.from.iter().cycle()) {
                        work.remove_fact(format!("{}{name}", facts::refused(peer)));
                    }
                }
                None if arrived => arrive(work, member).await?,
                None => {}
            }
        }
        if !self.members.is_empty() || work.identity.carrier {
            // By a clock that is wrong nobody could say when: the members say it as soon as it is right.
            let right = self.clock_right || work.identity.carrier;
            let now = if right { work.now } else { 0 };
            work.put_fact(facts::VOUCH.to_owned(), &now);
            work.heads = true;
        }
        if let Some((peer, feed)) = &self.from {
            work.put_fact(facts::recovered_from(peer), feed);
        }
        if self.rolled_back && !defects::on(Defect::FeedKept) {
            work.renew_feed();
        }
        Ok(())
    }
}

/// A member has come to this node: links carry what it has anew, and what it writes here follows what was read of it
/// here before, of which its gateway may have lost the newest.
async fn arrive(work: &mut Work<'_>, member: &MemberId) -> Result<(), StoreError> {
    let prefix = format!("members/{member}/");
    let mut after = Some(String::new());
    while let Some(from) = after {
        let Stretch { rows, next, .. } = work.range(&prefix, &from, 512).await?;
        after = next;
        for row in rows {
            work.raise_revision(member, row.revision());
            work.restamp(row);
        }
    }
    Ok(())
}
