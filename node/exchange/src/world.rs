//! What an engine knows of the world around it: the time, chance, and the cores of the machine. A process has the
//! system's; a simulation has its own, so that a seed decides everything.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::envelope::Micros;
use futures_util::future::Either;
use zeroize::Zeroizing;

use crate::limits;

/// Gives the time, in microseconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> Micros + Send + Sync>;

/// Fills a buffer with bytes that nobody can foretell.
pub type Chance = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Where heavy work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// On all cores, beside the tasks.
    All,
    /// Where it is asked for, so that everything happens in one order.
    One,
}

/// See the module. Its clones are the same world.
#[derive(Clone)]
pub struct World {
    clock: Clock,
    chance: Chance,
    cores: Cores,
    step_rows: usize,
}

impl World {
    /// A world of its own.
    pub fn new(clock: Clock, chance: Chance, cores: Cores) -> Self {
        Self { clock, chance, cores, step_rows: limits::UPKEEP_ROWS }
    }

    /// The system's clock, generator and cores.
    pub fn system() -> Self {
        Self::new(Arc::new(system_time), Arc::new(system_chance), Cores::All)
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same with another pace: so many rows are looked at in one transaction where many are to be.
    #[must_use]
    pub fn in_steps_of(self, step_rows: usize) -> Self {
        Self { step_rows, ..self }
    }

    /// How many rows one transaction looks at of those that an entry of the directory, or a date, concerns.
    pub fn step_rows(&self) -> usize {
        self.step_rows
    }

    /// The time, microseconds since 1970 UTC.
    pub fn now(&self) -> Micros {
        (self.clock)()
    }

    /// Unpredictable bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.chance)(&mut bytes);
        bytes
    }

    /// How many pieces of heavy work go on at once.
    pub fn cores(&self) -> usize {
        match self.cores {
            Cores::All => std::thread::available_parallelism().map_or(1, usize::from),
            Cores::One => 1,
        }
    }

    /// Begins heavy work at once, beside the tasks; None comes out where it panicked.
    pub fn aside<T, F>(&self, work: F) -> impl Future<Output = Option<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let begun = match self.cores {
            Cores::All => Either::Left(tokio::task::spawn_blocking(work)),
            Cores::One => Either::Right(work()),
        };
        async move {
            match begun {
                Either::Left(running) => running.await.ok(),
                Either::Right(done) => Some(done),
            }
        }
    }
}

/// The system's time, microseconds since 1970 UTC.
pub fn system_time() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_micros() as Micros
}

fn system_chance(bytes: &mut [u8]) {
    // The system's generator does not fail once it is seeded; a process without one cannot do TLS either.
    aws_lc_rs::rand::fill(bytes).expect("the system gives random bytes");
}

/// Unpredictable bytes of the system, for secrets.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    system_chance(&mut bytes);
    bytes
}

/// A secret as text, that nobody guesses: 32 unpredictable bytes as 43 characters of Base64 for addresses (RFC 4648,
/// section 5).
pub fn random_text() -> Zeroizing<String> {
    let bytes = Zeroizing::new(random::<32>());
    Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes))
}
