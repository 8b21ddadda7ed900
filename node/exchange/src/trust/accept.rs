//! Accepting TLS connections, as a stream that servers take.
//!
//! Handshakes run beside each other in tasks of their own, so that a slow or broken peer delays nobody. The stream
//! owns these tasks: when it is dropped they end, and the port is free.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use duikou_proto::name::NetworkName;
use futures_util::Stream;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::PollSemaphore;
use tonic::transport::server::Connected;
use tracing::{debug, error, warn};

use super::socket;
use super::spiffe::Peer;

/// How long accepting rests after the system refused a connection, for example for want of file descriptors.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The TLS of a listener. Cheap to clone.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    network: Option<NetworkName>,
}

impl ServerTls {
    /// With `network`, certificates of clients are read as those of its participants; their chains and names must have
    /// been verified by `config`.
    pub(crate) fn new(config: Arc<ServerConfig>, network: Option<NetworkName>) -> Self {
        Self { config, network }
    }

    /// The configuration itself.
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("network", &self.network).finish_non_exhaustive()
    }
}

/// What a listener takes on. Beyond it, connections wait in the queue of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptLimits {
    /// From the connection to the end of the handshake.
    pub handshake_time: Duration,
    /// Handshakes at one time.
    pub handshakes: usize,
    /// Connections at one time, those in their handshake included.
    pub connections: usize,
}

impl Default for AcceptLimits {
    fn default() -> Self {
        Self { handshake_time: Duration::from_secs(10), handshakes: 256, connections: 4096 }
    }
}

/// Who is at the other end of a connection; tonic puts it into the extensions of each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The participant that the verified certificate names; `None` without a certificate.
    pub peer: Option<Peer>,
    /// Address and port.
    pub remote: SocketAddr,
}

/// An established TLS connection.
#[derive(Debug)]
pub struct TlsConnection {
    stream: TlsStream<TcpStream>,
    info: ConnectionInfo,
    _permit: OwnedSemaphorePermit,
}

impl TlsConnection {
    /// Who is at the other end.
    pub fn info(&self) -> &ConnectionInfo {
        &self.info
    }
}

impl Connected for TlsConnection {
    type ConnectInfo = ConnectionInfo;

    fn connect_info(&self) -> ConnectionInfo {
        self.info.clone()
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The connections of a listener whose handshakes succeeded. The stream never ends and yields no errors: a failure is
/// one peer's, and is logged.
pub fn incoming(listener: TcpListener, tls: ServerTls, limits: AcceptLimits) -> Incoming {
    Incoming {
        listener,
        tls,
        limits,
        handshakes: JoinSet::new(),
        connections: PollSemaphore::new(Arc::new(Semaphore::new(limits.connections))),
        permit: None,
        pause: None,
    }
}

/// See [`incoming`].
#[derive(Debug)]
pub struct Incoming {
    listener: TcpListener,
    tls: ServerTls,
    limits: AcceptLimits,
    handshakes: JoinSet<Option<TlsConnection>>,
    connections: PollSemaphore,
    permit: Option<OwnedSemaphorePermit>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Stream for Incoming {
    type Item = io::Result<TlsConnection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match this.handshakes.poll_join_next(cx) {
                Poll::Ready(Some(Ok(Some(connection)))) => return Poll::Ready(Some(Ok(connection))),
                Poll::Ready(Some(Ok(None))) => continue,
                Poll::Ready(Some(Err(error))) => {
                    error!(%error, "a handshake task died");
                    continue;
                }
                Poll::Ready(None) | Poll::Pending => {}
            }
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            // A handshake that ends wakes this task.
            if this.handshakes.len() >= this.limits.handshakes {
                return Poll::Pending;
            }
            if this.permit.is_none() {
                this.permit = ready!(this.connections.poll_acquire(cx));
            }
            match ready!(this.listener.poll_accept(cx)) {
                Ok((stream, remote)) => {
                    if let Some(permit) = this.permit.take() {
                        let (tls, time) = (this.tls.clone(), this.limits.handshake_time);
                        this.handshakes.spawn(handshake(stream, remote, tls, time, permit));
                    }
                }
                Err(error) => {
                    warn!(%error, "the system refused a connection");
                    this.pause = Some(Box::pin(sleep(PAUSE_AFTER_FAILURE)));
                }
            }
        }
    }
}

async fn handshake(
    stream: TcpStream,
    remote: SocketAddr,
    tls: ServerTls,
    time: Duration,
    permit: OwnedSemaphorePermit,
) -> Option<TlsConnection> {
    if let Err(error) = socket::prepare(&stream) {
        debug!(%remote, %error, "the connection broke before its handshake");
        return None;
    }
    let stream = match timeout(time, TlsAcceptor::from(tls.config).accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            debug!(%remote, %error, "TLS handshake failed");
            return None;
        }
        Err(_) => {
            debug!(%remote, seconds = time.as_secs(), "TLS handshake took too long");
            return None;
        }
    };
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = match (leaf, &tls.network) {
        (Some(leaf), Some(network)) => match Peer::from_certificate(leaf, network) {
            Ok(peer) => Some(peer),
            Err(error) => {
                debug!(%remote, %error, "the client's certificate names nobody");
                return None;
            }
        },
        _ => None,
    };
    Some(TlsConnection { stream, info: ConnectionInfo { peer, remote }, _permit: permit })
}
