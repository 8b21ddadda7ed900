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
pub(crate) fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let mut from = 0;
    while let Some(offset) = bytes[from..].iter().position(|byte| byte == first) {
        let after = from + offset + 1;
        if bytes[after..].starts_with(rest) {
            return true;
        }
        from = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_are_found_wherever_they_lie() {
        for (bytes, needle, found) in
            [("aab", "ab", true), ("tea", "tea", true), ("xtea", "tea", true), ("te", "tea", false), ("", "a", false)]
        {
            assert_eq!(holds(bytes.as_bytes(), needle.as_bytes()), found, "{needle} in {bytes}");
        }
    }
}
