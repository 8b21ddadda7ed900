//! How fast the simulation is: virtual seconds of a gateway and twelve nodes under their usual load in a second of one
//! core.

use std::time::Duration;

use super::REPEATS;
use super::figure::{Figure, Goal};
use super::tally::median;
use duikou_simulation::{Plan, run};

pub(crate) const SPEED: &str = "simulated_speed";

const GOAL: Goal = Goal::AtLeast(100.0);
const SPAN: Duration = Duration::from_secs(300);

/// Measures it.
///
/// # Errors
/// Where a run ends with findings: its speed says nothing.
pub(crate) fn measure() -> anyhow::Result<Figure> {
    let mut speeds = Vec::new();
    for seed in 0..REPEATS as u64 {
        let plan = Plan {
            seed,
            span: SPAN,
            usual: true,
            shown: false,
            #[cfg(duikou_defects)]
            defects: Vec::new(),
        };
        // A runtime of its own, on a thread of its own.
        let ran = std::thread::spawn(move || run(&plan)).join();
        let report = ran.map_err(|_| anyhow::anyhow!("the run of seed {seed} panicked"))?;
        anyhow::ensure!(report.findings.is_empty(), "seed {seed}: {:?}", report.findings);
        speeds.push(report.virtual_time.as_secs_f64() / report.wall_time.as_secs_f64());
    }
    Ok(Figure {
        name: SPEED,
        value: median(speeds),
        unit: "virtual s/s",
        baseline: None,
        goal: Some(GOAL),
        details: vec![("nodes", 12.into()), ("virtual_seconds", SPAN.as_secs().into())],
    })
}
