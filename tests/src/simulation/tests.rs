//! What the simulation is for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Plan, Report, run};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn plan(seed: u64, span: Duration) -> Plan {
    Plan {
        seed,
        span,
        usual: false,
        shown: false,
        #[cfg(duikou_defects)]
        defect: None,
    }
}

/// Runs all, on all cores.
fn run_all(plans: &[Plan]) -> Vec<Report> {
    let next = AtomicU64::new(0);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    let report = run(plan);
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    reports.into_inner().unwrap()
}

#[test]
fn whatever_happens_to_two_hundred_networks_the_invariants_hold() {
    let plans: Vec<Plan> = (0..200).map(|seed| plan(seed, FIVE_MINUTES)).collect();
    let mut failed = Vec::new();
    for report in run_all(&plans).into_iter().filter(|report| !report.findings.is_empty()) {
        let findings: Vec<String> = report.findings.iter().take(5).map(ToString::to_string).collect();
        failed.push(format!("seed {} ({}): {}", report.seed, report.character, findings.join("; ")));
    }
    assert!(failed.is_empty(), "duikou-simulation --first SEED --count 1 --trace tells it again\n{}", failed.join("\n"));
}

/// Without the runtime's own seed its choices differ from run to run.
#[cfg(tokio_unstable)]
#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 0..20 {
        let (one, other) = (run(&plan(seed, FIVE_MINUTES / 5)), run(&plan(seed, FIVE_MINUTES / 5)));
        assert_eq!(one.digest, other.digest, "seed {seed}");
    }
    let digests: std::collections::BTreeSet<String> =
        (0..10).map(|round| run(&plan(10 * round, Duration::from_secs(20))).digest).collect();
    assert_eq!(digests.len(), 10, "other seeds tell other stories");
}
