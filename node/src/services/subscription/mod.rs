//! Subscriptions: `check` reads what owners want, `make` keeps it, `act` does what they do to it at the delivery's desk,
//! `view` shows what is kept.

mod act;
mod check;
mod make;
mod view;

use duikou_proto::v1::subscription_service_server::SubscriptionService;
use duikou_proto::v1::{self, Delivery, Subscription};
use tonic::{Request, Response, Status, async_trait};

use super::auth::Door;
use crate::delivery::Desk;

pub(crate) struct Subscriptions {
    pub(crate) door: Door,
    pub(crate) desk: Desk,
}

#[async_trait]
impl SubscriptionService for Subscriptions {
    async fn create_subscription(
        &self,
        request: Request<v1::CreateSubscriptionRequest>,
    ) -> Result<Response<v1::CreateSubscriptionResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.create(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn get_subscription(
        &self,
        request: Request<v1::GetSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.get(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_subscriptions(
        &self,
        request: Request<v1::ListSubscriptionsRequest>,
    ) -> Result<Response<v1::ListSubscriptionsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.list(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn update_subscription(
        &self,
        request: Request<v1::UpdateSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.update(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn delete_subscription(
        &self,
        request: Request<v1::DeleteSubscriptionRequest>,
    ) -> Result<Response<v1::DeleteSubscriptionResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.delete(&caller, message).await;
        done.map(|()| Response::new(v1::DeleteSubscriptionResponse {})).map_err(|failure| failure.status(language))
    }

    async fn pause_subscription(
        &self,
        request: Request<v1::PauseSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.pause(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn resume_subscription(
        &self,
        request: Request<v1::ResumeSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.resume(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn rotate_subscription_secret(
        &self,
        request: Request<v1::RotateSubscriptionSecretRequest>,
    ) -> Result<Response<v1::RotateSubscriptionSecretResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.rotate(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn test_subscription(
        &self,
        request: Request<v1::TestSubscriptionRequest>,
    ) -> Result<Response<Delivery>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.test(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn replay_subscription(
        &self,
        request: Request<v1::ReplaySubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.replay(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_deliveries(
        &self,
        request: Request<v1::ListDeliveriesRequest>,
    ) -> Result<Response<v1::ListDeliveriesResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.deliveries(&caller, &message.parent).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn pull_subscription(
        &self,
        request: Request<v1::PullSubscriptionRequest>,
    ) -> Result<Response<v1::PullSubscriptionResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.pull(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn acknowledge_subscription(
        &self,
        request: Request<v1::AcknowledgeSubscriptionRequest>,
    ) -> Result<Response<v1::AcknowledgeSubscriptionResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.acknowledge(&caller, &message).await;
        done.map(|()| Response::new(v1::AcknowledgeSubscriptionResponse {})).map_err(|failure| failure.status(language))
    }
}
