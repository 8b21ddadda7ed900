//! Runs simulated networks through what their seeds say, and judges them.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use duikou_simulation::{Plan, Report, run};

/// Runs networks of real engines on simulated time, disks and wires, and checks what must always be true.
///
/// A seed decides everything that happens: `duikou-simulation --first 17 --count 1 --trace` tells seed 17 again.
#[derive(Debug, Parser)]
#[command(name = "duikou-simulation")]
struct Args {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// Virtual seconds in which things happen, before everything is healed.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// A gateway and twelve nodes with their usual load, and nothing that goes wrong.
    #[arg(long)]
    usual: bool,
    /// Write what happens, and what the servers log of it, to standard error.
    #[arg(long)]
    trace: bool,
    /// Take a rule away, by its name, also several: the defect should be found.
    #[cfg(duikou_defects)]
    #[arg(long)]
    defect: Vec<String>,
    /// Runs at once; 0: one for each core.
    #[arg(long, default_value_t = 0)]
    jobs: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let jobs = if args.jobs == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { args.jobs };
    #[cfg(duikou_defects)]
    let defects: Vec<_> = args
        .defect
        .iter()
        .map(|name| {
            let named = |defect: &&duikou_exchange::defects::Defect| format!("{defect:?}") == *name;
            *duikou_exchange::defects::Defect::ALL.iter().find(named).unwrap_or_else(|| {
                say(&format!("no defect is called {name}; there are {:?}", duikou_exchange::defects::Defect::ALL));
                std::process::exit(2)
            })
        })
        .collect();
    if args.trace {
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).without_time();
        log.with_max_level(tracing_subscriber::filter::LevelFilter::INFO).init();
    }
    let next = AtomicU64::new(args.first);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= args.first + args.count {
                        return;
                    }
                    let span = Duration::from_secs(args.seconds);
                    let report = run(&Plan {
                        seed,
                        span,
                        usual: args.usual,
                        shown: args.trace,
                        #[cfg(duikou_defects)]
                        defects: defects.clone(),
                    });
                    tell(&report);
                    reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(report);
                }
            });
        }
    });
    let reports = reports.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let bad = reports.iter().filter(|report| !report.findings.is_empty()).count();
    let speed = reports.iter().map(|r| r.virtual_time.as_secs_f64()).sum::<f64>()
        / reports.iter().map(|r| r.wall_time.as_secs_f64()).sum::<f64>().max(f64::EPSILON);
    say(&format!("{} runs, {bad} with findings, {speed:.0} virtual seconds a second on each core", reports.len()));
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    let mut text = format!("seed {} ({}), digest {}:", report.seed, report.character, report.digest);
    for finding in report.findings.iter().take(6) {
        text.push_str(&format!("\n  {finding}"));
    }
    say(&text);
}

fn say(text: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stdout(), "{text}");
}
