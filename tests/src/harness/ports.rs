//! Ports for listeners whose address must outlive a restart.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system hands out to outgoing connections, so that none takes one while its server is down.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A port of 127.0.0.1 that nobody listens on, not given out before by this process.
///
/// # Panics
/// Where there is none.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes run side by side: each begins elsewhere.
    let spread = u16::try_from(u64::from(std::process::id()) * 7919 % u64::from(COUNT)).expect("below COUNT");
    (0..COUNT)
        .map(|_| FIRST + (spread + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of 20,000 ports is free")
}
