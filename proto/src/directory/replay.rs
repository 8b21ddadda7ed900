//! Takes entries in, one after the other: each must follow the one before, be signed as it must, and contradict nothing.

use std::collections::BTreeMap;

use super::DirectoryError;
use super::entry::{Link, Read, read};
use super::hides::Hidden;
use super::key::{EncryptionKey, KeyRing, MemberKey, directory_key_input, member_key_input};
use super::view::{Circle, Directory, Member, MemberState};
use crate::envelope::Micros;
use crate::federation::directory_entry::Action;
use crate::federation::key::Purpose;
use crate::federation::{self, DirectoryEntry};
use crate::limits;
use crate::name::{MemberId, NodeId, is_label};
use crate::sign::PublicKey;

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
        self.take_in(read(bytes)?)
    }

    /// Likewise, of an entry that has been decoded.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn take_in(&mut self, read: Read) -> Result<DirectoryEntry, DirectoryError> {
        self.check_chain(&read)?;
        self.act(&read)?;
        self.link = Link { index: read.entry.index, hash: read.hash, time: read.entry.time };
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

    /// Finds all that is wrong before it changes anything.
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
            Action::Genesis(genesis) => self.begin(read, genesis)?,
            _ if index == 0 => return Err(wrong("it does not begin with the network".into())),
            Action::Admit(admit) => self.admit(index, time, id(&admit.member)?, admit)?,
            Action::Host(host) => self.host(index, id(&host.member)?, id(&host.node)?, host.announced)?,
            Action::Key(key) => self.add_key(index, time, id(&key.member)?, key)?,
            Action::DirectoryKey(key) => self.add_directory_key(index, key)?,
            Action::Suspend(act) => {
                self.known(index, &id(&act.member)?)?.become_for(MemberState::Suspended, &act.reason);
            }
            Action::Resume(act) => self.known(index, &id(&act.member)?)?.become_for(MemberState::Active, ""),
            Action::Remove(act) => {
                let kept = match act.keep_seconds {
                    0 => limits::REMOVED_KEPT.as_micros() as Micros,
                    seconds => seconds.saturating_mul(1_000_000).max(0),
                };
                let state = MemberState::Removed(time.saturating_add(kept));
                self.known(index, &id(&act.member)?)?.become_for(state, &act.reason);
            }
            Action::Restore(act) => self.known(index, &id(&act.member)?)?.become_for(MemberState::Active, ""),
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
            Action::Hide(hide) => self.hides.hide(Hidden {
                salt: hide.salt.clone(),
                name_hash: hide.name_hash.clone(),
                reason: hide.reason.clone(),
            }),
            Action::Show(show) => self.hides.show(&show.name_hash),
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

    fn begin(&mut self, read: &Read, genesis: &federation::Genesis) -> Result<(), DirectoryError> {
        let index = read.entry.index;
        let wrong = |detail: &str| DirectoryError::Contradiction { index, detail: detail.to_owned() };
        if index != 0 {
            return Err(wrong("the network begins twice"));
        }
        let root = PublicKey::from_bytes(&genesis.root_key).map_err(|_| wrong("no root key"))?;
        let key = PublicKey::from_bytes(&genesis.directory_key).map_err(|_| wrong("no directory key"))?;
        if !read.is_signed_by(0, &root) {
            return Err(DirectoryError::Signature { index, by: "the root" });
        }
        self.network = Some(genesis.network.parse().map_err(|e| DirectoryError::malformed(index, &e))?);
        self.root = Some(root);
        self.directory_keys.push(key);
        Ok(())
    }

    fn admit(
        &mut self,
        index: i64,
        introduced: Micros,
        id: MemberId,
        admit: &federation::Admit,
    ) -> Result<(), DirectoryError> {
        let wrong = |detail: String| DirectoryError::Contradiction { index, detail };
        if self.members.contains_key(&id) {
            return Err(wrong(format!("{id} is admitted twice")));
        }
        let key =
            PublicKey::from_bytes(&admit.signing_key).map_err(|_| wrong(format!("the signing key of {id} is none")))?;
        let (number, by_root) = (1, false);
        let mut keys = KeyRing::default();
        let first = MemberKey { number, key, valid_from: introduced, valid_until: None, introduced, by_root };
        keys.push(first, introduced);
        let member = Member {
            id: id.clone(),
            name_zh: admit.name_zh.clone(),
            name_en: admit.name_en.clone(),
            region: admit.region.clone(),
            longitude: admit.longitude,
            latitude: admit.latitude,
            node: self.pending_hosts.remove(&id).unwrap_or_else(|| id.clone()),
            moving: None,
            state: MemberState::Active,
            reason: String::new(),
            keys,
            encryption_key: EncryptionKey { number, key: admit.encryption_key.clone(), introduced, by_root },
            earlier_encryption: BTreeMap::new(),
        };
        self.members.insert(id, member);
        Ok(())
    }

    fn host(&mut self, index: i64, id: MemberId, node: NodeId, announced: bool) -> Result<(), DirectoryError> {
        match self.members.get_mut(&id) {
            Some(member) if announced => member.moving = Some(node).filter(|to| *to != member.node),
            None if announced => {
                return Err(DirectoryError::Contradiction { index, detail: format!("{id} is not a member") });
            }
            Some(member) => {
                member.moving = None;
                let left = std::mem::replace(&mut member.node, node);
                self.former.insert((left, id));
            }
            // Before the admission, so that no entry shows the member on a node that is not its own.
            None => drop(self.pending_hosts.insert(id, node)),
        }
        Ok(())
    }

    fn add_directory_key(&mut self, index: i64, key: &federation::DirectoryKey) -> Result<(), DirectoryError> {
        let wrong = |detail: &str| DirectoryError::Contradiction { index, detail: detail.to_owned() };
        let public = PublicKey::from_bytes(&key.public_key).map_err(|_| wrong("no directory key"))?;
        let input = directory_key_input(key.number, &key.public_key);
        if self.root.is_none_or(|root| root.verify(&key.root_signature, &input).is_err()) {
            return Err(DirectoryError::Signature { index, by: "the root" });
        }
        if key.number != self.directory_keys.len() as i32 + 1 {
            return Err(wrong("directory keys out of order"));
        }
        self.directory_keys.push(public);
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
                let (number, public_key, by_root) = (key.number, key.public_key.clone(), key.by_root);
                let next = EncryptionKey { number, key: public_key, introduced, by_root };
                member.seal_with(next, key.predecessors_until);
            }
            _ => return Err(wrong("key numbers out of order")),
        }
        Ok(())
    }
}
