//! `config`

use crate::cli::{CommandError, Context, Text};

/// The configuration file
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Reports every fault, with its line, its key and the nearest known key
    #[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou config check")]
    Check,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Check => {
                context.config(&[])?;
                context.note(&Text::new("配置正确", "the configuration is good"));
                Ok(())
            }
        }
    }
}
