//! On what a figure was measured.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::tally::median;

/// Writes that are timed to know the disk.
const SYNCS: usize = 50;

/// The machine and the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// Model and number of cores.
    pub cpu: String,
    /// File system of the temporary folder, and how long it takes to make 4 KiB safe.
    pub disk: String,
    /// The commit, and whether the build is a debug one.
    pub commit: String,
}

impl Conditions {
    /// Looks at this machine.
    ///
    /// # Errors
    /// Where the temporary folder cannot be written.
    pub fn look() -> anyhow::Result<Self> {
        Ok(Self { cpu: cpu(), disk: disk(&std::env::temp_dir())?, commit: commit() })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"cpu": self.cpu, "disk": self.disk, "commit": self.commit})
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, model)| model.trim());
    format!("{model}, {} cores", cores())
}

fn disk(folder: &Path) -> anyhow::Result<String> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(at, _)| folder.starts_with(at))
        .max_by_key(|(at, _)| at.len())
        .map_or("unknown", |(_, kind)| kind);
    let mut file: File = tempfile::tempfile_in(folder)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(format!("{kind}, fdatasync {:.2} ms", median(times) * 1_000.0))
}

fn commit() -> String {
    let git = std::process::Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let commit = match git {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    };
    if cfg!(debug_assertions) { format!("{commit}, debug build") } else { commit }
}
