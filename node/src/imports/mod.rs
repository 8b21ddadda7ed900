//! Imports that people make in a browser, kept while they are at it: what was sent, how it is read, and what would become
//! of each row or has.
//!
//! `fact` is what is kept of one, `files` its folder, `rows` what is known of its rows, a page at a time; [`Imports`] is
//! what pages call, `work` reads a file and sends what is good. The reading is that of [`crate::sheets`], and rows are
//! published by the services, as the command line does it: an import that broke off is simply done again.

mod desk;
mod fact;
mod files;
mod rows;
mod work;

/// The folder of their files, below the server's.
pub(crate) const FOLDER: &str = "imports";

pub(crate) use desk::{Imports, Progress, Step};
pub(crate) use fact::{Import, Phase, Said};
pub(crate) use files::{NotTaken, Upload};
pub(crate) use rows::{KeptRow, RowsPage, state_of};
pub(crate) use work::Job;
