//! Connections that must begin: whoever connects and sends nothing, or hardly anything, is let go.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

/// How long a connection may take over its first bytes.
pub(super) const BEGIN_WITHIN: Duration = Duration::from_secs(10);
/// As many as tell HTTP/2 from HTTP/1: the length of the preface of RFC 9113. From then on the timers of the protocol
/// spoken watch.
const FIRST_BYTES: usize = 24;

/// A connection that fails where its first bytes do not come in time.
pub(super) struct Prompt<T> {
    inner: T,
    outstanding: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<T> Prompt<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, outstanding: FIRST_BYTES, deadline: Box::pin(sleep(BEGIN_WITHIN)) }
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
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
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
}
