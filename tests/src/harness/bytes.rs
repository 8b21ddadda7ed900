//! What really lies on disk, whatever the interfaces say.

use std::path::{Path, PathBuf};

use super::disk::DATABASE;

/// What the names of a database's files end in: the data, its write-ahead log and the log's index.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// Those of `dir` that there are, with their bytes.
pub(crate) fn databases(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = ENDINGS.iter().map(|ending| dir.join(format!("{DATABASE}{ending}")));
    let found: Vec<_> = paths.filter_map(|path| std::fs::read(&path).ok().map(|bytes| (path, bytes))).collect();
    assert!(found.iter().any(|(path, _)| path.ends_with(DATABASE)), "{} has no {DATABASE}", dir.display());
    found
}

/// Whether `needle` lies in `bytes`.
pub fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}
