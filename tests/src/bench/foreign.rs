//! Servers that others have written, which ours is held against.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long one may take to start.
pub(super) const START: Duration = Duration::from_secs(30);

/// One that runs, in a folder of its own; both end with this.
pub(super) struct Foreign {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Foreign {
    /// Starts `program` with the arguments that `say` adds, who is told of the folder.
    ///
    /// # Errors
    /// Where there is no such program.
    pub(super) fn start(program: &str, say: impl FnOnce(&mut Command, &Path)) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(program);
        say(&mut command, folder.path());
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { process, _folder: folder })
    }

    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // It need not end in order: its folder goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
