//! Connections to receivers: the name is resolved once, every address is judged, and the connection goes to that very
//! address. No proxy, no redirect, nothing of the environment.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use duikou_proto::envelope::Micros;
use duikou_proto::v1::delivery::Outcome;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::setup::{SetupError, roots};
use super::target::{Host, Target};
use crate::config::{self, Networks};
use crate::trust::provider::provider;
use crate::{http_date, limits};

/// Where names are looked up.
#[async_trait]
trait Names: Send + Sync {
    /// The addresses for which a name stands at this moment.
    async fn look_up(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// As every program of this machine does.
struct System;

#[async_trait]
impl Names for System {
    async fn look_up(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, port)).await?.take(limits::DELIVERY_ADDRESSES).collect())
    }
}

/// What requests to receivers may do.
#[derive(Clone)]
pub(crate) struct Dialer {
    names: Arc<dyn Names>,
    allowed: Networks,
    ports: Arc<[u16]>,
    tls: Arc<ClientConfig>,
}

/// The dialer that an operator has configured; `dir` is the server's folder.
///
/// # Errors
/// Where the file of further roots cannot be read, or holds no certificates.
pub(crate) fn dialer(config: &config::Delivery) -> Result<Dialer, SetupError> {
    let roots = match &config.extra_roots {
        None => Vec::new(),
        Some(path) => roots("delivery.extra_roots", path)?,
    };
    Ok(Dialer::new(config.allow.clone(), config.ports.as_slice().to_vec(), roots)?)
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
    /// Whether the receiver may have got the request all the same.
    pub(crate) sent: bool,
}

impl Fault {
    fn before(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into(), sent: false }
    }

    /// The time is over.
    pub(crate) fn late(sent: bool, after: std::time::Duration) -> Self {
        let detail = format!("no answer within {} s", after.as_secs());
        Self { outcome: Outcome::TimedOut, detail, sent }
    }
}

impl Dialer {
    /// A dialer that believes the authorities of the web and `roots`.
    ///
    /// # Errors
    /// Where a root is no certificate.
    pub(crate) fn new(
        allowed: Networks,
        ports: Vec<u16>,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, rustls::Error> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in roots {
            store.add(root)?;
        }
        let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let mut tls = versions.with_root_certificates(store).with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { names: Arc::new(System), allowed, ports: ports.into(), tls: Arc::new(tls) })
    }

    pub(crate) fn allowed(&self) -> &Networks {
        &self.allowed
    }

    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// The addresses for which a host stands now, if a request may go to each of them.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Fault> {
        let addresses: Vec<SocketAddr> = match target.host() {
            Host::Address(address) => vec![SocketAddr::new(*address, target.port())],
            Host::Name(name) => {
                let found = self.names.look_up(name, target.port()).await;
                found.map_err(|error| {
                    Fault::before(Outcome::Unreachable, format!("{name} cannot be resolved: {error}"))
                })?
            }
        };
        // One that is forbidden among others is an attack, or a mistake: no part of it is tried.
        let forbidden = |address: &&SocketAddr| !target.permits(address.ip(), &self.allowed, &self.ports);
        match addresses.iter().find(forbidden) {
            // Which address it is, is nobody's business: a name must not serve to explore the operator's network.
            Some(_) => {
                Err(Fault::before(Outcome::AddressForbidden, "the host stands for an address that is not allowed"))
            }
            None if addresses.is_empty() => Err(Fault::before(Outcome::Unreachable, "the host has no address")),
            None => Ok(addresses),
        }
    }

    /// Connects to a receiver.
    pub(crate) async fn connect(&self, target: &Target) -> Result<Connection, Fault> {
        let addresses = self.resolve(target).await?;
        let unreachable = |error: io::Error| Fault::before(Outcome::Unreachable, plain(&error));
        let stream = TcpStream::connect(&*addresses).await.map_err(unreachable)?;
        // It is what was judged.
        debug_assert!(stream.peer_addr().is_ok_and(|peer| addresses.contains(&peer)));
        let _ = stream.set_nodelay(true);
        if !target.is_tls() {
            return Connection::begin(stream).await;
        }
        let name = match target.host() {
            Host::Address(address) => ServerName::IpAddress((*address).into()),
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|_| Fault::before(Outcome::TlsFailed, "the host's name cannot be in a certificate"))?,
        };
        match TlsConnector::from(self.tls.clone()).connect(name, stream).await {
            Ok(stream) => Connection::begin(stream).await,
            Err(error) => Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(of_tls) => Fault::before(Outcome::TlsFailed, certificate(of_tls)),
                None => Fault::before(Outcome::Unreachable, plain(&error)),
            }),
        }
    }
}

/// What is wrong with a receiver's certificate, in words for whoever runs the receiver; of anything else the library's own.
fn certificate(error: &rustls::Error) -> String {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, Other, UnknownIssuer,
    };
    let rustls::Error::InvalidCertificate(wrong) = error else { return shortened(&crate::error::chain(error)) };
    let why = match wrong {
        Expired | ExpiredContext { .. } => "the certificate has expired",
        NotValidForName | NotValidForNameContext { .. } => "the certificate is for other names than the address has",
        UnknownIssuer | Other(_) => "the certificate is of no authority that this server trusts",
        _ => "the certificate does not verify",
    };
    shortened(&format!("{why} ({wrong:?})"))
}

fn plain(error: &io::Error) -> String {
    shortened(&crate::error::chain(error))
}

fn shortened(text: &str) -> String {
    text.chars().take(DETAIL_CHARS).collect()
}

/// Characters of what is said about a failure.
const DETAIL_CHARS: usize = 200;

/// A connection that takes requests one after the other.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

/// What a receiver said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// How long it wants to be left alone.
    pub(crate) retry_after: Option<RetryAfter>,
    /// Whether the connection takes another request.
    pub(crate) open: bool,
}

/// What a receiver said in `Retry-After` (RFC 9110, 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// After so many seconds.
    Seconds(u64),
    /// At this second since 1970.
    At(i64),
}

impl RetryAfter {
    fn read(value: &HeaderValue) -> Option<Self> {
        let seconds = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        seconds.map(Self::Seconds).or_else(|| http_date::read(value).map(Self::At))
    }

    /// How long that is at `now`.
    pub(crate) fn wait(self, now: Micros) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(second) => {
                let left = second.saturating_mul(1_000_000).saturating_sub(now);
                Duration::from_micros(u64::try_from(left).unwrap_or_default())
            }
        }
    }
}

impl Connection {
    async fn begin<S>(stream: S) -> Result<Self, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let handshake = http1::Builder::new()
            .max_buf_size(limits::DELIVERY_ANSWER_BYTES)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream));
        let (sender, connection) =
            handshake.await.map_err(|error| Fault::before(Outcome::Unreachable, error.to_string()))?;
        let driver = tokio::spawn(async move {
            // How it ended, the request that it carried tells.
            let _ = connection.await;
        });
        Ok(Self { sender, _driver: AbortOnDropHandle::new(driver) })
    }

    /// Sends a request, whose address is `target`, and reads the whole answer, of the body no more than `most` bytes.
    #[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "the way to an OpenID provider"))]
    pub(crate) async fn exchange(
        &mut self,
        target: &Target,
        mut request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Response<Bytes>, Fault> {
        *request.uri_mut() = target.path().parse().map_err(|_| malformed())?;
        let host = HeaderValue::from_str(&target.host_header()).map_err(|_| malformed())?;
        request.headers_mut().insert(header::HOST, host);
        let broken = |why: String| Fault {
            outcome: Outcome::Unreachable,
            detail: why.chars().take(DETAIL_CHARS).collect(),
            sent: true,
        };
        let answer = self.sender.send_request(request).await;
        let (head, body) = answer.map_err(|error| broken(crate::error::chain(&error)))?.into_parts();
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|error| broken(format!("its answer was not taken: {error}")))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// Posts `body` and reads the answer, of the body no more than a bound.
    pub(crate) async fn post(&mut self, target: &Target, headers: HeaderMap, body: Bytes) -> Result<Answer, Fault> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = target.path().parse().map_err(|_| malformed())?;
        *request.headers_mut() = headers;
        let host = HeaderValue::from_str(&target.host_header()).map_err(|_| malformed())?;
        request.headers_mut().insert(header::HOST, host);
        let broken = |error: hyper::Error| Fault {
            outcome: Outcome::Unreachable,
            detail: crate::error::chain(&error).chars().take(DETAIL_CHARS).collect(),
            sent: true,
        };
        self.sender.ready().await.map_err(|error| Fault { sent: false, ..broken(error) })?;
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let retry_after = head.headers.get(header::RETRY_AFTER).and_then(RetryAfter::read);
        Ok(Answer { status: head.status, retry_after, open: drained(body).await })
    }
}

fn malformed() -> Fault {
    Fault::before(Outcome::Unreachable, "the address makes no request")
}

/// Reads the rest of an answer, up to a bound; whether it came to its end.
async fn drained(mut body: Incoming) -> bool {
    let mut room = limits::DELIVERY_ANSWER_BYTES;
    // The status has been said: what a slow or endless body still says is not waited for.
    let read = tokio::time::timeout(limits::DELIVERY_PROMPT, async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            match room.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(rest) => room = rest,
                None => return false,
            }
        }
        true
    });
    read.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A name server of an attacker: each answer is another.
    struct Turning(Mutex<VecDeque<Vec<IpAddr>>>);

    #[async_trait]
    impl Names for Turning {
        async fn look_up(&self, _: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            let answer = self.0.lock().unwrap().pop_front().expect("a look-up more than connections");
            Ok(answer.into_iter().map(|address| SocketAddr::new(address, port)).collect())
        }
    }

    /// Answers one request on each connection, and counts them.
    async fn answer(listener: TcpListener, count: Arc<Mutex<usize>>) {
        while let Ok((mut stream, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
        }
    }

    #[test]
    fn whoever_runs_a_receiver_reads_what_is_wrong_with_its_certificate() {
        use rustls::{CertificateError, OtherError};
        let own = OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")));
        for (wrong, told) in [
            (CertificateError::Expired, "the certificate has expired"),
            (CertificateError::NotValidForName, "the certificate is for other names than the address has"),
            (CertificateError::UnknownIssuer, "the certificate is of no authority that this server trusts"),
            (CertificateError::Other(own), "the certificate is of no authority that this server trusts"),
        ] {
            let text = certificate(&rustls::Error::InvalidCertificate(wrong));
            assert!(text.starts_with(told), "{text}");
        }
        let other = certificate(&rustls::Error::HandshakeNotComplete);
        assert_eq!(other, rustls::Error::HandshakeNotComplete.to_string());
    }

    #[test]
    fn a_receiver_says_in_either_form_how_long_it_wants_to_be_left_alone() {
        let wait = |text: &'static str| {
            RetryAfter::read(&HeaderValue::from_static(text)).map(|after| after.wait(784_111_770_500_000))
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_millis(6_500)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:30 GMT"), Some(Duration::ZERO), "it is past");
        for text in ["", "-1", "soon", "99999999999999999999"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_that_turns_to_a_forbidden_address_is_not_followed_there() {
        // One address of this machine is allowed, and stands for the public internet; its neighbour is what it hides.
        let [outside, inside] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];
        let listener = TcpListener::bind((outside, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hidden = TcpListener::bind((inside, port)).await.unwrap();
        let [seen, reached] = [(); 2].map(|()| Arc::new(Mutex::new(0)));
        let _outside = AbortOnDropHandle::new(tokio::spawn(answer(listener, seen.clone())));
        let _inside = AbortOnDropHandle::new(tokio::spawn(answer(hidden, reached.clone())));

        let answers = [vec![outside], vec![inside], vec![outside, inside], vec![outside]];
        let answers = answers.map(|answer| answer.into_iter().map(IpAddr::V4).collect::<Vec<_>>());
        let names = Arc::new(Turning(Mutex::new(answers.into())));
        let dialer = Dialer::new("127.0.0.1".parse().unwrap(), vec![443], Vec::new()).unwrap();
        let dialer = Dialer { names: names.clone(), ..dialer };
        let target: Target = format!("http://receiver.example:{port}/").parse().unwrap();
        let post = async || {
            let mut connection = dialer.connect(&target).await?;
            connection.post(&target, HeaderMap::new(), Bytes::from_static(b"{}")).await
        };
        assert_eq!(post().await.unwrap().status, StatusCode::NO_CONTENT);
        for _ in 0..2 {
            let fault = post().await.unwrap_err();
            assert_eq!((fault.outcome, fault.sent), (Outcome::AddressForbidden, false), "{}", fault.detail);
            assert!(!fault.detail.contains("127.0.0"), "{}", fault.detail);
        }
        assert_eq!(post().await.unwrap().status, StatusCode::NO_CONTENT);
        assert_eq!((*seen.lock().unwrap(), *reached.lock().unwrap()), (2, 0));
        assert!(names.0.lock().unwrap().is_empty(), "what was judged is what was dialled: one look-up for each");
    }
}
