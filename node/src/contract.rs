//! The compiled contract by its descriptors: what JSON, REST and the OpenAPI document are read from.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(duikou_proto::FILE_DESCRIPTOR_SET).expect("the contract was compiled with this program")
});

/// All of it, options included.
pub(crate) fn pool() -> &'static DescriptorPool {
    &POOL
}

/// The descriptor of a message of the contract, which it must have.
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).expect("the contract has it")
}
