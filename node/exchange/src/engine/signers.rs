//! The secret signing keys that are here: of the members here, and at a gateway the directory's. Which of them signs is the
//! directory's to say: a new one lies here before the network knows it, and signs from the entry on that introduces it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use duikou_proto::directory::Directory;
use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;

/// See the module. Its clones are the same keys.
#[derive(Debug, Clone, Default)]
pub struct Signers(Arc<RwLock<Held>>);

#[derive(Debug, Default)]
struct Held {
    members: BTreeMap<(MemberId, i32), Signer>,
    directory: Option<Signer>,
}

impl Signers {
    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a member's key, in the place of one with the same number.
    pub fn hold(&self, member: MemberId, signer: Signer) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.members.insert((member, signer.number()), signer);
    }

    /// Takes in the key that signs the directory, whatever its number.
    pub fn hold_directory(&self, signer: Signer) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).directory = Some(signer);
    }

    /// The members that have any key here, each once.
    pub fn members(&self) -> Vec<MemberId> {
        let mut members: Vec<MemberId> = self.held().members.keys().map(|(member, _)| member.clone()).collect();
        members.dedup();
        members
    }

    /// The key with this number, whatever the directory says of it.
    pub fn numbered(&self, member: &MemberId, number: i32) -> Option<Signer> {
        self.held().members.get(&(member.clone(), number)).cloned()
    }

    /// The newest key that the directory names, where it is here.
    pub fn newest(&self, member: &MemberId, directory: &Directory) -> Option<Signer> {
        let newest = directory.member(member)?.keys.newest()?;
        self.numbered(member, newest.number).filter(|signer| signer.public() == newest.key)
    }

    /// The newest directory key, where it is here.
    pub fn directory(&self, directory: &Directory) -> Option<Signer> {
        let (number, newest) = directory.directory_key()?;
        let held = self.held().directory.clone();
        held.filter(|signer| signer.public() == newest).map(|signer| signer.numbered(number))
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
