//! Processes of this executable: commands that end, and servers that run.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end.
const STOP: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) struct Executable(PathBuf);

impl Executable {
    pub(super) fn this() -> anyhow::Result<Self> {
        Ok(Self(std::env::current_exe().context("finding this program's own file")?))
    }

    fn command(&self, dir: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        let folder = dir.to_string_lossy();
        // Settings of whoever runs the demonstration are not meant for its processes.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DUIKOU_")) {
            command.env_remove(name);
        }
        command.args(arguments).args(["--dir", &folder]).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end and returns what it printed.
    pub(super) async fn run(&self, dir: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(dir, arguments).output().await.context("starting a command")?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("{} in {} failed ({}):\n{errors}", arguments.join(" "), dir.display(), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A server; ended with this process whatever happens.
pub(super) struct Running {
    child: Child,
    pub(super) dir: PathBuf,
}

impl Running {
    /// Starts a server and waits until it listens.
    pub(super) async fn start(program: &Executable, dir: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let log = std::fs::File::create(dir.join("log"))?;
        let mut command = program.command(dir, arguments);
        command.stdout(Stdio::null()).stderr(log).process_group(0);
        let mut child = command.spawn().context("starting a server")?;
        let addresses = dir.join("addresses.json");
        let began = Instant::now();
        while !addresses.exists() {
            let ended = child.try_wait()?;
            if ended.is_some() || began.elapsed() > START {
                let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
                bail!("the server in {} did not start:\n{log}", dir.display());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Self { child, dir: dir.to_owned() })
    }

    /// Lets it drain, then ends it.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}
