//! The secret encryption keys of the members here: with them they open what was sealed to them. An older one is kept, for
//! what was sealed before its successor was known.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use duikou_proto::name::MemberId;
use zeroize::Zeroizing;

use super::files::numbered_files;
use crate::trust::key_file::{EncryptionKeyFile, KeyFileError};

/// One of them; its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Opener(Zeroizing<[u8; 32]>);

impl Opener {
    /// The X25519 scalar.
    pub fn new(octets: Zeroizing<[u8; 32]>) -> Self {
        Self(octets)
    }
}

impl Borrow<[u8; 32]> for Opener {
    fn borrow(&self) -> &[u8; 32] {
        &self.0
    }
}

/// See the module. Its clones are the same keys.
#[derive(Clone, Default)]
pub struct Openers(Arc<RwLock<BTreeMap<(MemberId, i32), Opener>>>);

impl fmt::Debug for Openers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(held.keys().map(|(member, number)| format!("{member}.{number}"))).finish()
    }
}

impl Openers {
    /// Takes in a key, in the place of one with the same number.
    pub fn hold(&self, member: MemberId, number: i32, key: Opener) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert((member, number), key);
    }

    /// The key with this number.
    pub fn numbered(&self, member: &MemberId, number: i32) -> Option<Opener> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(member.clone(), number)).cloned()
    }

    /// Takes in all encryption keys of the folder `dir` that can be read, one after another.
    ///
    /// # Errors
    /// Where one is loose or malformed: the last of those; the others are held. Where the folder cannot be read.
    pub(crate) fn load(&self, dir: &Path) -> Result<(), KeyFileError> {
        let mut read = Ok(());
        for (member, number, path) in numbered_files(dir, ".encryption")? {
            match EncryptionKeyFile::new(path).read_octets() {
                Ok(octets) => self.hold(member, number, Opener::new(octets)),
                Err(error) => read = Err(error),
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{encryption_key_file, keys_folder};

    #[test]
    fn a_folder_gives_every_key_by_its_number() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(keys_folder(dir.path())).unwrap();
        let member: MemberId = "bijie.pprd.example".parse().unwrap();
        for number in [1, 2] {
            EncryptionKeyFile::new(encryption_key_file(dir.path(), &member, number)).create().unwrap();
        }
        let openers = Openers::default();
        openers.load(dir.path()).unwrap();
        for number in [1, 2] {
            let file = EncryptionKeyFile::new(encryption_key_file(dir.path(), &member, number));
            let held = openers.numbered(&member, number).unwrap();
            assert_eq!(*Borrow::<[u8; 32]>::borrow(&held), *file.read_octets().unwrap());
        }
        assert!(openers.numbered(&member, 3).is_none());
        assert!(!format!("{openers:?}").is_empty());
    }
}
