//! Reading, inside a transaction or from a pool's connection.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::RecordName;
use duikou_proto::scope::ScopeSet;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, Sqlite};

use super::database;
use crate::store::{Counter, GoneReason, Order, Page, Read, Row, Seq, StoreError};

pub(super) const COLUMNS: &str = "name, record, withdrawal, record_seq, record_content_seq, withdrawal_seq, \
     withdrawal_content_seq, first_seq, exposed, expire_max, gone_reason, gone_until, due";
pub(super) const COLUMN_COUNT: usize = 13;

/// Names in one statement: SQLite takes 32,766 variables, and one compiled text for most sizes is enough.
const NAMES: usize = 512;

pub(super) struct Reader(pub(super) PoolConnection<Sqlite>);

fn decode(row: &SqliteRow) -> Result<Row, StoreError> {
    let name: &str = row.get(0);
    let wrong = |detail: String| StoreError::Inconsistent { table: "rows", row: name.to_owned(), detail };
    let part = |index: usize| -> Result<Option<Part>, StoreError> {
        let bytes: Option<&[u8]> = row.get(index);
        bytes.map(Part::parse).transpose().map_err(|e| wrong(e.to_string()))
    };
    let exposed: &str = row.get(8);
    let reason: i64 = row.get(10);
    Ok(Row {
        name: name.parse().map_err(|e: duikou_proto::name::InvalidName| wrong(e.to_string()))?,
        record: part(1)?,
        withdrawal: part(2)?,
        record_seq: row.get(3),
        record_content_seq: row.get(4),
        withdrawal_seq: row.get(5),
        withdrawal_content_seq: row.get(6),
        first_seq: row.get(7),
        exposed: ScopeSet::from_text(exposed).map_err(|e| wrong(e.to_string()))?,
        expire_max: row.get(9),
        gone: GoneReason::from_number(reason).map(|reason| (reason, row.get(11))),
        due: row.get(12),
    })
}

/// A row for those who read many: one that is damaged stops no other.
fn readable(row: &SqliteRow) -> Option<Row> {
    decode(row)
        .inspect_err(|error| tracing::error!(%error, "a damaged row is passed over: restore it, or recover"))
        .ok()
}

pub(super) async fn rows(connection: &mut SqliteConnection, names: &[RecordName]) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::with_capacity(names.len());
    for names in names.chunks(NAMES) {
        // Padded to a power of two, so that few different texts are compiled.
        let size = names.len().next_power_of_two();
        let marks = vec!["?"; size].join(",");
        // In an order for which all are found before the first is given out: who waits for them is woken once, and not for
        // each.
        let sql = format!("SELECT {COLUMNS} FROM rows WHERE name IN ({marks}) ORDER BY +first_seq");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for index in 0..size {
            query = query.bind(names.get(index).map(RecordName::as_str));
        }
        for row in query.fetch_all(&mut *connection).await.map_err(database)? {
            found.push(decode(&row)?);
        }
    }
    Ok(found)
}

pub(super) async fn counter(connection: &mut SqliteConnection) -> Result<Counter, StoreError> {
    let row = sqlx::query("SELECT seq, floor, content_floor FROM counter WHERE id = 1")
        .fetch_one(connection)
        .await
        .map_err(database)?;
    Ok(Counter { seq: row.get(0), floor: row.get(1), content_floor: row.get(2) })
}

/// The end of a range of texts that begin with `prefix`.
fn end_of(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

pub(super) async fn range(
    connection: &mut SqliteConnection,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rows WHERE name >= $1 AND name < $2 AND name > $3 ORDER BY name LIMIT $4");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(prefix).bind(end_of(prefix)).bind(after).bind(limit as i64);
    Ok(query.fetch_all(connection).await.map_err(database)?.iter().filter_map(readable).collect())
}

pub(super) async fn due(connection: &mut SqliteConnection, now: Micros, limit: usize) -> Result<Vec<Row>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rows WHERE due > 0 AND due <= $1 ORDER BY due LIMIT $2");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(now).bind(limit as i64);
    Ok(query.fetch_all(connection).await.map_err(database)?.iter().filter_map(readable).collect())
}

pub(super) async fn fact(connection: &mut SqliteConnection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let value = sqlx::query_scalar("SELECT value FROM facts WHERE key = $1").bind(key).fetch_optional(connection);
    value.await.map_err(database)
}

pub(super) async fn facts(
    connection: &mut SqliteConnection,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let rows =
        sqlx::query("SELECT key, value FROM facts WHERE key >= $1 AND key < $2 AND key > $3 ORDER BY key LIMIT $4")
            .bind(prefix)
            .bind(end_of(prefix))
            .bind(after)
            .bind(limit as i64)
            .fetch_all(connection)
            .await
            .map_err(database)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The last facts before a key, the last of them first.
pub(super) async fn facts_before(
    connection: &mut SqliteConnection,
    prefix: &str,
    before: &str,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let end = end_of(prefix);
    let end = if before.is_empty() { &*end } else { before.min(&end) };
    let rows = sqlx::query("SELECT key, value FROM facts WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3")
        .bind(prefix)
        .bind(end)
        .bind(limit as i64)
        .fetch_all(connection)
        .await
        .map_err(database)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Rows after a position: those of the record's and those of the withdrawal's index, cut where the shorter one ends.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    order: Order,
    after: Seq,
    limit: usize,
) -> Result<Page, StoreError> {
    let head = counter(&mut *connection).await?.seq;
    let columns = match order {
        Order::Link => ["record_seq", "withdrawal_seq"],
        Order::Content => ["record_content_seq", "withdrawal_content_seq"],
    };
    let mut upto = head;
    let mut found: HashMap<RecordName, Arc<Row>> = HashMap::new();
    for column in columns {
        let sql = format!(
            "SELECT {COLUMNS} FROM rows WHERE {column} > 0 AND {column} > $1 AND {column} <= $2 \
             ORDER BY {column} LIMIT $3"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(upto).bind(limit as i64);
        let rows = query.fetch_all(&mut *connection).await.map_err(database)?;
        let full = rows.len() == limit;
        for (at, row) in rows.iter().enumerate() {
            if full && at + 1 == limit {
                upto = row.get(column);
            }
            found.extend(readable(row).map(|row| (row.name.clone(), Arc::new(row))));
        }
    }
    let mut page = Page { rows: found.into_values().filter(|r| r.lies_in(order, after, upto)).collect(), upto, head };
    page.sort(order, after);
    Ok(page)
}

#[async_trait]
impl Read for Reader {
    async fn counter(&mut self) -> Result<Counter, StoreError> {
        counter(&mut self.0).await
    }

    async fn rows(&mut self, names: &[RecordName]) -> Result<Vec<Row>, StoreError> {
        rows(&mut self.0, names).await
    }

    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Row>, StoreError> {
        range(&mut self.0, prefix, after, limit).await
    }

    async fn due(&mut self, now: Micros, limit: usize) -> Result<Vec<Row>, StoreError> {
        due(&mut self.0, now, limit).await
    }

    async fn fact(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        fact(&mut self.0, key).await
    }

    async fn facts(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        facts(&mut self.0, prefix, after, limit).await
    }

    async fn facts_before(
        &mut self,
        prefix: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        facts_before(&mut self.0, prefix, before, limit).await
    }
}
