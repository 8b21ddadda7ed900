//! What each origin's scopes hold here, summed up as rows change, beside what their heads say they should hold.
//!
//! The sums are of memory alone: at the start they are made anew of all rows, so they never differ from them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use duikou_proto::envelope::{Micros, Part, Revision};
use duikou_proto::head;
use duikou_proto::limits as contract;
use duikou_proto::name::{Kind, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::set_hash::{Element, SetHash};
use duikou_proto::v1::{Head, KindSum};
use prost::Message;

use super::damage::Damage;
use super::stand_in::{Refused, StandIn};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{Count, Counts, Damaged, Row, Store, StoreError, Stretch};

/// Rows that the sums are made of in one statement.
const PAGE: usize = 1024;

/// One scope of one origin.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ScopeState {
    kinds: BTreeMap<Kind, SetHash>,
    /// The newest revision of anything that touched it.
    pub(crate) as_of: Revision,
    /// The newest head that is held, with its revision.
    pub(crate) head: Option<(Revision, Head)>,
    /// The newest head that was met, but for what a receipt names as refused.
    pub(crate) met: Option<Met>,
    differing: Differing,
    /// What was refused stands in for what is held, by name.
    stand_ins: BTreeMap<RecordName, StandIn>,
}

/// How long a scope has differed from its heads without having met one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Differing {
    /// Since when it differs from heads that it can be compared with, if it does now.
    since: Option<Micros>,
    /// Since when it first did so for longer than what a head counts is on its way.
    longer: Option<Micros>,
}

/// A head that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) as_of: Revision,
    pub(crate) issue_time: Micros,
    /// Whether it counts anything.
    pub(crate) filled: bool,
}

impl ScopeState {
    /// What a head says of it now.
    pub(crate) fn sums(&self) -> Vec<KindSum> {
        let filled = self.kinds.iter().filter(|(_, set)| !set.is_empty());
        filled
            .map(|(kind, set)| KindSum { kind: kind.to_string(), count: set.count(), digest: set.digest().to_vec() })
            .collect()
    }

    /// The same with other elements than it has.
    pub(crate) fn sums_with(&self, less: &[(Kind, Element)], more: &[(Kind, Element)]) -> Vec<KindSum> {
        let mut other = Self { kinds: self.kinds.clone(), ..Self::default() };
        less.iter().for_each(|(kind, element)| other.kinds.entry(kind.clone()).or_default().remove(element));
        more.iter().for_each(|(kind, element)| other.kinds.entry(kind.clone()).or_default().add(element));
        other.sums()
    }

    /// Whether it holds exactly what its head says.
    pub(crate) fn meets_head(&self) -> bool {
        self.head.as_ref().is_some_and(|(_, head)| head.kinds == self.sums())
    }

    /// Whether all is here that its head says, but for what was refused.
    pub(crate) fn meets_head_but_for_refused(&self) -> bool {
        if self.stand_ins.is_empty() || defects::on(Defect::RefusedCountsAsMissing) {
            return false;
        }
        let less: Vec<_> = self.stand_ins.values().filter_map(|stand_in| stand_in.less.clone()).collect();
        let more: Vec<_> = self.stand_ins.values().filter_map(|stand_in| stand_in.more.clone()).collect();
        self.head.as_ref().is_some_and(|(_, head)| head.kinds == self.sums_with(&less, &more))
    }

    /// Whether something here is newer than the head: it cannot be compared before the next one.
    pub(crate) fn is_ahead(&self) -> bool {
        self.head.as_ref().is_some_and(|(_, head)| self.as_of > head.as_of)
    }

    /// Whether its head is as of a moment that has been. One of a clock that was ahead may be of a future that its origin
    /// has lost, and would count nothing of what is written until then.
    pub(crate) fn is_of_the_past(&self, now: Micros) -> bool {
        self.head.as_ref().is_some_and(|(_, head)| head.as_of <= now)
    }

    /// Since when it has differed from its heads without having met one. What comes a moment after its head, or before,
    /// is no difference.
    pub(crate) fn differs_since(&self, now: Micros) -> Option<Micros> {
        let least = limits::HEAD_TRAILS.as_micros() as Micros;
        let lasting = self.differing.since.filter(|since| now.saturating_sub(*since) >= least);
        self.differing.longer.or(lasting)
    }

    /// Whether more is known to be held than before, or other than it was. `told`: whether its origin hears of all that was
    /// refused.
    fn judge(&mut self, now: Micros, told: bool) -> bool {
        let met = self.meets_head() || told && self.meets_head_but_for_refused();
        let Some((_, head)) = self.head.as_ref().filter(|_| met) else {
            let comparable = self.head.is_some() && !self.is_ahead();
            let since = self.differing.since.or(Some(now)).filter(|_| comparable);
            self.differing = Differing { longer: self.differs_since(now), since };
            return false;
        };
        self.differing = Differing::default();
        let met = Met { as_of: head.as_of, issue_time: head.issue_time, filled: !head.kinds.is_empty() };
        self.met.replace(met).is_none_or(|before| before.as_of != met.as_of)
    }
}

/// By name, each with the key under which it is kept.
type RefusedNames = BTreeMap<RecordName, (String, Refused)>;

/// By scope.
type Scopes = BTreeMap<String, Arc<ScopeState>>;

/// By origin (full id) and scope. A copy shares the origins that do not change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Heads {
    origins: BTreeMap<String, Arc<Scopes>>,
    /// What was refused, by origin.
    refused: Arc<BTreeMap<String, RefusedNames>>,
    touched: BTreeSet<(String, String)>,
    news: BTreeSet<String>,
}

/// A head that is one: under its name, of one scope, and within its limits.
struct Held {
    revision: Revision,
    head: Head,
}

impl Held {
    /// None for other records, and for what cannot be read: the next one may be.
    fn read(part: &Part) -> Option<Self> {
        if part.kind().as_str() != Kind::HEAD {
            return None;
        }
        let mut held = Head::decode(part.body()).ok()?;
        let scope: Scope = held.scope.parse().ok()?;
        let named = head::name(&part.origin(), &scope).is_ok_and(|name| name == *part.name());
        let one = part.scopes().len() == 1 && part.scopes().contains(&scope);
        let longest = held.issue_time.saturating_add(contract::HEAD_VALID.as_micros() as Micros);
        held.valid_until = held.valid_until.min(longest);
        (named && one && held.kinds.len() <= contract::HEAD_KINDS)
            .then(|| Self { revision: part.revision(), head: held })
    }
}

/// What of a row counts: the record, and whose scopes a withdrawal touches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    record: Option<Part>,
    withdrawal: Option<Part>,
}

/// What a row of these parts adds to the counts of its origin.
pub(crate) fn count(record: Option<&Part>, withdrawal: Option<&Part>) -> Count {
    let counts = |part: Option<&Part>| i64::from(part.is_some_and(|part| part.kind().is_counted()));
    let (records, withdrawals) = (counts(record), counts(withdrawal));
    let parts = i64::from(record.is_some()) + i64::from(withdrawal.is_some());
    Count { records, withdrawals, statements: parts - records - withdrawals }
}

impl Counted {
    pub(crate) fn of(row: &Row) -> Self {
        Self { record: row.record.clone(), withdrawal: row.withdrawal.clone() }
    }

    /// The record, where there was one.
    pub(crate) fn record(&self) -> Option<&Part> {
        self.record.as_ref()
    }

    /// The withdrawal, where there was one.
    pub(crate) fn withdrawal(&self) -> Option<&Part> {
        self.withdrawal.as_ref()
    }

    /// The record by itself.
    pub(crate) fn into_record(self) -> Option<Part> {
        self.record
    }

    /// What it adds to the counts of its origin.
    pub(crate) fn count(&self) -> Count {
        count(self.record.as_ref(), self.withdrawal.as_ref())
    }
}

impl Heads {
    /// One scope of one origin.
    pub(crate) fn get(&self, origin: &str, scope: &str) -> Option<&ScopeState> {
        self.origins.get(origin)?.get(scope).map(Arc::as_ref)
    }

    /// All scopes of one origin.
    pub(crate) fn of(&self, origin: &str) -> impl Iterator<Item = (&str, &ScopeState)> {
        let scopes = self.origins.get(origin).into_iter().flat_map(|scopes| scopes.iter());
        scopes.map(|(scope, state)| (scope.as_str(), &**state))
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &ScopeState)> {
        let all = self.origins.iter().flat_map(|(origin, scopes)| scopes.iter().map(move |of| (origin, of)));
        all.map(|(origin, (scope, state))| (origin.as_str(), scope.as_str(), &**state))
    }

    /// What every scope comes to.
    #[cfg(test)]
    pub(crate) fn all_sums(&self) -> BTreeMap<(String, String), Vec<KindSum>> {
        let sums = self.iter().map(|(origin, scope, state)| ((origin.to_owned(), scope.to_owned()), state.sums()));
        sums.filter(|(_, sums)| !sums.is_empty()).collect()
    }

    /// A row has changed; whether a head of its origin may have.
    pub(crate) fn change(&mut self, name: &RecordName, before: &Counted, after: &Counted, now: Micros) -> bool {
        let told = self.tells_all_refused(name.origin_str());
        let read = |counted: &Counted| Held::read(counted.record.as_ref()?);
        match (read(before), read(after)) {
            (_, Some(held)) => {
                let state = self.scope(name.origin_str(), &held.head.scope.clone());
                state.head = Some((held.revision, held.head));
                if state.judge(now, told) {
                    self.news.insert(name.origin_str().to_owned());
                }
                return false;
            }
            (Some(held), None) => {
                let state = self.scope(name.origin_str(), &held.head.scope);
                (state.head, state.met, state.differing) = (None, None, Differing::default());
                return false;
            }
            (None, None) => {}
        }
        if self.refused.get(name.origin_str()).is_some_and(|refused| refused.contains_key(name)) {
            self.stand_in(name, after);
        }
        let counted = |part: &&Part| part.kind().is_counted();
        let (old, new) = (before.record.as_ref().filter(counted), after.record.as_ref().filter(counted));
        let same = match (old, new) {
            (Some(old), Some(new)) => old.hash() == new.hash(),
            (None, None) => true,
            _ => false,
        };
        let ended = after.withdrawal.as_ref().filter(counted);
        let ended = ended.filter(|part| before.withdrawal.as_ref().is_none_or(|old| old.hash() != part.hash()));
        if same && ended.is_none() {
            return false;
        }
        let origin = name.origin_str();
        let mut touched = ScopeSet::new();
        if !same {
            if let Some(part) = old {
                let element = Element::of(part);
                part.scopes().iter().for_each(|scope| self.scope(origin, scope.as_str()).set(part).remove(&element));
                touched.extend(part.scopes());
            }
            if let Some(part) = new {
                let element = Element::of(part);
                for scope in part.scopes().iter() {
                    let state = self.scope(origin, scope.as_str());
                    state.set(part).add(&element);
                    state.as_of = state.as_of.max(part.revision());
                }
                touched.extend(part.scopes());
            }
        }
        if let Some(part) = ended {
            for scope in part.scopes().iter() {
                let state = self.scope(origin, scope.as_str());
                state.as_of = state.as_of.max(part.revision());
            }
            touched.extend(part.scopes());
        }
        self.touched.extend(touched.iter().map(|scope| (origin.to_owned(), scope.to_string())));
        true
    }

    /// What was refused of a name of which `held` is here, as it is kept under `key`; None where nothing is any longer.
    pub(crate) fn refuse(&mut self, key: &str, name: &RecordName, refused: Option<Refused>, held: &Counted) {
        let of_origin = Arc::make_mut(&mut self.refused).entry(name.origin_str().to_owned()).or_default();
        match refused {
            Some(refused) => drop(of_origin.insert(name.clone(), (key.to_owned(), refused))),
            None if of_origin.get(name).is_some_and(|(kept, _)| kept == key) => drop(of_origin.remove(name)),
            None => return,
        }
        // One more or one less may be the one that no receipt has room for.
        let others = self.of(name.origin_str()).filter(|(_, state)| !state.stand_ins.is_empty());
        let others: Vec<String> = others.map(|(scope, _)| scope.to_owned()).collect();
        self.touched.extend(others.into_iter().map(|scope| (name.origin_str().to_owned(), scope)));
        self.stand_in(name, held);
    }

    /// Puts what was refused of a name in the place of `held`.
    fn stand_in(&mut self, name: &RecordName, held: &Counted) {
        let origin = name.origin_str();
        let refused = self.refused.get(origin).and_then(|of_origin| of_origin.get(name));
        let mut now = refused.map(|(_, refused)| refused.stand_ins(held)).unwrap_or_default();
        let before = self.of(origin).filter(|(_, state)| state.stand_ins.contains_key(name));
        let before: Vec<String> = before.map(|(scope, _)| scope.to_owned()).collect();
        for scope in before.into_iter().chain(now.keys().cloned().collect::<Vec<_>>()).collect::<BTreeSet<_>>() {
            let state = self.scope(origin, &scope);
            match now.remove(&scope) {
                Some(stand_in) => drop(state.stand_ins.insert(name.clone(), stand_in)),
                None => drop(state.stand_ins.remove(name)),
            }
            self.touched.insert((origin.to_owned(), scope));
        }
    }

    /// Whether receipts to `origin` have room for all that was refused of it.
    fn tells_all_refused(&self, origin: &str) -> bool {
        self.refused.get(origin).is_none_or(|refused| refused.len() <= contract::RECEIPT_REFUSED)
    }

    /// What an origin has signed after `horizon` counts as never signed: it says it again, with a revision of now.
    pub(crate) fn forget_after(&mut self, origin: &str, horizon: Revision) {
        let Some(scopes) = self.origins.get_mut(origin) else { return };
        for state in Arc::make_mut(scopes).values_mut().filter(|state| state.as_of > horizon) {
            Arc::make_mut(state).as_of = 0;
        }
    }

    /// Compares what has been touched with its heads: once for all changes of a transaction.
    pub(crate) fn judge(&mut self, now: Micros) {
        for (origin, scope) in std::mem::take(&mut self.touched) {
            let told = self.tells_all_refused(&origin);
            if self.scope(&origin, &scope).judge(now, told) {
                self.news.insert(origin);
            }
        }
    }

    /// The origins of which a scope has met a head, since this was last asked, that it had not met before.
    pub(crate) fn take_news(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.news)
    }

    /// What an origin's scopes hold is what `anew` has of it.
    pub(super) fn sum_up_anew(&mut self, origin: &str, anew: &Self) {
        let scopes = self.of(origin).chain(anew.of(origin)).map(|(scope, _)| scope.to_owned());
        for scope in scopes.collect::<BTreeSet<_>>() {
            let kinds = anew.get(origin, &scope).map(|state| state.kinds.clone()).unwrap_or_default();
            self.scope(origin, &scope).kinds = kinds;
            self.touched.insert((origin.to_owned(), scope));
        }
    }

    /// A head was met before this process began.
    pub(crate) fn remember(&mut self, origin: &str, scope: &str, met: Met) {
        self.scope(origin, scope).met.get_or_insert(met);
    }

    /// What differs when a process begins may have done so since its head was issued.
    fn recall(&mut self) {
        for scopes in self.origins.values_mut() {
            for state in Arc::make_mut(scopes).values_mut() {
                let issued = state.head.as_ref().map(|(_, head)| head.issue_time);
                if let (Some(since), Some(issued)) = (state.differing.since, issued) {
                    Arc::make_mut(state).differing.since = Some(since.min(issued));
                }
            }
        }
    }

    fn scope(&mut self, origin: &str, scope: &str) -> &mut ScopeState {
        let scopes = Arc::make_mut(self.origins.entry(origin.to_owned()).or_default());
        Arc::make_mut(scopes.entry(scope.to_owned()).or_default())
    }

    /// Those of all rows of a store, with how many rows each origin has, and what cannot be read, at a process's beginning.
    pub(crate) async fn of_store(store: &dyn Store, now: Micros) -> Result<(Self, Counts, Damage), StoreError> {
        let (mut heads, mut counts, mut unreadable) = (Self::default(), Counts::new(), BTreeSet::new());
        let (mut read, mut after) = (store.read().await?, Some(String::new()));
        while let Some(from) = after {
            let Stretch { rows, damaged, next } = read.range("", &from, PAGE).await?;
            after = next;
            for Damaged { name, detail } in damaged {
                tracing::error!(alarm = "ROWS_DAMAGED", record.name = name, detail, "a row cannot be read");
                if unreadable.len() < limits::DAMAGED {
                    unreadable.insert(name);
                }
            }
            for row in rows {
                let counted = Counted::of(&row);
                *counts.entry(row.name.origin_str().to_owned()).or_default() += counted.count();
                if !defects::on(Defect::NoHeads) {
                    heads.change(&row.name, &Counted::default(), &counted, now);
                }
            }
            heads.judge(now);
        }
        heads.recall();
        Ok((heads, counts, Damage::of(unreadable)))
    }
}

impl ScopeState {
    fn set(&mut self, part: &Part) -> &mut SetHash {
        self.kinds.entry(part.kind().clone()).or_default()
    }
}
