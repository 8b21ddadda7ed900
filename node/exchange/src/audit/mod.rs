//! What was done on this server, by whom, on what: a chain in which every entry names the hash of the one before, so that
//! none can be changed or taken out unseen. Pure: the engine keeps it, in the transaction of the change it tells of.
//!
//! What it proves: an entry that was changed, removed or put in is found, and which is the first. Heads of the chain are
//! signed from time to time by a member's key, or a gateway's for the directory ([`Seal`]), so whoever lacks that key
//! cannot write the chain anew, nor cut off what was sealed. Not found by the chain alone: the newest entries cut off
//! together with the head and every seal that covers them, as where the whole folder is put back to an earlier state.
//! Whoever notes a head elsewhere (an export, a log, a printed page) finds that as well, by [`Verifier::expecting`].

mod action;
mod chain;
mod entry;
mod export;
mod seal;
mod verify;

pub use action::Action;
pub use chain::{Hash, Head, hash};
pub use entry::{Actor, Entry, Event};
pub use export::{CSV_HEADER, csv_row, json_line};
pub use seal::Seal;
pub use verify::{Broken, Verdict, Verifier, Why};
