//! What happens in a run, in order: a digest of it proves that a seed replays.

use std::io::Write as _;

use super::time::Time;

/// See the module.
pub(super) struct Trace {
    hasher: blake3::Hasher,
    shown: bool,
    time: Time,
}

impl Trace {
    /// Begins; `shown` writes every line to standard error too.
    pub(super) fn begin(shown: bool) -> Self {
        Self { hasher: blake3::Hasher::new(), shown, time: Time::begin() }
    }

    /// Something happens.
    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:9.3} {}\n", self.time.elapsed().as_secs_f64(), line());
        self.hasher.update(line.as_bytes());
        if self.shown {
            // Nobody may be there to read it.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }

    /// Of everything so far.
    pub(super) fn digest(&self) -> String {
        self.hasher.finalize().to_hex()[..16].to_owned()
    }
}
