//! The command line as a person types it.

use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::binary::Program;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Variables of the environment that reach the programs; nothing else of it does.
const KEPT: [&str; 3] = ["PATH", "DUIKOU_LOG", "RUST_BACKTRACE"];

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Results.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
}

impl Output {
    /// Its results, where it was done.
    ///
    /// # Panics
    /// Where the code is not 0.
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{self}");
        self.stdout
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\nstdout: {}\nstderr: {}", self.code, self.stdout, self.stderr)
    }
}

/// `program` in a bare environment, at home in `home`.
pub(crate) fn command(program: Program, home: &Path, environment: &[(String, String)]) -> std::process::Command {
    let mut command = std::process::Command::new(program.path());
    command.env_clear().env("HOME", home).env("NO_COLOR", "1").current_dir(home);
    command.envs(KEPT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs `program` with `args` to its end, at home in `home`, without any server's environment.
///
/// # Panics
/// Where it does not end.
pub async fn run_program(program: Program, home: &Path, args: &[&str]) -> Output {
    let mut command = command(program, home, &[]);
    command.args(args);
    run(command).await
}

/// Runs `command` to its end.
pub(crate) async fn run(command: std::process::Command) -> Output {
    let shown = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .unwrap_or_else(|_| panic!("{shown} has not ended within {LIMIT:?}"))
        .unwrap_or_else(|error| panic!("{shown} does not run: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|_| panic!("{shown} writes no UTF-8"));
    Output { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap_or(-1) }
}
