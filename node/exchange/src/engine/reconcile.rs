//! Two stores that differ in an origin's scope find where, range by range of names; and what is here too much goes, if
//! with it gone the scope is exactly what its head says.

use async_trait::async_trait;
use duikou_proto::envelope::Revision;
use duikou_proto::federation::{Listed, ListedState, NameRange};
use duikou_proto::name::{Kind, RecordName};
use duikou_proto::scope::Scope;
use duikou_proto::set_hash::Element;

use super::Engine;
use super::work::Work;
use super::writer::Command;
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{GoneReason, Row, StoreError, Stretch};

/// A state that an origin's scope holds here.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Without `members/ID/`.
    pub(crate) id: String,
    pub(crate) revision: Revision,
    kind: Kind,
    element: Element,
}

impl Held {
    /// Whether the peer has the same.
    pub(crate) fn is(&self, theirs: &ListedState) -> bool {
        self.id == theirs.id && self.revision == theirs.revision && self.element.bytes()[..] == theirs.element
    }
}

/// What differs from a range of the peer's.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) pieces: Vec<NameRange>,
    pub(crate) listed: Vec<Listed>,
}

fn prefix(origin: &str) -> String {
    format!("members/{origin}/")
}

fn sum(held: &[Held]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for held in held {
        hasher.update(held.element.bytes());
    }
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}

/// Those of `held`, which is by name, that lie in a range.
pub(crate) fn within<'a>(held: &'a [Held], after: &str, until: &str) -> &'a [Held] {
    let from = held.partition_point(|held| held.id.as_str() <= after);
    let to = if until.is_empty() { held.len() } else { held.partition_point(|held| held.id.as_str() <= until) };
    &held[from..to.max(from)]
}

/// A range with what is here of it.
pub(crate) fn range(held: &[Held], after: &str, until: &str) -> NameRange {
    let held = within(held, after, until);
    NameRange { after: after.to_owned(), until: until.to_owned(), count: held.len() as i64, sum: sum(held) }
}

/// How `held` differs from what the peer says of a range.
pub(crate) fn compare(held: &[Held], theirs: &NameRange, difference: &mut Difference) {
    let ours = within(held, &theirs.after, &theirs.until);
    if ours.len() as i64 == theirs.count && sum(ours) == theirs.sum {
        return;
    }
    if ours.len() <= limits::RECONCILE_LIST {
        let state = |held: &Held| ListedState {
            id: held.id.clone(),
            revision: held.revision,
            element: held.element.bytes().to_vec(),
            kind: held.kind.to_string(),
        };
        difference.listed.push(Listed {
            after: theirs.after.clone(),
            until: theirs.until.clone(),
            states: ours.iter().map(state).collect(),
        });
        return;
    }
    let mut after = theirs.after.clone();
    let size = ours.len().div_ceil(limits::RECONCILE_PIECES);
    let last = ours.len().div_ceil(size) - 1;
    for (at, piece) in ours.chunks(size).enumerate() {
        let until = match piece.last() {
            Some(held) if at < last => held.id.clone(),
            _ => theirs.until.clone(),
        };
        difference.pieces.push(NameRange {
            after: std::mem::replace(&mut after, until.clone()),
            until,
            count: piece.len() as i64,
            sum: sum(piece),
        });
    }
}

impl Engine {
    /// The states of an origin's scope here that lie in a range, by name.
    pub(crate) async fn held(
        &self,
        origin: &str,
        scope: &Scope,
        after: &str,
        until: &str,
    ) -> Result<Vec<Held>, StoreError> {
        let prefix = prefix(origin);
        let mut at = Some(if after.is_empty() { String::new() } else { format!("{prefix}{after}") });
        let mut held = Vec::new();
        while let Some(from) = at {
            let Stretch { rows, next, .. } = self.range(&prefix, &from, limits::LINK_PAGE).await?;
            at = next;
            for row in rows {
                let id = row.name.as_str()[prefix.len()..].to_owned();
                if !until.is_empty() && id.as_str() > until {
                    return Ok(held);
                }
                let record = row.record.filter(|part| part.kind().is_counted() && part.scopes().contains(scope));
                if let Some(record) = record {
                    held.push(Held {
                        id,
                        revision: record.revision(),
                        kind: record.kind().clone(),
                        element: Element::of(&record),
                    });
                }
            }
        }
        Ok(held)
    }

    /// Scopes of those `origins` that differ from their heads although nothing newer is here: each with the revision of its
    /// head. All of them, since those that nothing heals must stand in the way of no other: no more than there are heads.
    pub(crate) fn differing(&self, origins: impl Fn(&str) -> bool) -> Vec<(String, Scope, Revision)> {
        let heads = self.heads();
        let differs = heads.iter().filter_map(|(origin, scope, state)| {
            let (revision, _) = state.head.as_ref()?;
            let differs = !state.is_ahead() && !state.meets_head() && origins(origin);
            if differs { Some((origin.to_owned(), scope.parse().ok()?, *revision)) } else { None }
        });
        differs.collect()
    }
}

/// Makes room for what an origin's scope should hold: what its head does not count goes, if the scope, with what the peer
/// still has to give, is then what the head says.
pub(crate) struct MakeRoom {
    pub(crate) origin: String,
    pub(crate) scope: Scope,
    /// What is here and should not be, without `members/ID/`.
    pub(crate) extra: Vec<String>,
    /// What the peer has to give.
    pub(crate) lacks: Vec<ListedState>,
}

#[async_trait]
impl Command for MakeRoom {
    type Output = usize;

    fn bytes(&self) -> usize {
        let extra = self.extra.iter().map(|id| id.len() + 128).sum::<usize>();
        512 + extra + self.lacks.iter().map(|state| state.id.len() + state.element.len() + 256).sum::<usize>()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<usize, StoreError> {
        let host = work.memory.directory.member_by_text(&self.origin).map(|member| member.node.clone());
        if host.is_none_or(|host| host == work.identity.node) {
            return Ok(0);
        }
        let name = |id: &str| format!("{}{id}", prefix(&self.origin)).parse::<RecordName>().ok();
        let in_scope = |row: &Row| row.record.clone().filter(|record| record.scopes().contains(&self.scope));
        let (mut drop, mut less, mut more) = (Vec::new(), Vec::<(Kind, Element)>::new(), Vec::<(Kind, Element)>::new());
        for name in self.extra.iter().filter_map(|id| name(id)) {
            let Some(row) = work.row(&name).await? else { continue };
            if let Some(record) = in_scope(&row) {
                less.push((record.kind().clone(), Element::of(&record)));
                drop.push((row, false));
            }
        }
        for state in &self.lacks {
            let (Some(name), Ok(kind)) = (name(&state.id), state.kind.parse()) else { return Ok(0) };
            let Some(element) = Element::from_bytes(&state.element) else { return Ok(0) };
            more.push((kind, element));
            let Some(row) = work.row(&name).await? else { continue };
            if let Some(record) = in_scope(&row).filter(|_| !self.extra.contains(&state.id)) {
                less.push((record.kind().clone(), Element::of(&record)));
            }
            // An end that its origin no longer knows of stands in the way.
            if row.withdrawal.as_ref().is_some_and(|withdrawal| withdrawal.revision() > state.revision) {
                drop.push((row, true));
            }
        }
        let met = work.memory.heads.get(&self.origin, self.scope.as_str()).is_some_and(|held| {
            let kinds = held.head.as_ref().map(|(_, head)| &head.kinds);
            kinds == Some(&held.sums_with(&less, &more)) && !held.is_ahead() && held.is_of_the_past(work.now)
        });
        if !(met || defects::on(Defect::SweepWithoutHead)) {
            return Ok(0);
        }
        let swept = drop.len();
        drop.into_iter().for_each(|(row, withdrawal_too)| work.drop_row(row, GoneReason::Withdrawn, withdrawal_too));
        Ok(swept)
    }
}
