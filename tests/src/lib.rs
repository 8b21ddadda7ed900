//! What only the whole can show: scenarios over real processes, and figures measured on them.

pub mod bench;
pub mod fuzz;
pub mod harness;
pub mod malicious;
