//! What the entries say when replayed.

use std::collections::{BTreeMap, BTreeSet};

use super::DirectoryError;
use super::entry::{Link, Read, read};
use super::key::{EncryptionKey, KeyRing, MemberKey, directory_key_input, member_key_input};
use crate::envelope::Micros;
use crate::federation::directory_entry::Action;
use crate::federation::key::Purpose;
use crate::federation::{self, DirectoryEntry};
use crate::limits;
use crate::name::{MemberId, NetworkName, NodeId, RecordName, is_label};
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
    /// Its signing keys.
    pub keys: KeyRing,
    /// Its newest encryption key.
    pub encryption_key: EncryptionKey,
}

/// A named group of members.
pub type Circle = BTreeSet<MemberId>;

/// The name of a hidden record, salted and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// 16 octets.
    pub salt: Vec<u8>,
    /// BLAKE3 over salt and name.
    pub name_hash: Vec<u8>,
    /// Why.
    pub reason: String,
}

impl Hidden {
    /// What an entry says to hide `name`.
    pub fn hash(salt: &[u8], name: &RecordName) -> Vec<u8> {
        blake3::Hasher::new().update(salt).update(name.as_str().as_bytes()).finalize().as_bytes().to_vec()
    }

    /// Whether it means `name`.
    pub fn means(&self, name: &RecordName) -> bool {
        Self::hash(&self.salt, name) == self.name_hash
    }
}

/// The directory up to an entry.
#[derive(Debug, Clone)]
pub struct Directory {
    link: Link,
    network: Option<NetworkName>,
    root: Option<PublicKey>,
    directory_keys: Vec<PublicKey>,
    members: BTreeMap<MemberId, Member>,
    pending_hosts: BTreeMap<MemberId, NodeId>,
    circles: BTreeMap<String, Circle>,
    hidden: Vec<Hidden>,
    listings_per_member: usize,
    gateways: BTreeMap<NodeId, String>,
    /// Nodes with the members that have left them: they may still come to learn that.
    former: BTreeSet<(NodeId, MemberId)>,
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
            hidden: Vec::new(),
            listings_per_member: limits::LISTINGS_PER_MEMBER,
            gateways: BTreeMap::new(),
            former: BTreeSet::new(),
        }
    }
}

impl Directory {
    /// Replays a whole log.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, DirectoryError> {
        let mut directory = Self::default();
        for entry in entries {
            directory.apply(entry)?;
        }
        Ok(directory)
    }

    /// Checks the next entry (an encoded `Signed`) and takes it in.
    ///
    /// # Errors
    /// Where it does not follow, is not signed as it must be, or contradicts what is there; nothing changes then.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<DirectoryEntry, DirectoryError> {
        let read = read(bytes)?;
        self.check_chain(&read)?;
        let mut next = self.clone();
        next.act(&read)?;
        next.link = Link { index: read.entry.index, hash: read.hash, time: read.entry.time };
        *self = next;
        Ok(read.entry)
    }

    fn check_chain(&self, read: &Read) -> Result<(), DirectoryError> {
        let index = read.entry.index;
        if index != self.link.index + 1 {
            return Err(DirectoryError::Gap { expected: self.link.index + 1, got: index });
        }
        if read.entry.previous != self.link.hash {
            return Err(DirectoryError::Fork { index });
        }
        if read.entry.time < self.link.time {
            return Err(DirectoryError::Contradiction { index, detail: "earlier than the entry before".into() });
        }
        if index == 0 {
            return Ok(());
        }
        let newest = self.directory_keys.len() as i32;
        let (number, key) = match &read.entry.action {
            // It signs its own introduction, which the root vouches for: the one before it may be lost.
            Some(Action::DirectoryKey(key)) => (newest + 1, PublicKey::from_bytes(&key.public_key).ok()),
            _ => (newest, self.directory_keys.last().copied()),
        };
        match key {
            Some(key) if read.key_number() == number && read.is_signed_by(number, &key) => Ok(()),
            _ => Err(DirectoryError::Signature { index, by: "the directory key" }),
        }
    }

    fn act(&mut self, read: &Read) -> Result<(), DirectoryError> {
        let DirectoryEntry { index, time, ref action, .. } = read.entry;
        let wrong = |detail: String| DirectoryError::Contradiction { index, detail };
        let id = |text: &str| -> Result<MemberId, DirectoryError> {
            let id: MemberId = text.parse().map_err(|e| DirectoryError::malformed(index, &e))?;
            match &self.network {
                Some(network) if id.is_of(network) => Ok(id),
                _ => Err(wrong(format!("{text} is of another network"))),
            }
        };
        let action =
            action.as_ref().ok_or(DirectoryError::Malformed { index, detail: "an action that is not known".into() })?;
        match action {
            Action::Genesis(genesis) => {
                if index != 0 {
                    return Err(wrong("the network begins twice".into()));
                }
                let root = PublicKey::from_bytes(&genesis.root_key).map_err(|_| wrong("no root key".into()))?;
                let key =
                    PublicKey::from_bytes(&genesis.directory_key).map_err(|_| wrong("no directory key".into()))?;
                if !read.is_signed_by(0, &root) {
                    return Err(DirectoryError::Signature { index, by: "the root" });
                }
                self.network = Some(genesis.network.parse().map_err(|e| DirectoryError::malformed(index, &e))?);
                self.root = Some(root);
                self.directory_keys.push(key);
            }
            _ if index == 0 => return Err(wrong("it does not begin with the network".into())),
            Action::Admit(admit) => {
                let member = id(&admit.member)?;
                if self.members.contains_key(&member) {
                    return Err(wrong(format!("{member} is admitted twice")));
                }
                let key = PublicKey::from_bytes(&admit.signing_key)
                    .map_err(|_| wrong(format!("the signing key of {member} is none")))?;
                let mut keys = KeyRing::default();
                let first =
                    MemberKey { number: 1, key, valid_from: time, valid_until: None, introduced: time, by_root: false };
                keys.push(first, time);
                let node = self.pending_hosts.remove(&member).unwrap_or_else(|| member.clone());
                self.members.insert(
                    member.clone(),
                    Member {
                        id: member,
                        name_zh: admit.name_zh.clone(),
                        name_en: admit.name_en.clone(),
                        region: admit.region.clone(),
                        longitude: admit.longitude,
                        latitude: admit.latitude,
                        node,
                        moving: None,
                        state: MemberState::Active,
                        keys,
                        encryption_key: EncryptionKey {
                            number: 1,
                            key: admit.encryption_key.clone(),
                            introduced: time,
                            by_root: false,
                        },
                    },
                );
            }
            Action::Host(host) => {
                let (member, node) = (id(&host.member)?, id(&host.node)?);
                match self.members.get_mut(&member) {
                    Some(member) if host.announced => member.moving = Some(node).filter(|to| *to != member.node),
                    None if host.announced => return Err(wrong(format!("{member} is not a member"))),
                    Some(member) => {
                        member.moving = None;
                        let left = std::mem::replace(&mut member.node, node);
                        self.former.insert((left, member.id.clone()));
                    }
                    // Before the admission, so that no entry shows the member on a node that is not its own.
                    None => drop(self.pending_hosts.insert(member, node)),
                }
            }
            Action::Key(key) => self.add_key(index, time, id(&key.member)?, key)?,
            Action::DirectoryKey(key) => {
                let public = PublicKey::from_bytes(&key.public_key).map_err(|_| wrong("no directory key".into()))?;
                let input = directory_key_input(key.number, &key.public_key);
                if self.root.is_none_or(|root| root.verify(&key.root_signature, &input).is_err()) {
                    return Err(DirectoryError::Signature { index, by: "the root" });
                }
                if key.number != self.directory_keys.len() as i32 + 1 {
                    return Err(wrong("directory keys out of order".into()));
                }
                self.directory_keys.push(public);
            }
            Action::Suspend(act) => self.known(index, &id(&act.member)?)?.state = MemberState::Suspended,
            Action::Resume(act) => self.known(index, &id(&act.member)?)?.state = MemberState::Active,
            Action::Remove(act) => {
                let kept = match act.keep_seconds {
                    0 => limits::REMOVED_KEPT.as_micros() as Micros,
                    seconds => seconds.saturating_mul(1_000_000).max(0),
                };
                self.known(index, &id(&act.member)?)?.state = MemberState::Removed(time.saturating_add(kept));
            }
            Action::Restore(act) => self.known(index, &id(&act.member)?)?.state = MemberState::Active,
            Action::CircleCreate(act) => {
                if !is_label(&act.circle) || self.circles.contains_key(&act.circle) {
                    return Err(wrong(format!("circle {} is no name, or was used before", act.circle)));
                }
                self.circles.insert(act.circle.clone(), Circle::new());
            }
            Action::CircleAdd(act) => {
                let member = id(&act.member)?;
                self.known(index, &member)?;
                self.circle(index, &act.circle)?.insert(member);
            }
            Action::CircleDrop(act) => {
                let member = id(&act.member)?;
                self.circle(index, &act.circle)?.remove(&member);
            }
            Action::Hide(hide) => self.hidden.push(Hidden {
                salt: hide.salt.clone(),
                name_hash: hide.name_hash.clone(),
                reason: hide.reason.clone(),
            }),
            Action::Show(show) => self.hidden.retain(|hidden| hidden.name_hash != show.name_hash),
            Action::Limits(limits) => {
                self.listings_per_member = match usize::try_from(limits.listings_per_member) {
                    Ok(count) if count > 0 => count,
                    _ => limits::LISTINGS_PER_MEMBER,
                };
            }
            Action::Gateway(gateway) => drop(self.gateways.insert(id(&gateway.gateway)?, gateway.address.clone())),
        }
        Ok(())
    }

    fn known(&mut self, index: i64, member: &MemberId) -> Result<&mut Member, DirectoryError> {
        let unknown = || DirectoryError::Contradiction { index, detail: format!("{member} is not a member") };
        self.members.get_mut(member).ok_or_else(unknown)
    }

    fn circle(&mut self, index: i64, circle: &str) -> Result<&mut Circle, DirectoryError> {
        let unknown = || DirectoryError::Contradiction { index, detail: format!("there is no circle {circle}") };
        self.circles.get_mut(circle).ok_or_else(unknown)
    }

    fn add_key(
        &mut self,
        index: i64,
        introduced: Micros,
        id: MemberId,
        key: &federation::Key,
    ) -> Result<(), DirectoryError> {
        let root = self.root;
        let member = self.known(index, &id)?;
        let wrong = |detail: &str| DirectoryError::Contradiction { index, detail: detail.to_owned() };
        let newest = member.keys.newest().ok_or_else(|| wrong("a member without keys"))?.clone();
        let signer = if key.by_root { root.ok_or_else(|| wrong("no root"))? } else { newest.key };
        let input = member_key_input(&id, key.purpose(), key.number, &key.public_key);
        if signer.verify(&key.signature, &input).is_err() {
            let by = if key.by_root { "the root" } else { "the member's key before" };
            return Err(DirectoryError::Signature { index, by });
        }
        match key.purpose() {
            Purpose::Signing if key.number == newest.number + 1 => {
                let public = PublicKey::from_bytes(&key.public_key).map_err(|_| wrong("the key is none"))?;
                let (number, by_root) = (key.number, key.by_root);
                let (valid_from, valid_until) = (key.valid_from, None);
                let next = MemberKey { number, key: public, valid_from, valid_until, introduced, by_root };
                member.keys.push(next, key.predecessors_until);
            }
            Purpose::Encryption if key.number == member.encryption_key.number + 1 && key.public_key.len() == 32 => {
                member.encryption_key =
                    EncryptionKey { number: key.number, key: key.public_key.clone(), introduced, by_root: key.by_root };
            }
            _ => return Err(wrong("key numbers out of order")),
        }
        Ok(())
    }

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

    /// One member.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.get(id)
    }

    /// One member by its id as text.
    pub fn member_by_text(&self, id: &str) -> Option<&Member> {
        self.members.get(&id.parse::<MemberId>().ok()?)
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

    /// Whether the network hides this record.
    pub fn hides(&self, name: &RecordName) -> bool {
        self.hidden.iter().any(|hidden| hidden.means(name))
    }

    /// What is hidden.
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
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

#[cfg(test)]
mod tests {
    use super::super::entry::{genesis, next};
    use super::*;
    use crate::federation::{Admit, CircleAdd, CircleCreate, CircleDrop, Hide, Host, Key, Resume, Suspend};
    use crate::sign::Signer;

    struct Net {
        directory: Directory,
        signer: Signer,
        root: Signer,
    }

    impl Net {
        fn new() -> Self {
            let (root, signer) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
            let mut directory = Directory::default();
            directory.apply(&genesis(&"n.example".parse().unwrap(), &root, &signer, 1)).unwrap();
            Self { directory, signer, root }
        }

        fn add(&mut self, action: Action) -> Result<DirectoryEntry, DirectoryError> {
            let entry = next(self.directory.link(), &self.signer, 5, action);
            self.directory.apply(&entry)
        }

        fn admit(&mut self, member: &str, node: &str) {
            self.add(Action::Host(Host {
                member: id(member).to_string(),
                node: id(node).to_string(),
                announced: false,
            }))
            .unwrap();
            let signing_key = key_of(member, 1).public().to_bytes().to_vec();
            self.add(Action::Admit(Admit { member: id(member).to_string(), signing_key, ..Default::default() }))
                .unwrap();
        }
    }

    fn id(short: &str) -> MemberId {
        format!("{short}.n.example").parse().unwrap()
    }

    fn key_of(member: &str, number: i32) -> Signer {
        Signer::from_seed(number, *blake3::hash(format!("{member}{number}").as_bytes()).as_bytes())
    }

    #[test]
    fn a_members_scopes_follow_the_entries() {
        let mut net = Net::new();
        net.admit("a", "n1");
        net.add(Action::CircleCreate(CircleCreate { circle: "c".into() })).unwrap();
        let text = |net: &Net| net.directory.member_scopes(&id("a")).to_text();
        assert_eq!(text(&net), "member:a.n.example network:n.example public registered");
        let add = CircleAdd { circle: "c".into(), member: id("a").to_string() };
        net.add(Action::CircleAdd(add)).unwrap();
        assert!(text(&net).contains("circle:c@n.example"));
        net.add(Action::Suspend(Suspend { member: id("a").to_string(), reason: String::new() })).unwrap();
        assert_eq!(text(&net), "");
        net.add(Action::Resume(Resume { member: id("a").to_string() })).unwrap();
        net.add(Action::CircleDrop(CircleDrop { circle: "c".into(), member: id("a").to_string() })).unwrap();
        assert_eq!(text(&net), "member:a.n.example network:n.example public registered");
        assert_eq!(net.directory.node_scopes(&id("n1")), net.directory.member_scopes(&id("a")));
        assert!(net.directory.node_scopes(&id("n2")).is_empty());
    }

    #[test]
    fn forks_gaps_forgeries_and_contradictions_change_nothing() {
        let mut net = Net::new();
        net.admit("a", "n1");
        let before = net.directory.link().clone();
        let create = || Action::CircleCreate(CircleCreate { circle: "c".into() });
        let mut other = before.clone();
        other.hash = vec![9; 32];
        let forked = next(&other, &net.signer, 5, create());
        assert!(matches!(net.directory.apply(&forked), Err(DirectoryError::Fork { .. })));
        other.index += 1;
        let gap = next(&other, &net.signer, 5, create());
        assert!(matches!(net.directory.apply(&gap), Err(DirectoryError::Gap { .. })));
        let forged = next(&before, &Signer::from_seed(1, [8; 32]), 5, create());
        assert!(matches!(net.directory.apply(&forged), Err(DirectoryError::Signature { .. })));
        let stranger = CircleAdd { circle: "none".into(), member: id("a").to_string() };
        assert!(matches!(net.add(Action::CircleAdd(stranger)), Err(DirectoryError::Contradiction { .. })));
        assert_eq!(*net.directory.link(), before);
        net.add(create()).unwrap();
        assert!(net.add(create()).is_err(), "a circle's name is never used again");
    }

    #[test]
    fn a_key_needs_its_predecessor_or_the_root() {
        let mut net = Net::new();
        net.admit("a", "n1");
        let key = |number: i32, signer: &Signer, by_root: bool| {
            let public_key = key_of("a", number).public().to_bytes().to_vec();
            let signature = signer.sign_text(&member_key_input(&id("a"), Purpose::Signing, number, &public_key));
            let member = id("a").to_string();
            let purpose = Purpose::Signing.into();
            let algorithm = "ed25519".into();
            let (valid_from, predecessors_until) = (10, 100);
            Action::Key(Key {
                member,
                purpose,
                number,
                algorithm,
                public_key,
                valid_from,
                predecessors_until,
                signature,
                by_root,
            })
        };
        assert!(net.add(key(2, &key_of("b", 1), false)).is_err());
        assert!(net.add(key(3, &key_of("a", 1), false)).is_err());
        net.add(key(2, &key_of("a", 1), false)).unwrap();
        let root = net.root.clone();
        net.add(key(3, &root, true)).unwrap();
        let at = |number, now| net.directory.verifying_key("a.n.example", number, now).is_some();
        assert!(at(1, 99) && at(2, 99) && at(3, 99), "all verify during the grace");
        assert!(!at(1, 100) && !at(2, 100) && at(3, 1000), "only the newest after it");
    }

    #[test]
    fn a_directory_key_signs_its_own_introduction_and_the_root_vouches_for_it() {
        let mut net = Net::new();
        let second = Signer::from_seed(2, [7; 32]);
        let introduce = |root: &Signer| {
            let public_key = second.public().to_bytes().to_vec();
            let root_signature = root.sign_text(&directory_key_input(2, &public_key));
            Action::DirectoryKey(federation::DirectoryKey { number: 2, public_key, root_signature })
        };
        let link = net.directory.link().clone();
        let by = |signer: &Signer, action| next(&link, signer, 5, action);
        assert!(net.directory.apply(&by(&second, introduce(&second))).is_err(), "the root did not vouch");
        assert!(net.directory.apply(&by(&net.signer, introduce(&net.root))).is_err(), "another key signed");
        net.directory.apply(&by(&second, introduce(&net.root))).unwrap();
        let create = || Action::CircleCreate(CircleCreate { circle: "c".into() });
        assert!(net.add(create()).is_err(), "the key before signs nothing any longer");
        net.signer = second;
        net.add(create()).unwrap();
    }

    #[test]
    fn a_move_is_announced_before_it_happens_and_the_old_node_stays_known_for_a_look() {
        let mut net = Net::new();
        net.admit("a", "n1");
        let host = |node: &str, announced| {
            Action::Host(Host { member: id("a").to_string(), node: id(node).to_string(), announced })
        };
        net.add(host("n2", true)).unwrap();
        let member = net.directory.member(&id("a")).unwrap();
        assert_eq!((&member.node, &member.moving), (&id("n1"), &Some(id("n2"))));
        net.add(host("n1", true)).unwrap();
        assert_eq!(net.directory.member(&id("a")).unwrap().moving, None, "announcing its own node calls it off");
        net.add(host("n2", false)).unwrap();
        assert_eq!(net.directory.member(&id("a")).unwrap().node, id("n2"));
        assert!(net.directory.has_left(&id("n1"), &id("a")) && !net.directory.knows_node(&id("n1")));
        assert!(net.directory.has_known(&id("n1")) && !net.directory.has_known(&id("n3")));
        assert!(!net.directory.has_left(&id("n2"), &id("a")) && !net.directory.has_left(&id("n1"), &id("b")));
    }

    #[test]
    fn hiding_names_a_record_without_telling_its_name() {
        let mut net = Net::new();
        let name: RecordName = "members/a.n.example/listings/x".parse().unwrap();
        let hide = Hide { salt: vec![1; 16], name_hash: Hidden::hash(&[1; 16], &name), reason: "r".into() };
        net.add(Action::Hide(hide)).unwrap();
        assert!(net.directory.hides(&name));
        assert!(!net.directory.hides(&"members/a.n.example/listings/y".parse().unwrap()));
    }
}
