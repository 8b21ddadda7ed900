//! One running server.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::wait::within;

/// How long a server may take to end when it is asked to.
const STOP: Duration = Duration::from_secs(40);
/// How often it is looked whether one has ended that was killed.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How often at most: for ten seconds.
const LOOKS: u32 = 1_000;

/// A child that is killed where it is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command`; what it writes goes to the end of `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        command.stdin(Stdio::null());
        Self::spawn(command, log)
    }

    /// The same with an input.
    pub(crate) fn start_told(mut command: Command, log: &Path) -> (Self, ChildStdin) {
        command.stdin(Stdio::piped());
        let mut process = Self::spawn(command, log);
        let input = process.0.stdin.take().expect("it is piped");
        (process, input)
    }

    fn spawn(mut command: Command, log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).expect("a log can be written");
        let errors = log.try_clone().expect("a file can be opened twice");
        command.stdout(log).stderr(errors);
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}")))
    }

    /// The id of the program itself: where sudo started it, that stays its parent.
    pub(crate) fn id(&self) -> u32 {
        let mut id = self.0.id();
        while let Some(child) = child_of_sudo(id) {
            id = child;
        }
        id
    }

    /// How it ended, where it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be asked")
    }

    /// SIGKILL: nothing of it runs any longer when this returns.
    pub(crate) fn kill(&mut self) {
        // Nobody but root may kill sudo, which ends with what it has started, once it has started it.
        for _ in 0..LOOKS {
            if self.ended().is_some() || self.id() == self.0.id() {
                break;
            }
            let _ = kill_process(pid(self.id()), Signal::KILL);
            self.wake();
            // Not a task's sleep: this is done on dropping too, where nothing can be awaited.
            std::thread::sleep(LOOK_AGAIN);
        }
        // The error says only that it is gone already.
        let _ = self.0.kill();
        self.0.wait().expect("a child can be waited for");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(self.id()), signal).expect("a child can be signalled");
        if signal == Signal::CONT {
            self.wake();
        }
    }

    /// Sudo stops itself where what it has started is stopped. Who shares its session may wake it; an error says that it
    /// needs no waking.
    fn wake(&self) {
        let _ = kill_process(pid(self.0.id()), Signal::CONT);
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

fn pid(id: u32) -> Pid {
    i32::try_from(id).ok().and_then(Pid::from_raw).expect("a child has an id")
}

/// What the process `id` has started, where that is sudo.
fn child_of_sudo(id: u32) -> Option<u32> {
    let name = std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok().filter(|_| name.trim() == "sudo")
}
