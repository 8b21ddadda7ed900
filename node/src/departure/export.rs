//! What a store still holds of a member that left, as files in the server's folder: its listings in the form that
//! `import` reads, and everything as it was signed, withdrawals included, what had ended before in a file of its own; and
//! what its office had typed, facts as they were kept, one a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use duikou_proto::envelope::Part;
use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::v1::Listing;
use prost::Message;
use serde_json::Value;

use super::typed::Line;
use crate::engine::{KeepDeparted, Piece};
use crate::feed::listing_in;
use crate::json::{Defaults, Layout, to_json};
use crate::store::Row;

/// Below a server's folder.
pub(crate) const FOLDER: &str = "departed";

/// Keeps what departs in [`FOLDER`] below `dir`.
pub(crate) fn keep_in(dir: &Path, network: NetworkName) -> KeepDeparted {
    let folder = dir.join(FOLDER);
    Box::new(move |member: &MemberId, entry: i64, first: bool, piece: Piece<'_>| {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let file = |kind: &str| folder.join(format!("{}-{entry}.{kind}", member.short()));
        match piece {
            Piece::Rows(rows) => {
                let (listings, parts) = forms(rows, &network)?;
                append(&file("jsonl"), first, &listings)?;
                append(&file("parts"), first, &parts)?;
            }
            Piece::Ended(records) => append(&file("ended"), first, &signed(records.iter())?)?,
            Piece::Typed(facts) => append(&file("office"), first, &lines(facts)?)?,
        }
        if first {
            tracing::warn!(member.id = %member, folder = %folder.display(), "a member left: what is here of it is kept in files");
        }
        File::open(&folder)?.sync_all()
    })
}

/// Listings in the form that `import` reads, and everything as it was signed.
fn forms(rows: &[Row], network: &NetworkName) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut listings = Vec::new();
    for row in rows {
        if let Some(listing) = row.record.as_ref().and_then(|record| listing_in(record, network)) {
            let form = Listing { update_time: None, revision: 0, etag: String::new(), ..listing };
            writeln!(listings, "{}", to_json(&form, Layout::Line, Defaults::Left))?;
        }
    }
    Ok((listings, signed(rows.iter().flat_map(|row| row.record.iter().chain(&row.withdrawal)))?))
}

/// As it was signed.
fn signed<'a>(parts: impl Iterator<Item = &'a Part>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in parts {
        part.bytes().encode_length_delimited(&mut bytes).map_err(io::Error::other)?;
    }
    Ok(bytes)
}

/// Facts, one a line.
fn lines(facts: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for (key, value) in facts {
        // A fact that cannot be read is no reason to keep a member here; the log names it.
        let Ok(value) = serde_json::from_slice::<Value>(value) else {
            tracing::warn!(key, "a fact of a member that left cannot be read, and is not in the file");
            continue;
        };
        serde_json::to_writer(&mut lines, &Line { fact: key.clone(), value })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn append(path: &PathBuf, first: bool, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    let mut file = if first { options.write(true).truncate(true) } else { options.append(true) }.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
