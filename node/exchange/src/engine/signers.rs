//! The secret signing keys of the members here. Which of a member's keys signs is the directory's to say: a new one
//! lies here before the network knows it, and signs from the entry on that introduces it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use duikou_proto::directory::Directory;
use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;

/// See the module. Its clones are the same keys.
#[derive(Debug, Clone, Default)]
pub struct Signers(Arc<RwLock<BTreeMap<(MemberId, i32), Signer>>>);

impl Signers {
    /// Takes in a key, in the place of one with the same number.
    pub fn hold(&self, member: MemberId, signer: Signer) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.insert((member, signer.number()), signer);
    }

    /// The members that have any key here, each once.
    pub fn members(&self) -> Vec<MemberId> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut members: Vec<MemberId> = held.keys().map(|(member, _)| member.clone()).collect();
        members.dedup();
        members
    }

    /// The key with this number, whatever the directory says of it.
    pub fn numbered(&self, member: &MemberId, number: i32) -> Option<Signer> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.get(&(member.clone(), number)).cloned()
    }

    /// The newest key that the directory names, where it is here.
    pub fn newest(&self, member: &MemberId, directory: &Directory) -> Option<Signer> {
        let newest = directory.member(member)?.keys.newest()?;
        self.numbered(member, newest.number).filter(|signer| signer.public() == newest.key)
    }
}

impl FromIterator<(MemberId, Signer)> for Signers {
    fn from_iter<T: IntoIterator<Item = (MemberId, Signer)>>(keys: T) -> Self {
        let signers = Self::default();
        keys.into_iter().for_each(|(member, signer)| signers.hold(member, signer));
        signers
    }
}

impl From<BTreeMap<MemberId, Signer>> for Signers {
    fn from(keys: BTreeMap<MemberId, Signer>) -> Self {
        keys.into_iter().collect()
    }
}
