//! Connections that must move: whoever connects and sends nothing, or hardly anything, is let go, and so is who takes
//! nothing of what waits for it. HTTP/2 asks such a peer whether it lives; HTTP/1.1 cannot.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

use crate::limits;

/// How long a connection may take over its first bytes.
pub(super) const BEGIN_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may take nothing while something waits. A watch is told so before, where it can be told.
const STALL: Duration = limits::WATCH_STALL.saturating_mul(2);
/// As many as tell HTTP/2 from HTTP/1: the length of the preface of RFC 9113. From then on the timers of the protocol
/// spoken watch.
const FIRST_BYTES: usize = 24;

/// A connection that fails where its first bytes do not come in time, or where it takes nothing for too long.
pub(super) struct Prompt<T> {
    inner: T,
    outstanding: usize,
    deadline: Pin<Box<Sleep>>,
    /// Set while it takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<T> Prompt<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, outstanding: FIRST_BYTES, deadline: Box::pin(sleep(BEGIN_WITHIN)), stalled: None }
    }

    /// What becomes of an attempt to write.
    fn moved<R>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Connected> Connected for Prompt<T> {
    type ConnectInfo = T::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.inner.connect_info()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Prompt<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.outstanding > 0 && self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.outstanding = self.outstanding.saturating_sub(buffer.filled().len() - before);
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Prompt<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.moved(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.moved(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.moved(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_let_go_and_one_that_has_begun_is_not() {
        let (mut client, server) = duplex(64);
        let mut server = Prompt::new(server);
        client.write_all(b"GET").await.unwrap();
        let mut buffer = [0; 64];
        assert_eq!(server.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(server.read(&mut buffer).await.unwrap_err().kind(), io::ErrorKind::TimedOut);

        let (mut client, server) = duplex(64);
        let mut server = Prompt::new(server);
        client.write_all(&[b'x'; FIRST_BYTES]).await.unwrap();
        server.read_exact(&mut buffer[..FIRST_BYTES]).await.unwrap();
        tokio::time::advance(2 * BEGIN_WITHIN).await;
        client.write_all(b"more").await.unwrap();
        assert_eq!(server.read(&mut buffer).await.unwrap(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_nothing_is_let_go_and_a_slow_one_is_not() {
        let (mut client, server) = duplex(16);
        let mut server = Prompt::new(server);
        server.write_all(&[0; 16]).await.unwrap();
        let mut taken = [0; 16];
        for _ in 0..4 {
            let (written, ()) = tokio::join!(server.write_all(&[0; 16]), async {
                tokio::time::sleep(STALL / 2).await;
                client.read_exact(&mut taken).await.unwrap();
            });
            written.unwrap();
        }
        assert_eq!(server.write_all(&[0; 16]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
