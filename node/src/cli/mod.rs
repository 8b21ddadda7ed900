//! The command line: a client of the running server, and the few commands that work on a folder at rest.
//!
//! Every command is a file whose arguments' comments are its help. Results go to standard output, everything else to
//! standard error. An error is a kind (which gives the exit code), a message, causes, and hints that say what to type
//! next. The gateway's binary embeds all of this below `duikou-gateway node`.

pub mod commands;
mod connect;
mod context;
mod error;
mod exit;
mod folder;
mod form;
mod global;
mod help;
mod language;
mod launch;
mod output;
mod status;
mod usage;
pub(crate) mod words;

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use crate::json;
pub use crate::json::{Defaults, Layout, Named, to_json};
pub use commands::{Command, Shared};
pub use connect::{Calls, Credentials, SOCKET, Server, connect_server, connect_socket};
pub use context::Context;
pub use error::CommandError;
pub use exit::ExitCode;
pub use folder::{CheckReport, FolderCommands, JoinReport};
pub use form::{FormFault, parse_listing};
pub use global::{Global, OutputForm};
pub use help::gaps as help_gaps;
pub use language::{Language, Text};
pub use launch::{Work, launch};
pub use output::{Sequence, clean, time};
pub use usage::parse;

/// Runs a node of a Duikou network, and speaks to one.
#[derive(Debug, Parser)]
#[command(
    name = "duikou-node",
    version,
    propagate_version = true,
    after_help = "Example:\n  duikou-node --dir /var/lib/duikou status"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Parses `args` (the program's name first), does what they say, and returns the exit code.
pub fn main<F: FolderCommands>(args: impl IntoIterator<Item = OsString>, folder: &F) -> std::process::ExitCode {
    let cli: Cli = match parse(args) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let context = Context::new(cli.global, Cli::command);
    let work = if matches!(cli.command, Command::Serve(_)) { Work::Serving } else { Work::Command };
    launch(&context, work, cli.command.run(&context, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path} says nothing about itself");
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.starts_with("Example:\n  duikou-"), "{path} has no example");
            command.get_subcommands().for_each(|sub| walk(sub, &path));
        }
        walk(&Cli::command(), "");
    }

    #[test]
    fn every_example_parses() {
        fn walk(command: &clap::Command) {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in after.lines().skip(1) {
                let words = line.split('#').next().unwrap_or_default().split(['|', '>']).next().unwrap_or_default();
                let parsed = Cli::try_parse_from(words.split_whitespace().map(|word| word.trim_matches('"')));
                assert!(parsed.is_ok(), "{line}: {}", parsed.err().map(|e| e.to_string()).unwrap_or_default());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
