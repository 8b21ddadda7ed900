//! The Duikou node: store, feed, link, services and command line. The gateway embeds all of it.

pub mod at_rest;
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
mod http;
pub mod json;
pub mod keys;
pub mod limits;
pub mod link;
pub mod live;
mod matching;
pub mod node;
pub mod search;
pub mod server;
pub mod services;
pub mod store;
pub mod trust;
pub mod typed;
pub mod world;
