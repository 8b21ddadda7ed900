//! The contract of the Duikou network: its messages and services, and the rules that every participant applies
//! alike. Everything here is a function of its inputs: no sockets, files, clocks or randomness.

mod chance;
pub mod codec;
pub mod directory;
pub mod envelope;
pub mod filter;
pub mod fold;
pub mod head;
pub mod hex;
pub mod language;
pub mod limits;
pub mod live;
pub mod name;
pub mod order;
pub mod receipt;
pub mod reference;
pub mod scope;
pub mod seal;
pub mod set_hash;
pub mod sign;
pub mod validate;
pub mod words;

mod generated;

pub use generated::duikou::federation::v1 as federation;
pub use generated::duikou::v1;
pub use generated::google::r#type::Money;

/// The compiled contract without its comments, which are most of it: for JSON and REST.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The same with its comments: for reflection and documents.
pub const COMMENTED_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/commented.bin"));
