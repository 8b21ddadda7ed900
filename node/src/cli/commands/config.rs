//! `config`

use crate::cli::{CommandError, Context, ExitCode, Text};
use crate::openid::Provider;

/// The configuration file
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Check(CheckArgs),
}

/// Reports every fault, with its line, its key and the nearest known key, and files that cannot be used
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou config check")]
pub struct CheckArgs {
    /// A setting as serve would be given it; may be repeated
    #[arg(long = "set", value_name = "PART.KEY=VALUE")]
    settings: Vec<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Check(args) => {
                let config = context.config(&args.settings)?;
                Provider::open(&config).map_err(|error| {
                    let message = Text::same(crate::error::chain(&error));
                    CommandError::new(ExitCode::Configuration, message)
                })?;
                context.note(&Text::new("配置正确", "the configuration is good"));
                Ok(())
            }
        }
    }
}
