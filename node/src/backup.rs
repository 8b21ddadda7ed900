//! Copies of a server's folder: made while it runs or at rest, taken back into an empty folder at rest.
//!
//! A backup holds the database as of one moment and every other file but what belongs to the running process. The
//! copy is another feed than the original, which may have gone on: [`restore`] leaves [`RESTORED_MARK`] beside the
//! database, and whoever starts a server on a folder that has it renews the feed's identity, takes its members'
//! records back from the gateway, and then removes the mark.
//!
//! [`restore`] also takes a folder that was copied by other means: that of a machine that crashed, or a snapshot of its
//! disk. What was acknowledged last is then in the log beside the database, which comes along and is taken in; and all
//! pages are verified, since a copy of files that a server was writing meanwhile is of no one moment.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use duikou_proto::language::Text;
use thiserror::Error;

use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::sqlite;
use crate::world::random;

/// The database's file in a server's folder.
pub const DATABASE: &str = "data.db";
/// The empty file beside the database that says: this data was restored.
pub const RESTORED_MARK: &str = "restored";
/// The folder in a server's folder in which backups lie that were made in a browser. No backup holds others.
pub const BACKUPS: &str = "backups";
/// The file that whoever has the folder has locked.
const LOCK: &str = "lock";
/// What the process that runs keeps for itself.
const PROCESS_FILES: [&str; 2] = [LOCK, "addresses.json"];
/// What the database keeps beside its file.
pub(crate) const DATABASE_SIDES: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Those of them that hold what is not in the file yet.
const DATABASE_LOGS: [&str; 2] = ["-wal", "-journal"];
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
    /// What is to be copied is no server's folder.
    #[error("{} holds no {DATABASE}", .0.display())]
    NoBackup(PathBuf),
    /// A server writes to what is to be copied.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// Links that lead in a circle, or something stranger.
    #[error("{} lies more than {DEPTH} folders deep", .0.display())]
    Deep(PathBuf),
    /// The database cannot be copied.
    #[error("the database could not be copied")]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("{} could not be read or written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl BackupError {
    /// What it is to whoever wanted the copy.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Exists(path) => format!("{} 已存在，不会覆盖", path.display()),
            Self::Inside(path) => format!("{} 在服务自己的目录之内", path.display()),
            Self::NoBackup(path) => format!("{} 中没有 {DATABASE}", path.display()),
            Self::InUse(path) => format!("{} 正被另一个进程使用", path.display()),
            Self::Deep(path) => format!("{} 的层次过深", path.display()),
            Self::Store(error) => format!("数据库未能复制：{}", crate::error::chain(error)),
            Self::File { path, source } => match source.kind() {
                io::ErrorKind::NotFound => format!("没有 {}", path.display()),
                io::ErrorKind::PermissionDenied => format!("没有读写 {} 的权限", path.display()),
                _ => format!("{} 无法读写：{source}", path.display()),
            },
        };
        Text::new(zh, crate::error::chain(self))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(source.into()).into(),
        _ => BackupError::File { path: path.to_owned(), source },
    }
}

/// Whose turn it is to copy a running server's folder: one copy at a time is made.
pub(crate) type Copies = Arc<tokio::sync::Mutex<()>>;

/// Copies a running server's data, keys and configuration from `data_dir` to the new folder `target`, which nobody
/// else may read. It is on the disk and complete, or absent. Returns its bytes.
///
/// # Errors
/// [`BackupError::Exists`] where `target` is there; else where something cannot be read or written.
pub async fn create(engine: &Engine, data_dir: &Path, target: &Path) -> Result<u64, BackupError> {
    let (from, to) = (data_dir.to_owned(), target.to_owned());
    let draft = blocking(move || draft_outside(&from, &to)).await?;
    engine.store().backup(&draft.0.join(DATABASE)).await?;
    let (from, to) = (data_dir.to_owned(), target.to_owned());
    blocking(move || complete(draft, &from, &to)).await
}

/// [`create`] of a folder on which no server runs. Nothing is written to it, so that it works where its disk is full or
/// takes nothing any longer; no server starts on it meanwhile.
///
/// # Errors
/// As [`create`]; [`BackupError::InUse`] where a server runs on it.
pub async fn create_at_rest(data_dir: &Path, target: &Path) -> Result<u64, BackupError> {
    let (from, to) = (data_dir.to_owned(), target.to_owned());
    let (draft, held) = blocking(move || {
        has_database(&from)?;
        let held = hold(&from)?;
        let draft = draft_outside(&from, &to)?;
        copy_database(&from, &draft.0)?;
        Ok((draft, held))
    })
    .await?;
    sqlite::settle(&draft.0.join(DATABASE)).await?;
    let (from, to) = (data_dir.to_owned(), target.to_owned());
    let done = blocking(move || complete(draft, &from, &to)).await;
    drop(held);
    done
}

/// Brings a backup back into `dir`, which must be empty or absent, and marks it as restored. What `backup` is need not
/// have been made here: a copy of a server's folder will do, if none runs on it. Returns the bytes of the log that came
/// along with its database: none in what [`create`] has made.
///
/// # Errors
/// [`BackupError::Exists`] where `dir` has anything in it, [`BackupError::NoBackup`] where `backup` is none,
/// [`BackupError::InUse`] where a server runs on it, [`StoreError::Damaged`] where its database is not of one moment.
pub async fn restore(backup: &Path, dir: &Path) -> Result<u64, BackupError> {
    let (from, to) = (backup.to_owned(), dir.to_owned());
    let (draft, held, log) = blocking(move || {
        has_database(&from)?;
        let held = from.join(LOCK).exists().then(|| hold(&from)).transpose()?;
        let draft = match fs::read_dir(&to).map(Iterator::count) {
            Ok(0) => draft_in(&to)?,
            Ok(_) => return Err(BackupError::Exists(to)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => draft_beside(&to)?,
            Err(error) => return Err(at(&to)(error)),
        };
        let log = copy_database(&from, &draft.0)?;
        Ok((draft, held, log))
    })
    .await?;
    sqlite::settle(&draft.0.join(DATABASE)).await?;
    let (from, to) = (backup.to_owned(), dir.to_owned());
    blocking(move || {
        copy_folder(&from, &draft.0, 0)?;
        let mark = draft.0.join(RESTORED_MARK);
        File::create(&mark).and_then(|file| file.sync_all()).map_err(at(&mark))?;
        draft.settle(&to)?;
        drop(held);
        Ok(log)
    })
    .await
}

/// Whether the folder was restored and its feed must be renewed.
pub fn is_restored(dir: &Path) -> bool {
    dir.join(RESTORED_MARK).exists()
}

/// A folder that is being written beside where it will lie, or within. Dropped before that, it goes.
struct Draft(PathBuf);

impl Draft {
    /// Gives it its place, durably.
    fn settle(self, target: &Path) -> Result<(), BackupError> {
        sync(&self.0)?;
        if self.0.parent() == Some(target) {
            return self.fill(target);
        }
        // A folder takes no other's place unless that is empty, so nothing is overwritten.
        fs::rename(&self.0, target).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                BackupError::Exists(target.to_owned())
            }
            _ => at(target)(error),
        })?;
        sync(parent(target)).map(drop)
    }

    /// A folder that is there keeps its place: whoever owns it need not be one who may write beside it. No server starts
    /// without a configuration, so that comes last.
    fn fill(self, target: &Path) -> Result<(), BackupError> {
        let entries = fs::read_dir(&self.0).map_err(at(&self.0))?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>();
        let mut names = names.map_err(at(&self.0))?;
        names.sort_by_key(|name| (name == crate::config::FILE_NAME, name == DATABASE));
        for name in names {
            let place = target.join(&name);
            fs::rename(self.0.join(&name), &place).map_err(at(&place))?;
        }
        fs::remove_dir(&self.0).map_err(at(&self.0))?;
        sync(target).map(drop)
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

/// A draft of a copy of `from` that is to lie at `to`, where there must be nothing, and not in what it copies.
fn draft_outside(from: &Path, to: &Path) -> Result<Draft, BackupError> {
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let draft = draft_beside(to)?;
    let (outer, inner) = (from.canonicalize().map_err(at(from))?, draft.0.canonicalize().map_err(at(&draft.0))?);
    let kept = outer.join(BACKUPS);
    if inner.starts_with(outer) && !inner.starts_with(kept) {
        Err(BackupError::Inside(to.to_owned()))
    } else {
        Ok(draft)
    }
}

fn draft_beside(target: &Path) -> Result<Draft, BackupError> {
    draft_in(parent(target))
}

fn draft_in(folder: &Path) -> Result<Draft, BackupError> {
    let draft = folder.join(format!(".copy.{:016x}", u64::from_le_bytes(random())));
    DirBuilder::new().mode(0o700).create(&draft).map_err(at(folder))?;
    Ok(Draft(draft))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn has_database(dir: &Path) -> Result<(), BackupError> {
    let database = dir.join(DATABASE);
    match fs::metadata(&database) {
        Ok(about) if about.is_file() => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&database)(error)),
        _ => Err(BackupError::NoBackup(dir.to_owned())),
    }
}

/// Keeps servers from starting on a folder while it is copied. It is opened to be read where it is there, and shared,
/// which is enough for that: a copy may lie where nothing can be written.
fn hold(dir: &Path) -> Result<File, BackupError> {
    let path = dir.join(LOCK);
    let lock = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::options().create(true).truncate(false).write(true).open(&path)
        }
        opened => opened,
    };
    let lock = lock.map_err(at(&path))?;
    match lock.try_lock_shared() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(BackupError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}

/// Copies all but the database, which the draft of a backup has by now, and gives the whole its name; its bytes.
fn complete(draft: Draft, from: &Path, to: &Path) -> Result<u64, BackupError> {
    let database = draft.0.join(DATABASE);
    make_private(&database)?;
    let size = sync(&database)? + copy_folder(from, &draft.0, 0)?;
    draft.settle(to)?;
    Ok(size)
}

/// Copies the database of a folder at rest with its logs, for [`sqlite::settle`] to make one file of; the bytes of the
/// logs.
fn copy_database(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let copy = |name: &str| {
        let (source, target) = (from.join(name), to.join(name));
        let bytes = copy_file(&source, &target)?;
        make_private(&target)?;
        Ok::<u64, BackupError>(bytes)
    };
    copy(DATABASE)?;
    let mut bytes = 0;
    for side in DATABASE_LOGS {
        let name = format!("{DATABASE}{side}");
        if from.join(&name).exists() {
            bytes += copy(&name)?;
        }
    }
    Ok(bytes)
}

fn make_private(file: &Path) -> Result<(), BackupError> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(at(file))
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
