//! The embedded backend: SQLite in WAL mode with `synchronous=FULL` and `secure_delete`.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _, SqlSafeStr};
use tokio::sync::Mutex;

use super::{Order, Page, Read, Seq, Store, StoreError, Transaction};
use write::{SqliteTransaction, Writer};

/// What brings a schema up to date, in this order. The library's macro would gather it, and have a second asynchronous
/// runtime compiled for that.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let simple = |version, description, sql: &'static str| {
        Migration::new(version, Cow::Borrowed(description), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![simple(1, "store", include_str!("../../../migrations/sqlite/0001_store.sql"))])
});

/// Connections that read side by side.
const READERS: u32 = 8;
/// How often overwriting the log is tried while readers hold it.
const SCRUB_TRIES: usize = 50;
const SCRUB_PAUSE: Duration = Duration::from_millis(200);
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// What is wrong with a file is told up to so many faults.
const FAULTS: usize = 100;

/// How long a connection waits for others that hold what it needs.
async fn patience(connection: &mut SqliteConnection, wait: Duration) -> Result<(), StoreError> {
    let statement = format!("PRAGMA busy_timeout = {}", wait.as_millis());
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map_err(database).map(drop)
}

/// Data in one file.
pub struct SqliteStore {
    file: PathBuf,
    writer: Arc<Mutex<Writer>>,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it where it is not there, for its owner alone, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] where a newer version wrote it, [`StoreError::Damaged`] where it is no database.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        make_private(file).map_err(of_files)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-8192")
            // 8 MiB of log before it is folded in: a page that changes often is then copied less often.
            .pragma("wal_autocheckpoint", "2048")
            .pragma("journal_size_limit", "4194304")
            .statement_cache_capacity(256)
            .row_buffer_size(256)
            .disable_statement_logging();
        let mut writer = options.connect().await.map_err(database)?;
        refuse_newer(&mut writer).await?;
        MIGRATIONS.run(&mut writer).await.map_err(migration)?;
        // A connection to a file does not go stale, and is tested when it is given back: asking it again before each
        // reading would cost each two threads that wake.
        let readers = SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_lazy_with(
            options.create_if_missing(false).pragma("query_only", "ON").pragma("cache_size", "-2048"),
        );
        Ok(Self { file: file.to_owned(), writer: Arc::new(Mutex::new(Writer::new(writer))), readers })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// What SQLite lays beside the file has the file's mode.
fn make_private(file: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Makes one whole file of a copy: takes in the log that was copied along with it, and verifies every page.
///
/// # Errors
/// [`StoreError::Damaged`] where the pages do not fit together, as in a copy of files while they were written.
pub async fn settle(file: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
    let mut copy = options.connect().await.map_err(database)?;
    // Without a log there is nothing to take in, and this changes nothing.
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut copy).await.map_err(database)?;
    let verdict: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await.map_err(database)?;
    copy.close().await.map_err(database)?;
    match (mode.as_str(), verdict.as_str()) {
        ("delete", "ok") => File::open(file).and_then(|file| file.sync_all()).map_err(of_files),
        (_, "ok") => Err(StoreError::Database(format!("the log stays beside the file (mode {mode})").into())),
        _ => Err(StoreError::Damaged(verdict.into())),
    }
}

fn of_files(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(error.into()),
        _ => StoreError::Database(error.into()),
    }
}

fn migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => database(error),
        other => StoreError::Database(other.into()),
    }
}

async fn refuse_newer(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    let table: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *connection)
        .await
        .map_err(database)?;
    if table == 0 {
        return Ok(());
    }
    let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(database)?;
    if found > known { Err(StoreError::Newer { found, known }) } else { Ok(()) }
}

pub(super) fn database(error: sqlx::Error) -> StoreError {
    const SQLITE_CORRUPT: i32 = 11;
    const SQLITE_FULL: i32 = 13;
    const SQLITE_NOTADB: i32 = 26;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    // An extended code has the one that it extends in its lowest octet.
    match code.map(|code| code & 0xff) {
        Some(SQLITE_FULL) => StoreError::Full(error.into()),
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => StoreError::Damaged(error.into()),
        _ => StoreError::Database(error.into()),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(SqliteTransaction::begin(self.writer.clone().lock_owned().await).await))
    }

    async fn read(&self) -> Result<Box<dyn Read>, StoreError> {
        Ok(Box::new(read::Reader(self.readers.acquire().await.map_err(database)?)))
    }

    async fn page(&self, order: Order, after: Seq, limit: usize, bytes: usize) -> Result<Page, StoreError> {
        let mut transaction = self.readers.begin().await.map_err(database)?;
        let page = read::page(&mut transaction, order, after, limit, bytes).await?;
        transaction.rollback().await.map_err(database)?;
        Ok(page)
    }

    async fn entries(&self, first: i64, limit: usize) -> Result<Vec<Bytes>, StoreError> {
        let rows = sqlx::query("SELECT entry FROM entries WHERE number >= $1 ORDER BY number LIMIT $2")
            .bind(first)
            .bind(limit as i64)
            .fetch_all(&self.readers)
            .await
            .map_err(database)?;
        Ok(rows.iter().map(|row| row.get::<Vec<u8>, _>(0).into()).collect())
    }

    async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let mut source = SqliteConnectOptions::new().filename(&self.file).connect().await.map_err(database)?;
        let target = file.to_string_lossy().into_owned();
        sqlx::query("VACUUM INTO $1").bind(target).execute(&mut source).await.map_err(database)?;
        source.close().await.map_err(database)?;
        let mut copy = SqliteConnectOptions::new().filename(file).connect().await.map_err(database)?;
        let verdict: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await.map_err(database)?;
        copy.close().await.map_err(database)?;
        if verdict != "ok" {
            let row = file.display().to_string();
            return Err(StoreError::Inconsistent { table: "backup", row, detail: verdict });
        }
        File::open(file).and_then(|file| file.sync_all()).map_err(of_files)
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let check = format!("PRAGMA integrity_check({FAULTS})");
        let said: Result<Vec<String>, _> =
            sqlx::query_scalar(AssertSqlSafe(check)).fetch_all(&self.readers).await.map_err(database);
        match said {
            // A line that says where, then what.
            Ok(said) => {
                let lines = said.iter().flat_map(|said| said.lines());
                Ok(lines.filter(|line| *line != "ok" && !line.starts_with("***")).map(str::to_owned).collect())
            }
            Err(StoreError::Damaged(error)) => Ok(vec![error.to_string()]),
            Err(error) => Err(error),
        }
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        for _ in 0..SCRUB_TRIES {
            let mut writer = self.writer.lock().await;
            let connection = writer.at_rest().await;
            // A reader may hold the log, a backup for long: whoever writes does not wait for it.
            patience(connection, Duration::ZERO).await?;
            let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
            patience(connection, BUSY_TIMEOUT).await?;
            if checkpoint.map_err(database)?.get::<i64, _>(0) == 0 {
                return Ok(());
            }
            drop(writer);
            tokio::time::sleep(SCRUB_PAUSE).await;
        }
        Err(StoreError::Database("readers kept the log from being overwritten".into()))
    }

    async fn close(&self) {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        // The last connection to go folds the log into the file; an error here loses nothing that was committed.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer.at_rest().await).await;
    }
}
