//! The exchange itself: one store, one writer, one feed, and the links by which servers carry it to each other. A node is
//! this with services, pages and a command line around it.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
pub mod audit;
pub mod counters;
pub mod defects;
pub mod engine;
pub mod error;
pub mod feed;
pub mod keys;
pub mod limits;
pub mod link;
pub mod live;
pub mod sealed;
pub mod store;
pub mod time;
pub mod trust;
pub mod world;
