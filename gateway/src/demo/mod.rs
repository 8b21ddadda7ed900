//! The demonstration network: many offices, one gateway, real listings, and proof that everything arrived.

pub mod expected;
