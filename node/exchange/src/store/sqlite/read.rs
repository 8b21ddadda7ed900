//! Reading, inside a transaction or from a pool's connection.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::{InvalidName, RecordName};
use duikou_proto::scope::ScopeSet;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Decode, Row as _, Sqlite, Type};

use super::database;
use crate::limits;
use crate::store::{Counter, Damaged, Found, GoneReason, Order, Page, Read, Row, Seq, StoreError, Stretch};

pub(super) const COLUMNS: &str = "name, record, withdrawal, record_seq, record_content_seq, withdrawal_seq, \
     withdrawal_content_seq, first_seq, exposed, expire_max, gone_reason, gone_until, due";
pub(super) const COLUMN_COUNT: usize = 13;

/// Names in one statement: SQLite takes 32,766 variables, and one compiled text for most sizes is enough.
const NAMES: usize = 512;
/// Rows that are read before it is known how large they are.
const FIRST_ROWS: usize = 128;

pub(super) struct Reader(pub(super) PoolConnection<Sqlite>);

fn column<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, index: usize) -> Result<T, String> {
    row.try_get(index).map_err(|error| error.to_string())
}

/// The name under which a row lies, be it one or not.
fn name_of(row: &SqliteRow) -> String {
    String::from_utf8_lossy(row.try_get_unchecked::<&[u8], _>(0).unwrap_or_default()).into_owned()
}

fn decode(row: &SqliteRow) -> Result<Row, Damaged> {
    read_row(row).map_err(|detail| Damaged { name: name_of(row), detail })
}

fn read_row(row: &SqliteRow) -> Result<Row, String> {
    let name: RecordName = column::<&str>(row, 0)?.parse().map_err(|e: InvalidName| e.to_string())?;
    let part = |index: usize| -> Result<Option<Part>, String> {
        let part = column::<Option<&[u8]>>(row, index)?.map(Part::parse).transpose().map_err(|e| e.to_string())?;
        match part {
            Some(part) if *part.name() != name => Err(format!("it holds what is said of {}", part.name())),
            part => Ok(part),
        }
    };
    let reason: i64 = column(row, 10)?;
    let until: Micros = column(row, 11)?;
    Ok(Row {
        record: part(1)?,
        withdrawal: part(2)?,
        record_seq: column(row, 3)?,
        record_content_seq: column(row, 4)?,
        withdrawal_seq: column(row, 5)?,
        withdrawal_content_seq: column(row, 6)?,
        first_seq: column(row, 7)?,
        exposed: ScopeSet::from_text(column(row, 8)?).map_err(|e| e.to_string())?,
        expire_max: column(row, 9)?,
        gone: GoneReason::from_number(reason).map(|reason| (reason, until)),
        due: column(row, 12)?,
        name,
    })
}

pub(super) async fn rows(connection: &mut SqliteConnection, names: &[RecordName]) -> Result<Found, StoreError> {
    let mut found = Found { rows: Vec::with_capacity(names.len()), damaged: Vec::new() };
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
            match decode(&row) {
                Ok(row) => found.rows.push(row),
                Err(damaged) => found.damaged.push(damaged),
            }
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

/// Rows are read in pieces of which the next is as large as those before it suggest: for most that is one or two, and
/// where each is large few are read that have no room.
struct Pieces {
    rows: usize,
    bytes: usize,
    looked: usize,
    read: usize,
}

impl Pieces {
    /// At most `rows` with at most about `bytes` in them, and one at least.
    fn of(rows: usize, bytes: usize) -> Self {
        Self { rows, bytes, looked: 0, read: 0 }
    }

    /// How many rows are read next.
    fn next(&self) -> usize {
        let fit = match self.looked {
            0 => FIRST_ROWS,
            looked => self.bytes.saturating_sub(self.read) / (self.read / looked).max(1) + 1,
        };
        fit.min(self.rows.saturating_sub(self.looked)).max(1)
    }

    /// Takes note of one.
    fn look(&mut self, row: &SqliteRow) {
        let bytes = |index| column::<Option<&[u8]>>(row, index).ok().flatten().map_or(0, <[u8]>::len);
        self.looked += 1;
        self.read += bytes(1) + bytes(2);
    }

    fn is_full(&self) -> bool {
        self.looked >= self.rows || self.read >= self.bytes
    }
}

pub(super) async fn range(
    connection: &mut SqliteConnection,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Stretch, StoreError> {
    // Of all names none is too late, nor is what was a name once.
    let end = if prefix.is_empty() { "$2 IS NOT NULL" } else { "name < $2" };
    let sql =
        format!("SELECT {COLUMNS} FROM rows WHERE name >= $1 AND {end} AND name > $3 ORDER BY name LIMIT $4 OFFSET $5");
    if limit == 0 {
        return Ok(Stretch::default());
    }
    let mut pieces = Pieces::of(limit, limits::STRETCH_BYTES);
    // One goes on behind a name; what lies under none, since, is passed over.
    let (mut stretch, mut at, mut passed) = (Stretch::default(), None::<String>, 0);
    loop {
        let (from, count) = (at.as_deref().unwrap_or(after), pieces.next());
        let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(prefix).bind(end_of(prefix)).bind(from);
        let query = query.bind(count as i64).bind(passed as i64);
        let rows = query.fetch_all(&mut *connection).await.map_err(database)?;
        let ended = rows.len() < count;
        for row in &rows {
            pieces.look(row);
            match column(row, 0) {
                Ok(name) => (at, passed) = (Some(name), 0),
                Err(_) => passed += 1,
            }
            match decode(row) {
                Ok(row) => stretch.rows.push(row),
                Err(damaged) => stretch.damaged.push(damaged),
            }
            if pieces.is_full() && passed == 0 {
                stretch.next = at;
                return Ok(stretch);
            }
        }
        if ended {
            return Ok(stretch);
        }
        if pieces.is_full() && at.is_some() {
            // What has no name, at the end, comes once more.
            stretch.damaged.truncate(stretch.damaged.len() - passed);
            stretch.next = at;
            return Ok(stretch);
        }
    }
}

/// Names alone, which the primary key holds beside the rows.
pub(super) async fn names(
    connection: &mut SqliteConnection,
    after: &str,
    limit: usize,
) -> Result<(Vec<String>, Option<String>), StoreError> {
    let rows = sqlx::query("SELECT name FROM rows WHERE name > $1 ORDER BY name LIMIT $2")
        .bind(after)
        .bind(limit as i64)
        .fetch_all(connection)
        .await
        .map_err(database)?;
    let names: Vec<String> = rows.iter().filter_map(|row| column(row, 0).ok()).collect();
    let next = names.last().filter(|_| rows.len() == limit).cloned();
    Ok((names, next))
}

pub(super) async fn due(
    connection: &mut SqliteConnection,
    now: Micros,
    limit: usize,
) -> Result<(Vec<Row>, bool), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rows WHERE due > 0 AND due <= $1 ORDER BY due LIMIT $2 OFFSET $3");
    let (mut found, mut passed, mut pieces) = (Vec::new(), 0, Pieces::of(limit, limits::STRETCH_BYTES));
    loop {
        let count = pieces.next();
        let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(now).bind(count as i64).bind(passed as i64);
        let rows = query.fetch_all(&mut *connection).await.map_err(database)?;
        for row in &rows {
            passed += 1;
            if let Ok(read) = decode(row) {
                found.push(read);
                pieces.look(row);
            }
            if pieces.is_full() {
                return Ok((found, true));
            }
        }
        if rows.len() < count {
            return Ok((found, false));
        }
    }
}

pub(super) async fn fact(connection: &mut SqliteConnection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let value = sqlx::query_scalar("SELECT value FROM facts WHERE key = $1").bind(key).fetch_optional(connection);
    value.await.map_err(database)
}

fn pairs(rows: &[SqliteRow]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, _>>().map_err(database)
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
    pairs(&rows)
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
    pairs(&rows)
}

/// Rows after a position: those of the record's and those of the withdrawal's index, cut where the shorter one ends.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    order: Order,
    after: Seq,
    limit: usize,
    bytes: usize,
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
        let (mut at, mut pieces) = (after, Pieces::of(limit, bytes));
        let mut ended = false;
        while !ended {
            let count = pieces.next();
            let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(at).bind(upto).bind(count as i64);
            let rows = query.fetch_all(&mut *connection).await.map_err(database)?;
            ended = rows.len() < count;
            for row in &rows {
                at = row.try_get(column).map_err(database)?;
                match decode(row) {
                    Ok(row) => drop(found.insert(row.name.clone(), Arc::new(row))),
                    Err(Damaged { name, detail }) => {
                        tracing::error!(record.name = name, detail, "a damaged row is passed over");
                    }
                }
                pieces.look(row);
                if pieces.is_full() {
                    (upto, ended) = (at, true);
                    break;
                }
            }
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

    async fn rows(&mut self, names: &[RecordName]) -> Result<Found, StoreError> {
        rows(&mut self.0, names).await
    }

    async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError> {
        range(&mut self.0, prefix, after, limit).await
    }

    async fn names(&mut self, after: &str, limit: usize) -> Result<(Vec<String>, Option<String>), StoreError> {
        names(&mut self.0, after, limit).await
    }

    async fn due(&mut self, now: Micros, limit: usize) -> Result<(Vec<Row>, bool), StoreError> {
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
