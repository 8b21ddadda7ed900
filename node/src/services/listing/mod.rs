//! Listings: `read` gets and lists them, `holders` says who has one, `create`, `update` and `batch` write them, `check`
//! says what is wrong with one, `changed` what of it would be another, `submit` hands one in for approval instead, `mask`
//! merges a change into what is there, `view` shows what a record holds.

mod batch;
mod changed;
mod check;
mod create;
mod ended;
mod holders;
mod mask;
mod read;
mod submit;
mod update;
mod view;

use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::{self, Listing};
use tonic::{Request, Response, Status, async_trait};

use super::auth::Door;
#[cfg(test)]
pub(super) use check::end_of_day;
pub(crate) use check::expire_default;
pub(super) use check::{Author, TOO_LARGE, content};
pub(crate) use ended::{EndedAsk, EndedListing};
pub(super) use mask::Mask;
pub(crate) use read::{bad_name, record_name};

pub(crate) struct Listings {
    pub(crate) door: Door,
}

#[async_trait]
impl ListingService for Listings {
    async fn get_listing(&self, request: Request<v1::GetListingRequest>) -> Result<Response<Listing>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.get(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_listings(
        &self,
        request: Request<v1::ListListingsRequest>,
    ) -> Result<Response<v1::ListListingsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.list(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_holders(
        &self,
        request: Request<v1::ListHoldersRequest>,
    ) -> Result<Response<v1::ListHoldersResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.holders(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn create_listing(&self, request: Request<v1::CreateListingRequest>) -> Result<Response<Listing>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.create(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn batch_create_listings(
        &self,
        request: Request<v1::BatchCreateListingsRequest>,
    ) -> Result<Response<v1::BatchCreateListingsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.batch(&caller, message, language).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn update_listing(&self, request: Request<v1::UpdateListingRequest>) -> Result<Response<Listing>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.update(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn withdraw_listing(
        &self,
        request: Request<v1::WithdrawListingRequest>,
    ) -> Result<Response<v1::WithdrawListingResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.withdraw(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
