//! Backups that administrators make and take away in a browser: one at a time, in the server's own folder, the newest few.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;
use jiff::Timestamp;
use tonic::{Request, Status};

use super::{Office, overview};
use crate::archive::Archive;
use crate::audit::{Action, Actor, Event};
use crate::backup::{self, BACKUPS, Copies, DATABASE};
use crate::engine::{Engine, facts};
use crate::limits;
use crate::services::error::Failure;

/// A backup that is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backup {
    /// `2026-11-29T010203Z`: when it was begun.
    pub(crate) id: String,
    /// Of all its files, in bytes.
    pub(crate) size: u64,
}

/// What is being made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Making {
    /// Nothing.
    #[default]
    Idle,
    /// One, since then.
    Since(Micros),
    /// The last one came to nothing.
    Failed(String),
}

/// Where they lie, and what is being made.
#[derive(Clone)]
pub(crate) struct Backups {
    engine: Engine,
    data: PathBuf,
    making: Arc<Mutex<Making>>,
    /// Whose turn it is to copy the folder: what is left of a copy is none that somebody else is making.
    copies: Copies,
}

impl Backups {
    pub(super) fn new(engine: Engine, data: PathBuf, copies: Copies) -> Self {
        Self { engine, data, making: Arc::default(), copies }
    }

    fn folder(&self) -> PathBuf {
        self.data.join(BACKUPS)
    }

    fn set(&self, making: Making) {
        *self.making.lock().unwrap_or_else(PoisonError::into_inner) = making;
    }

    /// Those that are finished, newest first. What an interrupted process left of others is no backup.
    fn list(&self) -> Vec<Backup> {
        let entries = std::fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let named = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut ids: Vec<String> = named.filter(|name| !name.starts_with('.')).collect();
        ids.sort_by(|a, b| b.cmp(a));
        ids.into_iter().map(|id| Backup { size: overview::size(&self.folder().join(&id), 0), id }).collect()
    }

    /// Takes the oldest away, and what was never finished.
    fn clean(&self) {
        let old = self.list().into_iter().skip(limits::BACKUPS_KEPT).map(|backup| backup.id);
        let entries = std::fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let named = entries.filter_map(|entry| entry.file_name().into_string().ok());
        for name in named.filter(|name| name.starts_with('.')).chain(old) {
            let path = self.folder().join(name);
            if let Err(error) = std::fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "an old backup could not be removed");
            }
        }
    }

    /// Begins one; false where one is being made. The server's end waits for it no longer than it takes to give it up.
    fn begin(&self, by: Actor) -> bool {
        let now = self.engine.now();
        {
            let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*making, Making::Since(_)) {
                return false;
            }
            *making = Making::Since(now);
        }
        let (engine, mut attempt) = (self.engine.clone(), Attempt::of(self.clone()));
        let making = async move {
            let backups = attempt.backups.clone();
            let made = tokio::select! {
                () = backups.engine.stopped().cancelled_owned() => Err("the server was stopped".to_owned()),
                made = backups.make(now, by) => made,
            };
            if let Err(why) = &made {
                tracing::error!(why, "the backup failed");
            }
            attempt.end(made.map_or_else(Making::Failed, |()| Making::Idle));
        };
        tokio::spawn(async move { engine.to_the_end(making).await });
        true
    }

    async fn make(&self, now: Micros, by: Actor) -> Result<(), String> {
        let _turn = self.copies.lock().await;
        let (this, folder) = (self.clone(), self.folder());
        let looking = blocking(move || {
            std::fs::create_dir_all(this.folder()).map_err(|error| error.to_string())?;
            this.clean();
            let needed = overview::size(&this.data.join(DATABASE), 0);
            if overview::free(&this.folder()).is_some_and(|free| free < needed.saturating_add(limits::BACKUP_SPARE)) {
                return Err(format!("{needed} bytes are needed, and the disk has no room for them"));
            }
            Ok(())
        });
        looking.await??;
        let id = Timestamp::from_microsecond(now).unwrap_or_default().strftime("%Y-%m-%dT%H%M%SZ").to_string();
        let size = backup::create(&self.engine, &self.data, &folder.join(&id)).await;
        let size = size.map_err(|error| crate::error::chain(&error))?;
        let event = Event::new(Action::Backup, format!("backups/{id}")).saying(format!("{size} bytes"));
        let noted = self.engine.put_fact_by(by, event, facts::BACKED_UP.to_owned(), Some(now)).await;
        // The copy is complete whether or not that can be written.
        if let Err(error) = noted {
            let error = crate::error::chain(&error);
            tracing::warn!(backup = id, size, error, "a backup was made that the audit trail could not be told of");
        }
        let this = self.clone();
        blocking(move || this.clean()).await
    }
}

/// Files of any size are looked at and taken away beside the tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
}

/// One that is being made: it is over when this is dropped, however that ends.
struct Attempt {
    backups: Backups,
    ended: Making,
}

impl Attempt {
    fn of(backups: Backups) -> Self {
        Self { backups, ended: Making::Failed("it broke off".to_owned()) }
    }

    fn end(&mut self, ended: Making) {
        self.ended = ended;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.backups.set(std::mem::take(&mut self.ended));
    }
}

impl Office {
    /// The backups that there are, newest first, and whether one is being made. For administrators of the server.
    ///
    /// # Errors
    /// For everybody else.
    pub(crate) async fn backups(&self, request: Request<()>) -> Result<(Vec<Backup>, Making), Status> {
        self.of_server(request).await?;
        let backups = self.backups.clone();
        let making = backups.making.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let list = tokio::task::spawn_blocking(move || backups.list()).await.unwrap_or_default();
        Ok((list, making))
    }

    /// Begins to make one. For administrators of the server.
    ///
    /// # Errors
    /// FAILED_PRECONDITION where one is being made.
    pub(crate) async fn make_backup(&self, request: Request<()>) -> Result<(), Status> {
        let (caller, language, ()) = self.of_server(request).await?;
        if self.backups.begin(caller.actor()) { Ok(()) } else { Err(Failure::BackupUnderWay.status(language)) }
    }

    /// A finished backup, to be sent, of which the audit trail is told. For administrators of the server.
    ///
    /// # Errors
    /// NOT_FOUND where there is none with this id.
    pub(crate) async fn take_backup(&self, request: Request<String>) -> Result<Archive, Status> {
        let (caller, language, id) = self.of_server(request).await?;
        let backups = self.backups.clone();
        let wanted = id.clone();
        let found = tokio::task::spawn_blocking(move || {
            // Only what is listed: an id is never a path.
            let known = backups.list().into_iter().any(|backup| backup.id == wanted);
            known.then(|| Archive::of(&backups.folder().join(&wanted), &format!("duikou-{wanted}")))
        });
        let absent = || Failure::NotFound(format!("backups/{}", id.chars().take(40).collect::<String>()));
        let archive = found.await.ok().flatten().ok_or_else(absent).map_err(|failure| failure.status(language))?;
        let archive = archive.map_err(|error| Failure::Backup(Text::same(error.to_string())).status(language))?;
        let event = Event::new(Action::BackupTake, format!("backups/{id}"));
        let noted = self.door.engine.note_audit(caller.actor(), event).await;
        noted.map_err(|error| Failure::from(error).status(language))?;
        Ok(archive)
    }
}
