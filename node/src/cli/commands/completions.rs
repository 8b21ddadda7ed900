//! `completions`

use clap_complete::Shell;

use crate::cli::{CommandError, Context};

/// Writes what a shell needs to complete this program's commands
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node completions bash > /etc/bash_completion.d/duikou-node")]
pub struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Args {
    pub(super) fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut program = (context.program)();
        let name = program.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, name, &mut script);
        context.print(String::from_utf8_lossy(&script).trim_end())
    }
}
