//! What only the whole can show: scenarios over real processes, real TLS and real files.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on has failed")]

mod demo;
mod documents;
mod examples;
mod faults;
mod handbook;
mod malicious;
mod rules;
mod tour;
