//! How every TCP connection is set, dialled or accepted.

use std::io;

use socket2::SockRef;
use tokio::net::TcpStream;

/// What the system takes of bytes that it cannot send yet. What is in its hands goes before a ping; on a wire of 1 Mbit/s
/// that is a second, where otherwise it is as many megabytes as the system likes, and the peer counts as dead.
const UNSENT_BYTES: u32 = 128 * 1024;

/// Small things go out at once, and much waits here, where the small go first.
///
/// # Errors
/// Where the connection is broken already.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)
}
