//! `config`

use crate::cli::{CommandError, Context, ExitCode, Text};
use crate::openid::Provider;

/// The configuration file
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Reports every fault, with its line, its key and the nearest known key, and files that cannot be used
    #[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou config check")]
    Check,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Check => {
                let config = context.config(&[])?;
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
