//! Clocks that are wrong: a process sees another time than everybody else.

use std::path::PathBuf;

/// What Debian's package `faketime` puts before the system's clock.
pub struct WrongClock(PathBuf);

impl WrongClock {
    /// Looks for it.
    ///
    /// # Panics
    /// Where the package is not installed.
    pub fn find() -> Self {
        let folders =
            std::fs::read_dir("/usr/lib").expect("a Debian").map(|entry| entry.expect("it is readable").path());
        let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
        Self(found.expect("the package faketime is not installed: run tests/run, or apt-get install faketime"))
    }

    /// A process started with these variables sees the time `shift` (`+20m`) away.
    ///
    /// # Panics
    /// Where the library's path is no text.
    pub fn shifted<'a>(&'a self, shift: &'a str) -> [(&'a str, &'a str); 4] {
        [
            ("LD_PRELOAD", self.0.to_str().expect("a text")),
            ("FAKETIME", shift),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ]
    }
}
