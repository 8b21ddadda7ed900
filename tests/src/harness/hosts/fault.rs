//! Something that is wrong until it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::namespace::Namespace;
use crate::harness::root::undone;

/// Ends where it is dropped, also where a test fails.
#[derive(Debug)]
#[must_use = "it ends where it is dropped"]
pub struct Fault {
    number: u64,
    ends: Vec<End>,
}

/// What ends a part of it.
#[derive(Debug)]
struct End {
    place: Arc<Namespace>,
    program: &'static str,
    args: String,
}

impl Fault {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), ends: Vec::new() }
    }

    /// Different from that of every other of this process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Begins a part of it: `program` run in `place`; later `ends` are its arguments.
    pub(super) fn with(mut self, place: &Arc<Namespace>, program: &'static str, begins: &str, ends: &str) -> Self {
        place.run(program, begins);
        self.ends.push(End { place: Arc::clone(place), program, args: ends.to_owned() });
        self
    }

    /// Ends it.
    pub fn ends(self) {}
}

impl Drop for Fault {
    fn drop(&mut self) {
        for End { place, program, args } in self.ends.drain(..) {
            undone(place.root(program).args(args.split_whitespace()));
        }
    }
}
