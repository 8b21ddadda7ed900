//! What a store holds, read from its database past every interface: an interface may hide what should not be there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use duikou_node::store::{GoneReason, Row};
use duikou_proto::envelope::{Part, Revision};
use duikou_proto::name::RecordName;
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::Signed;
use prost::Message;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection};

/// The database of a server's folder.
pub(crate) const DATABASE: &str = "data.db";
/// The writer may hold the file for a moment.
const BUSY: Duration = Duration::from_secs(10);

async fn open(dir: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(dir.join(DATABASE)).read_only(read_only).busy_timeout(BUSY);
    options.disable_statement_logging().connect().await
}

/// What a store holds.
pub(crate) struct Held {
    pub(crate) rows: BTreeMap<RecordName, Row>,
    pub(crate) facts: BTreeMap<String, Vec<u8>>,
    /// Below this number nobody knows what there was.
    pub(crate) floor: i64,
}

/// All that lies in `dir`, whatever its scopes, as of one moment.
pub(crate) async fn held(dir: &Path) -> anyhow::Result<Held> {
    let mut connection = open(dir, true).await?;
    let mut at_once = connection.begin().await?;
    let mut rows = BTreeMap::new();
    for row in sqlx::query("SELECT * FROM rows").fetch_all(&mut *at_once).await? {
        let row = read(&row)?;
        rows.insert(row.name.clone(), row);
    }
    let facts: Vec<(String, Vec<u8>)> = sqlx::query_as("SELECT key, value FROM facts").fetch_all(&mut *at_once).await?;
    let floor: i64 = sqlx::query_scalar("SELECT floor FROM counter").fetch_one(&mut *at_once).await?;
    Ok(Held { rows, facts: facts.into_iter().collect(), floor })
}

/// What lies in the files of members that left `dir`: the newest of each name.
pub(crate) fn departed(dir: &Path) -> anyhow::Result<BTreeMap<RecordName, Revision>> {
    let mut newest: BTreeMap<RecordName, Revision> = BTreeMap::new();
    let Ok(files) = std::fs::read_dir(dir.join("departed")) else { return Ok(newest) };
    for file in files {
        let path = file?.path();
        if path.extension().is_none_or(|kind| kind != "parts") {
            continue;
        }
        let mut rest = Bytes::from(std::fs::read(&path)?);
        while !rest.is_empty() {
            let part = Part::parse(&Bytes::decode_length_delimited(&mut rest)?)?;
            let revision = newest.entry(part.name().clone()).or_default();
            *revision = part.revision().max(*revision);
        }
    }
    Ok(newest)
}

fn read(row: &SqliteRow) -> anyhow::Result<Row> {
    let part = |column: &str| -> anyhow::Result<Option<Part>> {
        Ok(row.try_get::<Option<&[u8]>, _>(column)?.map(Part::parse).transpose()?)
    };
    let gone = GoneReason::from_number(row.try_get("gone_reason")?);
    let until: i64 = row.try_get("gone_until")?;
    Ok(Row {
        name: row.try_get::<&str, _>("name")?.parse()?,
        record: part("record")?,
        withdrawal: part("withdrawal")?,
        record_seq: row.try_get("record_seq")?,
        record_content_seq: row.try_get("record_content_seq")?,
        withdrawal_seq: row.try_get("withdrawal_seq")?,
        withdrawal_content_seq: row.try_get("withdrawal_content_seq")?,
        first_seq: row.try_get("first_seq")?,
        exposed: ScopeSet::from_text(row.try_get("exposed")?)?,
        expire_max: row.try_get("expire_max")?,
        gone: gone.map(|reason| (reason, until)),
        due: row.try_get("due")?,
    })
}

/// The directory's log in `dir`.
pub(crate) async fn entries(dir: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut connection = open(dir, true).await?;
    Ok(sqlx::query_scalar("SELECT entry FROM entries ORDER BY number").fetch_all(&mut connection).await?)
}

/// Changes the record of `name` (full) in the database of `dir`, whose server is at rest, behind its back.
///
/// # Errors
/// Where there is no such record, or the database cannot be written.
pub async fn rewrite_record(dir: &Path, name: &str, change: impl FnOnce(Signed) -> Signed) -> anyhow::Result<()> {
    let mut connection = open(dir, false).await?;
    let select = "SELECT record FROM rows WHERE name = $1 AND record IS NOT NULL";
    let held: Vec<u8> = sqlx::query_scalar(select).bind(name).fetch_one(&mut connection).await?;
    let changed = change(Signed::decode(held.as_slice())?).encode_to_vec();
    anyhow::ensure!(changed != held, "{name} was not changed");
    let update = sqlx::query("UPDATE rows SET record = $1 WHERE name = $2").bind(changed).bind(name);
    update.execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// The numbers of the keys that have signed what the store in `dir` holds of `member` (full id), withdrawals included.
///
/// # Errors
/// Where the database cannot be read.
pub async fn key_numbers(dir: &Path, member: &str) -> anyhow::Result<std::collections::BTreeSet<i32>> {
    let mut connection = open(dir, true).await?;
    let mut numbers = std::collections::BTreeSet::new();
    for column in ["record", "withdrawal"] {
        let select = format!("SELECT {column} FROM rows WHERE {column} IS NOT NULL AND name LIKE $1");
        let parts: Vec<Vec<u8>> = sqlx::query_scalar(sqlx::AssertSqlSafe(select))
            .bind(format!("members/{member}/%"))
            .fetch_all(&mut connection)
            .await?;
        for part in parts {
            numbers.insert(Signed::decode(part.as_slice())?.key_number);
        }
    }
    Ok(numbers)
}

/// Takes the row of `name` (full) out of the database of `dir`, whose server is at rest, behind its back.
///
/// # Errors
/// Where there is no such row, or the database cannot be written.
pub async fn take_row_out(dir: &Path, name: &str) -> anyhow::Result<()> {
    let mut connection = open(dir, false).await?;
    let delete = sqlx::query("DELETE FROM rows WHERE name = $1").bind(name);
    let gone = delete.execute(&mut connection).await?.rows_affected();
    anyhow::ensure!(gone == 1, "{name} was not there");
    connection.close().await?;
    Ok(())
}

/// The directory's log in `dir`, oldest entry first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn directory_entries(dir: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut connection = open(dir, true).await?;
    Ok(sqlx::query_scalar("SELECT entry FROM entries ORDER BY number").fetch_all(&mut connection).await?)
}
