//! Copies of a server's folder: made while it runs, taken back into an empty folder at rest.
//!
//! A backup holds the database as of one moment and every other file but what belongs to the running process. The
//! copy is another feed than the original, which may have gone on: [`restore`] leaves [`RESTORED_MARK`] beside the
//! database, and whoever starts a server on a folder that has it renews the feed's identity, takes its members'
//! records back from the gateway, and then removes the mark.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::engine::Engine;
use crate::store::StoreError;
use crate::world::random;

/// The database's file in a server's folder.
pub const DATABASE: &str = "data.db";
/// The empty file beside the database that says: this data was restored.
pub const RESTORED_MARK: &str = "restored";
/// The folder in a server's folder in which backups lie that were made in a browser. No backup holds others.
pub const BACKUPS: &str = "backups";
/// What the process that runs keeps for itself.
const PROCESS_FILES: [&str; 2] = ["lock", "addresses.json"];
/// What the database keeps beside its file.
const DATABASE_SIDES: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Folders within folders.
const DEPTH: usize = 8;

/// Why there is no copy. Nothing is left of it.
#[derive(Debug, Error)]
pub enum BackupError {
    /// It would overwrite something.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A copy inside what it copies.
    #[error("{} lies inside the server's own folder", .0.display())]
    Inside(PathBuf),
    /// What is to be restored is no backup.
    #[error("{} holds no {DATABASE}", .0.display())]
    NoBackup(PathBuf),
    /// Links that lead in a circle, or something stranger.
    #[error("{} lies more than {DEPTH} folders deep", .0.display())]
    Deep(PathBuf),
    /// The database cannot be copied.
    #[error("the database could not be copied")]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("{} could not be copied", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(source.into()).into(),
        _ => BackupError::File { path: path.to_owned(), source },
    }
}

/// Copies a running server's data, keys and configuration from `data_dir` to the new folder `target`, which nobody
/// else may read. It is on the disk and complete, or absent. Returns its bytes.
///
/// # Errors
/// [`BackupError::Exists`] where `target` is there; else where something cannot be read or written.
pub async fn create(engine: &Engine, data_dir: &Path, target: &Path) -> Result<u64, BackupError> {
    let (from, to) = (data_dir.to_owned(), target.to_owned());
    let draft = blocking(move || {
        let draft = new_draft(&to)?;
        let (outer, inner) = (from.canonicalize().map_err(at(&from))?, draft.0.canonicalize().map_err(at(&draft.0))?);
        let kept = outer.join(BACKUPS);
        if inner.starts_with(outer) && !inner.starts_with(kept) { Err(BackupError::Inside(to)) } else { Ok(draft) }
    })
    .await?;
    engine.store().backup(&draft.0.join(DATABASE)).await?;
    let (from, to) = (data_dir.to_owned(), target.to_owned());
    blocking(move || {
        let database = draft.0.join(DATABASE);
        fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).map_err(at(&database))?;
        let size = sync(&database)? + copy_folder(&from, &draft.0, 0)?;
        draft.settle(&to)?;
        Ok(size)
    })
    .await
}

/// Brings a backup back into `dir`, which must be empty or absent, and marks it as restored.
///
/// # Errors
/// [`BackupError::Exists`] where `dir` has anything in it, [`BackupError::NoBackup`] where `backup` is none.
pub fn restore(backup: &Path, dir: &Path) -> Result<(), BackupError> {
    let database = backup.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::NoBackup(backup.to_owned()));
    }
    match fs::read_dir(dir).map(Iterator::count) {
        Ok(0) => fs::remove_dir(dir).map_err(at(dir))?,
        Ok(_) => return Err(BackupError::Exists(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(dir)(error)),
    }
    let draft = new_draft(dir)?;
    copy_file(&database, &draft.0.join(DATABASE))?;
    copy_folder(backup, &draft.0, 0)?;
    let mark = draft.0.join(RESTORED_MARK);
    File::create(&mark).and_then(|file| file.sync_all()).map_err(at(&mark))?;
    draft.settle(dir)
}

/// Whether the folder was restored and its feed must be renewed.
pub fn is_restored(dir: &Path) -> bool {
    dir.join(RESTORED_MARK).exists()
}

/// A folder that is being written beside where it will lie. Dropped before that, it goes.
struct Draft(PathBuf);

impl Draft {
    /// Gives it its name, durably.
    fn settle(self, target: &Path) -> Result<(), BackupError> {
        sync(&self.0)?;
        // A folder takes no other's place unless that is empty, so nothing is overwritten.
        if target.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        fs::rename(&self.0, target).map_err(at(target))?;
        sync(parent(target)).map(drop)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.0.exists()
            && let Err(error) = fs::remove_dir_all(&self.0)
        {
            tracing::warn!(path = %self.0.display(), %error, "an unfinished copy could not be removed");
        }
    }
}

fn new_draft(target: &Path) -> Result<Draft, BackupError> {
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let draft = parent(target).join(format!(".{name}.{:016x}", u64::from_le_bytes(random())));
    DirBuilder::new().mode(0o700).create(&draft).map_err(at(&draft))?;
    Ok(Draft(draft))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn copy_folder(from: &Path, to: &Path, depth: usize) -> Result<u64, BackupError> {
    if depth > DEPTH {
        return Err(BackupError::Deep(from.to_owned()));
    }
    let mut bytes = 0;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let source = entry.map_err(at(from))?.path();
        let Some(name) = source.file_name() else { continue };
        if depth == 0 && name.to_str().is_some_and(stays_behind) {
            continue;
        }
        let target = to.join(name);
        let metadata = fs::metadata(&source).map_err(at(&source))?;
        if metadata.is_dir() {
            let mode = metadata.permissions().mode() & 0o777;
            DirBuilder::new().mode(mode | 0o700).create(&target).map_err(at(&target))?;
            bytes += copy_folder(&source, &target, depth + 1)?;
        } else if metadata.is_file() {
            bytes += copy_file(&source, &target)?;
        }
    }
    sync(to)?;
    Ok(bytes)
}

/// The database is copied by itself, and the search index is made anew of it; the rest belongs to the process, to an
/// earlier restore, or to whoever is at an import.
fn stays_behind(name: &str) -> bool {
    let is_database = |rest: &str| rest.is_empty() || DATABASE_SIDES.contains(&rest);
    name.strip_prefix(DATABASE).is_some_and(is_database)
        || [RESTORED_MARK, BACKUPS, crate::imports::FOLDER, crate::search::FOLDER].contains(&name)
        || PROCESS_FILES.contains(&name)
}

/// Copies bytes and mode.
fn copy_file(from: &Path, to: &Path) -> Result<u64, BackupError> {
    fs::copy(from, to).map_err(at(from))?;
    sync(to)
}

/// Forces a file or a folder to the disk; its bytes.
fn sync(path: &Path) -> Result<u64, BackupError> {
    let file = File::open(path).map_err(at(path))?;
    file.sync_all().map_err(at(path))?;
    Ok(file.metadata().map_err(at(path))?.len())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
