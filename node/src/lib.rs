//! The Duikou node: store, feed, link, services and command line. The gateway embeds all of it.

mod accounts;
mod addresses;
#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod archive;
mod aside;
pub mod at_rest;
pub mod backup;
pub mod cli;
pub mod config;
mod contract;
pub mod delivery;
pub mod departure;
mod drafts;
pub mod enrol;
mod html;
mod http;
mod http_date;
mod imports;
pub mod json;
pub mod limits;
mod markdown;
mod matching;
pub mod node;
mod ongoing;
mod openid;
mod route;
mod saved;
pub mod search;
pub mod server;
pub mod services;
mod settings;
pub mod sheets;
pub mod typed;
mod uses;
mod web;

pub use duikou_exchange::{audit, defects, engine, error, feed, keys, link, live, store, trust, world};
use duikou_exchange::{counters, sealed, time};
#[cfg(feature = "samples")]
pub use web::served as samples;

/// Of both servers, and of whatever they are measured against: an answer is many small pieces that live for a moment, on
/// which the system's own allocator spent a fifth of the time. Without huge pages, which would hold 50 MiB more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
