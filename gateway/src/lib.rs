//! placeholder

pub mod authority;
pub mod demo;
