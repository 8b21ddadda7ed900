//! Dialling a server: TCP, a proxy where there is one, TLS, then HTTP/2.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use duikou_proto::language::Text;
use http::Uri;
use http::uri::Authority;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::link_tls::PeerRefused;
use super::proxy::{Proxy, ProxyError};
use super::socket;

/// From the look-up of the name to the end of the TLS handshake.
pub const DIAL_TIME: Duration = Duration::from_secs(10);
/// How a client begins HTTP/2 (RFC 9113, 3.4): its preface, and settings of which none is its own.
pub const HTTP2_BEGINS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// How often a quiet connection is probed.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
/// How long a probe may stay unanswered before the connection counts as lost.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(4);

/// `HOST:PORT`; the host is a name, an IPv4 address, or an IPv6 address in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    host: Arc<str>,
    port: u16,
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not HOST:PORT")]
pub struct InvalidAddress {
    /// The text, cut to 300 characters.
    pub text: String,
}

impl Address {
    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress { text: text.chars().take(300).collect() };
        let authority: Authority = text.parse().map_err(|_| invalid())?;
        let port = authority.port_u16().filter(|port| *port != 0).ok_or_else(invalid)?;
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        // What TLS can name can also be dialled.
        if text.contains('@') || ServerName::try_from(host).is_err() {
            return Err(invalid());
        }
        Ok(Self { host: host.into(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a connection could not be made.
#[derive(Debug, Error)]
pub enum DialError {
    /// The name is unknown or nobody answers there.
    #[error("cannot connect to {address}")]
    Connect {
        /// The server, or the proxy.
        address: Address,
        /// The cause.
        source: io::Error,
    },
    /// The proxy opened no tunnel.
    #[error("cannot reach {address} through the proxy {proxy}")]
    Proxy {
        /// The server.
        address: Address,
        /// The proxy.
        proxy: Address,
        /// The cause.
        source: ProxyError,
    },
    /// The server is somebody else than it should be.
    #[error("{address} is not who it should be")]
    Peer {
        /// The server.
        address: Address,
        /// What is wrong with it.
        source: PeerRefused,
    },
    /// TLS failed: an unknown authority, a date, a version, or what answers speaks no TLS.
    #[error("no secure connection to {address}")]
    Tls {
        /// The server.
        address: Address,
        /// The cause.
        source: io::Error,
    },
    /// It took too long.
    #[error("no connection to {address} within {} s", time.as_secs())]
    Timeout {
        /// The server.
        address: Address,
        /// The limit.
        time: Duration,
    },
}

impl DialError {
    /// Finds it among the causes of another error, such as tonic's.
    pub fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// It in words for people, who are told nothing in the words of the system or a library: those are in the error.
    pub fn text(&self) -> Text {
        match self {
            Self::Connect { address, source } => {
                let Text { zh, en } = of_system(source);
                Text::new(format!("无法连接 {address}：{zh}"), format!("cannot connect to {address}: {en}"))
            }
            Self::Proxy { address, proxy, source } => {
                let Text { zh, en } = of_proxy(source);
                Text::new(
                    format!("无法经代理 {proxy} 连接 {address}：{zh}"),
                    format!("cannot reach {address} through the proxy {proxy}: {en}"),
                )
            }
            Self::Peer { address, source } => {
                let Text { zh, en } = of_peer(source);
                Text::new(format!("{address} 不是应有的对方：{zh}"), format!("{address} is not who it should be: {en}"))
            }
            Self::Tls { address, .. } if self.is_of_time() => Text::new(
                format!("{address} 的证书有效期与时钟不符"),
                format!("the dates of the certificate of {address} do not agree with the clock"),
            ),
            Self::Tls { address, source } => {
                let Text { zh, en } = match source.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) {
                    true => Text::new("证书或加密有误", "a certificate, or the encryption, is wrong"),
                    false => of_system(source),
                };
                Text::new(
                    format!("与 {address} 无法建立安全连接：{zh}"),
                    format!("no secure connection to {address}: {en}"),
                )
            }
            Self::Timeout { address, time } => {
                let seconds = time.as_secs();
                Text::new(
                    format!("{seconds} 秒内没有连上 {address}"),
                    format!("no connection to {address} within {seconds} s"),
                )
            }
        }
    }

    /// Whether it is for the date of a certificate.
    pub fn is_of_time(&self) -> bool {
        use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
        let Self::Tls { source, .. } = self else { return false };
        let cause = source.get_ref().and_then(|cause| cause.downcast_ref());
        matches!(
            cause,
            Some(rustls::Error::InvalidCertificate(
                Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
            ))
        )
    }
}

fn of_system(error: &io::Error) -> Text {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
        UnexpectedEof,
    };
    match error.kind() {
        ConnectionRefused => {
            Text::new("对方拒绝连接，可能没有运行", "it refuses the connection; perhaps it is not running")
        }
        ConnectionReset | ConnectionAborted | UnexpectedEof => Text::new("连接被中断", "the connection broke off"),
        HostUnreachable | NetworkUnreachable => Text::new("网络不通", "the network does not reach it"),
        TimedOut => Text::new("没有答复", "there is no answer"),
        _ if error.to_string().contains("lookup") => Text::new("找不到这个主机名", "there is no host of this name"),
        _ => Text::new("连接出错", "the connection failed"),
    }
}

fn of_proxy(error: &ProxyError) -> Text {
    match error {
        ProxyError::Io(_) => Text::new("与代理的连接中断", "the connection to the proxy broke off"),
        ProxyError::Credentials => Text::new(
            "代理要求用户名和密码，或不接受所给的",
            "the proxy asks for a name and a password, or takes none of these",
        ),
        ProxyError::Refused { status } => {
            Text::new(format!("代理答复 {status}"), format!("the proxy answers {status}"))
        }
        ProxyError::Malformed => Text::new("代理的答复无法识别", "the answer of the proxy cannot be understood"),
    }
}

fn of_peer(error: &PeerRefused) -> Text {
    match error {
        PeerRefused::Name(_) => Text::new("其证书上没有本网络的名称", "its certificate has no name of this network"),
        PeerRefused::Other { expected, found } => Text::new(
            format!("其证书属于 {found}，不是 {expected}"),
            format!("its certificate is of {found}, not of {expected}"),
        ),
        PeerRefused::Role { found } => {
            Text::new(format!("{found} 不能连接这里"), format!("{found} may not connect here"))
        }
        PeerRefused::Authority => Text::new(
            "其证书颁发机构与邀请码所指的不同",
            "its certificate authority is not the one that the invite names",
        ),
    }
}

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Dial {
    address: Address,
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
    time: Duration,
}

impl Dial {
    /// Directly, within [`DIAL_TIME`].
    pub fn new(address: Address, tls: Arc<ClientConfig>) -> Self {
        Self { address, tls, proxy: None, time: DIAL_TIME }
    }

    /// Through a proxy, where one is given.
    #[must_use]
    pub fn through(mut self, proxy: Option<Proxy>) -> Self {
        self.proxy = proxy;
        self
    }

    /// Within another time.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Makes one connection.
    ///
    /// # Errors
    /// Where any step fails or all together take too long.
    pub async fn stream(&self) -> Result<TlsStream<TcpStream>, DialError> {
        timeout(self.time, self.steps())
            .await
            .map_err(|_| DialError::Timeout { address: self.address.clone(), time: self.time })?
    }

    async fn steps(&self) -> Result<TlsStream<TcpStream>, DialError> {
        let stream = match &self.proxy {
            None => connect(&self.address).await?,
            Some(proxy) => {
                let mut stream = connect(proxy.address()).await?;
                proxy.tunnel(&mut stream, &self.address).await.map_err(|source| DialError::Proxy {
                    address: self.address.clone(),
                    proxy: proxy.address().clone(),
                    source,
                })?;
                stream
            }
        };
        let failed = |source| DialError::Tls { address: self.address.clone(), source };
        let name = ServerName::try_from(self.address.host().to_owned())
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await.map_err(|error| {
            match PeerRefused::of(&error) {
                Some(source) => DialError::Peer { address: self.address.clone(), source },
                None => failed(error),
            }
        })
    }

    /// Whether the server takes this end's certificate. In TLS 1.3 it refuses one only after the handshake, in the place of
    /// the first thing that it would say in HTTP/2; before that anybody on the line could say so.
    ///
    /// # Errors
    /// Where it was not reached, or says neither.
    pub async fn is_taken(&self) -> Result<bool, DialError> {
        let asked = async {
            let mut stream = self.steps().await?;
            // A server that refuses may have closed by now; what it said before that is read all the same.
            let _ = async {
                stream.write_all(HTTP2_BEGINS).await?;
                stream.flush().await
            }
            .await;
            match stream.read_u8().await {
                Ok(_) => Ok(true),
                Err(error) if is_refusal(&error) => Ok(false),
                Err(source) => Err(DialError::Tls { address: self.address.clone(), source }),
            }
        };
        let late = |_| DialError::Timeout { address: self.address.clone(), time: self.time };
        timeout(self.time, asked).await.map_err(late)?
    }

    /// Connects and hands out a channel that connects again when its connection is lost, which it finds out within
    /// [`KEEPALIVE_INTERVAL`] and [`KEEPALIVE_TIMEOUT`] together.
    ///
    /// # Errors
    /// Where there is no connection now; [`DialError::find`] tells why. A server that refuses this end's certificate
    /// says so after the handshake, thus here or at the first call.
    pub async fn connect(&self) -> Result<Channel, tonic::transport::Error> {
        self.endpoint()?.connect_with_connector(self.connector()).await
    }

    fn endpoint(&self) -> Result<Endpoint, tonic::transport::Error> {
        // tonic refuses `https` in front of a connector that is not its own.
        Ok(Endpoint::from_shared(format!("http://{}", self.address))?
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true))
    }

    fn connector(
        &self,
    ) -> impl tower::Service<
        Uri,
        Response = TokioIo<TlsStream<TcpStream>>,
        Error = DialError,
        Future = impl Future<Output = Result<TokioIo<TlsStream<TcpStream>>, DialError>> + Send,
    > + Send
    + 'static {
        let dial = self.clone();
        tower::service_fn(move |_: Uri| {
            let dial = dial.clone();
            async move { dial.stream().await.map(TokioIo::new) }
        })
    }
}

/// Whether what was to be read in a connection is the other end's refusal of it.
fn is_refusal(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(rustls::Error::AlertReceived(_)))
}

async fn connect(address: &Address) -> Result<TcpStream, DialError> {
    let failed = |source| DialError::Connect { address: address.clone(), source };
    let stream = TcpStream::connect((address.host(), address.port())).await.map_err(failed)?;
    socket::prepare(&stream).map_err(failed)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back() {
        for text in ["hub.pprd.example:7443", "127.0.0.1:1", "[::1]:7443"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("[::1]:7443".parse::<Address>().unwrap().host(), "::1");
    }

    #[test]
    fn no_reason_is_told_in_the_words_of_the_system() {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset, InvalidData, NetworkUnreachable, Other, TimedOut};
        let address: Address = "hub.pprd.example:7443".parse().unwrap();
        let said = "raw (os error 111)";
        let errors = [ConnectionRefused, ConnectionReset, NetworkUnreachable, TimedOut, InvalidData, Other].into_iter();
        let errors = errors.map(|kind| io::Error::new(kind, said));
        let lookup = io::Error::other(format!("failed to lookup address information: {said}"));
        let tls = io::Error::new(InvalidData, rustls::Error::General(said.to_owned()));
        let mut told = std::collections::BTreeSet::new();
        for source in errors.chain([lookup, tls]) {
            let (source, other) = (io::Error::new(source.kind(), source.to_string()), source);
            let connect = DialError::Connect { address: address.clone(), source };
            for error in [connect, DialError::Tls { address: address.clone(), source: other }] {
                let text = error.text();
                for told in [&text.zh, &text.en] {
                    assert!(told.contains("hub.pprd.example:7443") && !told.contains("raw"), "{told}");
                }
                assert!(text.en.is_ascii() && !text.zh.is_ascii(), "{text:?}");
                told.insert(text.en);
            }
        }
        assert!(told.len() > 10, "they differ: {told:?}");
    }

    #[test]
    fn other_texts_are_no_addresses() {
        for text in ["", "hub", "hub:", ":7443", "hub:0", "hub:70000", "a@hub:1", "hub:1/x", "::1:7443", "h ub:1"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
