//! What in a server's folder is for its owner alone: the folder itself, the database, and the keys.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::backup::{DATABASE, DATABASE_SIDES};
use crate::keys::keys_folder;
use crate::trust::identity::KEY_FILE;
use crate::trust::key_file::{EncryptionKeyFile, KeyFileError, SigningKeyFile, read_secret, read_tls_key};

/// Rights of anybody but the owner.
const OTHERS: u32 = 0o077;
/// TLS keys: the server's, and those of a gateway's authority.
const TLS_KEYS: [&str; 3] = [KEY_FILE, AUTHORITY_KEY_FILE, "ca.next.key"];
/// The file with the key of the network's authority, which a gateway's folder has.
pub(crate) const AUTHORITY_KEY_FILE: &str = "ca.key";
/// Signing keys of a gateway beside those of its members.
const SIGNING_KEYS: [&str; 3] = ["directory.key", "directory.next.key", "root.key"];
/// Files that are looked at: a folder that holds more is not a server's.
const FILES: usize = 10_000;
/// How deep keys may lie.
const DEPTH: usize = 4;
/// Of a file whose name tells nothing, where a private key says what it is.
const START_BYTES: u64 = 4096;

/// What is wrong with one of them.
#[derive(Debug)]
pub enum SecretFault {
    /// Others than the owner have rights to it.
    Open {
        /// The folder, or the database.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The bits that it should have.
        wanted: u32,
    },
    /// A server that starts cannot use it.
    Key(KeyFileError),
    /// Of a member that has keys here, one kind is lacking.
    Lacking {
        /// The member's full id, as files are named.
        member: String,
        /// How names of files of the kind that is lacking end.
        kind: &'static str,
    },
}

/// Makes a folder for its owner, with those above it.
///
/// # Errors
/// Where it cannot be made.
pub fn make_private_folder(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Takes from others what rights they have to the folder `dir`, its keys and its database: whoever makes a folder by hand
/// leaves it open as a rule. What belongs to somebody else stays as it is, and is told.
pub(super) fn close(dir: &Path) {
    for (path, mode, wanted) in open(dir) {
        let mode = format!("{mode:04o}");
        match fs::set_permissions(&path, Permissions::from_mode(wanted)) {
            Ok(()) => tracing::warn!(path = %path.display(), mode, "it was open to others, and is no longer"),
            Err(error) => {
                tracing::warn!(path = %path.display(), mode, %error, "it is open to others, and that cannot be changed");
            }
        }
    }
}

/// What is open to others that must not be: its mode, and the one that it should have.
fn open(dir: &Path) -> Vec<(PathBuf, u32, u32)> {
    let database = dir.join(DATABASE);
    let sides = DATABASE_SIDES.map(|side| dir.join(format!("{DATABASE}{side}")));
    let all = [dir.to_owned(), keys_folder(dir), database].into_iter().chain(sides);
    let moded =
        all.filter_map(|path| fs::metadata(&path).ok().map(|about| (path, about.permissions().mode() & 0o7777)));
    moded.filter(|(_, mode)| mode & OTHERS != 0).map(|(path, mode)| (path, mode, mode & !OTHERS)).collect()
}

/// What is wrong with the secrets of the folder `dir`: each key is read by the function by which a server reads it.
///
/// # Errors
/// Where the folder cannot be read.
pub fn secret_faults(dir: &Path) -> io::Result<Vec<SecretFault>> {
    let mut faults = Vec::new();
    // Any other folder may be as open as it likes.
    if dir.join(DATABASE).exists() || keys_folder(dir).exists() {
        faults.extend(open(dir).into_iter().map(|(path, mode, wanted)| SecretFault::Open { path, mode, wanted }));
    }
    look(dir, DEPTH, &mut 0, &mut faults)?;
    faults.extend(lacking(dir)?);
    Ok(faults)
}

fn look(dir: &Path, depth: usize, seen: &mut usize, faults: &mut Vec<SecretFault>) -> io::Result<()> {
    let mut paths = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        *seen += 1;
        if *seen > FILES {
            return Err(io::Error::other("too many files for a server's folder"));
        }
        // What a link leads to, as a server that opens it; what leads nowhere is no key.
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() && depth > 0 && !path.ends_with(crate::search::FOLDER) {
            look(&path, depth - 1, seen, faults)?;
        } else if about.is_file()
            && let Err(error) = read_key(&path)
        {
            faults.push(SecretFault::Key(error));
        }
    }
    Ok(())
}

/// Reads a file as the key that it is by its name, or by what it begins with.
fn read_key(path: &Path) -> Result<(), KeyFileError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let among_keys = path.parent().is_some_and(|folder| folder.ends_with("keys"));
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "signing" if among_keys => SigningKeyFile::new(path).read().map(drop),
        "encryption" if among_keys => EncryptionKeyFile::new(path).read().map(drop),
        _ if SIGNING_KEYS.contains(&name) => SigningKeyFile::new(path).read().map(drop),
        _ if TLS_KEYS.contains(&name) => read_tls_key(path).map(drop),
        "key" => read_secret(path).map(drop),
        _ if among_keys || holds_key(path) => read_secret(path).map(drop),
        _ => Ok(()),
    }
}

fn holds_key(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(START_BYTES).read_to_end(&mut start));
    read.is_ok() && start.windows(11).any(|window| window == b"PRIVATE KEY")
}

/// A member has keys of both kinds, or none here.
fn lacking(dir: &Path) -> io::Result<Vec<SecretFault>> {
    let entries = match fs::read_dir(keys_folder(dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut members: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    for entry in entries {
        let name = entry?.file_name();
        let mut parts = name.to_str().unwrap_or_default().rsplitn(3, '.');
        let (Some(ending), Some(_), Some(member)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Some(kind) = KINDS.iter().position(|kind| *kind == ending) else { continue };
        members.entry(member.to_owned()).or_default()[kind] = true;
    }
    let lacks = |(member, has): (String, [bool; 2])| {
        let kind = has.iter().position(|has| !has)?;
        Some(SecretFault::Lacking { member, kind: KINDS[kind] })
    };
    Ok(members.into_iter().filter_map(lacks).collect())
}

const KINDS: [&str; 2] = ["signing", "encryption"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{encryption_key_file, signing_key_file};
    use crate::server::Folder;
    use crate::trust::key_file::create_tls_key;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A folder as a node that has joined has it.
    fn joined() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (dir, member) = (folder.path(), "bijie.n.example".parse().unwrap());
        chmod(dir, 0o700);
        make_private_folder(&keys_folder(dir)).unwrap();
        let (signing, encryption) = (signing_key_file(dir, &member, 1), encryption_key_file(dir, &member, 1));
        SigningKeyFile::new(&signing).create().unwrap();
        EncryptionKeyFile::new(&encryption).create().unwrap();
        create_tls_key(&dir.join(KEY_FILE)).unwrap();
        SigningKeyFile::new(dir.join("directory.key")).create().unwrap();
        fs::write(dir.join("ca.crt"), "-----BEGIN CERTIFICATE-----").unwrap();
        (folder, signing, encryption)
    }

    #[test]
    fn what_a_server_would_refuse_is_found_before_it_starts() {
        let (folder, signing, encryption) = joined();
        let dir = folder.path();
        let faults = || secret_faults(dir).unwrap();
        assert!(faults().is_empty(), "{:?}", faults());
        for path in [signing.clone(), encryption.clone(), dir.join(KEY_FILE), dir.join("directory.key")] {
            chmod(&path, 0o644);
            match faults().as_slice() {
                [SecretFault::Key(KeyFileError::Loose(loose))] => assert_eq!((&loose.path, loose.mode), (&path, 0o644)),
                other => panic!("{}: {other:?}", path.display()),
            }
            chmod(&path, 0o600);
            let good = fs::read(&path).unwrap();
            fs::write(&path, "garbage").unwrap();
            match faults().as_slice() {
                [SecretFault::Key(KeyFileError::Invalid { path: at, .. })] => assert_eq!(*at, path),
                other => panic!("{}: {other:?}", path.display()),
            }
            fs::write(&path, good).unwrap();
        }
        fs::write(dir.join("keys/web.pem"), "-----BEGIN PRIVATE KEY-----").unwrap();
        fs::create_dir(dir.join("site")).unwrap();
        fs::write(dir.join("site/tls.pem"), "-----BEGIN EC PRIVATE KEY-----").unwrap();
        for file in ["keys/web.pem", "site/tls.pem"] {
            chmod(&dir.join(file), 0o640);
        }
        assert_eq!(faults().len(), 2, "{:?}", faults());
    }

    #[test]
    fn a_key_that_is_lacking_beside_its_other_is_missed() {
        let (folder, signing, encryption) = joined();
        let missed = |path: &Path, kind: &str| {
            let aside = folder.path().join("aside");
            fs::rename(path, &aside).unwrap();
            match secret_faults(folder.path()).unwrap().as_slice() {
                [SecretFault::Lacking { member, kind: lacks }] => {
                    assert_eq!((member.as_str(), *lacks), ("bijie.n.example", kind));
                }
                other => panic!("{other:?}"),
            }
            fs::rename(aside, path).unwrap();
        };
        missed(&signing, "signing");
        missed(&encryption, "encryption");
    }

    #[test]
    fn a_folder_that_was_open_is_closed_by_whoever_takes_it() {
        let (folder, ..) = joined();
        let dir = folder.path();
        fs::write(dir.join("duikou.toml"), "").unwrap();
        let database = ["data.db", "data.db-wal", "data.db-shm"].map(|name| dir.join(name));
        for file in &database {
            fs::write(file, "").unwrap();
            chmod(file, 0o644);
        }
        chmod(dir, 0o755);
        chmod(&dir.join("keys"), 0o755);
        let open =
            |faults: Vec<SecretFault>| faults.iter().filter(|fault| matches!(fault, SecretFault::Open { .. })).count();
        assert_eq!(open(secret_faults(dir).unwrap()), 5);
        drop(Folder::take(dir).unwrap());
        assert_eq!(open(secret_faults(dir).unwrap()), 0);
        assert_eq!((mode(dir), mode(&dir.join("keys")), mode(&database[1])), (0o700, 0o700, 0o600));
        chmod(dir, 0o755);
        drop(Folder::make(dir).unwrap());
        assert_eq!(mode(dir), 0o700);
    }
}
