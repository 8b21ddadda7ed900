//! The Duikou node: store, feed, link, services and command line. The gateway embeds all of it.

pub mod backup;
pub mod engine;
pub mod error;
pub mod feed;
pub mod limits;
pub mod link;
pub mod services;
pub mod store;
pub mod trust;
