//! `config`

use crate::cli::{CommandError, Context, ExitCode, OutputForm, Text};
use crate::config::Fault;
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
                let config = context.read_config(&args.settings)?;
                let faults = config.as_ref().err().map(Vec::as_slice).unwrap_or_default();
                show(context, faults)?;
                let config = config.map_err(|faults| CommandError::config(&faults))?;
                Provider::open(&config).map_err(|error| {
                    let message = Text::same(crate::error::chain(&error));
                    CommandError::new(ExitCode::Configuration, message)
                })?;
                config.doubts().iter().for_each(|doubt| context.note(&doubt.text()));
                context.note(&Text::new("配置正确", "the configuration is good"));
                Ok(())
            }
        }
    }
}

/// Programs get what is wrong one by one; people read it as the causes of one error.
fn show(context: &Context, faults: &[Fault]) -> Result<(), CommandError> {
    let documents = faults.iter().map(
        |fault| serde_json::json!({ "place": fault.place.to_string(), "key": fault.key, "problem": fault.to_string() }),
    );
    match context.global.output {
        OutputForm::Table => Ok(()),
        OutputForm::Json => context.print(&format!("{:#}", serde_json::Value::from_iter(documents))),
        OutputForm::Jsonl => documents.map(|document| document.to_string()).try_for_each(|line| context.print(&line)),
    }
}
