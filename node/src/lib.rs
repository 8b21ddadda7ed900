//! The Duikou node: store, feed, link, services and command line. The gateway embeds all of it.

mod accounts;
mod addresses;
#[cfg(feature = "arbitrary")]
pub mod arbitrary;
pub mod at_rest;
pub mod audit;
pub mod backup;
pub mod cli;
pub mod config;
mod contract;
pub mod defects;
pub mod delivery;
pub mod departure;
pub mod engine;
pub mod enrol;
pub mod error;
pub mod feed;
mod html;
mod http;
pub mod json;
pub mod keys;
pub mod limits;
pub mod link;
pub mod live;
mod matching;
pub mod node;
mod sealed;
pub mod search;
pub mod server;
pub mod services;
pub mod store;
mod tally;
mod time;
pub mod trust;
mod web;
pub mod world;
