//! The Duikou node: store, feed, link, services and command line.

pub mod cli;
pub mod config;
