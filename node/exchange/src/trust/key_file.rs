//! Secrets in files that only their owner can read.
//!
//! A file appears whole or not at all: it is written beside its place with mode 0600 from the first moment, synced,
//! then linked or renamed. Member keys are one line of 64 hexadecimal digits, the 32-octet seed (Ed25519) or private
//! scalar (X25519); TLS keys are PKCS #8 in PEM.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use ed25519_zebra::SigningKey;
use rcgen::KeyPair;
use thiserror::Error;
use zeroize::Zeroizing;

use super::provider;

/// The largest secret file, in octets.
pub const SECRET_BYTES: usize = 64 * 1024;

/// A key file that others than its owner may read or write.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} is open to others (mode {mode:04o}): run chmod 600 {}", path.display(), path.display())]
pub struct LooseKeyFile {
    /// The file.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
}

/// A key file that cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// Its permissions are too wide.
    #[error(transparent)]
    Loose(#[from] LooseKeyFile),
    /// It cannot be read or written; `AlreadyExists` where a key would be overwritten.
    #[error("key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is no key of the kind that belongs there.
    #[error("{} holds no {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was sought, for example `Ed25519 key`.
        what: &'static str,
    },
    /// No key could be made.
    #[error("the system gives no randomness")]
    Random,
}

/// Writes a secret to a new file; an existing one is left as it is.
///
/// # Errors
/// `AlreadyExists` where there is one, or any failure of the file system.
pub fn create_secret(path: &Path, secret: &[u8]) -> Result<(), KeyFileError> {
    write(path, secret, 0o600, |temporary| {
        // A link, unlike a rename, never replaces.
        std::fs::hard_link(temporary, path)?;
        std::fs::remove_file(temporary)
    })
    .map_err(|source| KeyFileError::Io { path: path.into(), source })
}

/// Writes a file that all may read, whole or not at all.
pub(crate) fn replace_public(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, 0o644, |temporary| std::fs::rename(temporary, path))
}

/// Writes a file in the place of another, whole or not at all; who may read the other may read it. Where `path` is a link,
/// it stays one.
///
/// # Errors
/// Any failure of the file system; the other one is then still there.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Ok(before) = std::fs::metadata(&path) else { return replace_public(&path, content) };
    write(&path, content, 0o600, |temporary| {
        // Only root can give a file away; whoever else writes here owns the other one too.
        let _ = chown(temporary, Some(before.uid()), Some(before.gid()));
        std::fs::set_permissions(temporary, before.permissions())?;
        std::fs::rename(temporary, &path)
    })
}

/// Gives a file another name in the same folder: after a power cut it has one of the two.
///
/// # Errors
/// Any failure of the file system.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    File::open(folder_of(to))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn write(path: &Path, content: &[u8], mode: u32, place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(path);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let unique = u64::from_ne_bytes(provider::random().map_err(io::Error::other)?);
    let temporary = folder.join(format!(".{name}.{unique:016x}"));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        place(&temporary)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// Reads a secret of at most [`SECRET_BYTES`]; the memory is wiped when it is dropped.
///
/// # Errors
/// [`LooseKeyFile`] where group or others have any right to it, or any failure of the file system.
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    // Of the open file, so that it cannot be another one by the time it is read.
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(LooseKeyFile { path: path.into(), mode }.into());
    }
    // Sized once: growing would leave copies behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(SECRET_BYTES + 1));
    file.take(SECRET_BYTES as u64 + 1).read_to_end(&mut secret).map_err(failed)?;
    if secret.len() > SECRET_BYTES { Err(failed(io::ErrorKind::FileTooLarge.into())) } else { Ok(secret) }
}

/// The file of a member's Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyFile(PathBuf);

impl SigningKeyFile {
    /// The file at `path`, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes a key and the file.
    ///
    /// # Errors
    /// Where the file is there already or cannot be written.
    pub fn create(&self) -> Result<SigningKey, KeyFileError> {
        let seed = Zeroizing::new(provider::random::<32>().map_err(|_| KeyFileError::Random)?);
        create_secret(&self.0, hex_line(&seed).as_bytes())?;
        Ok(SigningKey::from(*seed))
    }

    /// Reads the key.
    ///
    /// # Errors
    /// [`LooseKeyFile`], or where it cannot be read or is no key.
    pub fn read(&self) -> Result<SigningKey, KeyFileError> {
        let seed = read_hex_line(&self.0, "Ed25519 key")?;
        Ok(SigningKey::from(*seed))
    }
}

/// The file of a member's X25519 key, to which others seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionKeyFile(PathBuf);

const ENCRYPTION_KEY: &str = "X25519 key";

impl EncryptionKeyFile {
    /// The file at `path`, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes a key and the file.
    ///
    /// # Errors
    /// Where the file is there already or cannot be written.
    pub fn create(&self) -> Result<agreement::PrivateKey, KeyFileError> {
        let key = agreement::PrivateKey::generate(&agreement::X25519).map_err(|_| KeyFileError::Random)?;
        let octets: Curve25519SeedBin<'_> = key.as_be_bytes().map_err(|_| self.invalid())?;
        let octets: &[u8; 32] = octets.as_ref().try_into().map_err(|_| self.invalid())?;
        create_secret(&self.0, hex_line(octets).as_bytes())?;
        Ok(key)
    }

    /// Reads the key.
    ///
    /// # Errors
    /// [`LooseKeyFile`], or where it cannot be read or is no key.
    pub fn read(&self) -> Result<agreement::PrivateKey, KeyFileError> {
        let octets = self.read_octets()?;
        agreement::PrivateKey::from_private_key(&agreement::X25519, &octets[..]).map_err(|_| self.invalid())
    }

    /// Reads the private scalar itself, for sealing libraries that take it raw.
    ///
    /// # Errors
    /// As [`EncryptionKeyFile::read`].
    pub fn read_octets(&self) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
        read_hex_line(&self.0, ENCRYPTION_KEY)
    }

    /// Its public key, 32 octets.
    ///
    /// # Errors
    /// [`LooseKeyFile`], or where it cannot be read or is no key.
    pub fn public(&self) -> Result<Vec<u8>, KeyFileError> {
        let key = self.read()?.compute_public_key().map_err(|_| self.invalid())?;
        Ok(key.as_ref().to_vec())
    }

    fn invalid(&self) -> KeyFileError {
        KeyFileError::Invalid { path: self.0.clone(), what: ENCRYPTION_KEY }
    }
}

/// Makes a TLS key (ECDSA P-256), which browsers take as well, and its file.
///
/// # Errors
/// Where the file is there already or cannot be written.
pub fn create_tls_key(path: &Path) -> Result<KeyPair, KeyFileError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| KeyFileError::Random)?;
    create_secret(path, Zeroizing::new(key.serialize_pem()).as_bytes())?;
    Ok(key)
}

/// Reads a TLS key.
///
/// # Errors
/// [`LooseKeyFile`], or where it cannot be read or is no PKCS #8 key in PEM.
pub fn read_tls_key(path: &Path) -> Result<KeyPair, KeyFileError> {
    let secret = read_secret(path)?;
    let invalid = || KeyFileError::Invalid { path: path.into(), what: "TLS key (PKCS #8 in PEM)" };
    KeyPair::from_pem(std::str::from_utf8(&secret).map_err(|_| invalid())?).map_err(|_| invalid())
}

fn hex_line(octets: &[u8; 32]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut line = Zeroizing::new(String::with_capacity(65));
    for octet in octets {
        line.push(char::from(DIGITS[usize::from(octet >> 4)]));
        line.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
    line.push('\n');
    line
}

fn read_hex_line(path: &Path, what: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let secret = read_secret(path)?;
    let invalid = || KeyFileError::Invalid { path: path.into(), what };
    let digits = secret.strip_suffix(b"\n").unwrap_or(&secret);
    if digits.len() != 64 {
        return Err(invalid());
    }
    let mut octets = Zeroizing::new([0; 32]);
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(invalid);
        *octet = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keys_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = SigningKeyFile::new(dir.path().join("signing.key"));
        assert!(file.create().unwrap() == file.read().unwrap());
        let file = EncryptionKeyFile::new(dir.path().join("sealing.key"));
        let public = |key: agreement::PrivateKey| key.compute_public_key().unwrap().as_ref().to_vec();
        assert_eq!(public(file.create().unwrap()), public(file.read().unwrap()));
        let path = dir.path().join("tls.key");
        assert_eq!(create_tls_key(&path).unwrap().serialize_der(), read_tls_key(&path).unwrap().serialize_der());
    }

    #[test]
    fn a_key_is_never_overwritten_and_nothing_is_left_lying_about() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.key");
        let file = SigningKeyFile::new(&path);
        let key = file.create().unwrap();
        let again = file.create().unwrap_err();
        assert!(matches!(again, KeyFileError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists));
        assert!(file.read().unwrap() == key);
        replace(&path, b"other").unwrap();
        assert_eq!(*read_secret(&path).unwrap(), b"other");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_replaces_a_file_may_be_read_by_those_who_could_read_that() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("duikou.toml"), dir.path().join("link"));
        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, b"after").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        replace(&dir.path().join("new"), b"new").unwrap();
        rename(&dir.path().join("new"), &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.key");
        let file = SigningKeyFile::new(&path);
        file.create().unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match file.read().unwrap_err() {
                KeyFileError::Loose(loose) => {
                    assert_eq!(loose, LooseKeyFile { path: path.clone(), mode });
                    assert!(loose.to_string().contains(&format!("run chmod 600 {}", path.display())));
                }
                other => panic!("{other}"),
            }
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        file.read().unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.key");
        SigningKeyFile::new(&path).create().unwrap();
        for text in ["".into(), "zz".repeat(32), "ab".repeat(31), "ab".repeat(33), format!("{}\n\n", "ab".repeat(32))] {
            replace(&path, text.as_bytes()).unwrap();
            let read = SigningKeyFile::new(&path).read();
            assert!(matches!(read, Err(KeyFileError::Invalid { .. })), "{text:?}");
            assert!(matches!(read_tls_key(&path), Err(KeyFileError::Invalid { .. })), "{text:?}");
        }
        replace(&path, &vec![b'a'; SECRET_BYTES + 1]).unwrap();
        assert!(matches!(read_secret(&path), Err(KeyFileError::Io { .. })));
    }
}
