//! The service that cannot be left out: TLS, a decoded request, the commit, an answer.

use std::net::SocketAddr;

use duikou_proto::v1::listing_service_server::{ListingService, ListingServiceServer};
use duikou_proto::v1::{
    BatchCreateListingsRequest, BatchCreateListingsResponse, CreateListingRequest, GetListingRequest,
    ListHoldersRequest, ListHoldersResponse, ListListingsRequest, ListListingsResponse, Listing, UpdateListingRequest,
    WithdrawListingRequest, WithdrawListingResponse,
};
use prost::Message;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use super::bare_store::GroupCommit;
use super::bare_tls;
use crate::harness::WebCertificate;

/// Serves until the runtime ends, and says where.
pub(crate) async fn serve(certificate: &WebCertificate, store: GroupCommit) -> anyhow::Result<SocketAddr> {
    let (address, connections) = bare_tls::listen(certificate).await?;
    tokio::spawn(
        Server::builder().add_service(ListingServiceServer::new(Bare(store))).serve_with_incoming(connections),
    );
    Ok(address)
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
