//! Who holds what a member here has written, by the receipts of the holders.
//!
//! Nothing is stored beside the receipts: a listing is held since the first step of one that covers its revision.

use std::collections::HashMap;

use duikou_proto::directory::{Directory, Member, MemberState};
use duikou_proto::envelope::{Micros, Part, Revision};
use duikou_proto::name::{MemberId, NodeId, RecordName};
use duikou_proto::receipt;
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::Receipt;
use duikou_proto::v1::holder::State;

use super::Engine;
use super::heads::{Heads, Met};
use crate::limits;
use crate::store::{Row, Store, StoreError, Stretch};

const LACKING: Micros = limits::RECEIPT_LACKING.as_micros() as Micros;
const SILENT: Micros = limits::RECEIPT_SILENT.as_micros() as Micros;

/// One member that is to have a listing, or is no longer to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub member: MemberId,
    /// Whether it has it.
    pub state: State,
    /// Since when it has held this state, at the latest.
    pub since: Option<Micros>,
    /// As of when it last said what it holds of the scopes concerned.
    pub confirmed: Option<Micros>,
    /// Why it refused it.
    pub refusal: String,
}

/// Somebody who should have confirmed something of a member here by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Whose listings.
    pub origin: MemberId,
    /// Who should hold them.
    pub holder: MemberId,
    /// Absolute; those that are not confirmed.
    pub scopes: Vec<String>,
    /// When its last receipt was signed; None where there is none.
    pub heard: Option<Micros>,
}

/// What the members here have said that they hold, from before this process began.
pub(super) async fn remember(
    store: &dyn Store,
    directory: &Directory,
    node: &NodeId,
    heads: &mut Heads,
) -> Result<(), StoreError> {
    let mut read = store.read().await?;
    for member in directory.hosted(node) {
        let prefix = format!("members/{}/receipts/", member.id);
        let (mut after, mut room) = (Some(String::new()), limits::RECEIPTS_OF_A_MEMBER);
        while let Some(from) = after.filter(|_| room > 0) {
            let Stretch { rows, next, .. } = read.range(&prefix, &from, room).await?;
            (after, room) = (next, room.saturating_sub(rows.len()));
            for receipt in rows.iter().filter_map(|row| receipt::read(row.record.as_ref()?)) {
                for held in &receipt.scopes {
                    let met = Met { as_of: receipt::reached(held), issue_time: held.head_time, filled: true };
                    heads.remember(&receipt.origin, &held.scope, met);
                }
            }
        }
    }
    Ok(())
}

impl Engine {
    /// The receipts to a member, with who signed them: of those that are in the directory.
    pub(super) async fn receipts(&self, origin: &MemberId) -> Result<Vec<(Member, Option<Receipt>)>, StoreError> {
        let directory = self.directory();
        let active = directory.members().filter(|m| m.id != *origin && m.state == MemberState::Active);
        let named = active.filter_map(|member| Some((member.clone(), receipt::name(&member.id, origin).ok()?)));
        let named: Vec<(Member, RecordName)> = named.take(limits::RECEIPTS_OF_A_MEMBER).collect();
        let names: Vec<RecordName> = named.iter().map(|(_, name)| name.clone()).collect();
        let rows = self.rows(&names).await?.into_iter();
        let mut receipts: HashMap<RecordName, Receipt> =
            rows.filter_map(|row| Some((row.name, receipt::read(row.record.as_ref()?)?))).collect();
        // Nobody holds what has not been written yet.
        let newest = self.0.memory.load().revisions.get(origin).copied().unwrap_or_default();
        receipts.values_mut().for_each(|receipt| receipt.scopes.retain(|held| receipt::reached(held) <= newest));
        Ok(named.into_iter().map(|(member, name)| (member, receipts.remove(&name))).collect())
    }

    /// Who holds a row of a member here, and who no longer does, ordered by member: everybody whom its scopes, or those
    /// of its withdrawal, concern.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn holders(&self, row: &Row) -> Result<Vec<Holder>, StoreError> {
        let directory = self.directory();
        let mut holders = Vec::new();
        for (member, receipt) in self.receipts(&row.name.origin()).await? {
            let scopes = directory.member_scopes(&member.id);
            let concerns = |part: &&Part| part.scopes().meets(&scopes);
            let record = row.record.as_ref().filter(concerns);
            let Some(part) = record.or_else(|| row.withdrawal.as_ref().filter(concerns)) else { continue };
            let holder = judge(&member.id, part, &scopes, receipt.as_ref());
            let at_home = member.node == self.0.identity.node;
            holders.push(if at_home { here(holder, part, self.now()) } else { holder });
        }
        Ok(holders)
    }

    /// Who should have confirmed by now what those of the members here that are asked for have published, and has not.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn unconfirmed(&self, of: impl Fn(&MemberId) -> bool) -> Result<Vec<Unconfirmed>, StoreError> {
        let (directory, heads, now) = (self.directory(), self.heads(), self.now());
        let mut found = Vec::new();
        let hosted = directory.hosted(&self.0.identity.node).filter(|member| of(&member.id));
        for origin in hosted.filter(|member| member.state == MemberState::Active) {
            let published: Vec<(&str, Revision)> = heads
                .of(origin.id.as_str())
                .filter_map(|(scope, state)| Some((scope, &state.head.as_ref()?.1)))
                .filter(|(_, head)| !head.kinds.is_empty())
                .map(|(scope, head)| (scope, head.as_of))
                .collect();
            if published.is_empty() {
                continue;
            }
            for (holder, receipt) in self.receipts(&origin.id).await? {
                if holder.node == self.0.identity.node {
                    continue;
                }
                let scopes = directory.member_scopes(&holder.id);
                let heard = receipt.as_ref().map(|receipt| receipt.issue_time);
                let admitted = holder.keys.newest().map_or(now, |key| key.introduced);
                // Rights that are new take their time as well.
                let answers = |as_of: Revision| {
                    let due = as_of.max(directory.link().time).saturating_add(LACKING);
                    heard.is_some_and(|heard| heard > due)
                };
                let silent = |as_of: Revision| now.saturating_sub(heard.unwrap_or(admitted).max(as_of)) > SILENT;
                let confirmed = |scope: &str, as_of: Revision| {
                    let mut held = receipt.iter().flat_map(|receipt| &receipt.scopes);
                    held.any(|held| held.scope == scope && receipt::reached(held) >= as_of)
                };
                let lacking = published.iter().filter(|(scope, as_of)| {
                    scope.parse().is_ok_and(|scope| scopes.contains(&scope))
                        && !confirmed(scope, *as_of)
                        && (answers(*as_of) || silent(*as_of))
                });
                let lacking: Vec<String> = lacking.map(|(scope, _)| (*scope).to_owned()).collect();
                if !lacking.is_empty() {
                    found.push(Unconfirmed { origin: origin.id.clone(), holder: holder.id, scopes: lacking, heard });
                }
            }
        }
        Ok(found)
    }
}

/// What a receipt says of a record, or of a withdrawal, to whoever wrote it.
fn judge(member: &MemberId, part: &Part, scopes: &ScopeSet, receipt: Option<&Receipt>) -> Holder {
    let concerned =
        |scope: &str| scope.parse().is_ok_and(|scope| scopes.contains(&scope) && part.scopes().contains(&scope));
    let held: Vec<_> =
        receipt.iter().flat_map(|receipt| &receipt.scopes).filter(|held| concerned(&held.scope)).collect();
    let since = held.iter().filter_map(|held| receipt::since(held, part.revision())).min();
    let refusal = receipt.and_then(|receipt| receipt::refusal(receipt, part.name(), part.revision()));
    let state = match (part.is_record(), since, refusal) {
        // Heads are met but for what is named as refused.
        (_, _, Some(_)) => State::Refused,
        (true, Some(_), None) => State::Held,
        (false, Some(_), None) => State::Gone,
        (true, None, None) => State::Unconfirmed,
        (false, None, None) => State::GoneUnconfirmed,
    };
    Holder {
        member: member.clone(),
        state,
        since: since.filter(|_| refusal.is_none()),
        confirmed: held.iter().map(|held| held.head_time).max(),
        refusal: refusal.map(|refusal| refusal.code.clone()).unwrap_or_default(),
    }
}

/// A member that reads the same store has what is in it.
fn here(holder: Holder, part: &Part, now: Micros) -> Holder {
    let state = if part.is_record() { State::Held } else { State::Gone };
    Holder { state, since: Some(part.revision()), confirmed: Some(now), refusal: String::new(), ..holder }
}
