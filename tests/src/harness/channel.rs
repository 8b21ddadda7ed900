//! gRPC channels to a server: over its local socket, or over TLS with a token.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(60);

/// A channel that shows a token with every call.
pub type WebClient = InterceptedService<Channel, Bearer>;

/// Shows a token, or none.
#[derive(Debug, Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    /// The token's secret; `None`: anonymous.
    ///
    /// # Panics
    /// Where it cannot stand in a header.
    pub fn new(secret: Option<&str>) -> Self {
        Self(secret.map(|secret| format!("Bearer {secret}").parse().expect("a secret is plain text")))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// A channel over the socket at `path`, which dials again whenever it must.
pub(crate) fn local(path: PathBuf) -> Channel {
    let connector = tower::service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://local").timeout(ANSWER).connect_with_connector_lazy(connector)
}

/// One connection over TLS to `address`, which shows a certificate for 127.0.0.1, with a token's secret or anonymous.
///
/// # Errors
/// Where there is no connection.
pub async fn web_client(
    address: &str,
    config: Arc<ClientConfig>,
    secret: Option<&str>,
) -> Result<WebClient, tonic::transport::Error> {
    let target = address.to_owned();
    let connector = tower::service_fn(move |_| {
        let (target, config) = (target.clone(), Arc::clone(&config));
        async move {
            let connection = TcpStream::connect(target).await?;
            connection.set_nodelay(true)?;
            let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
            TlsConnector::from(config).connect(name, connection).await.map(TokioIo::new)
        }
    });
    let channel = Endpoint::from_static("http://web").timeout(ANSWER).connect_with_connector(connector).await?;
    Ok(WebClient::new(channel, Bearer::new(secret)))
}
