//! Where the members' keys lie in a server's folder.

use std::io;
use std::path::{Path, PathBuf};

use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;

use crate::engine::Signers;
use crate::trust::key_file::{KeyFileError, SigningKeyFile};

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
