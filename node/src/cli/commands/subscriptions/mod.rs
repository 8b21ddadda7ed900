//! `subscriptions`: `create` makes one, `act` does what owners do to it, `show` writes it.

mod act;
mod create;
mod show;

use crate::cli::{CommandError, Context};

/// Filters that the server keeps and delivers: by webhook, mail, page, calendar or when asked
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Makes one; what is written is shown this once
    #[command(
        subcommand,
        after_help = "Example:\n  duikou-node subscriptions create webhook https://example.com/hook --kind event"
    )]
    Create(Box<create::Command>),
    /// Lists them, oldest first
    #[command(after_help = "Example:\n  duikou-node subscriptions list --output json")]
    List,
    /// Shows one, with how its delivery goes
    #[command(after_help = "Example:\n  duikou-node subscriptions show 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f")]
    Show(act::Named),
    /// Delivers nothing until it is resumed; nothing is lost meanwhile
    #[command(after_help = "Example:\n  duikou-node subscriptions pause 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f")]
    Pause(act::Named),
    /// Goes on at once, whatever paused it
    #[command(after_help = "Example:\n  duikou-node subscriptions resume 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f")]
    Resume(act::Named),
    /// Ends it
    #[command(after_help = "Example:\n  duikou-node subscriptions delete 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --yes")]
    Delete(act::Named),
    RotateSecret(act::RotateArgs),
    /// Sends a webhook an event of the type subscription.test, once
    #[command(after_help = "Example:\n  duikou-node subscriptions test 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f")]
    Test(act::Named),
    Replay(act::ReplayArgs),
    /// Lists its last deliveries, newest first
    #[command(after_help = "Example:\n  duikou-node subscriptions deliveries 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f")]
    Deliveries(act::Named),
    Pull(act::PullArgs),
    Ack(act::AckArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Create(command) => command.run(context).await,
            Self::List => act::list(context).await,
            Self::Show(named) => named.show(context).await,
            Self::Pause(named) => named.pause(context).await,
            Self::Resume(named) => named.resume(context).await,
            Self::Delete(named) => named.delete(context).await,
            Self::RotateSecret(args) => args.run(context).await,
            Self::Test(named) => named.test(context).await,
            Self::Replay(args) => args.run(context).await,
            Self::Deliveries(named) => named.deliveries(context).await,
            Self::Pull(args) => args.run(context).await,
            Self::Ack(args) => args.run(context).await,
        }
    }
}
