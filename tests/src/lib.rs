//! What only the whole can show: scenarios over real processes, figures measured on them, and the parts of a
//! simulation.

pub mod bench;
pub mod fuzz;
pub mod harness;
pub mod invariants;
pub mod malicious;
pub mod simulation;
