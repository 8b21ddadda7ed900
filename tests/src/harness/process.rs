//! One running server.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::wait::within;

/// How long a server may take to end when it is asked to.
const STOP: Duration = Duration::from_secs(40);

/// A child that is killed where it is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command`; what it writes goes to the end of `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).expect("a log can be written");
        let errors = log.try_clone().expect("a file can be opened twice");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}")))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, where it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be asked")
    }

    /// SIGKILL: nothing of it runs any longer when this returns.
    pub(crate) fn kill(&mut self) {
        // The error says only that it is gone already.
        let _ = self.0.kill();
        self.0.wait().expect("a child can be waited for");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("a child has an id");
        kill_process(id, signal).expect("a child can be signalled");
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        within(STOP, async || self.ended().ok_or_else(|| "still running after SIGTERM".to_owned()))
            .await
            .unwrap_or_else(|reason| panic!("{reason}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
