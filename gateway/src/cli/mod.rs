//! The gateway's command line: the operator of the network's commands, those that it shares with a node, and below
//! `duikou-gateway node` the whole of a node's, so that one build runs a network.

mod circles;
mod demo;
mod enterprises;
mod folder;
mod init;
mod invite;
mod invites;
mod members;
mod rebuild;
mod records;
mod root;

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};
use duikou_node::cli::commands::ServeArgs;
use duikou_node::cli::{self as node, CommandError, Context, FolderCommands, Global, Server, Shared, Work};
use duikou_proto::federation::admission_service_client::AdmissionServiceClient;

pub use folder::{DemoOptions, GatewayFolder, InitOptions, InitReport};

/// Runs a network: admits members, carries what they publish, and runs nodes too.
#[derive(Debug, Parser)]
#[command(
    name = "duikou-gateway",
    version,
    propagate_version = true,
    after_help = "Example:\n  duikou-gateway --dir /var/lib/duikou status"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    #[command(after_help = "Example:\n  duikou-gateway serve --dir /var/lib/duikou")]
    Serve(ServeArgs),
    Invite(invite::Args),
    /// The join tokens that were made
    #[command(subcommand, after_help = "Example:\n  duikou-gateway invites list")]
    Invites(invites::Command),
    /// Who is in the network
    #[command(subcommand, after_help = "Example:\n  duikou-gateway members list")]
    Members(members::Command),
    /// The named groups of members
    #[command(subcommand, after_help = "Example:\n  duikou-gateway circles create pan-prd")]
    Circles(circles::Command),
    /// What every store shows
    #[command(
        subcommand,
        after_help = "Example:\n  duikou-gateway records hide members/bijie/listings/x --reason \"names a person\""
    )]
    Records(records::Command),
    /// The registered readers: vetted enterprises
    #[command(subcommand, after_help = "Example:\n  duikou-gateway enterprises list")]
    Enterprises(enterprises::Command),
    Rebuild(rebuild::Args),
    /// What only the root key may change
    #[command(subcommand, after_help = "Example:\n  duikou-gateway root sign --root-key /media/root.key --yes")]
    Root(root::Command),
    /// The authority that certifies nodes
    #[command(subcommand, after_help = "Example:\n  duikou-gateway ca rotate --root-key /media/root.key --yes")]
    Ca(root::CaCommand),
    /// The network's directory
    #[command(subcommand, after_help = "Example:\n  duikou-gateway directory rotate --root-key /media/root.key --yes")]
    Directory(root::DirectoryCommand),
    Demo(demo::Args),
    /// The whole command line of a node
    #[command(subcommand, after_help = "Example:\n  duikou-gateway node serve --dir /var/lib/duikou")]
    Node(node::Command),
    #[command(flatten)]
    Shared(Shared),
}

/// Parses `args` (the program's name first), does what they say, and returns the exit code. `node` does what a node's
/// folder can.
pub fn main<G, N>(args: impl IntoIterator<Item = OsString>, gateway: &G, node: &N) -> std::process::ExitCode
where
    G: GatewayFolder,
    N: FolderCommands,
{
    let cli: Cli = match node::parse(args) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let context = Context::new(cli.global, Cli::command);
    let serving = matches!(cli.command, Command::Serve(_) | Command::Demo(_) | Command::Node(node::Command::Serve(_)));
    let work = if serving { Work::Serving } else { Work::Command };
    node::launch(&context, work, cli.command.run(&context, gateway, node))
}

impl Command {
    async fn run(
        self,
        context: &Context,
        gateway: &impl GatewayFolder,
        node: &impl FolderCommands,
    ) -> Result<(), CommandError> {
        match self {
            Self::Init(args) => args.run(context, gateway).await,
            Self::Serve(args) => {
                let config = context.config(&args.settings)?;
                let served = gateway.serve(context.global.dir(), config).await;
                served.map_err(|error| CommandError::from_anyhow(&error))
            }
            Self::Invite(args) => args.run(context).await,
            Self::Invites(command) => command.run(context).await,
            Self::Members(command) => command.run(context).await,
            Self::Circles(command) => command.run(context).await,
            Self::Records(command) => command.run(context).await,
            Self::Enterprises(command) => command.run(context).await,
            Self::Rebuild(args) => args.run(context, gateway).await,
            Self::Root(command) => command.run(context).await,
            Self::Ca(command) => command.run(context).await,
            Self::Directory(command) => command.run(context).await,
            Self::Demo(args) => args.run(context, gateway).await,
            Self::Node(command) => command.run(context, node).await,
            Self::Shared(shared) => shared.run(context, node).await,
        }
    }
}

fn admission(server: &Server) -> AdmissionServiceClient<node::Calls> {
    AdmissionServiceClient::new(server.calls())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_is_there_in_chinese_and_nothing_else_is() {
        let (lacking, unused) = node::help_gaps(&Cli::command());
        // A node's program says this of itself.
        let unused: Vec<&String> = unused.iter().filter(|text| !text.starts_with("Runs a node ")).collect();
        assert!(lacking.is_empty() && unused.is_empty(), "lacking: {lacking:#?}, unused: {unused:#?}");
    }

    #[test]
    fn the_help_of_every_command_has_an_example_that_parses() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path} says nothing about itself");
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.starts_with("Example:\n  duikou-"), "{path} has no example");
            for line in after.lines().skip(1) {
                let line = line.replace("duikou-node ", "duikou-gateway node ").replace("\"names a person\"", "x");
                let words = line.split(['>', '|']).next().unwrap_or_default().split_whitespace();
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.err().map(|e| e.to_string()).unwrap_or_default());
            }
            command.get_subcommands().for_each(|sub| walk(sub, &path));
        }
        walk(&Cli::command(), "");
    }
}
