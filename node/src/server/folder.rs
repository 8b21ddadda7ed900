//! A server's folder: what lies where, and that one process at a time has it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use duikou_proto::name::MemberId;
use thiserror::Error;

use super::secrets::{close, make_private_folder};
use crate::engine::Signers;
use crate::keys::{encryption_key_file, keys_folder, load_signers, signing_key_file};
use crate::trust::key_file::KeyFileError;

/// A folder that this process has for itself.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    // Held as long as the folder is used; the system releases it whatever becomes of the process.
    _lock: File,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// It holds no server.
    #[error("{} holds no Duikou server: there is no {what}", .dir.display())]
    Empty {
        /// The folder.
        dir: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// The system refused.
    #[error("{} cannot be used", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// A key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
}

impl Folder {
    /// Takes the folder, and makes it where it is not there. Nobody but its owner can read it then.
    ///
    /// # Errors
    /// [`FolderError::InUse`] where another process has it.
    pub fn make(dir: &Path) -> Result<Self, FolderError> {
        make_private_folder(dir).map_err(|error| FolderError::Io(dir.to_owned(), error))?;
        Self::lock(dir)
    }

    /// Takes a folder that holds a server. Nobody but its owner can read it then.
    ///
    /// # Errors
    /// [`FolderError::Empty`] where it holds none, [`FolderError::InUse`] where another process has it.
    pub fn take(dir: &Path) -> Result<Self, FolderError> {
        // To whoever may not look into it nothing seems to be there.
        match dir.join("duikou.toml").try_exists() {
            Ok(true) => Self::lock(dir),
            Ok(false) => Err(FolderError::Empty { dir: dir.to_owned(), what: "duikou.toml" }),
            Err(error) => Err(FolderError::Io(dir.to_owned(), error)),
        }
    }

    fn lock(dir: &Path) -> Result<Self, FolderError> {
        let io = |error| FolderError::Io(dir.to_owned(), error);
        let lock = File::options().create(true).truncate(false).write(true).open(dir.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {
                close(dir);
                Ok(Self { dir: dir.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }

    /// Its path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("data.db")
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.dir.join("duikou.toml")
    }

    /// The socket of the administrator.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("admin.sock")
    }

    /// Where the bound addresses stand while a server runs.
    pub fn addresses(&self) -> PathBuf {
        self.dir.join("addresses.json")
    }

    /// The search index; it may be deleted at any time.
    pub fn search(&self) -> PathBuf {
        self.dir.join(crate::search::FOLDER)
    }

    /// The files of imports that people are at; they may be deleted at any time.
    pub fn imports(&self) -> PathBuf {
        self.dir.join(crate::imports::FOLDER)
    }

    /// There after a restore, until the feed has a new identity.
    pub fn restored(&self) -> PathBuf {
        self.dir.join(crate::backup::RESTORED_MARK)
    }

    /// Where the members' keys lie.
    pub fn keys(&self) -> PathBuf {
        keys_folder(&self.dir)
    }

    /// The file of a member's signing key.
    pub fn signing_key(&self, member: &MemberId, number: i32) -> PathBuf {
        signing_key_file(&self.dir, member, number)
    }

    /// The file of a member's encryption key.
    pub fn encryption_key(&self, member: &MemberId, number: i32) -> PathBuf {
        encryption_key_file(&self.dir, member, number)
    }

    /// All signing keys that lie here.
    ///
    /// # Errors
    /// Where a key file is loose or malformed.
    pub fn signers(&self) -> Result<Signers, FolderError> {
        let signers = Signers::default();
        load_signers(&self.dir, &signers)?;
        Ok(signers)
    }
}
