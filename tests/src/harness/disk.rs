//! What a store holds, read from its database past every interface: an interface may hide what should not be there.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use duikou_proto::v1::{Record, Signed};
use prost::Message;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

/// The database of a server's folder.
pub(crate) const DATABASE: &str = "data.db";
/// The writer may hold the file for a moment.
const BUSY: Duration = Duration::from_secs(10);

/// The records of listings in `dir` whose date has not passed, whatever their scopes.
pub(crate) async fn listings(dir: &Path) -> anyhow::Result<Vec<Record>> {
    let options = SqliteConnectOptions::new().filename(dir.join(DATABASE)).read_only(true).busy_timeout(BUSY);
    let mut connection = options.disable_statement_logging().connect().await?;
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
