//! Where the members' keys lie in a server's folder.

use std::io;
use std::path::{Path, PathBuf};

use duikou_proto::directory::Member;
use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;

use crate::engine::Signers;
use crate::trust::key_file::{self, EncryptionKeyFile, KeyFileError, SigningKeyFile};

/// All of them, in the folder `dir`.
pub fn keys_folder(dir: &Path) -> PathBuf {
    dir.join("keys")
}

/// A member's signing key.
pub fn signing_key_file(dir: &Path, member: &MemberId, number: i32) -> PathBuf {
    keys_folder(dir).join(format!("{member}.{number}.signing"))
}

/// A member's encryption key.
pub fn encryption_key_file(dir: &Path, member: &MemberId, number: i32) -> PathBuf {
    keys_folder(dir).join(format!("{member}.{number}.encryption"))
}

/// Gives the key files of a member that was made with number 0 the numbers that `known`, the directory, has for them. Where
/// the power goes meanwhile, joining once more comes to the same end: it begins with the signing key, which goes last.
///
/// # Errors
/// Where a file cannot be read or get its name.
pub fn number_files(dir: &Path, known: &Member) -> Result<(), KeyFileError> {
    let renamed = |from: &Path, to: &Path| {
        key_file::rename(from, to).map_err(|source| KeyFileError::Io { path: to.into(), source })
    };
    let (id, key) = (&known.id, &known.encryption_key);
    let (made, numbered) = (encryption_key_file(dir, id, 0), encryption_key_file(dir, id, key.number));
    if numbered.exists() && EncryptionKeyFile::new(&made).public()? != key.key {
        // An attempt before came so far, and this one was made anew for nothing.
        std::fs::remove_file(&made).map_err(|source| KeyFileError::Io { path: made.clone(), source })?;
    } else {
        renamed(&made, &numbered)?;
    }
    let number = known.keys.newest().map_or(1, |key| key.number);
    renamed(&signing_key_file(dir, id, 0), &signing_key_file(dir, id, number))
}

/// Takes all signing keys of the folder `dir` into `signers`.
///
/// # Errors
/// Where one is loose or malformed, or the folder cannot be read.
pub fn load_signers(dir: &Path, signers: &Signers) -> Result<(), KeyFileError> {
    for (member, number, path) in numbered_files(dir, ".signing")? {
        signers.hold(member, Signer::new(number, SigningKeyFile::new(path).read()?));
    }
    Ok(())
}

/// The key files of the folder `dir` whose names end in `suffix`.
///
/// # Errors
/// Where the folder cannot be read.
pub(super) fn numbered_files(dir: &Path, suffix: &str) -> Result<Vec<(MemberId, i32, PathBuf)>, KeyFileError> {
    let keys = keys_folder(dir);
    let unreadable = |source| KeyFileError::Io { path: keys.clone(), source };
    let entries = match std::fs::read_dir(&keys) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let named = path.file_name().and_then(|name| name.to_str()).and_then(|name| {
            let (member, number) = name.strip_suffix(suffix)?.rsplit_once('.')?;
            Some((member.parse::<MemberId>().ok()?, number.parse::<i32>().ok()?))
        });
        found.extend(named.map(|(member, number)| (member, number, path)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use duikou_proto::directory::{Directory, genesis, next};
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::{Admit, Host};
    use duikou_proto::name::NetworkName;

    use super::*;

    /// A folder in which the keys of a member were made, and the directory that has admitted it with these.
    struct Joining {
        folder: tempfile::TempDir,
        directory: Directory,
        member: MemberId,
    }

    impl Joining {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (dir, member): (_, MemberId) = (folder.path(), "a.n.example".parse().unwrap());
            std::fs::create_dir(keys_folder(dir)).unwrap();
            let signing = SigningKeyFile::new(signing_key_file(dir, &member, 0)).create().unwrap();
            EncryptionKeyFile::new(encryption_key_file(dir, &member, 0)).create().unwrap();
            let encryption_key = EncryptionKeyFile::new(encryption_key_file(dir, &member, 0)).public().unwrap();
            let (network, mut directory) = ("n.example".parse::<NetworkName>().unwrap(), Directory::default());
            let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
            directory.apply(&genesis(&network, &root, &authority, 1)).unwrap();
            let id = member.to_string();
            let signing_key = Signer::new(0, signing).public().to_bytes().to_vec();
            for action in [
                Action::Host(Host { member: id.clone(), node: id.clone(), announced: false }),
                Action::Admit(Admit { member: id, signing_key, encryption_key, ..Default::default() }),
            ] {
                directory.apply(&next(directory.link(), &authority, 2, action)).unwrap();
            }
            Self { folder, directory, member }
        }

        /// What lies there: of signing and of encryption keys, those with number 0 and 1.
        fn keys(&self) -> [Option<Vec<u8>>; 4] {
            let (dir, member) = (self.folder.path(), &self.member);
            let [signing, encryption] = [signing_key_file, encryption_key_file];
            [signing(dir, member, 0), signing(dir, member, 1), encryption(dir, member, 0), encryption(dir, member, 1)]
                .map(|path| std::fs::read(path).ok())
        }

        fn number(&self) {
            number_files(self.folder.path(), self.directory.member(&self.member).unwrap()).unwrap();
        }
    }

    #[test]
    fn the_keys_of_a_member_that_joins_get_the_directorys_numbers() {
        let joining = Joining::new();
        let [signing, _, encryption, _] = joining.keys();
        joining.number();
        assert_eq!(joining.keys(), [None, signing, None, encryption]);
    }

    #[test]
    fn joining_goes_on_where_the_power_went_and_what_lay_there_before_is_not_taken_for_it() {
        let joining = Joining::new();
        let [signing, _, encryption, _] = joining.keys();
        let (dir, member) = (joining.folder.path(), &joining.member);
        // One has its number; the next attempt finds no other and makes one.
        let (made, numbered) = (encryption_key_file(dir, member, 0), encryption_key_file(dir, member, 1));
        std::fs::rename(&made, &numbered).unwrap();
        EncryptionKeyFile::new(&made).create().unwrap();
        joining.number();
        assert_eq!(joining.keys(), [None, signing, None, encryption]);

        // Made once and never introduced.
        let joining = Joining::new();
        let [signing, _, encryption, _] = joining.keys();
        let (dir, member) = (joining.folder.path(), &joining.member);
        SigningKeyFile::new(signing_key_file(dir, member, 1)).create().unwrap();
        EncryptionKeyFile::new(encryption_key_file(dir, member, 1)).create().unwrap();
        joining.number();
        assert_eq!(joining.keys(), [None, signing, None, encryption]);
    }
}
