//! A receiver of webhooks: it notes what it gets, and behaves as a story wants it to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::certificate::WebCertificate;
use super::wait::within;

/// How long a message may take to come.
const COMES: Duration = Duration::from_secs(60);
/// The longest body that is read.
const BODY_BYTES: usize = 1024 * 1024;

/// What a receiver does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// Answers with this status.
    Status(u16),
    /// Answers with this status and this `Retry-After`.
    RetryAfter(u16, u64),
    /// Sends elsewhere.
    Redirect(String),
    /// Says nothing, ever.
    Hang,
    /// Says 200, and then a body without an end.
    Endless,
    /// Closes the connection without a word.
    Close,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: String,
}

impl Received {
    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The id of the message.
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").map_or("", String::as_str)
    }

    /// The type of the message.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }

    /// The name of the listing that it is about.
    pub fn listing(&self) -> String {
        self.json()["data"]["name"].as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Debug)]
struct Shared {
    received: Mutex<Vec<Received>>,
    manner: Mutex<Manner>,
}

/// A receiver that runs until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<Shared>,
    url: String,
    _task: AbortOnDropHandle<()>,
}

impl Receiver {
    /// One that takes plain requests at a free port of 127.0.0.1.
    ///
    /// # Panics
    /// Where there is no port.
    pub async fn plain() -> Self {
        Self::at("127.0.0.1:0", None).await
    }

    /// One with TLS.
    ///
    /// # Panics
    /// Where there is no port, or the certificate is none.
    pub async fn with_tls(certificate: &WebCertificate) -> Self {
        let chain = CertificateDer::pem_file_iter(&certificate.certificate)
            .expect("made before")
            .map(|certificate| certificate.expect("valid PEM"));
        let key = PrivateKeyDer::from_pem_file(&certificate.key).expect("made before");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain.collect(), key)
            .expect("key and certificate belong together");
        Self::at("127.0.0.1:0", Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn at(address: &str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared { received: Mutex::default(), manner: Mutex::new(Manner::Status(200)) });
        let serve = shared.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (serve.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => talk(&shared, stream).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => talk(&shared, stream).await,
                            // A sender that does not believe the certificate goes away.
                            Err(_) => None,
                        },
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { shared, url: format!("{scheme}://{address}"), _task: AbortOnDropHandle::new(task) }
    }

    /// Its address, with a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// From now on it does this with each request.
    pub fn does(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// What has come, in its order.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what has come.
    pub fn forget(&self) {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits until `enough` holds of what has come, and returns that.
    ///
    /// # Panics
    /// Where it does not within a minute.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let looked = async || {
            let received = self.received();
            if enough(&received) { Ok(received) } else { Err(told(&received)) }
        };
        within(COMES, looked).await.unwrap_or_else(|seen| panic!("{what}: {seen}"))
    }
}

fn told(received: &[Received]) -> String {
    let lines = received.iter().map(|one| format!("{} {} {}", one.kind(), one.listing(), one.id()));
    format!("{} came: {}", received.len(), lines.collect::<Vec<_>>().join("; "))
}

/// Answers requests on one connection until it ends.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(shared: &Shared, stream: S) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let received = read(&mut stream).await?;
        shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
        let manner = shared.manner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = match manner {
            Manner::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok"),
            Manner::RetryAfter(status, seconds) => {
                format!("HTTP/1.1 {status} X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n")
            }
            Manner::Redirect(to) => format!("HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
            Manner::Hang => {
                std::future::pending::<()>().await;
                return None;
            }
            Manner::Endless => {
                stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n").await.ok()?;
                loop {
                    stream.write_all(b"400\r\n").await.ok()?;
                    stream.write_all(&[b'x'; 1024]).await.ok()?;
                    stream.write_all(b"\r\n").await.ok()?;
                }
            }
            Manner::Close => return None,
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if length > BODY_BYTES {
        return None;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { path, headers, body: String::from_utf8(body).ok()? })
}
