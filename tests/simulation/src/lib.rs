//! Networks of real engines and links in one process, on time, disks and a wire that are modelled, so that a seed
//! decides everything that happens, and when.

mod disk;
mod follower;
pub mod invariants;
mod ledger;
mod membership;
mod network;
mod plot;
mod run;
mod seed;
mod server;
mod store;
mod story;
#[cfg(test)]
mod tests;
mod time;
mod trace;
mod world;

pub use disk::{Disk, Fault};
pub use run::{Plan, Report, run};
pub use seed::Seed;
pub use store::SimulatedStore;
