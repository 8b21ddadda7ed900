//! A disk that is small enough to become full.

use std::path::{Path, PathBuf};

use super::root::{as_root, done, undone};

/// What it holds at first.
const SMALL: &str = "16m";
/// What it holds once it has grown.
const GROWN: &str = "64m";
/// What fills it lies here, in its folder.
const BALLAST: &str = "ballast";
/// What is written at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file system in memory at a folder, taken away where it is dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of 16 MiB at `path`, a new folder.
    ///
    /// # Panics
    /// Where this process may not.
    pub fn mount(path: &Path) -> Self {
        std::fs::create_dir(path).expect("the folder is new");
        let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let options = format!("size={SMALL},mode=0700,uid={user},gid={group}");
        done(as_root("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path));
        Self(path.to_owned())
    }

    /// From now on it holds 64 MiB.
    ///
    /// # Panics
    /// Where this process may not.
    pub fn grow(&self) {
        done(as_root("mount").args(["-o", &format!("remount,size={GROWN}")]).arg(&self.0));
    }

    /// Takes what room there is, until [`SmallDisk::empty`].
    ///
    /// # Panics
    /// Where it breaks otherwise than by being full.
    pub fn fill(&self) {
        use std::io::Write;
        let mut ballast = std::fs::File::create(self.0.join(BALLAST)).expect("a file can be made");
        let full = loop {
            if let Err(error) = ballast.write_all(&[0; CHUNK_BYTES]) {
                break error;
            }
        };
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
    }

    /// Gives back what [`SmallDisk::fill`] took.
    ///
    /// # Panics
    /// Where it was not filled.
    pub fn empty(&self) {
        std::fs::remove_file(self.0.join(BALLAST)).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        undone(as_root("umount").arg("--lazy").arg(&self.0));
    }
}
