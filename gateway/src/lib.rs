//! placeholder

pub mod authority;
