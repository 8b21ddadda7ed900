//! The one writing transaction, on the connection that belongs to it.

use async_trait::async_trait;
use bytes::Bytes;
use duikou_proto::envelope::Micros;
use duikou_proto::name::RecordName;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::OwnedMutexGuard;

use super::database;
use super::read::{self, COLUMNS};
use crate::store::{Counter, Fact, Read, Row, StoreError, Transaction};

/// Rows in one statement: 13 variables each, of the 32,766 that SQLite takes.
const ROWS: usize = 128;

pub(super) struct SqliteTransaction {
    writer: OwnedMutexGuard<Writer>,
    changed: Option<Counter>,
}

/// The connection that writes, and the counter as it last wrote it: nobody else writes.
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    pub(super) counter: Option<Counter>,
}

impl SqliteTransaction {
    pub(super) async fn begin(mut writer: OwnedMutexGuard<Writer>) -> Result<Self, StoreError> {
        let connection = &mut writer.connection;
        // One that was dropped half-way is still open on this connection.
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await;
        if begun.is_err() {
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(database)?;
        }
        Ok(Self { writer, changed: None })
    }
}

fn marks(rows: usize, columns: usize) -> String {
    let one = format!("({})", vec!["?"; columns].join(","));
    vec![one; rows].join(",")
}

#[async_trait]
impl Read for SqliteTransaction {
    async fn counter(&mut self) -> Result<Counter, StoreError> {
        if let Some(counter) = self.changed.or(self.writer.counter) {
            return Ok(counter);
        }
        let counter = read::counter(&mut self.writer.connection).await?;
        self.writer.counter = Some(counter);
        Ok(counter)
    }

    async fn rows(&mut self, names: &[RecordName]) -> Result<Vec<Row>, StoreError> {
        read::rows(&mut self.writer.connection, names).await
    }

    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Row>, StoreError> {
        read::range(&mut self.writer.connection, prefix, after, limit).await
    }

    async fn due(&mut self, now: Micros, limit: usize) -> Result<Vec<Row>, StoreError> {
        read::due(&mut self.writer.connection, now, limit).await
    }

    async fn fact(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read::fact(&mut self.writer.connection, key).await
    }

    async fn facts(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        read::facts(&mut self.writer.connection, prefix, after, limit).await
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let mut rest = rows;
        while !rest.is_empty() {
            // Powers of two, so that few different texts are compiled.
            let size = if rest.len() >= ROWS { ROWS } else { 1 << rest.len().ilog2() };
            let (now, later) = rest.split_at(size);
            rest = later;
            let marks = marks(size, 13);
            let sql = format!("INSERT OR REPLACE INTO rows ({COLUMNS}) VALUES {marks}");
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for row in now {
                query = query
                    .bind(row.name.as_str())
                    .bind(row.record.as_ref().map(|part| part.bytes().as_ref()))
                    .bind(row.withdrawal.as_ref().map(|part| part.bytes().as_ref()))
                    .bind(row.record_seq)
                    .bind(row.record_content_seq)
                    .bind(row.withdrawal_seq)
                    .bind(row.withdrawal_content_seq)
                    .bind(row.first_seq)
                    .bind(row.exposed.to_text())
                    .bind(row.expire_max)
                    .bind(row.gone.map_or(0, |(reason, _)| reason as i64))
                    .bind(row.gone.map_or(0, |(_, until)| until))
                    .bind(row.due);
            }
            query.execute(&mut self.writer.connection).await.map_err(database)?;
        }
        Ok(())
    }

    async fn delete_rows(&mut self, names: &[RecordName]) -> Result<(), StoreError> {
        for name in names {
            sqlx::query("DELETE FROM rows WHERE name = $1")
                .bind(name.as_str())
                .execute(&mut self.writer.connection)
                .await
                .map_err(database)?;
        }
        Ok(())
    }

    async fn put_counter(&mut self, counter: Counter) -> Result<(), StoreError> {
        sqlx::query("UPDATE counter SET seq = $1, floor = $2, content_floor = $3 WHERE id = 1")
            .bind(counter.seq)
            .bind(counter.floor)
            .bind(counter.content_floor)
            .execute(&mut self.writer.connection)
            .await
            .map_err(database)?;
        self.changed = Some(counter);
        Ok(())
    }

    async fn put_facts(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        for (key, value) in facts {
            let query = match value {
                Some(value) => sqlx::query("INSERT OR REPLACE INTO facts (key, value) VALUES ($1, $2)")
                    .bind(key.as_str())
                    .bind(value.as_slice()),
                None => sqlx::query("DELETE FROM facts WHERE key = $1").bind(key.as_str()),
            };
            query.execute(&mut self.writer.connection).await.map_err(database)?;
        }
        Ok(())
    }

    async fn append_entries(&mut self, first: i64, entries: &[Bytes]) -> Result<(), StoreError> {
        for (number, entry) in (first..).zip(entries) {
            sqlx::query("INSERT INTO entries (number, entry) VALUES ($1, $2)")
                .bind(number)
                .bind(entry.as_ref())
                .execute(&mut self.writer.connection)
                .await
                .map_err(database)?;
        }
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let committed = sqlx::query("COMMIT").execute(&mut self.writer.connection).await.map_err(database);
        if committed.is_ok() {
            self.writer.counter = self.changed.or(self.writer.counter);
        } else {
            self.writer.counter = None;
            let _ = sqlx::query("ROLLBACK").execute(&mut self.writer.connection).await;
        }
        committed.map(drop)
    }
}
