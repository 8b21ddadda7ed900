//! Clocks of a simulated network: the runtime's time, plus what all have leapt together, plus what one is wrong by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use duikou_exchange::world::{Chance, Clock, Cores, World};
use duikou_proto::envelope::Micros;
use tokio::time::Instant;

use crate::seed::Seed;

/// When every simulation begins: 2026-11-25 in UTC.
pub(super) const BEGIN: Micros = 1_795_564_800_000_000;

/// The time that is right. Its clones are the same clock.
#[derive(Debug, Clone)]
pub(super) struct Time {
    began: Instant,
    leapt: Arc<AtomicI64>,
}

impl Time {
    /// Begins now.
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), leapt: Arc::default() }
    }

    /// Microseconds since 1970 UTC.
    pub(super) fn now(&self) -> Micros {
        BEGIN + self.began.elapsed().as_micros() as Micros + self.leapt.load(Ordering::SeqCst)
    }

    /// Since the beginning, without leaps.
    pub(super) fn elapsed(&self) -> std::time::Duration {
        self.began.elapsed()
    }

    /// All clocks leap ahead.
    pub(super) fn leap(&self, by: Micros) {
        self.leapt.fetch_add(by, Ordering::SeqCst);
    }
}

/// So few rows at once, for every other process, that what goes over many is often cut off, and overtaken. For the others
/// it is done with the entry, so that nothing that comes too late is swept away with the rest.
const STEP_ROWS: [usize; 2] = [3, 512];

/// How far behind a clock is at most.
pub(super) const SLOWEST: Micros = 12 * 60 * 1_000_000;

/// What is wrong with the clock of one machine, microseconds. Its clones are the same machine's.
#[derive(Debug, Clone, Default)]
pub(super) struct Skew(Arc<AtomicI64>);

impl Skew {
    /// Sets it.
    pub(super) fn set(&self, by: Micros) {
        self.0.store(by, Ordering::SeqCst);
    }

    /// Whether nothing is.
    pub(super) fn is_right(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    /// The world of a process on that machine, whose luck depends on `seed` alone.
    pub(super) fn world(&self, time: &Time, seed: Seed) -> World {
        let (time, skew) = (time.clone(), self.0.clone());
        let step_rows = STEP_ROWS[seed.clone().below(2) as usize];
        let clock: Clock = Arc::new(move || time.now() + skew.load(Ordering::SeqCst));
        let seed = std::sync::Mutex::new(seed);
        let chance: Chance = Arc::new(move |bytes| {
            let mut seed = seed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            bytes.iter_mut().for_each(|byte| *byte = seed.below(256) as u8);
        });
        World::new(clock, chance, Cores::One).in_steps_of(step_rows)
    }
}
