//! What must be true of any network that has come to rest, each invariant of the design in a file of its own, judged on
//! evidence that a simulation gathers from its servers and the harness from real ones.

mod converges;
mod heads_tell_of_their_scope;
mod holders_know;
mod links_go_on;
mod memory_is_bounded;
mod no_healing_deletes;
mod nothing_leaks;
mod nothing_lost;
mod readers_see_their_set;
mod receipts_are_true;
mod refusals_are_true;
mod signed_by_its_origin;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use duikou_exchange::engine::Reader;
use duikou_exchange::store::Row;
use duikou_proto::directory::{Directory, MemberState};
use duikou_proto::envelope::{Micros, Part, Revision};
use duikou_proto::name::{NodeId, RecordName};
use duikou_proto::receipt;
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::completeness::State;

/// What is known of a network at rest.
pub struct Evidence {
    /// The time.
    pub now: Micros,
    /// The newest directory.
    pub directory: Directory,
    /// The gateway's id.
    pub gateway: NodeId,
    /// All stores.
    pub stores: Vec<StoreEvidence>,
    /// What writers were told is on disk.
    pub acknowledged: Vec<Acknowledged>,
    /// Whoever followed a feed, read to its head.
    pub readers: Vec<ReaderEvidence>,
    /// The links, as the nodes see them.
    pub links: Vec<LinkEvidence>,
    /// What servers hold in memory.
    pub memory: Vec<MemoryEvidence>,
    /// What was found while it was happening.
    pub noticed: Vec<Finding>,
}

/// One store.
pub struct StoreEvidence {
    /// Whose.
    pub node: NodeId,
    /// All that it holds.
    pub rows: BTreeMap<RecordName, Row>,
    /// The newest of each name that it has put into files, because its member left.
    pub departed: BTreeMap<RecordName, Revision>,
    /// What it refused of others, by revision.
    pub rejected: BTreeMap<RecordName, Revision>,
    /// What others refused of its own.
    pub refused: BTreeSet<RecordName>,
    /// Until when its members have last said what all their scopes hold, because it had begun anew.
    pub vouched: Option<Micros>,
    /// Whether rows have been forgotten for good.
    pub has_forgotten: bool,
    /// Whether it holds all of each scope of an origin elsewhere, as it says itself: origin, scope, state.
    pub judged: Vec<(String, String, State)>,
    /// Names whose bytes on its disk have changed behind its back.
    pub spoiled: BTreeSet<RecordName>,
}

/// A write that was answered.
pub struct Acknowledged {
    /// Of what.
    pub name: RecordName,
    /// The newest revision that was answered, and is not allowed to be gone.
    pub revision: Revision,
    /// After this it may have been forgotten.
    pub until: Micros,
}

/// A follower of a feed.
pub struct ReaderEvidence {
    /// With what rights.
    pub reader: Reader,
    /// Of which store.
    pub node: NodeId,
    /// Whether it wants offers alone.
    pub offers_only: bool,
    /// What it has, by its events.
    pub holds: BTreeMap<RecordName, Revision>,
    /// Which of the store's records are offers.
    pub offers: BTreeSet<RecordName>,
    /// Of which of the store's records it can make nothing: those are shown nowhere.
    pub unreadable: BTreeSet<RecordName>,
}

/// A link.
pub struct LinkEvidence {
    /// Who dialled.
    pub node: NodeId,
    /// Whether it is up.
    pub connected: bool,
    /// What is said of it.
    pub detail: String,
    /// Why the node writes nothing, if so.
    pub halted: Option<String>,
}

/// Something that a server holds in memory.
#[derive(Debug, Clone)]
pub struct MemoryEvidence {
    /// Whose.
    pub node: NodeId,
    /// What.
    pub what: &'static str,
    /// How much.
    pub held: usize,
    /// The most that it may be.
    pub limit: usize,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The invariant that does not hold.
    pub invariant: &'static str,
    /// Where it does not.
    pub what: String,
}

impl Finding {
    pub(crate) fn new(invariant: &'static str, what: String) -> Self {
        Self { invariant, what }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// An invariant.
pub struct Invariant {
    /// What it says.
    pub name: &'static str,
    /// Where it does not hold.
    pub check: fn(&Evidence) -> Vec<String>,
}

/// All of them.
pub const ALL: [Invariant; 12] = [
    converges::INVARIANT,
    nothing_lost::INVARIANT,
    nothing_leaks::INVARIANT,
    signed_by_its_origin::INVARIANT,
    readers_see_their_set::INVARIANT,
    no_healing_deletes::INVARIANT,
    receipts_are_true::INVARIANT,
    refusals_are_true::INVARIANT,
    heads_tell_of_their_scope::INVARIANT,
    holders_know::INVARIANT,
    memory_is_bounded::INVARIANT,
    links_go_on::INVARIANT,
];

/// Whether a network looks as if it had come to rest, at little cost.
pub fn at_rest(evidence: &Evidence) -> bool {
    [links_go_on::INVARIANT, converges::INVARIANT, holders_know::INVARIANT]
        .iter()
        .all(|invariant| (invariant.check)(evidence).is_empty())
}

/// Everything that must not be, and is.
pub fn check(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = evidence.noticed.clone();
    for Invariant { name, check } in ALL {
        findings.extend(check(evidence).into_iter().map(|what| Finding::new(name, what)));
    }
    findings
}

/// Until when the members of a store have vouched, by its facts.
pub fn vouched<'a>(facts: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Micros> {
    let said = facts.filter(|(key, _)| *key == "vouch" || key.starts_with("vouched/"));
    said.filter_map(|(_, value)| serde_json::from_slice(value).ok()).max()
}

impl Evidence {
    /// The store of `node`.
    pub(crate) fn store(&self, node: &NodeId) -> Option<&StoreEvidence> {
        self.stores.iter().find(|store| store.node == *node)
    }

    /// Whether the origin of `name` has heard that `holder` refuses a state of it: by their link, or by a receipt.
    pub(crate) fn hears_of_refusal(&self, holder: &NodeId, name: &RecordName, revision: Revision) -> bool {
        let Some(home) = self.host(name).and_then(|host| self.store(host)) else { return false };
        let receipts = home.rows.iter().filter(|(name, _)| self.host(name) == Some(holder));
        let mut receipts = receipts.filter_map(|(_, row)| receipt::read(row.record.as_ref()?));
        home.refused.contains(name) || receipts.any(|receipt| receipt::refusal(&receipt, name, revision).is_some())
    }

    /// Where the origin of `name` lives.
    pub(crate) fn host(&self, name: &RecordName) -> Option<&NodeId> {
        self.directory.member_by_text(name.origin_str()).map(|member| &member.node)
    }

    /// Whether the origin of `name` has been removed: then what is left of it depends on when that was.
    pub(crate) fn is_removed(&self, name: &RecordName) -> bool {
        let member = self.directory.member_by_text(name.origin_str());
        member.is_some_and(|member| matches!(member.state, MemberState::Removed(_)))
    }

    /// Records of listings whose date has not passed, at their origins.
    pub(crate) fn truth(&self) -> BTreeMap<&RecordName, &Part> {
        let mut truth = BTreeMap::new();
        for store in &self.stores {
            for (name, row) in store.rows.iter().filter(|(name, _)| self.host(name) == Some(&store.node)) {
                if let Some(record) = row.record.as_ref().filter(|record| self.is_live(record)) {
                    truth.insert(name, record);
                }
            }
        }
        truth
    }

    /// Whether it is a listing whose date has not passed.
    pub(crate) fn is_live(&self, record: &Part) -> bool {
        record.kind().is_listing() && record.expire_time() > self.now
    }

    /// Whether `store`, which is not its origin's, should hold a record with these scopes.
    pub(crate) fn belongs(&self, store: &NodeId, scopes: &ScopeSet) -> bool {
        if *store == self.gateway { !scopes.is_empty() } else { scopes.meets(&self.directory.node_scopes(store)) }
    }

    /// What a reader at `node` may see of others.
    pub(crate) fn scopes_of(&self, reader: &Reader, node: &NodeId) -> ScopeSet {
        match reader {
            Reader::Anonymous => [Scope::public()].into_iter().collect(),
            Reader::Registered => [Scope::public(), Scope::registered()].into_iter().collect(),
            Reader::Member(id) => {
                let mut scopes = self.directory.member_scopes(id);
                scopes.insert(Scope::public());
                scopes
            }
            Reader::Operator => self.directory.node_scopes(node),
            Reader::Narrowed(whole, to) => {
                let scopes = self.scopes_of(whole, node);
                scopes.iter().filter(|scope| to.contains(scope)).cloned().collect()
            }
        }
    }

    /// Whether a record of this origin is shown at all.
    pub(crate) fn is_shown(&self, record: &Part) -> bool {
        let origin = record.name().origin_str();
        let active = self.directory.member_by_text(origin).is_some_and(|m| m.state == MemberState::Active);
        active
            && !self.directory.hides(record.name())
            && self.directory.verifying_key(origin, record.key_number(), self.now).is_some()
    }
}
