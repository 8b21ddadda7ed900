//! The Duikou gateway: a node that others join. It adds admission, the certificate authority, the acceptor of links,
//! and the demo network to the node's engine.

pub mod at_rest;
pub mod authority;
pub mod certificates;
pub mod cli;
pub mod demo;
pub mod init;
pub mod membership;
pub mod root;
pub mod serve;
