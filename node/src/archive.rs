//! A folder as one stream: the archive format of POSIX (`ustar`), written as it is read, so that it takes no room of its own.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tar::{EntryType, Header};

use crate::limits;

/// What an archive is measured in.
const BLOCK: usize = 512;
/// Folders within folders.
const DEPTH: usize = 8;

/// A file that is to go into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    name: String,
    size: u64,
    mode: u32,
}

/// What an archive will hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive(Vec<Entry>);

impl Archive {
    /// The files of `folder`, below the name `under`.
    ///
    /// # Errors
    /// Where it cannot be read, or holds a name that is too long or no text.
    pub(crate) fn of(folder: &Path, under: &str) -> io::Result<Self> {
        let mut entries = Vec::new();
        collect(folder, under, 0, &mut entries)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(entries))
    }

    /// Its bytes.
    pub(crate) fn size(&self) -> u64 {
        let entries = self.0.iter().map(|entry| BLOCK as u64 + entry.size.next_multiple_of(BLOCK as u64));
        entries.sum::<u64>() + 2 * BLOCK as u64
    }

    /// Writes it piece by piece to `send`, until that wants no more.
    ///
    /// # Errors
    /// Where a file cannot be read, or is no longer as long as it was.
    pub(crate) fn write(&self, mut send: impl FnMut(Bytes) -> bool) -> io::Result<()> {
        for entry in &self.0 {
            if !send(Bytes::copy_from_slice(header(entry)?.as_bytes())) {
                return Ok(());
            }
            let (mut file, mut left) = (File::open(&entry.path)?.take(entry.size), entry.size);
            while left > 0 {
                let mut piece = vec![0; limits::ARCHIVE_PIECE.min(usize::try_from(left).unwrap_or(usize::MAX))];
                file.read_exact(&mut piece)?;
                left -= piece.len() as u64;
                if !send(piece.into()) {
                    return Ok(());
                }
            }
            let rest = entry.size.next_multiple_of(BLOCK as u64) - entry.size;
            if rest > 0 && !send(vec![0; usize::try_from(rest).unwrap_or(0)].into()) {
                return Ok(());
            }
        }
        send(Bytes::from_static(&[0; 2 * BLOCK]));
        Ok(())
    }
}

fn collect(folder: &Path, under: &str, depth: usize, entries: &mut Vec<Entry>) -> io::Result<()> {
    let strange = |what: &str| io::Error::other(format!("{}: {what}", folder.display()));
    if depth > DEPTH {
        return Err(strange("too deep"));
    }
    for found in std::fs::read_dir(folder)? {
        let path = found?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| strange("a name is no text"))?;
        let name = format!("{under}/{name}");
        let metadata = std::fs::metadata(&path)?;
        if metadata.is_dir() {
            collect(&path, &name, depth + 1, entries)?;
        } else if metadata.is_file() {
            let mode = metadata.permissions().mode() & 0o777;
            let entry = Entry { path, name, size: metadata.len(), mode };
            // A name for which there is no room is told before anything is sent.
            header(&entry)?;
            entries.push(entry);
        }
    }
    Ok(())
}

fn header(entry: &Entry) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(&entry.name)?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(entry.mode);
    header.set_size(entry.size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn another_program_reads_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        std::fs::create_dir_all(from.join("keys/inner")).unwrap();
        for (name, size) in [("data.db", 70_000), ("keys/one.pem", 512), ("keys/inner/two", 0), ("名.toml", 1)] {
            std::fs::write(from.join(name), vec![b'x'; size]).unwrap();
        }
        std::fs::set_permissions(from.join("data.db"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let archive = Archive::of(&from, "backup").unwrap();
        let mut bytes = Vec::new();
        archive
            .write(|piece| {
                bytes.extend(piece);
                true
            })
            .unwrap();
        assert_eq!(bytes.len() as u64, archive.size());
        let file = folder.path().join("a.tar");
        std::fs::write(&file, &bytes).unwrap();
        let unpacked = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(folder.path()).status().unwrap();
        assert!(unpacked.success());
        let same = Command::new("diff").arg("-r").arg(&from).arg(folder.path().join("backup")).status().unwrap();
        assert!(same.success());
        let mode = std::fs::metadata(folder.path().join("backup/data.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_large_file_has_its_size_and_whoever_goes_stops_it() {
        // Eleven octal digits tell no more than 8 GiB: from there on it is told in binary.
        let entry = Entry { path: PathBuf::new(), name: "a".to_owned(), size: 1 << 33, mode: 0o600 };
        assert_eq!(header(&entry).unwrap().as_bytes()[124..136], [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
        let endless = Entry { name: "a".repeat(300), ..entry };
        assert!(header(&endless).is_err());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), [0; 10_000]).unwrap();
        let mut pieces = 0;
        Archive::of(folder.path(), "b")
            .unwrap()
            .write(|_| {
                pieces += 1;
                pieces < 2
            })
            .unwrap();
        assert_eq!(pieces, 2);
    }
}
