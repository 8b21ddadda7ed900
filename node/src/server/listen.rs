//! The listeners, each as a future that serves until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse;
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

use super::ServeError;
use super::prompt::Prompt;
use crate::config::{self, Config, WebTls as WebTlsMode};
use crate::engine::{Engine, Trouble, TroubleKind};
use crate::enrol::WEB_CERTIFICATE_FILE;
use crate::http::{Cookies, Limiter, Manner, router};
use crate::imports::Imports;
use crate::limits;
use crate::services::{Context, metrics};
use crate::trust::accept::{AcceptLimits, incoming};
use crate::trust::identity::KEY_FILE;
use crate::trust::web_tls::WebTls;
use crate::web::{self, Web};

/// How long accepting rests after the system refused a connection, for example for want of file descriptors.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
/// A connection that does not answer for this long is closed.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);
const KEEPALIVE_WITHIN: Duration = Duration::from_secs(20);

/// Where a running server listens; written to a file, so that programs find ports that the system chose.
#[derive(Debug, Default, Serialize)]
pub struct Addresses {
    /// People and programs.
    pub web: Option<SocketAddr>,
    /// Links.
    pub link: Option<SocketAddr>,
    /// The operator's tools.
    pub operator: Option<SocketAddr>,
}

impl Addresses {
    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let part = file.with_extension("part");
        std::fs::write(&part, serde_json::to_vec(self)?)?;
        std::fs::rename(part, file)
    }
}

fn server() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_WITHIN))
        .max_concurrent_streams(256)
}

/// Listens on an address.
///
/// # Errors
/// Where it is in use, or not of this machine.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let failed = |source| ServeError::Listen { address: address.to_string(), source };
    TcpListener::bind(address).await.map_err(failed)
}

/// The administrator's socket: only the owner may connect.
pub(super) fn local(
    path: PathBuf,
    routes: Routes,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + use<>, ServeError> {
    let failed = |source| ServeError::Listen { address: path.display().to_string(), source };
    // The folder is ours: a socket that is there is left over from a process that died.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(async move {
        let serve = server().add_routes(routes);
        let connections = patient(UnixListenerStream::new(listener));
        let served = serve.serve_with_incoming_shutdown(connections, stop.cancelled()).await;
        log(served, "administrator's socket");
    })
}

/// What the public listener is to show; None where it has no TLS.
///
/// # Errors
/// Where its files are of no use.
pub(super) fn web_tls(config: &config::Web, dir: &Path) -> Result<Option<Arc<WebTls>>, ServeError> {
    Ok(match config.tls {
        WebTlsMode::Network => Some(WebTls::load(dir.join(WEB_CERTIFICATE_FILE), dir.join(KEY_FILE))?),
        WebTlsMode::Files => match (config.certificate.clone(), config.key.clone()) {
            (Some(certificate), Some(key)) => Some(WebTls::load(certificate, key)?),
            _ => return Err(ServeError::Config("web.tls = \"files\" needs web.certificate and web.key".to_owned())),
        },
        WebTlsMode::Off => None,
    })
}

/// Connections of a listener that outlives it where the system gives out none for a moment.
fn patient<T>(connections: impl Stream<Item = io::Result<T>>) -> impl Stream<Item = io::Result<T>> {
    connections.filter_map(async |connection| match connection {
        Ok(connection) => Some(Ok(connection)),
        Err(error) => {
            tracing::warn!(%error, "the system refused a connection");
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            None
        }
    })
}

/// The public listener: gRPC, gRPC-Web, REST and pages, over HTTP/1.1 and HTTP/2.
pub(super) async fn web(
    config: &Config,
    context: Context,
    imports: Imports,
    routes: Routes,
    limiter: Arc<Limiter>,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = ()> + use<>), ServeError> {
    let base = config.delivery.url.clone();
    let config = &config.web;
    let listener = bind(config.listen).await?;
    let address = listener.local_addr()?;
    let tls = context.web_tls.as_ref().map(WebTls::server).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    // Set once: a server listens once.
    let _ = context.address.set(format!("{scheme}://{address}"));
    let https = base.as_ref().is_some_and(|base| base.as_str().starts_with("https:"));
    let cookies = Cookies::new(tls.is_some() || https);
    let web = Web::new(&context, imports, base, cookies);
    let pages = web::routes(&web);
    let manner = Manner { tls: tls.is_some(), cookies };
    let explaining = |rest| web::explaining(rest, web);
    let front = router(context.subscriptions, routes, pages, explaining, manner, limiter);
    let serve = async move {
        let server = server().accept_http1(true).http2_max_header_list_size(limits::HEADER_LIST_BYTES);
        let served = match tls {
            Some(tls) => {
                let connections = incoming(listener, tls, AcceptLimits::default()).map_ok(Prompt::new);
                server.serve_with_incoming_shutdown(front, connections, stop.cancelled()).await
            }
            None => {
                let connections = patient(TcpIncoming::from(listener)).map_ok(Prompt::new);
                server.serve_with_incoming_shutdown(front, connections, stop.cancelled()).await
            }
        };
        log(served, "public listener");
    };
    Ok((address, serve))
}

/// The operator's listener: whether the process lives, whether it can work, and how it is in numbers.
pub(super) async fn operator(
    config: &Config,
    context: Context,
    limiter: Arc<Limiter>,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = ()> + use<>), ServeError> {
    let listener = bind(config.operator.listen).await?;
    let address = listener.local_addr()?;
    let engine = context.engine.clone();
    let numbers = move || {
        let (context, limits) = (context.clone(), limiter.refusals());
        async move {
            match metrics::render(&context, limits).await {
                Ok(text) => ([(http::header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
                Err(error) => (http::StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
            }
        }
    };
    let ready = move || {
        let engine = engine.clone();
        async move {
            let why_not = match (engine.broken(), stopped(&engine)) {
                (Some(what), _) => Some(format!("{what} has ended: this server ends, to be started again")),
                (None, Some(why)) => Some(why.to_string()),
                (None, None) => engine.store().read().await.err().map(|error| crate::error::chain(&error)),
            };
            match why_not {
                None => (http::StatusCode::OK, "ready\n".to_owned()),
                Some(why) => (http::StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            }
        }
    };
    let router = axum::Router::new()
        .route("/healthz", axum::routing::get(|| async { "alive\n" }))
        .route("/readyz", axum::routing::get(ready))
        .route("/metrics", axum::routing::get(numbers));
    let serve = async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await }).await;
        if let Err(error) = served {
            tracing::error!(%error, "the operator's listener failed");
        }
    };
    Ok((address, serve))
}

/// Why nothing is written, or not everything.
fn stopped(engine: &Engine) -> Option<String> {
    let troubled = |trouble: Trouble| match trouble.kind {
        TroubleKind::Full => format!("DISK_FULL: {}", trouble.detail),
        TroubleKind::Failing => format!("STORE_FAILING: {}", trouble.detail),
    };
    engine.halted().map(|why| why.to_string()).or_else(|| engine.trouble().map(troubled))
}

fn log(served: Result<(), tonic::transport::Error>, what: &str) {
    if let Err(error) = served {
        tracing::error!(error = %crate::error::chain(&error), "the {what} failed");
    }
}
