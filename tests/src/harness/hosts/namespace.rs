//! A network namespace that lasts as long as its handle, and the processes in it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::harness::root::{as_root, done, is_root, needs};

/// Says who it is, and then holds the namespace until its input ends: with this process, however that ends.
const HOLDER: &str = "echo $$; exec cat";

/// A network of its own, with nothing in it but itself.
#[derive(Debug)]
pub(super) struct Namespace {
    holder: Child,
    id: u32,
}

impl Namespace {
    /// Makes one.
    ///
    /// # Panics
    /// Where this process may not.
    pub(super) fn new() -> Self {
        let mut command = as_root("unshare");
        command.args(["--net", "sh", "-c", HOLDER]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut holder = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}. {}", needs()));
        let mut line = String::new();
        let output = holder.stdout.as_mut().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it can be read");
        let id = line.trim().parse().unwrap_or_else(|_| {
            let mut said = String::new();
            let _ = holder.stderr.take().expect("it is piped").read_to_string(&mut said);
            panic!("{command:?}: {}. {}", said.trim(), needs())
        });
        let namespace = Self { holder, id };
        namespace.run("ip", "link set lo up");
        namespace
    }

    /// A process in it.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// `program`, which will run in it as root.
    pub(super) fn root(&self, program: &str) -> Command {
        let mut command = as_root("nsenter");
        command.arg(self.entrance()).arg("--").arg(program);
        command
    }

    /// Runs `program` in it as root, with `args` parted by blanks.
    ///
    /// # Panics
    /// Where it fails.
    pub(super) fn run(&self, program: &str, args: &str) {
        done(self.root(program).args(args.split_whitespace()));
    }

    /// `command` as it is, with no more of an environment than it names, but in here.
    pub(super) fn enter(&self, command: &Command) -> Command {
        let mut inside = as_root("nsenter");
        inside.arg(self.entrance());
        if !is_root() {
            inside.arg(format!("--setuid={}", rustix::process::geteuid().as_raw()));
            inside.arg(format!("--setgid={}", rustix::process::getegid().as_raw()));
        }
        inside.args(["--", "env", "-i"]);
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                let mut pair = name.to_owned();
                pair.push("=");
                pair.push(value);
                inside.arg(pair);
            }
        }
        inside.arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    fn entrance(&self) -> String {
        format!("--net=/proc/{}/ns/net", self.id)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
