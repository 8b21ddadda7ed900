//! The wire between processes: gRPC over mutual TLS.

use async_trait::async_trait;
use duikou_proto::federation::link_service_client::LinkServiceClient;
use duikou_proto::federation::link_service_server::LinkService;
use duikou_proto::federation::{ControlFrame, SinkFrame, SourceFrame};
use duikou_proto::limits as contract;
use duikou_proto::name::NodeId;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use super::Acceptor;
use super::end::Ended;
use super::wire::{Connect, Inbound, Outbound, Wire};
use crate::trust::accept::ConnectionInfo;
use crate::trust::dial::{Dial, DialError};
use crate::trust::spiffe::Role;

#[async_trait]
impl Connect for Dial {
    async fn connect(&self) -> Result<Box<dyn Wire>, Ended> {
        let channel = Dial::connect(self).await.map_err(|error| {
            let why = crate::error::chain(&error);
            match DialError::find(&error) {
                Some(found) if found.is_of_time() => Ended::Clock(why),
                Some(found) => Ended::Dial { text: found.text(), why },
                None => Ended::Broken(why),
            }
        })?;
        let client = LinkServiceClient::new(channel)
            .max_decoding_message_size(contract::LINK_MESSAGE_BYTES)
            .max_encoding_message_size(contract::LINK_MESSAGE_BYTES);
        Ok(Box::new(Grpc(client)))
    }
}

struct Grpc(LinkServiceClient<Channel>);

#[async_trait]
impl Wire for Grpc {
    async fn control(&self, frames: Outbound<ControlFrame>) -> Result<Inbound<ControlFrame>, Status> {
        Ok(Box::pin(self.0.clone().control(ReceiverStream::new(frames)).await?.into_inner()))
    }

    async fn pull(&self, frames: Outbound<SinkFrame>) -> Result<Inbound<SourceFrame>, Status> {
        Ok(Box::pin(self.0.clone().pull(ReceiverStream::new(frames)).await?.into_inner()))
    }

    async fn push(&self, frames: Outbound<SourceFrame>) -> Result<Inbound<SinkFrame>, Status> {
        Ok(Box::pin(self.0.clone().push(ReceiverStream::new(frames)).await?.into_inner()))
    }
}

/// Who the certificate of a call says that it comes from.
fn node<T>(request: &Request<T>) -> Result<NodeId, Status> {
    let info = request.extensions().get::<ConnectionInfo>();
    match info.and_then(|info| info.peer.as_ref()) {
        Some(peer) if peer.role == Role::Node => Ok(peer.id.clone()),
        Some(peer) => Err(Status::unauthenticated(format!("{} is no node of this network", peer.id))),
        None => Err(Status::unauthenticated("a link needs the certificate of a node")),
    }
}

#[async_trait]
impl LinkService for Acceptor {
    type ControlStream = Inbound<ControlFrame>;
    type PullStream = Inbound<SourceFrame>;
    type PushStream = Inbound<SinkFrame>;

    async fn control(
        &self,
        request: Request<Streaming<ControlFrame>>,
    ) -> Result<Response<Self::ControlStream>, Status> {
        let peer = node(&request)?;
        Ok(Response::new(Acceptor::control(self, peer, Box::pin(request.into_inner()))?))
    }

    async fn pull(&self, request: Request<Streaming<SinkFrame>>) -> Result<Response<Self::PullStream>, Status> {
        let peer = node(&request)?;
        Ok(Response::new(Acceptor::pull(self, peer, Box::pin(request.into_inner())).await?))
    }

    async fn push(&self, request: Request<Streaming<SourceFrame>>) -> Result<Response<Self::PushStream>, Status> {
        let peer = node(&request)?;
        Ok(Response::new(Acceptor::push(self, peer, Box::pin(request.into_inner())).await?))
    }
}
