//! The commit that cannot be left out: rows into SQLite, safe on disk, and nothing else.

use std::path::Path;

use anyhow::Context;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tokio::sync::{mpsc, oneshot};

/// Rows that wait.
const QUEUE: usize = 4096;
/// Rows in one transaction.
const BATCH: usize = 512;
/// Rows in one statement.
const STATEMENT: usize = 128;

/// What is kept.
pub(crate) type Row = (String, Vec<u8>);

/// A database file with one table, and its one connection.
pub(crate) struct BareStore(SqliteConnection);

impl BareStore {
    /// Makes `file`, with the same promises of safety as the product's.
    pub(crate) async fn create(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(64)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        connection.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, name TEXT, body BLOB) STRICT").await?;
        Ok(Self(connection))
    }

    /// Commits `rows` together.
    pub(crate) async fn commit(&mut self, rows: &[Row]) -> anyhow::Result<()> {
        self.0.execute("BEGIN IMMEDIATE").await?;
        let mut rest = rows;
        while !rest.is_empty() {
            // Powers of two, so that few different statements are compiled.
            let size = STATEMENT.min(1 << rest.len().ilog2());
            let (now, later) = rest.split_at(size);
            rest = later;
            let sql = format!("INSERT INTO rows (name, body) VALUES {}", vec!["(?,?)"; size].join(","));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (name, body) in now {
                query = query.bind(name.as_str()).bind(body.as_slice());
            }
            query.execute(&mut self.0).await?;
        }
        self.0.execute("COMMIT").await?;
        Ok(())
    }
}

#[cfg(test)]
impl BareStore {
    /// Rows in `file`.
    pub(crate) async fn count(file: &Path) -> anyhow::Result<i64> {
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
        Ok(sqlx::query_scalar("SELECT count(*) FROM rows").fetch_one(&mut connection).await?)
    }
}

type Waiting = (Row, oneshot::Sender<()>);

/// Commits the rows of many writers together.
#[derive(Debug, Clone)]
pub(crate) struct GroupCommit(mpsc::Sender<Waiting>);

impl GroupCommit {
    /// A group over a store; it ends with its last handle.
    pub(crate) fn over(mut store: BareStore) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Waiting>(QUEUE);
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(BATCH);
            while receiver.recv_many(&mut waiting, BATCH).await > 0 {
                let (rows, answers): (Vec<Row>, Vec<_>) = waiting.drain(..).unzip();
                // Dropped answers tell the writers.
                if store.commit(&rows).await.is_err() {
                    return;
                }
                for answer in answers {
                    let _ = answer.send(());
                }
            }
        });
        Self(sender)
    }

    /// Returns when the row is on disk.
    pub(crate) async fn commit(&self, row: Row) -> anyhow::Result<()> {
        let (answer, committed) = oneshot::channel();
        self.0.send((row, answer)).await.ok().context("the store has failed")?;
        committed.await.context("the store has failed")
    }
}
