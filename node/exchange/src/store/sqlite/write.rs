//! The one writing transaction, on the connection that belongs to it.
//!
//! Every statement that is awaited costs a way to the connection's thread and back, which takes longer than most
//! statements. So writes are gathered and go there together, with BEGIN and COMMIT around them; only a read in between
//! sends them earlier. Reads before the first write need no transaction: nobody else writes, and who writes here holds
//! the connection.

use async_trait::async_trait;
use bytes::Bytes;
use duikou_proto::envelope::Micros;
use duikou_proto::name::RecordName;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Encode, Type};
use tokio::sync::OwnedMutexGuard;

use super::database;
use super::read::{self, COLUMN_COUNT, COLUMNS};
use crate::store::{Counter, Fact, Found, Read, Row, StoreError, Stretch, Transaction};

/// Rows in one statement: 13 variables each, of the 32,766 that SQLite takes.
const ROWS: usize = 128;
/// Facts, names or entries in one statement.
const SMALL: usize = 64;

pub(super) struct SqliteTransaction {
    writer: OwnedMutexGuard<Writer>,
    script: Script,
    changed: Option<Counter>,
}

/// The connection that writes, and what is known of it.
pub(super) struct Writer {
    connection: SqliteConnection,
    /// As it was last committed: nobody else writes. None where it must be read.
    counter: Option<Counter>,
    /// Whether a transaction may be under way on the connection.
    begun: bool,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        Self { connection, counter: None, begun: false }
    }

    /// The connection, without what a transaction that was dropped has left on it.
    pub(super) async fn at_rest(&mut self) -> &mut SqliteConnection {
        if self.begun {
            self.roll_back().await;
        }
        &mut self.connection
    }

    async fn roll_back(&mut self) {
        // Fails where there is nothing to be rolled back, which is as good.
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
        self.counter = None;
        self.begun = false;
    }
}

/// Statements that are sent together, and what is bound to their question marks.
#[derive(Default)]
struct Script {
    text: String,
    arguments: SqliteArguments,
}

impl Script {
    fn bind<'q, T: Encode<'q, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> Result<(), StoreError> {
        self.arguments.add(value).map_err(StoreError::Database)
    }

    /// `head`, as many rows of question marks as hold `items`, `tail`. The number of rows is a power of two, so that
    /// few different texts are compiled; what is bound to the rest is null, which the statement passes over.
    fn statement<T>(
        &mut self,
        (head, columns, tail): (&str, usize, &str),
        items: &[T],
        mut bind: impl FnMut(&mut Self, &T) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let rows = items.len().next_power_of_two();
        let one = format!("(?{})", ",?".repeat(columns - 1));
        self.text.push_str(head);
        self.text.push_str(&one);
        for _ in 1..rows {
            self.text.push(',');
            self.text.push_str(&one);
        }
        self.text.push_str(tail);
        for item in items {
            bind(self, item)?;
        }
        for _ in 0..(rows - items.len()) * columns {
            self.bind(None::<i64>)?;
        }
        Ok(())
    }
}

impl SqliteTransaction {
    pub(super) async fn begin(mut writer: OwnedMutexGuard<Writer>) -> Self {
        writer.at_rest().await;
        Self { writer, script: Script::default(), changed: None }
    }

    /// Sends what has been gathered, with `end` after it.
    async fn send(&mut self, end: &str) -> Result<(), StoreError> {
        let Script { mut text, arguments } = std::mem::take(&mut self.script);
        if !self.writer.begun {
            text.insert_str(0, "BEGIN IMMEDIATE;");
        }
        text.push_str(end);
        // Set first: whoever drops this half-way does not learn how far it came.
        self.writer.begun = true;
        self.writer.counter = None;
        let sent = sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut self.writer.connection).await;
        if let Err(error) = sent {
            self.writer.roll_back().await;
            return Err(database(error));
        }
        Ok(())
    }

    /// The connection, with everything written so far to be seen on it.
    async fn reading(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if !self.script.text.is_empty() {
            self.send("").await?;
        }
        Ok(&mut self.writer.connection)
    }
}

#[async_trait]
impl Read for SqliteTransaction {
    async fn counter(&mut self) -> Result<Counter, StoreError> {
        if let Some(counter) = self.changed.or(self.writer.counter) {
            return Ok(counter);
        }
        let counter = read::counter(self.reading().await?).await?;
        self.writer.counter = Some(counter);
        Ok(counter)
    }

    async fn rows(&mut self, names: &[RecordName]) -> Result<Found, StoreError> {
        read::rows(self.reading().await?, names).await
    }

    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError> {
        read::range(self.reading().await?, prefix, after, limit).await
    }

    async fn names(&mut self, after: &str, limit: usize) -> Result<(Vec<String>, Option<String>), StoreError> {
        read::names(self.reading().await?, after, limit).await
    }

    async fn due(&mut self, now: Micros, limit: usize) -> Result<(Vec<Row>, bool), StoreError> {
        read::due(self.reading().await?, now, limit).await
    }

    async fn fact(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read::fact(self.reading().await?, key).await
    }

    async fn facts(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        read::facts(self.reading().await?, prefix, after, limit).await
    }

    async fn facts_before(
        &mut self,
        prefix: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        read::facts_before(self.reading().await?, prefix, before, limit).await
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let head = format!("INSERT OR REPLACE INTO rows ({COLUMNS}) SELECT * FROM (VALUES ");
        for rows in rows.chunks(ROWS) {
            let shape = (head.as_str(), COLUMN_COUNT, ") WHERE column1 IS NOT NULL;");
            self.script.statement(shape, rows, |script, row| {
                script.bind(row.name.as_str())?;
                script.bind(row.record.as_ref().map(|part| part.bytes().as_ref()))?;
                script.bind(row.withdrawal.as_ref().map(|part| part.bytes().as_ref()))?;
                script.bind(row.record_seq)?;
                script.bind(row.record_content_seq)?;
                script.bind(row.withdrawal_seq)?;
                script.bind(row.withdrawal_content_seq)?;
                script.bind(row.first_seq)?;
                script.bind(row.exposed.to_text())?;
                script.bind(row.expire_max)?;
                script.bind(row.gone.map_or(0, |(reason, _)| reason as i64))?;
                script.bind(row.gone.map_or(0, |(_, until)| until))?;
                script.bind(row.due)
            })?;
            // Full ones go alone: else every number of them would be another text to compile.
            if rows.len() == ROWS {
                self.send("").await?;
            }
        }
        Ok(())
    }

    async fn delete_rows(&mut self, names: &[RecordName]) -> Result<(), StoreError> {
        for names in names.chunks(SMALL) {
            let shape = ("DELETE FROM rows WHERE name IN (VALUES ", 1, ");");
            self.script.statement(shape, names, |script, name| script.bind(name.as_str()))?;
        }
        Ok(())
    }

    async fn put_counter(&mut self, counter: Counter) -> Result<(), StoreError> {
        self.script.text.push_str("UPDATE counter SET seq = ?, floor = ?, content_floor = ? WHERE id = 1;");
        self.script.bind(counter.seq)?;
        self.script.bind(counter.floor)?;
        self.script.bind(counter.content_floor)?;
        self.changed = Some(counter);
        Ok(())
    }

    async fn put_facts(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        let (kept, gone): (Vec<&Fact>, Vec<&Fact>) = facts.iter().partition(|(_, value)| value.is_some());
        for facts in gone.chunks(SMALL) {
            let shape = ("DELETE FROM facts WHERE key IN (VALUES ", 1, ");");
            self.script.statement(shape, facts, |script, (key, _)| script.bind(key.as_str()))?;
        }
        for facts in kept.chunks(SMALL) {
            let head = "INSERT OR REPLACE INTO facts (key, value) SELECT * FROM (VALUES ";
            self.script.statement((head, 2, ") WHERE column1 IS NOT NULL;"), facts, |script, (key, value)| {
                script.bind(key.as_str())?;
                script.bind(value.as_deref())
            })?;
        }
        Ok(())
    }

    async fn append_entries(&mut self, first: i64, entries: &[Bytes]) -> Result<(), StoreError> {
        let numbered: Vec<(i64, &Bytes)> = (first..).zip(entries).collect();
        for entries in numbered.chunks(SMALL) {
            let head = "INSERT INTO entries (number, entry) SELECT * FROM (VALUES ";
            self.script.statement((head, 2, ") WHERE column1 IS NOT NULL;"), entries, |script, (number, entry)| {
                script.bind(*number)?;
                script.bind(entry.as_ref())
            })?;
        }
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.script.text.is_empty() && !self.writer.begun {
            return Ok(());
        }
        let counter = self.changed.or(self.writer.counter);
        self.send("COMMIT").await?;
        self.writer.begun = false;
        self.writer.counter = counter;
        Ok(())
    }
}
