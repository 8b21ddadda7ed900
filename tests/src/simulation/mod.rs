//! Networks of real engines in one process: what they stand on, modelled so that a seed decides when it fails.

mod disk;
mod store;

pub use disk::{Disk, Fault};
pub use store::SimulatedStore;
