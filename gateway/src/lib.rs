//! The Duikou gateway: admission, certificate authority, link acceptor, and the demo network.

pub mod cli;
