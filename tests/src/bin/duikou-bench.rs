//! Measures the figures of a network of real processes.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use duikou_tests::bench::{self, Conditions};

/// Measures what the network does, as a share of what this machine could do at best.
///
/// Needs the programs beside it: build with `cargo build --release --workspace`, then run
/// `target/release/duikou-bench publish_ratio`.
#[derive(Debug, Parser)]
#[command(name = "duikou-bench")]
struct Args {
    /// Which figures; all where none is named.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(bench::NAMES))]
    names: Vec<String>,
    /// One JSON object a line, or one line for people.
    #[arg(long, value_enum, default_value_t = Form::Json)]
    output: Form,
    /// Exit with 1 where a goal is missed.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Text,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    if bench::serve_task().await? {
        return Ok(ExitCode::SUCCESS);
    }
    let args = Args::parse();
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its figures say little");
    }
    let conditions = Conditions::look()?;
    let mut missed = false;
    let mut written = Ok(());
    bench::run(&args.names, |figure| {
        missed |= !figure.met();
        let line = match args.output {
            Form::Json => figure.to_json(&conditions).to_string(),
            Form::Text => figure.to_text(),
        };
        written = std::mem::replace(&mut written, Ok(())).and_then(|()| writeln!(std::io::stdout(), "{line}"));
    })
    .await?;
    written?;
    Ok(if args.strict && missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
