//! What a store holds, read from its database past every interface: an interface may hide what should not be there.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use duikou_proto::v1::{Record, Signed};
use prost::Message;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

/// The database of a server's folder.
pub(crate) const DATABASE: &str = "data.db";
/// The writer may hold the file for a moment.
const BUSY: Duration = Duration::from_secs(10);

async fn open(dir: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(dir.join(DATABASE)).read_only(read_only).busy_timeout(BUSY);
    options.disable_statement_logging().connect().await
}

/// The records of listings in `dir` whose date has not passed, whatever their scopes.
pub(crate) async fn listings(dir: &Path) -> anyhow::Result<Vec<Record>> {
    let mut connection = open(dir, true).await?;
    let parts: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT record FROM rows WHERE record IS NOT NULL AND name LIKE 'members/%/listings/%' ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await?;
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
    let mut records = Vec::with_capacity(parts.len());
    for part in parts {
        let signed = Signed::decode(part.as_slice()).context("a row holds no envelope")?;
        let record = Record::decode(signed.payload).context("an envelope holds no record")?;
        if record.expire_time > now {
            records.push(record);
        }
    }
    Ok(records)
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
