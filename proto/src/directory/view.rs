//! What the entries say when replayed: members, keys, circles, scopes.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Link;
use super::hides::{Hidden, Hides};
use super::key::{EncryptionKey, KeyRing};
use crate::envelope::Micros;
use crate::limits;
use crate::name::{MemberId, NetworkName, NodeId, RecordName};
use crate::scope::{Scope, ScopeSet};
use crate::sign::PublicKey;

/// Whether a member takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// It does.
    Active,
    /// Its records are hidden and it cannot send.
    Suspended,
    /// It left; what it wrote goes at this time, from every store but its own.
    Removed(Micros),
}

/// An admitted organisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Full id.
    pub id: MemberId,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// GB/T 2260 or ISO 3166.
    pub region: String,
    /// Degrees, WGS 84.
    pub longitude: f64,
    /// Degrees, WGS 84.
    pub latitude: f64,
    /// Where it lives.
    pub node: NodeId,
    /// Where it will live once all that it wrote is delivered.
    pub moving: Option<NodeId>,
    /// Whether it takes part.
    pub state: MemberState,
    /// Why it does not, in the words of the network's operator; empty where it does, or where none were given.
    pub reason: String,
    /// Its signing keys.
    pub keys: KeyRing,
    /// Its newest encryption key.
    pub encryption_key: EncryptionKey,
    /// Those before it by number, each with the time from which nothing that was sealed to it is opened.
    pub(super) earlier_encryption: BTreeMap<i32, Micros>,
}

impl Member {
    /// Whether it opens at `now` what was sealed to its encryption key `number`: whoever has not heard of the newest one may
    /// seal to one before for as long as that is good, and others may have got hold of it afterwards.
    pub fn opens(&self, number: i32, now: Micros) -> bool {
        number == self.encryption_key.number || self.earlier_encryption.get(&number).is_some_and(|until| now < *until)
    }

    /// Takes in its next encryption key; those before it open until `predecessors_until` at most.
    pub(super) fn seal_with(&mut self, next: EncryptionKey, predecessors_until: Micros) {
        let before = std::mem::replace(&mut self.encryption_key, next);
        self.earlier_encryption.insert(before.number, Micros::MAX);
        for until in self.earlier_encryption.values_mut() {
            *until = predecessors_until.min(*until);
        }
    }
}

impl Member {
    pub(super) fn become_for(&mut self, state: MemberState, reason: &str) {
        self.state = state;
        reason.clone_into(&mut self.reason);
    }
}

/// A named group of members.
pub type Circle = BTreeSet<MemberId>;

/// The directory up to an entry.
#[derive(Debug, Clone)]
pub struct Directory {
    pub(super) link: Link,
    pub(super) network: Option<NetworkName>,
    pub(super) root: Option<PublicKey>,
    pub(super) directory_keys: Vec<PublicKey>,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) pending_hosts: BTreeMap<MemberId, NodeId>,
    pub(super) circles: BTreeMap<String, Circle>,
    pub(super) hides: Hides,
    pub(super) listings_per_member: usize,
    pub(super) gateways: BTreeMap<NodeId, String>,
    /// Nodes with the members that have left them: they may still come to learn that.
    pub(super) former: BTreeSet<(NodeId, MemberId)>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            link: Link::none(),
            network: None,
            root: None,
            directory_keys: Vec::new(),
            members: BTreeMap::new(),
            pending_hosts: BTreeMap::new(),
            circles: BTreeMap::new(),
            hides: Hides::default(),
            listings_per_member: limits::LISTINGS_PER_MEMBER,
            gateways: BTreeMap::new(),
            former: BTreeSet::new(),
        }
    }
}

impl Directory {
    /// Where the log stands.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Index of the newest entry; -1 before the first.
    pub fn index(&self) -> i64 {
        self.link.index
    }

    /// The network; None before the first entry.
    pub fn network(&self) -> Option<&NetworkName> {
        self.network.as_ref()
    }

    /// The root key.
    pub fn root(&self) -> Option<PublicKey> {
        self.root
    }

    /// BLAKE3 of the root key.
    pub fn root_fingerprint(&self) -> Option<[u8; 32]> {
        self.root.map(|root| *blake3::hash(&root.to_bytes()).as_bytes())
    }

    /// The newest directory key and its number.
    pub fn directory_key(&self) -> Option<(i32, PublicKey)> {
        self.directory_keys.last().map(|key| (self.directory_keys.len() as i32, *key))
    }

    /// The directory key with this number, be it past its time.
    pub fn directory_key_numbered(&self, number: i32) -> Option<PublicKey> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.directory_keys.get(at).copied()
    }

    /// One member.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.get(id)
    }

    /// One member by its id as text.
    pub fn member_by_text(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    /// All members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// All circles, by name.
    pub fn circles(&self) -> impl Iterator<Item = (&String, &Circle)> {
        self.circles.iter()
    }

    /// One circle.
    pub fn circle_members(&self, circle: &str) -> Option<&Circle> {
        self.circles.get(circle)
    }

    /// The gateways with the addresses of their link listeners.
    pub fn gateways(&self) -> impl Iterator<Item = (&NodeId, &String)> {
        self.gateways.iter()
    }

    /// The members on a node.
    pub fn hosted<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a Member> {
        self.members.values().filter(move |member| member.node == *node)
    }

    /// Whether the directory speaks of this node as one that takes part.
    pub fn knows_node(&self, node: &NodeId) -> bool {
        self.gateways.contains_key(node) || self.hosted(node).next().is_some()
    }

    /// Whether this member lived on this node, where nobody does any longer. Such a node reads nothing but the directory.
    pub fn has_left(&self, node: &NodeId, member: &MemberId) -> bool {
        self.former.contains(&(node.clone(), member.clone())) && !self.knows_node(node)
    }

    /// Whether this node takes part, or did.
    pub fn has_known(&self, node: &NodeId) -> bool {
        self.knows_node(node) || self.former.iter().any(|(left, _)| left == node)
    }

    /// All nodes that host a member now.
    pub fn nodes(&self) -> BTreeSet<NodeId> {
        self.members.values().map(|member| member.node.clone()).collect()
    }

    /// What a member may see: nothing unless it is active.
    pub fn member_scopes(&self, id: &MemberId) -> ScopeSet {
        let mut scopes = ScopeSet::new();
        let (Some(network), Some(member)) = (&self.network, self.members.get(id)) else { return scopes };
        if member.state != MemberState::Active {
            return scopes;
        }
        scopes.insert(Scope::public());
        scopes.insert(Scope::registered());
        scopes.insert(Scope::network(network));
        scopes.insert(Scope::member(id));
        for (circle, members) in &self.circles {
            if members.contains(id)
                && let Ok(scope) = Scope::circle(circle, network)
            {
                scopes.insert(scope);
            }
        }
        scopes
    }

    /// What any member on the node may see.
    pub fn node_scopes(&self, node: &NodeId) -> ScopeSet {
        let mut scopes = ScopeSet::new();
        for member in self.hosted(node) {
            scopes.extend(&self.member_scopes(&member.id));
        }
        scopes
    }

    /// Whether the network hides the record of this name, whoever holds it: each hide is compared with it.
    pub fn hides(&self, name: &RecordName) -> bool {
        self.hides.mean(name)
    }

    /// The same of a name that the store holds, whose writer keeps to [`Self::compared`] and [`Self::came`]: a look.
    pub fn hides_held(&self, name: &RecordName) -> bool {
        self.hides.mean_held(name)
    }

    /// What is hidden.
    pub fn hidden(&self) -> &[Hidden] {
        self.hides.all()
    }

    /// Those of them that have not been compared with all that the store holds.
    pub fn not_compared(&self) -> &[Hidden] {
        self.hides.fresh()
    }

    /// They have been, and mean these names there.
    pub fn compared(&mut self, found: &[(RecordName, Hidden)]) {
        self.hides.compared(found);
    }

    /// What hides a name that comes into the store, of what meant none that was there.
    pub fn awaits(&self, name: &RecordName) -> Option<&Hidden> {
        self.hides.open_of(name)
    }

    /// The name that `hidden` means comes into the store. From now on each state of this log knows it.
    pub fn came(&mut self, name: &RecordName, hidden: &Hidden) {
        self.hides.came(name, hidden);
    }

    /// The names, of those that the store holds or held, that are hidden under this hash.
    pub fn hidden_as(&self, name_hash: &[u8]) -> Vec<RecordName> {
        self.hides.meant(name_hash)
    }

    /// Live listings that a member may have.
    pub fn listings_per_member(&self) -> usize {
        self.listings_per_member
    }

    /// The key with which `member` signed as `number`, if it verifies at `now`.
    pub fn verifying_key(&self, member: &str, number: i32, now: Micros) -> Option<PublicKey> {
        self.member_by_text(member)?.keys.verifying(number, now)
    }
}
