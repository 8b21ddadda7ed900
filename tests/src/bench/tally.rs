//! Medians, and what the system counted of a process.

use anyhow::{Context, ensure};

/// The middle one; of two, their mean. Not a number where there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// Memory of a process that is resident now, in KiB.
pub(crate) fn resident_kib(process: u32) -> anyhow::Result<f64> {
    status_kib(process, "VmRSS:")
}

/// The most that was ever resident since [`forget_peak`], in KiB.
pub(crate) fn peak_kib(process: u32) -> anyhow::Result<f64> {
    status_kib(process, "VmHWM:")
}

/// Begins the count of [`peak_kib`] anew.
pub(crate) fn forget_peak(process: u32) -> anyhow::Result<()> {
    const RESET_PEAK: &str = "5";
    std::fs::write(format!("/proc/{process}/clear_refs"), RESET_PEAK).context("the peak cannot be reset")
}

fn status_kib(process: u32, field: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("{path}: no {field}"))?;
    let (number, unit) = line.trim().split_once(' ').with_context(|| format!("{path}: {line}"))?;
    ensure!(unit == "kB", "{path}: {line}");
    Ok(number.parse()?)
}

/// Processor time that this process has used, all threads together, in seconds; steps of 10 ms.
pub(crate) fn processor_seconds() -> anyhow::Result<f64> {
    processor_seconds_of(std::process::id())
}

/// The same of another process.
pub(crate) fn processor_seconds_of(process: u32) -> anyhow::Result<f64> {
    /// USER_HZ: fixed on Linux, whatever the kernel's own tick.
    const TICKS: f64 = 100.0;
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    // The second field is a name in brackets and may hold anything.
    let (_, fields) = text.rsplit_once(')').with_context(|| format!("{path}: no name"))?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn this_process_has_memory_and_uses_time() {
        let me = std::process::id();
        assert!(resident_kib(me).unwrap() > 500.0 && peak_kib(me).unwrap() >= resident_kib(me).unwrap() * 0.5);
        let before = processor_seconds().unwrap();
        let start = std::time::Instant::now();
        let mut sum = 0_u64;
        while start.elapsed().as_millis() < 60 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(processor_seconds().unwrap() > before);
    }
}
