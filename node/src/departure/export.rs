//! What a store still holds of a member that left, as files in the server's folder: its listings in the form that
//! `import` reads, and everything as it was signed, withdrawals included.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::v1::Listing;
use prost::Message;

use crate::engine::KeepDeparted;
use crate::feed::listing_in;
use crate::json::{Defaults, Layout, to_json};
use crate::store::Row;

/// Keeps what departs in `departed` below `dir`.
pub(crate) fn keep_in(dir: &Path, network: NetworkName) -> KeepDeparted {
    let folder = dir.join("departed");
    Box::new(move |member: &MemberId, entry: i64, first: bool, rows: &[Row]| {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let file = |kind: &str| folder.join(format!("{}-{entry}.{kind}", member.short()));
        let mut listings = Vec::new();
        let mut parts = Vec::new();
        for row in rows {
            if let Some(listing) = row.record.as_ref().and_then(|record| listing_in(record, &network)) {
                let form = Listing { update_time: None, revision: 0, etag: String::new(), ..listing };
                writeln!(listings, "{}", to_json(&form, Layout::Line, Defaults::Left))?;
            }
            for part in row.record.iter().chain(&row.withdrawal) {
                part.bytes().encode_length_delimited(&mut parts).map_err(io::Error::other)?;
            }
        }
        append(&file("jsonl"), first, &listings)?;
        append(&file("parts"), first, &parts)?;
        if first {
            tracing::warn!(member.id = %member, folder = %folder.display(), "a member left: what is here of it is kept in files");
        }
        File::open(&folder)?.sync_all()
    })
}

fn append(path: &PathBuf, first: bool, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    let mut file = if first { options.write(true).truncate(true) } else { options.append(true) }.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
