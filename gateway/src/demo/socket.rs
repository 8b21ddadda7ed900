//! The way to a server of the demonstration: its operator's socket.

use std::path::Path;

use anyhow::Context as _;
use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint, Uri};

/// To the socket of the server in `dir`.
pub(super) async fn channel(dir: &Path) -> anyhow::Result<Channel> {
    let socket = dir.join("admin.sock");
    let connector = tower::service_fn(move |_: Uri| {
        let socket = socket.clone();
        async move { tokio::net::UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://socket").connect_with_connector(connector).await;
    channel.with_context(|| format!("connecting to the server in {}", dir.display()))
}
