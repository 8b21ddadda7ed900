//! The service that cannot be left out: TLS, a decoded request, the commit, an answer.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use duikou_proto::v1::listing_service_server::{ListingService, ListingServiceServer};
use duikou_proto::v1::{
    BatchCreateListingsRequest, BatchCreateListingsResponse, CreateListingRequest, GetListingRequest,
    ListHoldersRequest, ListHoldersResponse, ListListingsRequest, ListListingsResponse, Listing, UpdateListingRequest,
    WithdrawListingRequest, WithdrawListingResponse,
};
use prost::Message;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use super::bare_store::GroupCommit;
use crate::harness::WebCertificate;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Accepted connections that wait for the server.
const ACCEPTED: usize = 64;

/// Serves until the runtime ends, and says where.
pub(crate) async fn serve(certificate: &WebCertificate, store: GroupCommit) -> anyhow::Result<SocketAddr> {
    let chain = CertificateDer::pem_file_iter(&certificate.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificate.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let connections = ReceiverStream::new(accept(listener, TlsAcceptor::from(Arc::new(config))));
    let server = Server::builder().add_service(ListingServiceServer::new(Bare(store)));
    tokio::spawn(server.serve_with_incoming(connections));
    Ok(address)
}

fn accept(listener: TcpListener, acceptor: TlsAcceptor) -> mpsc::Receiver<std::io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(ACCEPTED);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                // Without it small answers wait for the peer's delayed acknowledgement.
                if stream.set_nodelay(true).is_err() {
                    return;
                }
                if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    // The error says only that the server has ended.
                    let _ = sender.send(Ok(Connection(stream))).await;
                }
            });
        }
    });
    receiver
}

/// A TLS connection as tonic takes it.
struct Connection(TlsStream<TcpStream>);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

struct Bare(GroupCommit);

#[tonic::async_trait]
impl ListingService for Bare {
    async fn create_listing(&self, request: Request<CreateListingRequest>) -> Result<Response<Listing>, Status> {
        let listing = request.into_inner().listing.unwrap_or_default();
        let body = listing.encode_to_vec();
        self.0.commit((listing.name, body)).await.map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(Listing::default()))
    }

    async fn get_listing(&self, _: Request<GetListingRequest>) -> Result<Response<Listing>, Status> {
        Err(only_create())
    }

    async fn list_listings(&self, _: Request<ListListingsRequest>) -> Result<Response<ListListingsResponse>, Status> {
        Err(only_create())
    }

    async fn list_holders(&self, _: Request<ListHoldersRequest>) -> Result<Response<ListHoldersResponse>, Status> {
        Err(only_create())
    }

    async fn batch_create_listings(
        &self,
        _: Request<BatchCreateListingsRequest>,
    ) -> Result<Response<BatchCreateListingsResponse>, Status> {
        Err(only_create())
    }

    async fn update_listing(&self, _: Request<UpdateListingRequest>) -> Result<Response<Listing>, Status> {
        Err(only_create())
    }

    async fn withdraw_listing(
        &self,
        _: Request<WithdrawListingRequest>,
    ) -> Result<Response<WithdrawListingResponse>, Status> {
        Err(only_create())
    }
}

fn only_create() -> Status {
    Status::unimplemented("the baseline only creates")
}

#[cfg(test)]
mod tests {
    use super::super::bare_store::BareStore;
    use super::super::client::{Target, publish};
    use super::*;

    #[tokio::test]
    async fn what_is_answered_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bare.db");
        let certificate = WebCertificate::make(folder.path());
        let store = GroupCommit::over(BareStore::create(&file).await.unwrap());
        let address = serve(&certificate, store).await.unwrap().to_string();
        let target = Target { address, certificate: certificate.certificate, secret: Some("dk_test".to_owned()) };
        assert!(publish(&target, "shenzhen", "run", 300, 8).await.unwrap() > 0.0);
        let count = BareStore::count(&file).await.unwrap();
        assert_eq!(count, 300);
    }
}
