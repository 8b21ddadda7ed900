//! Imports that people make in a browser, kept while they are at it: what was sent, how it is read, and what would become
//! of each row or has.
//!
//! `fact` is what is kept of one, `files` its folder, `rows` what is known of its rows, a page at a time; [`Imports`] is
//! what pages call, `work` reads a file and sends what is good. The reading is that of [`crate::sheets`], and rows are
//! published by the services, as the command line does it: an import that broke off is simply done again.
//!
//! What comes is looked at at once: what is no table is told beside the field. Columns are read as they were the last
//! time, and shown to be corrected. Then a task goes on as the account is at each batch (`accounts/still`): first as a
//! trial, whose rows are kept in files and which says of each what it would change (`services/listing/changed`: of a
//! listing, or of the draft that waits), then for good, with `submit`, so that the member's policy says what waits. How
//! far it has come is in memory for those who look, and in the fact for a server that was killed. One file at a time is
//! in memory: its cells until the row is read, then its listings as bytes.

mod desk;
mod fact;
mod files;
mod rows;
#[cfg(test)]
mod tests;
mod work;

/// The folder of their files, below the server's.
pub(crate) const FOLDER: &str = "imports";

pub(crate) use desk::{Imports, Progress, Step};
pub(crate) use fact::{Import, Phase, Said};
pub(crate) use files::{NotTaken, Upload};
pub(crate) use rows::{KeptRow, RowsPage, state_of};
pub(crate) use work::Job;
