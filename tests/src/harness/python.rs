//! Programs of others in Python, out of the environment that `tests/run` makes below the target folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::cli::Output;

/// The folder of the environment, where it is not below the target folder.
const FOLDER_VARIABLE: &str = "DUIKOU_PYTHON_DIR";
/// How long one may run.
const LIMIT: Duration = Duration::from_secs(240);

/// A program of the environment.
///
/// # Panics
/// Where it has not been installed.
pub fn python_program(name: &str) -> PathBuf {
    let running = std::env::current_exe().expect("a running executable has a path");
    let below_target = || running.ancestors().nth(3).map(|target| target.join("python"));
    let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from).or_else(below_target).unwrap_or_default();
    let program = folder.join("bin").join(name);
    assert!(program.is_file(), "{} is not there: run tests/run, or set {FOLDER_VARIABLE}", program.display());
    program
}

/// Runs a program of the environment to its end.
///
/// # Panics
/// Where it does not end.
pub async fn run_python(name: &str, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(python_program(name));
    // What it leaves where it runs goes with the folder.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    command.args(args).envs(variables.iter().copied()).env("NO_COLOR", "1").current_dir(folder.path());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{name} does not end")).unwrap_or_else(|e| panic!("{name}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code().unwrap_or(-1) }
}

/// Runs `tests/python/{script}` with `input`, and returns what it writes.
///
/// # Panics
/// Where it fails, or what `tests/requirements.txt` names is not installed.
pub async fn python(script: &str, input: &[u8]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    let mut child = tokio::process::Command::new(python_program("python"))
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let write = async {
        // A script that ends early says why itself.
        let _ = stdin.write_all(input).await;
        drop(stdin);
    };
    let (output, ()) = tokio::time::timeout(LIMIT, async { tokio::join!(child.wait_with_output(), write) })
        .await
        .unwrap_or_else(|_| panic!("{script} has not ended within {LIMIT:?}"));
    let output = output.expect("python ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8(output.stdout).expect("it writes UTF-8")
}
