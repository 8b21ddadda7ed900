//! What only root may do to a machine: directly, or through `sudo -n`, as `tests/run` installs.

use std::process::{Command, Output};

/// Whether this process is root itself.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `program`, which will run as root.
pub(crate) fn as_root(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg("-n").arg(program);
    command
}

/// Runs `command`, which root's rights are needed for, to its end.
///
/// # Panics
/// Where it fails: with what it said and what it takes.
pub(crate) fn done(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}. {}", needs()));
    assert!(status.success(), "{command:?}: {status}: {}. {}", String::from_utf8_lossy(&stderr).trim(), needs());
    String::from_utf8_lossy(&stdout).into_owned()
}

/// As [`done`], on the way out: where the test has failed already, that is what is told.
pub(crate) fn undone(command: &mut Command) {
    if !std::thread::panicking() {
        done(command);
    } else if let Err(error) = command.output() {
        eprintln!("{command:?}: {error}");
    }
}

/// What the tests with machines, wires and disks of their own need.
pub(crate) fn needs() -> &'static str {
    "This test needs root or a sudo that asks nothing, the packages iproute2, nftables, util-linux and mount \
     (tests/run installs them), and in a container the capabilities NET_ADMIN and SYS_ADMIN \
     (docker run --cap-add NET_ADMIN --cap-add SYS_ADMIN)"
}
