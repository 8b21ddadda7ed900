//! A server whose clock is wrong, by what Debian's package `faketime` puts before the system's clock.

use std::path::PathBuf;

use super::server::{Addresses, Server};

/// Where the package keeps it.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("a folder of libraries");
    let mut files = folders.flatten().map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = files.find(|path| path.is_file());
    found.expect("the package faketime is not installed: run tests/run, or apt-get install faketime")
}

impl Server {
    /// Starts it, this once, with a clock that is `shift` away from everybody else's (`+20m`, `-3h`), and waits until it
    /// is ready. Its steady clock is the system's.
    ///
    /// # Panics
    /// As [`Server::start`], and where faketime is not installed.
    pub async fn start_with_clock(&self, shift: &str) -> Addresses {
        let library = library();
        let further = [
            ("LD_PRELOAD", library.to_str().expect("a plain path")),
            ("FAKETIME", shift),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ];
        self.start_with(&further).await
    }
}
