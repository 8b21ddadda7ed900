//! The time, and clocks that are wrong: a process sees another time than everybody else.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use duikou_proto::envelope::Micros;

use super::server::{Addresses, Server};

/// Microseconds since 1970 UTC.
///
/// # Panics
/// Where this machine's clock stands before 1970.
pub fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_micros()).expect("before the year 200,000")
}

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

    /// A process started with these variables sees the time that is written to `file` ([`WrongClock::write`]), a second after
    /// it was written: a clock that is set while it runs.
    ///
    /// # Panics
    /// Where a path is no text.
    pub fn told_by<'a>(&'a self, file: &'a Path) -> [(&'a str, &'a str); 5] {
        [
            ("LD_PRELOAD", self.0.to_str().expect("a text")),
            ("FAKETIME_TIMESTAMP_FILE", file.to_str().expect("a text")),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ]
    }

    /// From now on the clocks that this file tells are `shift` away from everybody else's.
    ///
    /// # Panics
    /// Where the file cannot be written.
    pub fn write(file: &Path, shift: &str) {
        let whole = file.with_extension("new");
        std::fs::write(&whole, format!("{shift}\n")).expect("a file can be written");
        std::fs::rename(&whole, file).expect("a file can be replaced");
    }
}

impl Server {
    /// Starts it, this once, with a clock that is `shift` away from everybody else's (`+20m`, `-3h`), and waits until it
    /// is ready. Its steady clock is the system's.
    ///
    /// # Panics
    /// As [`Server::start`], and where faketime is not installed.
    pub async fn start_with_clock(&self, shift: &str) -> Addresses {
        self.start_with(&WrongClock::find().shifted(shift)).await
    }
}
