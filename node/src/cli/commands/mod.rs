//! The commands, one a file.

mod accounts;
mod audit;
mod backup;
mod check;
mod circles;
mod completions;
mod config;
mod counterparts;
mod doctor;
mod drafts;
mod export;
mod filter;
mod get;
mod import;
mod input;
mod join;
mod keys;
mod list;
mod listing;
mod members;
mod publish;
mod pull;
mod query;
mod ranges;
mod recover;
mod restore;
mod search;
mod serve;
mod settings;
mod status;
mod subscriptions;
mod terms;
mod tokens;
mod watch;
mod withdraw;

use clap::Subcommand;

use super::context::Context;
use super::error::CommandError;
use super::exit::ExitCode;
use super::folder::FolderCommands;

pub use circles::ReadCircles;
pub use members::{ReadMembers, full_name};
pub use serve::Args as ServeArgs;

/// A file that is no table, or one that cannot be written.
fn sheet_error(error: &crate::sheets::SheetError) -> CommandError {
    CommandError::new(ExitCode::BadData, error.text())
}

/// The node's commands.
#[expect(missing_docs, reason = "the comments of the arguments are the help")]
#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(serve::Args),
    Join(join::Args),
    Recover(recover::Args),
    /// Who is in the network
    #[command(subcommand, after_help = "Example:\n  duikou-node members list")]
    Members(ReadMembers),
    /// The named groups of members
    #[command(subcommand, after_help = "Example:\n  duikou-node circles list")]
    Circles(ReadCircles),
    #[command(flatten)]
    Shared(Shared),
}

/// The commands that a node and a gateway have in common.
#[expect(missing_docs, reason = "the comments of the arguments are the help")]
#[derive(Debug, Subcommand)]
pub enum Shared {
    Status(status::Args),
    Publish(publish::Args),
    Import(Box<import::Args>),
    Export(export::Args),
    Withdraw(withdraw::Args),
    List(Box<list::Args>),
    Get(get::Args),
    Search(Box<search::Args>),
    Watch(Box<watch::Args>),
    Pull(Box<pull::Args>),
    Query(Box<query::Args>),
    Match(Box<counterparts::Args>),
    /// Filters that the server keeps and delivers: by webhook, mail, page, calendar or when asked
    #[command(subcommand, after_help = "Example:\n  duikou-node subscriptions list")]
    Subscriptions(Box<subscriptions::Command>),
    /// Listings in the making, and their approval before they are published
    #[command(subcommand, after_help = "Example:\n  duikou-node drafts list --member shenzhen --state submitted")]
    Drafts(Box<drafts::Command>),
    /// The tokens by which programs prove what they may do
    #[command(subcommand, after_help = "Example:\n  duikou-node tokens list")]
    Tokens(tokens::Command),
    /// The keys with which members sign, and to which others seal
    #[command(subcommand, after_help = "Example:\n  duikou-node keys show")]
    Keys(keys::Command),
    /// The people who work on this server
    #[command(subcommand, after_help = "Example:\n  duikou-node accounts first-admin")]
    Accounts(Box<accounts::Command>),
    /// What was done on this server, by whom, on what
    #[command(subcommand, after_help = "Example:\n  duikou-node audit list --since 2026-11-01")]
    Audit(Box<audit::Command>),
    /// The settings of the running server, and changing them without a restart
    #[command(subcommand, after_help = "Example:\n  duikou-node settings list")]
    Settings(settings::Command),
    Backup(backup::Args),
    Restore(restore::Args),
    Check(check::Args),
    /// The configuration file
    #[command(subcommand, after_help = "Example:\n  duikou-node config check")]
    Config(config::Command),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Where it failed, with what to say about it.
    pub async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        match self {
            Self::Serve(args) => args.run(context, folder).await,
            Self::Join(args) => args.run(context, folder).await,
            Self::Recover(args) => args.run(context, folder).await,
            Self::Members(command) => command.run(context).await,
            Self::Circles(command) => command.run(context).await,
            Self::Shared(shared) => shared.run(context, folder).await,
        }
    }
}

impl Shared {
    /// Does it.
    ///
    /// # Errors
    /// Where it failed, with what to say about it.
    pub async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        match self {
            Self::Status(args) => args.run(context).await,
            Self::Publish(args) => args.run(context).await,
            Self::Import(args) => args.run(context).await,
            Self::Export(args) => args.run(context).await,
            Self::Withdraw(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Get(args) => args.run(context).await,
            Self::Search(args) => args.run(context).await,
            Self::Watch(args) => args.run(context).await,
            Self::Pull(args) => args.run(context).await,
            Self::Query(args) => args.run(context).await,
            Self::Match(args) => args.run(context).await,
            Self::Subscriptions(command) => command.run(context).await,
            Self::Drafts(command) => command.run(context).await,
            Self::Tokens(command) => command.run(context).await,
            Self::Keys(command) => command.run(context, folder).await,
            Self::Accounts(command) => command.run(context).await,
            Self::Audit(command) => command.run(context).await,
            Self::Settings(command) => command.run(context).await,
            Self::Backup(args) => args.run(context, folder).await,
            Self::Restore(args) => args.run(context, folder).await,
            Self::Check(args) => args.run(context, folder).await,
            Self::Config(command) => command.run(context),
            Self::Doctor(args) => args.run(context).await,
            Self::Completions(args) => args.run(context),
        }
    }
}
