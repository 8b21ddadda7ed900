//! Servers of which a part ends, and how they are seen to end.

use std::net::SocketAddr;

use async_trait::async_trait;
use duikou_proto::federation::host_service_client::HostServiceClient;
use duikou_proto::federation::host_service_server::{HostService, HostServiceServer};
use duikou_proto::federation::{
    IntroduceKeysRequest, IntroduceKeysResponse, ReleaseMemberRequest, ReleaseMemberResponse,
};
use duikou_proto::v1::GetStatusRequest;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Request, Response, Status};

use super::*;
use crate::at_rest::served;
use crate::cli::{ExitCode, connect_socket};
use crate::config::WebTls;
use crate::engine::{Command, Work, WriteError};

async fn open(folder: &TempDir) -> Server {
    let mut config = Config::default();
    config.node.id = Some("here.n.example".parse().unwrap());
    config.node.network = Some("n.example".parse().unwrap());
    config.web.tls = WebTls::Off;
    for listen in [&mut config.web.listen, &mut config.operator.listen] {
        *listen = SocketAddr::from(([127, 0, 0, 1], 0));
    }
    for file in ["duikou.toml", "data.db"] {
        std::fs::File::options().create(true).append(true).open(folder.path().join(file)).unwrap();
    }
    Server::open(folder.path(), config, false).await.unwrap()
}

/// What the operator's port says of it.
async fn ready(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.addresses.operator.unwrap()).await.unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

struct Panics;

#[async_trait]
impl Command for Panics {
    type Output = ();

    async fn run(self, _: &mut Work<'_>) -> Result<(), StoreError> {
        panic!("on purpose")
    }
}

#[async_trait]
impl HostService for Panics {
    async fn introduce_keys(
        &self,
        _: Request<IntroduceKeysRequest>,
    ) -> Result<Response<IntroduceKeysResponse>, Status> {
        panic!("on purpose")
    }

    async fn release_member(
        &self,
        _: Request<ReleaseMemberRequest>,
    ) -> Result<Response<ReleaseMemberResponse>, Status> {
        panic!("on purpose")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_writer_a_server_is_not_ready_and_ends_as_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = open(&folder).await;
    server.listen(|routes| routes).await.unwrap();
    assert!(ready(&server).await.starts_with("HTTP/1.1 200"));
    assert!(matches!(server.engine.submit(Panics).await, Err(WriteError::Closed)));
    assert_eq!(server.engine.breaks().await, "the writer");
    let said = ready(&server).await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("the writer has ended"), "{said}");
    let error = server.run().await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), served(&error).kind),
        ("the writer has ended, and the server with it", ExitCode::Bug)
    );

    // Whoever starts it again finds it whole, and nobody in its folder.
    let mut server = open(&folder).await;
    server.listen(|routes| routes).await.unwrap();
    server.engine.put_fact("x".to_owned(), Some(true)).await.unwrap();
    server.stop.cancel();
    server.run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn any_task_that_lasts_as_long_as_the_server_takes_it_along() {
    for panics in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = open(&folder).await;
        server.listen(|routes| routes).await.unwrap();
        let go = CancellationToken::new();
        let (gone, stop) = (go.clone(), server.stop.clone());
        server.keep("the link", async move {
            gone.cancelled().await;
            assert!(!panics, "on purpose");
        });
        server.keep("another", async move { stop.cancelled().await });
        let running = tokio::spawn(server.run());
        go.cancel();
        let ended = running.await.unwrap();
        assert!(matches!(ended, Err(ServeError::Broken("the link"))), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_brings_a_panic_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = open(&folder).await;
    server.listen(|routes| routes.add_service(HostServiceServer::new(Panics))).await.unwrap();
    let (engine, stop) = (server.engine.clone(), server.stop.clone());
    let running = tokio::spawn(server.run());
    for _ in 0..3 {
        let channel = connect_socket(folder.path(), "duikou-node").await.unwrap();
        HostServiceClient::new(channel).release_member(ReleaseMemberRequest::default()).await.unwrap_err();
        let channel = connect_socket(folder.path(), "duikou-node").await.unwrap();
        OperatorServiceClient::new(channel).get_status(GetStatusRequest {}).await.unwrap();
    }
    assert_eq!(engine.broken(), None);
    stop.cancel();
    running.await.unwrap().unwrap();
}
