//! Measures the figures of a network of real processes.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use duikou_tests::bench::{self, Conditions, Size};
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a run that was interrupted.
const INTERRUPTED: u8 = 130;

/// Measures what the network does, as a share of what this machine could do at best.
///
/// Needs the programs beside it: build with `cargo build --release --workspace`, then run
/// `target/release/duikou-bench publish_ratio`. For peers also what others have written: `apt-get install postgresql` for
/// `search_vs_postgres`, `apt-get install etcd-server nats-server` for `fanout_vs_peers`, which is left out of a run of
/// everything where they are not installed.
#[derive(Debug, Parser)]
#[command(name = "duikou-bench")]
struct Args {
    /// Which figures; all where none is named.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(bench::NAMES))]
    names: Vec<String>,
    /// One JSON object a line, or one line for people.
    #[arg(long, value_enum, default_value_t = Form::Json)]
    output: Form,
    /// With a hundredth of everything: shows that figures of pages and imports can be measured, and nothing else.
    #[arg(long)]
    small: bool,
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
    let size = if args.small { Size::Small } else { Size::Full };
    let mut missed = false;
    let mut written = Ok(());
    let run = bench::run(&args.names, size, |figure| {
        missed |= !figure.met();
        let line = match args.output {
            Form::Json => figure.to_json(&conditions).to_string(),
            Form::Text => figure.to_text(),
        };
        written = std::mem::replace(&mut written, Ok(())).and_then(|()| writeln!(std::io::stdout(), "{line}"));
    });
    // Servers and folders go with the run: a signal must not leave them behind.
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = run => done?,
        _ = terminate.recv() => return Ok(ExitCode::from(INTERRUPTED)),
        _ = tokio::signal::ctrl_c() => return Ok(ExitCode::from(INTERRUPTED)),
    }
    written?;
    Ok(if args.strict && missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
