//! A switch, and the machines that are plugged into it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::host::Host;
use super::namespace::Namespace;

/// One local network.
#[derive(Debug)]
pub(crate) struct Lan {
    switch: Arc<Namespace>,
    hosts: AtomicU8,
}

impl Lan {
    /// One without machines.
    ///
    /// # Panics
    /// Where this process may not make it.
    pub(crate) fn new() -> Self {
        let switch = Namespace::new();
        switch.run("ip", "link add switch type bridge");
        switch.run("ip", "link set switch up");
        Self { switch: Arc::new(switch), hosts: AtomicU8::new(0) }
    }

    /// One more machine, with the next address.
    ///
    /// # Panics
    /// Where this process may not make it.
    pub(crate) fn host(&self) -> Host {
        let number = 1 + self.hosts.fetch_add(1, Ordering::Relaxed);
        assert!(number < u8::MAX, "there are no more addresses");
        Host::plugged_in(&self.switch, format!("port{number}"), Ipv4Addr::new(10, 0, 0, number))
    }
}
